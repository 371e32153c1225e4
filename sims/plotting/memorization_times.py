"""How memorization time grows with the number of training points, and falls with the width."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.learned.memorization_time import growth, memorization_time
from sims.plotting.style import MARKERS, colours, new_figure, points_with_errors


def figure(results: xr.Dataset) -> Figure:
    """Points: median and range of the replicates. Lines: power laws, over the n at which every replicate's time is known."""
    widths, numbers, steps = results["width"].values, results["points"].values, results["step"].values
    drawing = new_figure(5.4, 3.9)
    axes = drawing.subplots()
    times = memorization_time(results)
    times = times.where(np.isfinite(times) & (times > 0))
    handles, palette = [], colours(len(widths))
    for i, width in enumerate(widths):
        of_width = times.sel(width=width)
        middle, low, high = of_width.median("replicate"), of_width.min("replicate"), of_width.max("replicate")
        points_with_errors(axes, numbers, middle, [middle - low, high - middle], i, len(widths))
        fit, label = growth(of_width), f"width {width}"
        if fit is not None:
            axes.plot(fit.points, fit.at(fit.points), color=palette[i])
            label += rf": $n^{{{fit.exponent:.2f}\pm{fit.half_width:.2f}}}$"
        handles.append(Line2D([], [], color=palette[i], marker=MARKERS[i % len(MARKERS)], label=label))
    # limits first: without a time there is nothing that a logarithmic axis could take its own from
    axes.set(
        xlim=(numbers[0] / 1.1, numbers[-1] * 1.1), ylim=(steps[0] / 1.3, steps[-1] * 1.5), xscale="log", yscale="log"
    )
    axes.axhline(steps[-1], color="grey", lw=0.9, ls=":")
    axes.annotate("end of training", (numbers[0], steps[-1]), (0, 3), textcoords="offset points", fontsize=8)
    axes.set(xlabel="number of training points n", ylabel="steps until half is recalled")
    axes.set_xticks(numbers, [str(n) for n in numbers])
    axes.set_yticks(steps, [f"{step:g}" for step in steps])
    axes.minorticks_off()
    drawing.legend(handles=handles, loc="outside lower center", ncols=2)
    return drawing
