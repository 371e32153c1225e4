"""Memorization and distance from the truth against the guidance weight, by granularity of the labels."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.guidance.config import GUIDE
from sims.plotting.style import LAW, MARKERS, VERMILION, colours, law_handle, new_figure, points_with_errors
from theory import laws

NULL, RECALL = "#0072B2", VERMILION


def figure(results: xr.Dataset, placement: str) -> Figure:
    """Rows: gap, memorization of samples, and three distances from the truth. Columns: kind of guidance and model error."""
    results = results.sel(placement=placement, norm="squared")
    columns = [(kind, error) for kind in results["kind"].values for error in results["error"].values]
    memorization = ("order_parameter", "order parameter") if placement == "even" else _RATIO
    rows = (("gap_peak", "peak relative gap"), memorization, *_DISTANCES)
    drawing = new_figure(2.5 * len(columns) + 0.6, 2.0 * len(rows) + 0.7)
    panels = drawing.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey="row")
    for (name, label), line in zip(rows, panels):
        line[0].set_ylabel(label)
        for axes, (kind, error) in zip(line, columns):
            _panel(axes, results.sel(kind=kind, error=error), name)
    for axes, (kind, error) in zip(panels[0], columns):
        axes.set(yscale="log", title=f"{kind}\n" + rf"$\delta = {error:g}\,d$")
    for axes in panels[-2]:
        axes.set_yscale("log")
    for axes in panels[-1]:
        axes.set_xlabel("guidance weight $w$")
    drawing.legend(handles=_handles(results), loc="outside lower center", ncols=4)
    return drawing


_RATIO = ("memorization_ratio", "memorization ratio")
_DISTANCES = (
    ("outside", "fraction outside\nthe arc of the label"),
    ("energy_distance", "energy distance\nfrom the arc $[R]$"),
    ("manifold_distance", "r.m.s. distance\nfrom the ring $[R]$"),
    ("diversity", "spread within a label\nover that of its arc"),
)


def label_handles(labels) -> list[Line2D]:
    """Legend entries for numbers of labels, as `points_with_errors` draws them."""
    palette = colours(len(labels))
    return [
        Line2D([], [], marker=MARKERS[i], color=palette[i], lw=0.8, label=in_words(count))
        for i, count in enumerate(labels)
    ]


def in_words(count) -> str:
    """A number of labels."""
    return "1 label" if count == 1 else f"{count} labels"


def _panel(axes, results, name: str) -> None:
    mean, bar = mean_and_error(results, name)
    labels, weight = results["labels"].values, results["weight"].values
    for i, count in enumerate(labels):
        shift = 0.03 * (i - (len(labels) - 1) / 2)
        value, error = mean.sel(labels=count), bar.sel(labels=count)
        points_with_errors(axes, weight + shift, value, error, i, len(labels), ls="-", ms=3.5, lw=0.8)
        if name == "gap_peak":
            # where the gap still rises at the last noise there is no peak: the largest value, as an open point
            rising = value.where(results["gap_peak_noise"].sel(labels=count).isnull().any("replicate"))
            points_with_errors(axes, weight + shift, rising, None, i, len(labels), ms=3.5, mfc="white")
    _null(axes, results, name)
    _law(axes, results, name)


def _null(axes, results, name: str) -> None:
    """What perfect samples and exact recall of the finest labels give."""
    finest = results.isel(labels=-1)
    fixed = {
        "order_parameter": (0.0, 1.0),
        "outside": (0.0, None),
        "manifold_distance": (None, None),
        "diversity": (1.0, None),
    }
    perfect, recall = fixed.get(name, (None, None))
    if name == "memorization_ratio":
        perfect, recall = float(finest["memorization_ratio_null"].mean()), 1.0
    if name == "energy_distance":
        recall = float(finest["energy_distance_recall"].mean())
    if name == "diversity":
        recall = float(finest["diversity_recall"].mean())
    for value, colour in ((perfect, NULL), (recall, RECALL)):
        if value is not None:
            axes.axhline(value, color=colour, lw=0.9, ls="--", zorder=0)


def _law(axes, results, name: str) -> None:
    """Without guidance the law of the unconditional model; with one label a point, autoguidance exactly."""
    config = results.attrs["config"]
    n, error, weights = config["points"], float(results["error"]), results["weight"].values
    spacing = 2 * np.pi / n
    smooth = np.linspace(0, weights.max(), 60)
    exact = str(results["kind"].values) == "autoguidance" and results["labels"].values[-1] == n
    even = str(results["placement"].values) == "even"
    if name == "order_parameter" and even:
        axes.plot([-0.25], laws.order_parameter_ring(error * spacing, n, 1.0), ">", color=LAW, ms=5, clip_on=False)
        if exact:
            axes.plot(
                smooth,
                laws.order_parameter_ring(
                    laws.guided_spread_one_point(error * spacing, GUIDE * error * spacing, smooth), n, 1.0
                ),
                color=LAW,
            )
    if name == "manifold_distance":
        axes.plot([-0.25], [error * spacing], ">", color=LAW, ms=5)
        if exact:
            axes.plot(smooth, laws.guided_spread_one_point(error * spacing, GUIDE * error * spacing, smooth), color=LAW)
    if name == "gap_peak" and even:
        levels = results["noise"].values
        axes.plot([-0.25], laws.relative_gap_even(levels, error, 1.0).max(), ">", color=LAW, ms=5)


def _handles(results) -> list[Line2D]:
    return [
        *label_handles(results["labels"].values),
        Line2D([], [], color=LAW, ls="", marker=">", label="law without guidance (one label)"),
        law_handle("law of autoguidance (one label a point)"),
        Line2D([], [], color=NULL, ls="--", lw=0.9, label="perfect samples"),
        Line2D([], [], color=RECALL, ls="--", lw=0.9, label="exact recall (finest labels)"),
    ]
