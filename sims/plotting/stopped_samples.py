"""Samples whose sampling stops at a noise, with and without a last denoising step, above the gap at that noise."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.learned.report import recall_name
from sims.plotting.steps import RECALL, column_panels
from sims.plotting.style import MARKERS, VERMILION, colours, points_with_errors

_ENDS = {"stop": "stopped", "jump": "stopped and denoised once"}


def figure(results: xr.Dataset) -> Figure:
    """Rows: recall; energy distance from the truth, less that from the training set; the gap."""
    drawing, panels = column_panels(results, 3)
    name, noise = recall_name(results), results["noise"]
    recall, gap = mean_and_error(results, name), mean_and_error(results, "gap")
    difference = xr.Dataset(
        {
            "side": results["truth_distance"] - results["train_distance"],
            "side_error": (results["truth_distance_error"] ** 2 + results["train_distance_error"] ** 2) ** 0.5,
        }
    )
    side, apart = mean_and_error(difference, "side"), results["train_truth_distance"].mean("replicate")
    for column, n in zip(panels.T, results["points"].values):
        for axes, pair in zip(column, (recall, side)):
            for i, end in enumerate(results["end"].values):
                value, error = (part.sel(points=n, end=end) for part in pair)
                points_with_errors(axes, noise, value, error, i, 3, ls="-")
        null = 0.0 if name == "order_parameter" else float(results["memorization_ratio_null"].sel(points=n).mean())
        for axes, levels in (
            (column[0], (null, 1.0)),
            (column[1], (-float(apart.sel(points=n)), float(apart.sel(points=n)))),
        ):
            for level, line in zip(levels, ("--", ":")):
                axes.axhline(level, color="grey", lw=0.9, ls=line)
        value, error = (part.sel(points=n) for part in gap)
        points_with_errors(column[2], noise, value.where(value > 2 * error), error, 0, 1, color=VERMILION, ls="-")
        column[2].set_yscale("log")
    panels[0, 0].set(ylabel=RECALL[name].replace(" of ", "\nof "), ylim=(-0.12, 1.1))
    panels[1, 0].set_ylabel(
        f"distance from truth less that\nfrom training set [{results['truth_distance'].attrs['units']}]"
    )
    reach = 1.6 * float(apart.max())
    panels[1, 0].set_ylim(-reach, reach)
    panels[2, 0].set_ylabel("relative gap")
    for axes in panels[2]:
        axes.set_xlabel("stopping " + axes.get_xlabel())
    drawing.legend(handles=_handles(results["end"].values), loc="outside lower center", ncols=4)
    return drawing


def _handles(ends) -> list[Line2D]:
    palette = colours(3)
    return [
        *(Line2D([], [], marker=MARKERS[i], color=palette[i], lw=0.9, label=_ENDS[end]) for i, end in enumerate(ends)),
        Line2D([], [], color="grey", ls="--", lw=0.9, label="perfect samples"),
        Line2D([], [], color="grey", ls=":", lw=0.9, label="exact recall"),
    ]
