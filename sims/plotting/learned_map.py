"""The (n, steps) map of trained networks: how much is recalled, and when half is."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.learned.memorization_time import growth, memorization_time, recalled
from sims.plotting.style import VERMILION, cell_edges, new_figure


def figure(results: xr.Dataset) -> Figure:
    """One panel for each width; colour from recall (dark) to perfect samples (light); points, half recalled, replicates."""
    widths = results["width"].values
    drawing = new_figure(2.9 * len(widths) + 1.0, 3.7)
    panels = drawing.subplots(1, len(widths), squeeze=False, sharey=True)[0]
    numbers, steps = results["points"].values, results["step"].values
    value = recalled(results)[0].mean("replicate")
    times = memorization_time(results)
    shades = []
    for axes, width in zip(panels, widths):
        shown = value.sel(width=width).transpose("step", "points").values
        edges = cell_edges(numbers), cell_edges(steps)
        shades.append(axes.pcolormesh(*edges, shown, cmap="cividis_r", vmin=0, vmax=1, rasterized=True))
        for replicate in times["replicate"].values:
            each = times.sel(width=width, replicate=replicate).values
            axes.plot(numbers, np.where(np.isfinite(each) & (each > 0), each, np.nan), "o", color=VERMILION, ms=3.5)
        fit = growth(times.sel(width=width))
        title = f"width {width}"
        if fit is not None:
            axes.plot(fit.points, fit.at(fit.points), color=VERMILION, lw=1)
            title += rf": $n^{{{fit.exponent:.1f}\pm{fit.half_width:.1f}}}$"
        axes.set(xscale="log", yscale="log", title=title, xlabel="number of training points n")
        axes.set_xticks(numbers, [str(n) for n in numbers])
        axes.set_yticks(steps, [f"{step:g}" for step in steps])
        axes.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])
        axes.minorticks_off()
    panels[0].set_ylabel("training steps")
    bar = drawing.colorbar(shades[0], ax=panels, pad=0.02)
    bar.set_label("recall (1: exact, 0: as perfect samples)")
    return drawing
