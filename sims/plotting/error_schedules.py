"""Which schedules of the model error generalize, and how far their ends spread."""

import pathlib

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims import error_schedules
from sims.estimates import mean_and_error
from sims.plotting import style
from sims.plotting.style import LAW, MARKERS, VERMILION, colours, law_handle, log_ticks, new_figure

_OTHERS = {"constant": VERMILION, "growing": "#E69F00", "bump": "#CC79A7"}  # Okabe and Ito


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save the figures; returns the paths of the PNG files."""
    return style.save_all({"error_schedules": _generalization, "spread": _spread}, results, out)


def _generalization(results: xr.Dataset) -> Figure:
    """The schedules; order parameter and memorization ratio at the lowest stop by strength."""
    drawing = new_figure(10.2, 4.4)
    shapes, order, ratio = drawing.subplots(1, 3)
    names, shown = results["schedule"].values, _shown_strength(results)
    sigma = np.geomspace(1e-3, 10.0, 300)
    for name in names:
        shapes.plot(sigma, error_schedules.schedule(name, shown)(sigma), color=_look(results, name)["color"])
    shapes.plot(sigma, sigma, ":", color="grey")
    shapes.text(1.0, 1.35, r"$\delta = \sigma$", color="grey", ha="right")
    shapes.set(xscale="log", yscale="log", xlim=(1e-3, 10.0), ylim=(1e-3, 2.0))
    shapes.set(xlabel=r"noise $\sigma/d$", ylabel=rf"model error $\delta(\sigma)/d$ at strength {shown:g}")
    strength = np.linspace(*_ends(results["strength"]), 60)
    for name in names:
        law = [error_schedules.order_parameter_law(name, each) for each in strength]
        order.plot(strength, law, color=LAW, zorder=3)
        for axes, quantity in ((order, "order_parameter"), (ratio, "memorization_ratio")):
            where = {"schedule": name, "stop": results["stop"].values[-1]}
            mean, error = (part.sel(where) for part in mean_and_error(results, quantity))
            axes.errorbar(results["strength"], mean, error, ls=":", lw=0.9, capsize=2, **_look(results, name))
    for axes, quantity in ((order, "order_parameter"), (ratio, "memorization_ratio")):
        axes.axhline(float(results[f"{quantity}_null"].mean()), color="grey", lw=0.9, ls="--")
        axes.set(xlabel="strength, the largest error [d]")
    order.set(ylabel="order parameter $m$", ylim=(-0.05, 1.05))
    ratio.set(ylabel="memorization ratio of projected samples", ylim=(0.4, 1.03))
    references = [
        law_handle(r"law, where $q(s) \leq 0.17$ at every noise"),
        Line2D([], [], color="grey", ls="--", label="null: perfect samples"),
    ]
    drawing.legend(handles=_handles(results) + references, loc="outside lower center", ncols=6)
    return drawing


def _spread(results: xr.Dataset) -> Figure:
    """Scatter of the ends off the ring, by strength at the lowest stop and by stop at one strength, on the laws."""
    drawing = new_figure(9.2, 4.6)
    by_strength, by_stop = drawing.subplots(1, 2)
    n, shown = results.attrs["config"]["points"], _shown_strength(results)
    lowest = results["stop"].values[-1]
    mean, error = (part * n / (2 * np.pi) for part in mean_and_error(results, "spread"))
    strength = np.geomspace(*_ends(results["strength"]), 40)
    stop = np.geomspace(*_ends(results["stop"]), 40)
    for name in results["schedule"].values:
        law = [error_schedules.spread_law(name, each, n, lowest) for each in strength]
        by_strength.plot(strength, law, color=LAW, lw=0.9)
        by_stop.plot(stop, [error_schedules.spread_law(name, shown, n, each) for each in stop], color=LAW, lw=0.9)
        look = _look(results, name)
        chosen = {"schedule": name, "stop": lowest}
        by_strength.errorbar(results["strength"], mean.sel(chosen), error.sel(chosen), ls="", capsize=2, **look)
        chosen = {"schedule": name, "strength": shown}
        by_stop.errorbar(results["stop"], mean.sel(chosen), error.sel(chosen), ls="", capsize=2, **look)
    by_stop.plot(stop, stop, ":", color="grey")
    by_strength.set(
        xlabel="strength, the largest error [d]", title=rf"stopped at $\sigma = {_power_of_ten(lowest)}\,d$"
    )
    by_stop.set(xlabel=r"noise at which the flow is stopped, $\sigma/d$", title=f"strength {shown:g} d")
    for axes in (by_strength, by_stop):
        axes.set(
            xscale="log", yscale="log", ylabel="r.m.s. distance of samples from the ring [d]", ylim=(lowest / 2, 2.0)
        )
    log_ticks(by_strength, "x")
    references = [law_handle("law"), Line2D([], [], color="grey", ls=":", label=r"$\sigma$ itself")]
    drawing.legend(handles=_handles(results) + references, loc="outside lower center", ncols=6)
    return drawing


def _ends(coordinate) -> tuple[float, float]:
    return float(coordinate.min()), float(coordinate.max())


def _shown_strength(results) -> float:
    """The strength nearest to 0.6 d, where the powers are far apart."""
    return float(results["strength"].sel(strength=0.6, method="nearest"))


def _look(results, name) -> dict:
    """Colour and marker of a schedule: powers from dark to light."""
    names = list(results["schedule"].values)
    powers = [each for each in names if each not in _OTHERS]
    colour = _OTHERS[name] if name in _OTHERS else colours(len(powers))[powers.index(name)]
    return {"color": colour, "marker": [*MARKERS, "p"][names.index(name)]}


def _handles(results) -> list[Line2D]:
    return [Line2D([], [], ls="", label=name, **_look(results, name)) for name in results["schedule"].values]


def _power_of_ten(value: float) -> str:
    return f"10^{{{round(np.log10(value))}}}"
