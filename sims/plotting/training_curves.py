"""Gap and memorization of samples against training time, and against each other, beside the line of the exact models."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.learned.report import recall_name
from sims.plotting.steps import RECALL, exact_line
from sims.plotting.style import LAW, law_handle, new_figure, number_handles, points_with_errors


def figure(results: xr.Dataset) -> Figure:
    """Left: the largest gap. Middle: memorization. Right: one against the other, with the law where points are even."""
    name = recall_name(results)
    drawing = new_figure(10.4, 3.9)
    left, middle, right = drawing.subplots(1, 3)
    numbers = results["points"].values
    gap = mean_and_error(results.sel(norm="squared"), "gap_peak")
    recall = mean_and_error(results, name)
    for i, n in enumerate(numbers):
        (x, dx), (y, dy) = ([part.sel(points=n) for part in pair] for pair in (gap, recall))
        points_with_errors(left, results["step"], x.where(x > 0), dx, i, len(numbers), ls="-")
        points_with_errors(middle, results["step"], y, dy, i, len(numbers), ls="-")
        seen = x > 2 * dx
        points_with_errors(right, x.where(seen), y, dy, i, len(numbers), xerr=dx, ls="-")
    null = 0.0 if name == "order_parameter" else float(results["memorization_ratio_null"].mean())
    references = [
        Line2D([], [], color="grey", ls="--", label="perfect samples"),
        Line2D([], [], color="grey", ls=":", label="exact recall"),
    ]
    for axes in (middle, right):
        axes.axhline(null, color="grey", lw=0.9, ls="--")
        axes.axhline(1.0, color="grey", lw=0.9, ls=":")
        axes.set(ylim=(min(-0.12, null - 0.12), 1.1), ylabel=RECALL[name])
    found = geometry(results)
    if found is not None and name == "order_parameter":
        right.plot(*exact_line(found), color=LAW)
        references.append(law_handle(r"law of the error-prone models $D_\delta$"))
    limits = (3e-3, 3 * max(float(gap[0].max()), 1.0))
    left.set(ylabel="largest relative gap over noise", yscale="log", ylim=limits)
    right.set(xlabel="largest relative gap over noise", xscale="log", xlim=limits)
    for axes in (left, middle):
        axes.set(xscale="log", xlabel="training steps")
        axes.set_xticks(results["step"].values, [f"{step:g}" for step in results["step"].values], rotation=35)
        axes.minorticks_off()
    drawing.legend(handles=[*number_handles(numbers), *references], loc="outside lower center", ncols=8)
    return drawing
