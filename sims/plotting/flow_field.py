"""All figures of the flow field, from stored results, and the field itself: its magnitude and its streamlines."""

import pathlib

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.plotting import flow_animation, flow_basins, flow_paths, style
from sims.plotting.plane import MAGNITUDES, label, landmark_handles, landmarks
from sims.plotting.style import new_figure


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure and the animation; returns their paths."""
    figures = {
        "flow_field": figure,
        "denoised": flow_paths.denoised,
        "trajectories": flow_paths.trajectories,
        "basins": flow_basins.figure,
    }
    paths = style.save_all(figures, results, out)
    if "animated" in results:
        with mpl.rc_context(style.SETTINGS):
            paths.append(flow_animation.save(results, pathlib.Path(out) / "flow_field.gif"))
    return paths


def figure(results: xr.Dataset) -> Figure:
    """One row for each noise, the largest on top, one column for each model error; of the first training set."""
    noises, errors = results["noise"].values[::-1], results["error"].values
    drawing = new_figure(2.15 * len(errors) + 1.0, 2.15 * len(noises) + 0.5)
    panels = drawing.subplots(len(noises), len(errors), squeeze=False, sharex=True, sharey=True)
    first, config = results.isel(replicate=0), results.attrs["config"]
    x, y = results["x"].values, results["y"].values
    norm = LogNorm(*MAGNITUDES)
    for row, noise in zip(panels, noises):
        for axes, error in zip(row, errors):
            at = {"noise": noise, "error": error}
            magnitude = first["magnitude"].sel(at).transpose("y", "x").values
            shown = {"extent": (x[0], x[-1], y[0], y[-1]), "origin": "lower", "interpolation": "bilinear"}
            axes.imshow(np.maximum(magnitude, 1e-12), norm=norm, cmap="cividis", **shown)
            u, v = (first["field"].sel({**at, "component": name}).transpose("y", "x").values for name in "xy")
            axes.streamplot(x, y, u, v, color="white", linewidth=0.55, arrowsize=0.6, density=0.85)
            landmarks(axes, first)
            axes.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    for axes, error in zip(panels[0], errors):
        axes.set_title(rf"$\delta$ = {error:g} d")
    for axes, noise in zip(panels[:, 0], noises):
        axes.set_ylabel(rf"$\sigma$ = {noise:g} d" + "\n" + label(config, "$x_2$"))
    for axes in panels[-1]:
        axes.set_xlabel(label(config, "$x_1$"))
    drawing.colorbar(
        ScalarMappable(norm, "cividis"),
        ax=panels,
        label=label(config, r"length of the move $|D(x, \sigma) - x|$"),
        pad=0.01,
        extend="min",
        aspect=45,
    )
    streamlines = Line2D([], [], color="0.6", lw=0.8, marker=">", ms=3, label=r"streamlines of $D - x$")
    handles = [*landmark_handles(), streamlines]
    drawing.legend(handles=handles, loc="outside upper center", ncols=3)
    return drawing
