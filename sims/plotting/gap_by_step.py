"""The relative gap against noise as training goes on, one panel for each number of points."""

import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.plotting.steps import column_panels, log_limits, step_handles
from sims.plotting.style import points_with_errors


def figure(results: xr.Dataset) -> Figure:
    """Colour: training steps. Values within two standard errors of no gap are left out."""
    numbers, steps = results["points"].values, results["step"].values
    drawing, (panels,) = column_panels(results, 1)
    mean, bar = mean_and_error(results.sel(norm="squared"), "gap")
    for axes, n in zip(panels, numbers):
        for i, step in enumerate(steps):
            value, error = (part.sel(points=n, step=step) for part in (mean, bar))
            clear = value.where(value > 2 * error)
            points_with_errors(axes, results["noise"], clear, error, i, len(steps), ls="-", ms=3, lw=0.8)
        if not bool((mean > 2 * bar).sel(points=n).any()):
            axes.text(0.5, 0.5, "no gap above\ntwo standard errors", ha="center", transform=axes.transAxes)
        axes.set_yscale("log")
    panels[0].set_ylim(log_limits(mean.where(mean > 2 * bar)))
    panels[0].set_ylabel("relative generalization gap")
    drawing.legend(handles=step_handles(steps), loc="outside lower center", ncols=len(steps))
    return drawing
