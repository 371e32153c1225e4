"""How all figures look: sizes, colours that survive print and colour blindness, and saving."""

import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

MARKERS = "osD^vPX*"
LAW = "black"
VERMILION = "#D55E00"  # of Okabe and Ito's palette
SETTINGS: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.markersize": 4,
    "lines.linewidth": 1.3,
    "savefig.dpi": 180,
    "pdf.fonttype": 42,
}


def new_figure(width: float, height: float) -> Figure:
    """A figure that belongs to no window, with the layout done by matplotlib."""
    return Figure(figsize=(width, height), layout="constrained")


def colours(count: int) -> list:
    """``count`` colours from dark to light, without the palest, for an ordered variable."""
    return [mpl.colormaps["viridis"](x) for x in np.linspace(0.0, 0.85, count)]


def points_with_errors(axes, x, y, error, index: int, count: int, **changes) -> None:
    """Simulated points with error bars, in the colour and marker of entry ``index`` of ``count``."""
    style = {"marker": MARKERS[index % len(MARKERS)], "color": colours(count)[index], "ls": "", "capsize": 2, "lw": 0.9}
    axes.errorbar(x, y, error, **(style | changes))


def number_handles(points) -> list[Line2D]:
    """Legend entries for the numbers of training points, as `points_with_errors` draws them."""
    palette = colours(len(points))
    return [
        Line2D([], [], ls="", marker=MARKERS[i % len(MARKERS)], color=palette[i], label=f"n = {n}")
        for i, n in enumerate(points)
    ]


def law_handle(label: str, style: str = "-") -> Line2D:
    """A legend entry for a law."""
    return Line2D([], [], color=LAW, ls=style, label=label)


def log_ticks(axes, which: str = "both") -> None:
    """Plain labels at 1, 2 and 5 of every decade on the logarithmic axes "x", "y" or "both"."""
    for name in "xy" if which == "both" else which:
        axis = getattr(axes, f"{name}axis")
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def cell_edges(centres: np.ndarray) -> np.ndarray:
    """Cell edges halfway between centres on a logarithmic axis."""
    logs = np.log(np.asarray(centres, float))
    if len(logs) == 1:
        return np.exp(logs[0] + np.array([-0.35, 0.35]))
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[2 * logs[0] - middle[0]], middle, [2 * logs[-1] - middle[-1]]]))


def save_all(figures: Mapping[str, Callable[[xr.Dataset], Figure]], results: xr.Dataset, out) -> list[pathlib.Path]:
    """Make every figure of the results and `save` it under its name; returns the paths of the PNG files."""
    with mpl.rc_context(SETTINGS):
        return [save(make(results), out, name) for name, make in figures.items()]


def save(figure: Figure, out, name: str) -> pathlib.Path:
    """Write ``out/name.png`` and ``out/name.pdf``; returns the path of the first."""
    path = pathlib.Path(out) / f"{name}.png"
    # the layout is found once, at the resolution of the PNG; while a figure has an engine, savefig draws it twice
    figure.set_dpi(SETTINGS["savefig.dpi"])
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
    # without dates two runs give the same files
    figure.savefig(path, metadata={"Software": None})
    figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
    return path
