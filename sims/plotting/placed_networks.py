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
    """Points: errors that are singled out, median, and the ends of all replicates' intervals. Lines: sample-equivalent errors.

    Last row: how far the field is from that of the error that is nearest, where one is singled out and where not.
    """
    fields = ("tangential", "normal") if "normal" in results else ("effective",)
    parts = ("gap_equivalent", *fields)
    steps = results["step"].values
    drawing, panels = column_panels(results, len(parts) + 1)
    palette, samples = colours(len(steps)), by_samples(results)
    level = samples.median("replicate")
    found = {part: singled_out(results, part) for part in parts}
    for row, part in zip(panels, parts):
        middle = found[part].sel(side="value").median("replicate")
        low, high = (found[part].sel(side=side) for side in ("lower", "upper"))
        low, high = low.min("replicate"), high.max("replicate")
        for axes, n in zip(row, results["points"].values):
            for i, step in enumerate(steps):
                value, down, up = (each.sel(points=n, step=step) for each in (middle, low, high))
                points_with_errors(axes, results["noise"], value, [value - down, up - value], i, len(steps), ms=3.5)
                axes.axhline(float(level.sel(points=n, step=step)), color=palette[i], lw=1.2)
            if bool(middle.sel(points=n).isnull().all()):
                axes.text(0.5, 0.5, "none singled out", ha="center", transform=axes.transAxes)
        row[0].set_ylabel(_ROWS[part])
    limits = log_limits(*(each.sel(side="value") for each in found.values()), level)
    for row in panels[:-1]:
        row[0].set_ylim(limits)
    for part, style in zip(fields, ("-", "--")):
        left = (results[f"{part}_residual"] / results["noise"]).median("replicate")
        for axes, n in zip(panels[-1], results["points"].values):
            for i, step in enumerate(steps):
                axes.plot(results["noise"], left.sel(points=n, step=step), color=palette[i], ls=style)
    panels[-1, 0].set_ylabel("left over by the field's\nnearest error, over $\\sigma$")
    for axes in panels.flat:
        axes.set_yscale("log")
        log_ticks(axes, "y")
    drawing.supylabel(rf"equivalent model error $\delta$ [{results['gap_equivalent'].attrs['units']}]", fontsize=9)
    handles = step_handles(steps)
    if "sample_equivalent" in results:
        handles.append(Line2D([], [], color="black", label="by the samples (none: as few as perfect ones)"))
    if len(fields) == 2:
        handles += [
            Line2D([], [], color="black", ls=style, label=f"left over {name}")
            for name, style in (("along", "-"), ("across", "--"))
        ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawing
