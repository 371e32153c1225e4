"""Where networks sit: the model error that shows the same gap at each noise, beside that whose samples recall as much."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.plotting.steps import log_limits, noise_label, step_handles
from sims.plotting.style import colours, log_ticks, new_figure, points_with_errors
from sims.training_dynamics.report import by_gap, by_samples


def figure(results: xr.Dataset) -> Figure:
    """Points: gap-equivalent errors where a gap singles one out. Lines: sample-equivalent errors. Bars: range of replicates."""
    numbers, steps = results["points"].values, results["step"].values
    drawing = new_figure(2.6 * len(numbers) + 0.6, 3.7)
    panels = drawing.subplots(1, len(numbers), squeeze=False, sharey=True)[0]
    palette = colours(len(steps))
    gaps, samples = by_gap(results), by_samples(results)
    (middle, low, high), level = (_range(gaps), samples.median("replicate"))
    for axes, n in zip(panels, numbers):
        for i, step in enumerate(steps):
            value, down, up = (part.sel(points=n, step=step) for part in (middle, low, high))
            bars = [value - down, up - value]
            points_with_errors(axes, results["noise"], value, bars, i, len(steps), ms=3.5)
            axes.axhline(float(level.sel(points=n, step=step)), color=palette[i], lw=1.2)
        if bool(middle.sel(points=n).isnull().all()) and bool(level.sel(points=n).isnull().all()):
            axes.text(0.5, 0.5, "neither gap\nnor recall", ha="center", transform=axes.transAxes)
        axes.set(xscale="log", yscale="log", title=f"n = {n}", xlabel=noise_label(results))
        log_ticks(axes)
        axes.tick_params(axis="x", rotation=45)
        axes.set_xlim(results["noise"].min() / 1.2, results["noise"].max() * 1.2)
    panels[0].set_ylim(log_limits(gaps, level))
    panels[0].set_ylabel(rf"equivalent model error $\delta$ [{results['gap_equivalent'].attrs['units']}]")
    handles = [
        *step_handles(steps),
        Line2D([], [], color="black", ls="", marker="o", ms=3.5, label="by the gap"),
        Line2D([], [], color="black", label="by the samples (none: as few as perfect ones)"),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=4)
    return drawing


def _range(values: xr.DataArray) -> list[xr.DataArray]:
    """Median, least and largest of the replicates."""
    return [values.median("replicate"), values.min("replicate"), values.max("replicate")]
