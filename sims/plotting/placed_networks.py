"""Where networks sit: the model errors that show the same gap, give the same field and the same samples, by noise."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.learned.report import by_samples, singled_out
from sims.plotting.steps import column_panels, log_limits, step_handles
from sims.plotting.style import colours, log_ticks, points_with_errors

_ROWS = {
    "gap_equivalent": "by the gap",
    "effective": "by the field",
    "tangential": "by the field along\nthe manifold",
    "normal": "by the field across\nthe manifold",
}


def figure(results: xr.Dataset) -> Figure:
    """Points: errors that are singled out. Lines: sample-equivalent errors. Bars: range of replicates."""
    parts = ("gap_equivalent", "tangential", "normal") if "normal" in results else ("gap_equivalent", "effective")
    steps = results["step"].values
    drawing, panels = column_panels(results, len(parts))
    palette, samples = colours(len(steps)), by_samples(results)
    level = samples.median("replicate")
    found = {part: singled_out(results, part) for part in parts}
    for row, part in zip(panels, parts):
        values = found[part]
        middle, low, high = values.median("replicate"), values.min("replicate"), values.max("replicate")
        for axes, n in zip(row, results["points"].values):
            for i, step in enumerate(steps):
                value, down, up = (each.sel(points=n, step=step) for each in (middle, low, high))
                points_with_errors(axes, results["noise"], value, [value - down, up - value], i, len(steps), ms=3.5)
                axes.axhline(float(level.sel(points=n, step=step)), color=palette[i], lw=1.2)
            if bool(middle.sel(points=n).isnull().all()):
                axes.text(0.5, 0.5, "none singled out", ha="center", transform=axes.transAxes)
            axes.set_yscale("log")
            log_ticks(axes, "y")
        row[0].set_ylabel(_ROWS[part])
    for row in panels:
        row[0].set_ylim(log_limits(*found.values(), level))
    drawing.supylabel(rf"equivalent model error $\delta$ [{results['gap_equivalent'].attrs['units']}]", fontsize=9)
    handles = [
        *step_handles(steps),
        Line2D([], [], color="black", label="by the samples (none: as few as perfect ones)"),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawing
