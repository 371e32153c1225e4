"""Early stopping as model error, and what other ways to stop give."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.plotting.style import LAW, MARKERS, colours, law_handle, log_ticks, new_figure, points_with_errors
from theory import laws

_LABELS = {
    "keep the state": r"keep the state $x$ (= model error $\delta$)",
    "half a step": r"an Euler step to $\delta/2$",
    "jump to the data": r"jump, an Euler step to 0: $D^*(x, \delta)$",
    "one step": r"one step from the start: $D^*(x_T, \sigma_T)$",
}


def figure(results: xr.Dataset) -> Figure:
    """Distance of the two end points; order parameter, memorization ratio and scatter of the ways to stop."""
    drawing = new_figure(9.2, 6.6)
    (difference, order), (ratio, scatter) = drawing.subplots(2, 2)
    _difference(difference, results)
    delta = np.geomspace(results["error"].min() / 1.2, results["error"].max() * 1.2, 200)
    n = results.attrs["config"]["points"]
    spacing = 2 * np.pi / n
    panels = {"order_parameter": order, "memorization_ratio": ratio, "manifold_distance": scatter}
    for name, axes in panels.items():
        mean, error = mean_and_error(results, name)
        for i, variant in enumerate(results["variant"].values):
            where = {"variant": variant}
            points_with_errors(axes, results["error"], mean.sel(where), error.sel(where), i, len(_LABELS))
    order.plot(delta, laws.order_parameter_ring(delta * spacing, n, 1.0), color=LAW)
    ratio.plot(delta, laws.memorization_ratio_even(delta, 1.0), color=LAW)
    scatter.plot(delta, delta * spacing, color=LAW)
    scatter.text(0.05, 6e-4, "jumps from lower noise end on the points", fontsize=8)
    nulls = {"order_parameter": order, "memorization_ratio": ratio}
    for name, axes in nulls.items():
        axes.axhline(float(results[f"{name}_null"].mean()), color="grey", lw=0.9, ls="--")
        axes.axhline(1.0, color="grey", lw=0.9, ls=":")
        axes.set_ylim(-0.08 if axes is order else 0.3, 1.08)
    order.set(ylabel="order parameter $m$")
    ratio.set(ylabel="memorization ratio of projected samples")
    scatter.set(ylabel="r.m.s. distance from the ring [R]", yscale="log", ylim=(4e-4, 2.0))
    log_ticks(scatter, "y")
    for axes in (difference, order, ratio, scatter):
        axes.set(xscale="log", xlabel=r"model error, or noise at which the flow is stopped, $\delta/d$")
        log_ticks(axes, "x")
    colour = colours(len(_LABELS))
    handles = [
        Line2D([], [], ls="", marker=MARKERS[i], color=colour[i], label=label)
        for i, label in enumerate(_LABELS.values())
    ]
    references = [
        law_handle("law"),
        Line2D([], [], color="grey", ls="--", label="null: perfect samples"),
        Line2D([], [], color="grey", ls=":", label="exact recall"),
    ]
    drawing.legend(handles=handles + references, loc="outside lower center", ncols=4)
    return drawing


def _difference(axes, results) -> None:
    tolerance = results.attrs["config"]["tolerance"]
    largest = results["stopping_difference"].max("replicate")
    axes.plot(results["error"], largest, "o", color=colours(3)[0], label="end points, two independent integrations")
    axes.plot(results["error"], results["error"], ":", color="grey", label=r"$\delta$ itself, for scale")
    axes.plot(results["error"], tolerance * results["error"], "--", color="grey", label="tolerance of each step")
    axes.set(yscale="log", ylabel="largest distance between\nmodel error and early stopping [d]")
    axes.set_ylim(tolerance * float(results["error"].min()) / 10, 100)
    axes.legend(loc="upper left")
