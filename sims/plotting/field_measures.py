"""Distances to the truth, entropy and smoothness against the model error, each beside its null or law."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.geometry import Geometry, geometry, unit
from sims.plotting.style import law_handle, log_ticks, new_figure, number_handles, points_with_errors
from theory import laws

_RANGE = (0.05, 2.0)  # of delta/d
_ON_MANIFOLD = ("chi_square", "manifold_distance")
_OF_IMAGES = ("memorization_ratio",)  # on a manifold it has a figure of its own
_PANELS = {
    "memorization_ratio": "memorization ratio",
    "chi_square": "chi-square of projected samples",
    "energy_distance": "energy distance",
    "manifold_distance": "distance off the manifold",
    "entropy": "posterior entropy [nat]",
    "source_weight": "weight of the source",
    "jacobian_trace": "mean trace of the Jacobian",
    "jacobian_norm": "r.m.s. norm of the Jacobian",
}


def figure(results: xr.Dataset) -> Figure:
    """One row for each placement, one column for each measure; lengths in units of d on a manifold."""
    found = geometry(results)
    names = [name for name in _PANELS if name not in (_OF_IMAGES if found else _ON_MANIFOLD)]
    placements = results["placement"].values
    drawing = new_figure(2.3 * len(names), 2.3 * len(placements) + 0.4)
    panels = drawing.subplots(len(placements), len(names), squeeze=False, sharex=True, sharey="col")
    numbers = results["points"].values
    for row, placement in zip(panels, placements):
        for axes, name in zip(row, names):
            mean, error = (part.sel(placement=placement) for part in mean_and_error(results, name))
            for i, n in enumerate(numbers):
                x = results["error"] / (found.spacing(n) if found else 1.0)
                shown = (x >= _RANGE[0]) & (x <= _RANGE[1]) if found else x > 0
                length = found.spacing(n) if found and name == "manifold_distance" else 1.0
                y, bar = (part.sel(points=n).where(shown) / length for part in (mean, error))
                points_with_errors(axes, x, y, bar, i, len(numbers))
            _reference(axes, results, found, placement, name)
            axes.set(xscale="log", title=_PANELS[name] + _unit(results, found, name))
            log_ticks(axes, "x")
            if found:
                axes.set_xlim(*_RANGE)
        row[0].set_ylabel(f"{placement} points")
    for axes in panels[-1]:
        axes.set_xlabel(r"model error $\delta/d$" if found else rf"model error $\delta$ [{unit(results)}]")
    legend = [*number_handles(numbers), law_handle("law"), law_handle("null: perfect samples", ":")]
    drawing.legend(handles=legend, loc="outside lower center", ncols=len(legend))
    return drawing


def _unit(results, found, name):
    if results[name].attrs["units"] != "length":
        return ""
    return " / d" if found and name == "manifold_distance" else f" [{unit(results)}]"


def _reference(axes, results, found: Geometry | None, placement: str, name: str) -> None:
    if name in ("chi_square", "energy_distance"):
        axes.axhline(0, color="black", ls=":", lw=1)
    if name == "chi_square":
        axes.set_yscale("symlog", linthresh=0.1)
    elif name in ("jacobian_norm", "manifold_distance"):
        axes.set_yscale("log")
        log_ticks(axes, "y")
    if name == "memorization_ratio":
        null = mean_and_error(results, "memorization_ratio_null")[0].sel(placement=placement).mean("points")
        axes.plot(results["error"], null, ":", color="black", lw=1)
    if found is None:
        return
    k, codimension = found.dim, found.ambient_dim - found.dim
    delta = np.geomspace(*_RANGE, 200)
    if name == "chi_square":
        if placement == "even":
            law = laws.chi_square_even(delta, 1.0, k)
        else:
            # a long manifold: as many points as it takes for its length not to matter
            law = laws.chi_square_iid(delta, 1e4**k, 1e4, k)
        axes.plot(delta, law, color="black")
        axes.set_ylim(-0.1, 1.5 * law[0])
    elif name == "manifold_distance":
        axes.plot(delta, delta * np.sqrt(codimension), color="black")
    elif name == "entropy":
        law = k * laws.entropy_even(delta, 1.0) if placement == "even" else laws.entropy_iid(delta, 1.0, k)
        shown = (delta > 0) if placement == "even" else delta > 0.25
        axes.plot(delta[shown], law[shown], color="black")
    elif name in ("jacobian_trace", "jacobian_norm"):
        # at sigma = delta the Jacobian of a perfectly smooth manifold is 1 along it and 1/2 across
        flat = k + codimension / 2 if name == "jacobian_trace" else np.sqrt(k + codimension / 4)
        axes.axhline(flat, color="black", ls=":", lw=1)
        if name == "jacobian_norm" and placement == "even":
            axes.plot(delta, np.sqrt(k * laws.jacobian_square_even(delta, delta, 1.0) + codimension / 4), color="black")
