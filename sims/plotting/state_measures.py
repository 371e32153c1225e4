"""Where states stand among the training points: trajectories, noisy training and noisy validation data, by noise."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.geometry import geometry, unit
from sims.plotting.gap_curves import error_label, name_of
from sims.plotting.style import LAW, VERMILION, colours, law_handle, log_ticks, new_figure
from sims.trajectory_states.discriminator import ambient_dim
from theory import laws

_TITLES = {
    "nearest_distance": r"distance to the nearest point / $\sigma$",
    "nearest_weight": "weight of the nearest point",
    "entropy": "posterior entropy [nat]",
}
_NAMES = {"shifted training": "training data under noise $s$"}


def figure(results: xr.Dataset) -> Figure:
    """One row for each placement, one column for each measure, at the middle model error and the largest n."""
    found, placements = geometry(results), results["placement"].values
    error = float(results["error"].values[results.sizes["error"] // 2])
    shown = results.sel(points=results["points"].max(), error=error)
    drawing = new_figure(9.2, 2.6 * len(placements) + 0.7)
    panels = drawing.subplots(len(placements), 3, squeeze=False, sharex=True, sharey="col")
    noise = results["ratio"].values * error
    looks = ((VERMILION, "o"), ("black", "+"), (colours(3)[0], "s"), (colours(3)[1], "^"))
    styles = dict(zip(results["population"].values, looks))
    for row, placement in zip(panels, placements):
        for axes, name in zip(row, _TITLES):
            mean, bar = (part.sel(placement=placement) for part in mean_and_error(shown, name))
            for each, (colour, marker) in styles.items():
                value, spread = mean.sel(population=each).values, bar.sel(population=each).values
                predicted = each == "shifted training"
                axes.plot(
                    noise,
                    value,
                    marker=marker,
                    color=colour,
                    lw=1,
                    ls="" if predicted else "-",
                    zorder=3 if predicted else 2,
                )
                if not predicted:
                    axes.fill_between(noise, value - 2 * spread, value + 2 * spread, color=colour, alpha=0.25, lw=0)
            axes.set(xscale="log", title=_TITLES[name])
            axes.axvline(error, color="0.6", lw=0.9, ls="--", zorder=0)
            log_ticks(axes, "x")
        _references(row, results, placement, error, noise)
        row[0].set(yscale="log", ylabel=name_of(placement))
        log_ticks(row[0], "y")
    for axes in panels[-1]:
        axes.set_xlabel(r"nominal noise $\sigma/d$" if found else rf"nominal noise $\sigma$ [{unit(results)}]")
    entries = [
        Line2D([], [], color=colour, marker=marker, ls="" if marker == "+" else "-", label=_NAMES.get(each, each))
        for each, (colour, marker) in styles.items()
    ]
    entries += [
        *([law_handle("law")] if found else []),
        law_handle("isolated points", ":"),
        Line2D([], [], color="0.6", lw=0.9, ls="--", label=rf"$\sigma$ = {error_label(results, error)}"),
    ]
    drawing.legend(handles=entries, loc="outside lower center", ncols=4)
    return drawing


def _references(row, results: xr.Dataset, placement: str, error: float, noise) -> None:
    """Distances of isolated points; the laws of the entropy, for the noisy training data, on a manifold."""
    fine, dim, found = np.geomspace(noise[0], noise[-1], 200), ambient_dim(results), geometry(results)
    for borne in (fine, np.hypot(fine, error)):
        row[0].plot(fine, laws.isolated_distance(borne, fine, dim), color=LAW, ls=":", lw=1)
    if found is None:
        return
    largest = np.log(float(results["points"].max()))
    law = found.dim * laws.entropy_even(fine, 1.0) if placement == "even" else laws.entropy_iid(fine, 1.0, found.dim)
    # the laws are those of a manifold without end
    kept = (law < largest - 0.5) & ((fine > 0.3) | (placement == "even"))
    row[2].plot(fine[kept], law[kept], color=LAW)
    row[2].set_ylim(-0.1, largest + 0.3)
