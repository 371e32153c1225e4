"""Samples of networks, each above the training image that is nearest to it."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.plotting.style import new_figure


def figure(results: xr.Dataset) -> Figure:
    """For each number of points and the first and last stop: samples of the first replicate (above), nearest images (below)."""
    numbers, stops = results["points"].values, sorted({0, results.sizes["step"] - 1})
    drawing = new_figure(4.3 * len(stops) + 0.4, 1.25 * len(numbers) + 0.2)
    panels = drawing.subplots(len(numbers), len(stops), squeeze=False)
    distance = ((results["state"] - results["nearest"]) ** 2).sum("coordinate") ** 0.5
    for row, n in zip(panels, numbers):
        for axes, stop in zip(row, stops):
            shown = results.sel(points=n).isel(step=stop)
            pair = np.stack([_strip(shown["state"].values), _strip(shown["nearest"].values)])
            axes.imshow(np.concatenate(pair), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            near = float(distance.sel(points=n).isel(step=stop).median())
            axes.set_title(f"n = {n}, {int(shown['step'])} steps; median distance {near:.2f}", fontsize=8)
            axes.set_axis_off()
    return drawing


def _strip(images: np.ndarray) -> np.ndarray:
    """Square images ``(m, D)`` side by side, a white pixel around each."""
    side = round(images.shape[1] ** 0.5)
    framed = np.pad(images.reshape(-1, side, side), ((0, 0), (1, 1), (1, 1)))
    return np.concatenate(list(framed), axis=1)
