"""Guided samples in the plane, with the training points and the arcs that the labels stand for."""

import itertools

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.plotting.guided_measures import in_words
from sims.plotting.style import new_figure


def figure(results: xr.Dataset, placement: str) -> Figure:
    """Rows: kind and granularity. Columns: weights. Colour is the label; one replicate, the largest model error."""
    shown = results.isel(replicate=0, error=-1).sel(placement=placement)
    counts, weights = shown["labels"].values, shown["weight"].values
    middle = counts[len(counts) // 2]
    rows = [
        ("autoguidance", counts[0]),
        ("autoguidance", counts[-1]),
        ("classifier-free", middle),
        ("classifier-free", counts[-1]),
    ]
    columns = weights[np.unique(np.linspace(0, len(weights) - 1, 4).round().astype(int))]
    drawing = new_figure(2.1 * len(columns) + 0.5, 2.15 * len(rows) + 0.6)
    panels = drawing.subplots(len(rows), len(columns), squeeze=False, sharex=True, sharey=True)
    for line, (kind, count) in zip(panels, rows):
        for axes, weight in zip(line, columns):
            _panel(axes, shown.sel(kind=kind, labels=count, weight=weight))
        line[0].set_ylabel(f"{kind}\n{in_words(count)}")
    for axes, weight in zip(panels[0], columns):
        axes.set_title(f"$w = {weight:g}$")
    drawing.legend(handles=_HANDLES, loc="outside lower center", ncols=3)
    drawing.suptitle(rf"samples at $\delta = {float(shown['error']):g}\,d$, coloured by label", fontsize=9.5)
    return drawing


def _panel(axes, shown) -> None:
    train, arc = shown["train"].transpose("point", "coordinate").values, shown["arc"].values
    size = len(train) // int(shown["labels"])
    states = shown["state"].transpose("sample", "coordinate").values
    label = np.arange(len(states)) * len(train) // len(states) // size
    palette = _palette(int(shown["labels"]))
    starts = np.append(arc[::size], arc[0] + 2 * np.pi)
    for each, (start, stop) in enumerate(itertools.pairwise(starts)):
        angles = np.linspace(start, stop, 60)
        axes.plot(1.7 * np.cos(angles), 1.7 * np.sin(angles), color=palette[each], lw=2.2, solid_capstyle="butt")
    angles = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angles), np.sin(angles), color="0.75", lw=0.8, zorder=0)
    axes.scatter(*states.T, s=4, color=palette[label], lw=0, zorder=2)
    axes.plot(*train.T, "o", ms=3.2, mfc="none", mec="black", mew=0.8, zorder=3)
    axes.set(aspect="equal", xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), xticks=(), yticks=())
    axes.spines[:].set_visible(False)


def _palette(count: int) -> np.ndarray:
    """A colour for every label, cyclic; neighbours differ and none is too pale for white."""
    colours = mpl.colormaps["twilight"]((np.arange(count) + 0.5) / count)
    light = colours[:, :3] @ [0.3, 0.59, 0.11]
    colours[:, :3] *= np.minimum(1, 0.62 / light)[:, None]
    return colours


_HANDLES = [
    Line2D([], [], ls="", marker="o", ms=3.2, mfc="none", mec="black", label="training points"),
    Line2D([], [], color="0.75", lw=0.8, label="ring"),
    Line2D([], [], color="0.3", lw=2.2, label="arc of a label (outside the ring): its truth"),
]
