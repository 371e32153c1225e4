"""Error of the end points by the number of field evaluations."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.plotting.style import LAW, MARKERS, colours, law_handle, new_figure
from sims.trajectories.costs import ROUNDING, geometric_mean

_ORDERS = {"Euler": 1, "Heun": 2, "Tsit5": 5, "Dopri8": 8}


def figure(results: xr.Dataset) -> Figure:
    """Largest and median error: fixed grids (filled) on lines of the order that theory gives, adaptive steps (open)."""
    drawing = new_figure(9.6, 4.8)
    panels = drawing.subplots(1, 2, sharex=True, sharey=True)
    handles = []
    for axes, measure in zip(panels, ("largest_error", "median_error")):
        handles = [_curve(axes, results, row, measure) for row in results["solver"].values]
        axes.set(xscale="log", yscale="log", ylim=(1e-15, 10.0), xlabel="field evaluations for each trajectory")
        axes.set_title(f"{measure.split('_')[0]} error of an end point")
    error = results.attrs["config"]["cost_error"]
    panels[0].set_ylabel(rf"distance from the reference [R], $\delta = {error:g}\,d$")
    drawing.legend(handles=[*handles, law_handle("orders 1, 2, 5 and 8")], loc="outside lower center", ncols=4)
    return drawing


def _curve(axes, results, row, measure):
    """One solver: the geometric mean over replicates, bars over their range, and the line of its order."""
    solver, adapts = row.split()[-1], row.startswith("adaptive")
    solvers = list(results.attrs["config"]["solvers"])
    work = results["evaluations"].sel(solver=row).mean("replicate").values
    errors = results[measure].sel(solver=row)
    middle = geometric_mean(errors)
    colour = colours(len(solvers))[solvers.index(solver)]
    if not adapts:
        _order_line(axes, work, middle, _ORDERS[solver])
    return axes.errorbar(
        work,
        middle,
        np.stack([middle - errors.min("replicate"), errors.max("replicate") - middle]),
        marker=MARKERS[solvers.index(solver)],
        color=colour,
        mfc="white" if adapts else colour,
        ls=":" if adapts else "",
        lw=1.0,
        capsize=2,
        label=f"{solver}, {'adaptive in log noise' if adapts else 'EDM grid'}",
    )


def _order_line(axes, work, errors, order) -> None:
    """A line of the given slope through the finest grid that is clear of rounding."""
    last = np.flatnonzero(errors > ROUNDING)[-1]
    span = np.array([work[max(last - 3, 0)], work[last]])
    axes.plot(span, errors[last] * (span / work[last]) ** -float(order), color=LAW, lw=1.0, zorder=1)
