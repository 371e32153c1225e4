"""The relative gap against noise: by model error, norm, guidance and number of points, over the laws."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.generalization_gap.config import GUIDE
from sims.generalization_gap.peaks import gap_law, own_validation
from sims.geometry import geometry, unit
from sims.plotting.style import MARKERS, VERMILION, colours, law_handle, log_ticks, new_figure, points_with_errors
from theory import laws

_NORMS = {"squared": "squared error", "euclidean": "Euclidean error"}


def figure(results: xr.Dataset) -> Figure:
    """One panel for each placement and norm, by model error; then guidance, and the number of points."""
    placements, found = results["placement"].values, geometry(results)
    panels = [(placement, norm) for norm in _NORMS for placement in placements]
    columns = len(placements) + 1
    drawing = new_figure(3.3 * columns + 0.4, 6.4)
    grid = drawing.subplots(2, columns, squeeze=False)
    for axes, (placement, norm) in zip(grid[:, :-1].ravel(), panels):
        _by_error(axes, results, placement, norm)
    _by_weight(grid[0, -1], results)
    _by_number(grid[1, -1], results)
    for axes in grid.ravel():
        axes.set(xscale="log", yscale="log", ylim=(2e-3, 1e2 if found else 2e1), xlabel=noise_label(results))
        axes.set_xlim(results["noise"].min() / 1.15, results["noise"].max() * 1.15)
        log_ticks(axes, "x")
    for axes in grid[:, 0]:
        axes.set_ylabel("relative generalization gap")
    entries = handles([error_label(results, each) for each in results["error"].values])
    if found:
        entries.append(law_handle("law (i.i.d.: to next order)"))
        entries.append(
            Line2D([], [], ls="", marker="+", color=VERMILION, ms=9, mew=1.8, label="leading law of the peak")
        )
    drawing.legend(handles=entries, loc="outside lower center", ncols=len(entries))
    return drawing


def noise_label(results: xr.Dataset) -> str:
    """The label of an axis of noise, in the unit of the study."""
    return r"noise $\sigma/d$" if geometry(results) else rf"noise $\sigma$ [{unit(results)}]"


def error_label(results: xr.Dataset, error: float) -> str:
    """A model error with its unit, for a legend or title."""
    return rf"$\delta = {error:g}\,d$" if geometry(results) else rf"$\delta$ = {error:g}"


def handles(labels, **changes) -> list[Line2D]:
    """Legend entries for simulated points, as `points_with_errors` draws them."""
    palette = colours(len(labels))
    return [
        Line2D(
            [], [], **({"ls": "", "marker": MARKERS[i % len(MARKERS)], "color": palette[i], "label": each} | changes)
        )
        for i, each in enumerate(labels)
    ]


def clear_curve(axes, results, mean, bar, index: int, count: int, **changes) -> None:
    """Simulated gaps against noise that stand clear of three times their error over seeds; images have a band of twice that."""
    shown = mean.where(mean > 3 * bar)
    points_with_errors(axes, mean["noise"], shown, bar, index, count, **changes)
    if geometry(results) is None:
        low, high = shown - 2 * bar, shown + 2 * bar
        axes.fill_between(mean["noise"], low.clip(1e-4), high, color=colours(count)[index], alpha=0.2, lw=0)


def name_of(placement: str) -> str:
    """A placement in words."""
    return {"iid": "i.i.d."}.get(placement, placement) + " points"


def _by_error(axes, results, placement, norm):
    number = results["points"].values.max()
    where = {"placement": placement, "norm": norm, "points": number, "validation": own_validation(placement)}
    mean, bar = (part.sel(where) for part in mean_and_error(results, "gap"))
    errors, found = results["error"].values, geometry(results)
    noise = np.geomspace(results["noise"].min(), results["noise"].max(), 200)
    for i, error in enumerate(errors):
        clear_curve(axes, results, mean.sel(error=error), bar.sel(error=error), i, len(errors))
        axes.plot(noise, gap_law(results, placement, noise, error, norm), color="black", lw=0.9)
        if norm == "euclidean" and found and placement == "iid" and error > 0.3:
            peak = laws.gap_peak_euclidean_iid(error, 1.0, found.dim, found.ambient_dim)
            axes.plot(*peak, "+", color=VERMILION, ms=11, mew=1.8, zorder=5)
    kind = "midway" if placement == "even" else "random"
    axes.set_title(f"{name_of(placement)}, n = {number}\n{_NORMS[norm]}, {kind} validation")


def _by_weight(axes, results):
    """Autoguidance of the placement that has a law, or of the images."""
    placement, number = results["placement"].values[0], results["points"].values.max()
    where = {"placement": placement, "points": number}
    mean, bar = (part.sel(where) for part in mean_and_error(results, "guided_gap"))
    weights, found = results["weight"].values, geometry(results)
    error = results.attrs["config"]["guided_error"]
    noise = np.geomspace(results["noise"].min(), results["noise"].max(), 200)
    entries = handles([f"w = {each:g}" for each in weights])
    for i, weight in enumerate(weights):
        clear_curve(axes, results, mean.sel(weight=weight), bar.sel(weight=weight), i, len(weights))
        if found:
            law = laws.relative_gap_guided(noise, error, GUIDE * error, weight, 1.0, found.dim, found.ambient_dim)
            axes.plot(noise, law, color="black", lw=0.9)
    if found:
        entries.append(law_handle("law, leading order"))
    about = f"{error_label(results, error)}, guide {GUIDE:g} times that"
    axes.set_title(f"autoguidance, {name_of(placement)}, n = {number}\n{about}")
    axes.legend(handles=entries)


def _by_number(axes, results):
    errors, numbers = results["error"].values, results["points"].values
    error = errors[len(errors) // 2]
    noise = np.geomspace(results["noise"].min(), results["noise"].max(), 200)
    for placement in results["placement"].values:
        fill = "white" if placement == "iid" and geometry(results) else None
        where = {"placement": placement, "norm": "squared", "error": error, "validation": own_validation(placement)}
        mean, bar = (part.sel(where) for part in mean_and_error(results, "gap"))
        for i, number in enumerate(numbers):
            clear_curve(axes, results, mean.sel(points=number), bar.sel(points=number), i, len(numbers), mfc=fill)
        axes.plot(noise, gap_law(results, placement, noise, error), color="black", lw=0.9)
    entries = handles([f"n = {each}" for each in numbers])
    title = "even points filled, i.i.d. points open" if geometry(results) else "all numbers of points"
    axes.set_title(f"{title}\n{error_label(results, error)}, squared error")
    axes.legend(handles=entries)
