"""Which training point the optimal flow leads to from every place, at several noise levels, beside how far it moves."""

import numpy as np
import xarray as xr
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from sims.plotting.plane import label, landmarks, point_colours
from sims.plotting.style import new_figure


def figure(results: xr.Dataset) -> Figure:
    """The basins of the optimal flow from one noise in each panel, the largest first; of the first training set."""
    noises = results["basin_noise"].values[::-1]
    first, config = results.isel(replicate=0), results.attrs["config"]
    x, y = results["x"].values, results["y"].values
    palette, count = point_colours(first), results.sizes["point"]
    drawing = new_figure(2.9 * (len(noises) + 1) + 0.6, 3.2)
    panels = drawing.subplots(1, len(noises) + 1)
    edges = np.array([x[0], x[-1], y[0], y[-1]])
    for axes, noise in zip(panels, noises):
        basin = first["basin"].sel(basin_noise=noise).transpose("y", "x").values
        scale = first["basin_scale"].sel(basin_noise=noise).item()
        axes.imshow(
            basin,
            extent=scale * edges,
            origin="lower",
            cmap=ListedColormap(palette),
            norm=BoundaryNorm(np.arange(count + 1) - 0.5, count),
            alpha=0.85,
            interpolation="nearest",
        )
        for point in range(count):
            axes.contour(scale * x, scale * y, basin == point, [0.5], colors="white", linewidths=0.7)
        landmarks(axes, first, np.clip(9 / scale, 3, 6.5), list(palette))
        axes.set(xlim=scale * edges[:2], ylim=scale * edges[2:], xlabel=label(config, "$x_1$"))
        axes.set_title(rf"basins from $\sigma$ = {noise:g} d")
    lowest = results["noise"].values[0]
    optimal = first.sel(error=results["error"].values[0], noise=lowest)
    shades = panels[-1].imshow(
        optimal["magnitude"].transpose("y", "x").values,
        extent=edges,
        origin="lower",
        cmap="cividis",
        vmin=0,
        interpolation="bilinear",
    )
    panels[-1].set_title(rf"$|D - x|$ at $\sigma$ = {lowest:g} d")
    drawing.colorbar(shades, ax=panels[-1], label=label(config, "$|D - x|$"), pad=0.02)
    landmarks(panels[-1], first, 6.5)
    panels[-1].set(xlim=edges[:2], ylim=edges[2:], xlabel=label(config, "$x_1$"))
    panels[0].set_ylabel(label(config, "$x_2$"))
    return drawing
