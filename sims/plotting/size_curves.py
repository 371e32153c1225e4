"""What a size does to gap and samples: of the network, of the training set, or of its conditions."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.learned.report import recall_name
from sims.plotting.steps import RECALL, exact_line, log_limits, noise_label
from sims.plotting.style import LAW, MARKERS, colours, law_handle, log_ticks, new_figure, points_with_errors
from theory import laws

NAMES = {
    "points": "number of training points n",
    "width": "width of the network",
    "conditions": "number of conditions",
    "step": "training steps",
}
_SHORT = {"points": "n = {}", "width": "width {}", "conditions": "{} conditions", "step": "{} steps"}


def figure(results: xr.Dataset, along: str, series: str, shown: int = -1) -> Figure:
    """Along the first dimension: largest gap, recall, distance from the truth; and the gap against noise.

    series: the dimension whose entries are drawn in colours, of which the entry ``shown`` is that of the last panel. All other
    dimensions must be gone.
    """
    drawing = new_figure(11.4, 6.6)
    panels = drawing.subplots(2, 3).ravel()
    name = recall_name(results)
    sizes, entries = results[along].values, results[series].values
    gap = mean_and_error(results.sel(norm="squared"), "gap_peak")
    measures = (gap, mean_and_error(results, name), mean_and_error(results, "energy_distance"))
    for axes, (mean, bar) in zip(panels, measures):
        for i, entry in enumerate(entries):
            value, error = (part.sel({series: entry}) for part in (mean, bar))
            if axes is panels[0]:
                value = value.where(value > 2 * error)
            points_with_errors(axes, sizes, value, error, i, len(entries), ls="-")
        axes.set(xscale="log", xlabel=NAMES[along])
        axes.set_xticks(sizes, [str(size) for size in sizes], rotation=35 if len(sizes) > 6 else 0)
        axes.minorticks_off()
    panels[0].set(ylabel="largest relative gap", yscale="log", ylim=log_limits(gap[0].where(gap[0] > 2 * gap[1])))
    reference = {"color": "grey", "lw": 0.9}
    null = xr.zeros_like(results["memorization_ratio_null"])
    if name == "memorization_ratio":
        null = results["memorization_ratio_null"]
    _level(panels[1], null, along, ls="--", **reference)
    panels[1].axhline(1.0, ls=":", **reference)
    panels[1].set(ylabel=RECALL[name], ylim=(-0.12, 1.1))
    _level(panels[2], results["energy_distance_null"], along, ls="--", **reference)
    panels[2].set_ylabel(f"energy distance of samples [{results['energy_distance'].attrs['units']}]")
    _plane(panels[4], results, measures[:2], series, along)
    _against_noise(panels[3], results.sel({series: entries[shown]}), along)
    panels[3].set_title(_SHORT[series].format(entries[shown]))
    handles = [
        *_handles(series, entries),
        Line2D([], [], ls="--", label="perfect samples", **reference),
        Line2D([], [], ls=":", label="exact recall", **reference),
    ]
    if name == "order_parameter":
        handles.append(law_handle("exact models of the points"))
    if "exact_gap_peak" in results:
        handles.append(Line2D([], [], ls="-.", color="grey", lw=0.8, label="exact models given conditions"))
    panels[5].set_axis_off()
    panels[5].legend(handles=handles, loc="center")
    return drawing


def _level(axes, values, along, **changes):
    """The mean of a reference at each size, or one line where it does not depend on the size."""
    mean = values.mean([dim for dim in values.dims if dim != along])
    if mean.ndim:
        axes.plot(mean[along], mean, **changes)
    else:
        axes.axhline(float(mean), **changes)


def _plane(axes, results, measures, series, along):
    """Recall against the largest gap, with the line of the exact models of even points, and of conditional ones."""
    (gap, gap_bar), (recall, recall_bar) = measures
    entries, name = results[series].values, recall_name(results)
    seen = gap.where(gap > 2 * gap_bar)
    for i, entry in enumerate(entries):
        x, dx, y, dy = (part.sel({series: entry}) for part in (seen, gap_bar, recall, recall_bar))
        points_with_errors(axes, x, y, dy, i, len(entries), xerr=dx)
    found = geometry(results)
    if found is not None and name == "order_parameter":
        axes.plot(*exact_line(found), color=LAW)
    if "exact_gap_peak" in results:
        recalls, sizes = laws.order_parameter_even(results["error"].values, 1.0), results[along].values
        peaks = results["exact_gap_peak"].mean("replicate")
        for size in sizes:
            axes.plot(peaks.sel({along: size}), recalls, color="grey", lw=0.8, ls="-.")
        middle = len(recalls) // 2
        at = (float(peaks.sel({along: sizes[-1]})[middle]), float(recalls[middle]))
        axes.annotate(f" {sizes[-1]}", at, fontsize=7, va="top")
    axes.set(xscale="log", xlabel="largest relative gap", ylabel=RECALL[name], ylim=(-0.12, 1.1))
    limits = log_limits(seen)
    axes.set_xlim(limits)
    if limits[1] < 20 * limits[0]:
        log_ticks(axes, "x")


def _against_noise(axes, results, along):
    sizes = results[along].values
    mean, bar = mean_and_error(results.sel(norm="squared"), "gap")
    clear = mean.where(mean > 2 * bar)
    for i, size in enumerate(sizes):
        points_with_errors(
            axes, results["noise"], clear.sel({along: size}), bar.sel({along: size}), i, len(sizes), ls="-", ms=3
        )
    axes.set(xscale="log", yscale="log", xlabel=noise_label(results), ylabel="relative generalization gap")
    axes.set(xlim=(results["noise"].min() / 1.2, results["noise"].max() * 1.2), ylim=log_limits(clear))
    log_ticks(axes, "x")
    axes.tick_params(axis="x", rotation=45)
    axes.legend(handles=_handles(along, sizes), fontsize=7)


def _handles(dim, entries) -> list[Line2D]:
    palette = colours(len(entries))
    return [
        Line2D([], [], lw=0.9, marker=MARKERS[i % len(MARKERS)], color=palette[i], label=_SHORT[dim].format(entry))
        for i, entry in enumerate(entries)
    ]
