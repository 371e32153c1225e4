"""The relative gap against noise, by granularity of the labels and by guidance weight."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.guidance.config import GUIDE
from sims.plotting.guided_measures import in_words, label_handles
from sims.plotting.style import LAW, MARKERS, colours, law_handle, new_figure, points_with_errors
from theory import laws


def figure(results: xr.Dataset, placement: str) -> Figure:
    """Rows: kinds. Columns: granularity without guidance and with; weight for the coarsest and for the finest labels."""
    shown = results.sel(placement=placement, norm="squared").isel(error=-1)
    labels, weights = shown["labels"].values, shown["weight"].values
    strong = weights[len(weights) // 2]
    drawing = new_figure(11.2, 6.0)
    panels = drawing.subplots(2, 4, squeeze=False, sharex=True, sharey=True)
    for line, kind in zip(panels, shown["kind"].values):
        part = shown.sel(kind=kind)
        second = labels[0] if kind == "autoguidance" else labels[1 if len(labels) > 1 else 0]
        for axes, weight in zip(line[:2], (weights[0], strong)):
            _curves(axes, part.sel(weight=weight), "labels")
            axes.set_title(f"{kind}, $w = {weight:g}$")
        for axes, count in zip(line[2:], (second, labels[-1])):
            _curves(axes, part.sel(labels=count), "weight")
            axes.set_title(f"{kind}, {in_words(count)}")
        line[0].set_ylabel("relative generalization gap (squared)")
        if placement == "even":
            _laws(line, part, strong)
    for axes in panels.ravel():
        axes.set(xscale="log", yscale="log", ylim=(3e-3, 3e3))
    for axes in panels[-1]:
        axes.set_xlabel(r"noise $\sigma/d$")
    by_weight = [
        Line2D([], [], ls="", marker=MARKERS[i % len(MARKERS)], color=colour, label=f"$w = {weight:g}$")
        for i, (weight, colour) in enumerate(zip(weights, _weight_colours(len(weights))))
    ]
    laws_drawn = [law_handle("law")] if placement == "even" else []
    drawing.legend(handles=[*label_handles(labels), *by_weight, *laws_drawn], loc="outside lower center", ncols=6)
    drawing.suptitle(rf"{placement} points, $\delta = {float(shown['error']):g}\,d$", fontsize=9.5)
    return drawing


def _weight_colours(count: int) -> list:
    """From dark to light, unlike those of the numbers of labels."""
    return [mpl.colormaps["inferno"](x) for x in np.linspace(0.0, 0.78, count)]


def _curves(axes, part, by: str) -> None:
    mean, bar = mean_and_error(part, "gap")
    palette = (colours if by == "labels" else _weight_colours)(part.sizes[by])
    for i, value in enumerate(part[by].values):
        gap, error = mean.sel({by: value}), bar.sel({by: value})
        # gaps that do not stand clear of their error, and negative ones, have no place on this axis
        points_with_errors(
            axes, part["noise"], gap.where(gap > 2 * error), error, i, part.sizes[by], ms=3, color=palette[i]
        )


def _laws(line, part, strong) -> None:
    """The exact comb for one label without guidance, and the single point of one label each."""
    n, error = part.attrs["config"]["points"], float(part["error"])
    noise = np.geomspace(part["noise"].min(), part["noise"].max(), 400)
    distance = 2 * np.sin(np.pi / (2 * n)) / (2 * np.pi / n)
    comb = laws.relative_gap_even(noise[noise < n / 4], error, 1.0)
    drawn = [(line[0], noise[noise < n / 4], comb)]

    def single(weight):
        return laws.relative_gap_guided_one_point(noise, error, GUIDE * error, weight, distance)

    if part["labels"].values[-1] == n:
        drawn.append((line[0], noise, single(0.0)))
        if str(part["kind"].values) == "autoguidance":
            drawn.append((line[1], noise, single(strong)))
            drawn += [(line[3], noise, single(w)) for w in part["weight"].values]
        else:
            drawn.append((line[3], noise, single(0.0)))
    if part["labels"].values[0] == 1 and str(part["kind"].values) == "autoguidance":
        drawn.append((line[2], noise[noise < n / 4], comb))
    for axes, x, y in drawn:
        axes.plot(x, y, color=LAW, lw=0.9, zorder=1)
