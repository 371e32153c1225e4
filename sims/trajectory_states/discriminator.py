"""What a discriminator sees: how often a state of a trajectory passes for a noisy training state."""

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from sims.geometry import geometry
from theory import laws


def ambient_dim(results: xr.Dataset) -> int:
    """D, the dimension of the space that the data live in; digits have 64 pixels."""
    found = geometry(results)
    return found.ambient_dim if found else 64


def isolated(results: xr.Dataset, ratio):
    """(Bhattacharyya coefficient, common mass) at sigma/delta of points far apart, the lower bounds [marginal-shift]."""
    ratio, dim = np.asarray(ratio), ambient_dim(results)
    s = np.hypot(ratio, 1.0)
    return laws.bhattacharyya_bounds(s, ratio, np.zeros((1, dim)))[0], laws.common_mass_bound(s, ratio, dim)


def summary(results: xr.Dataset) -> str:
    """What the overlap is where the gap peaks, for the largest training sets, and how the checks of the laws came out."""
    sampled = results.sel(points=results["points"].max(), evaluation="sampling")
    lines = [
        f"n = {int(sampled['points'])}: where the gap is largest, mean +- standard error of "
        f"{results.sizes['replicate']} replicates",
        f"{'placement':<10}{'delta':>7}{'sigma/delta':>13}{'gap':>17}{'Bhattacharyya':>20}{'isolated':>11}"
        f"{'discriminator errs':>22}{'isolated':>11}",
    ]
    columns = {name: mean_and_error(sampled, name) for name in ("gap", "bhattacharyya", "common_mass")}
    for placement in results["placement"].values:
        for error in results["error"].values:
            top = largest_gap(sampled, placement, error)
            if top is None:
                lines.append(f"{placement:<10}{error:>7g}   no gap that stands clear of its error")
                continue
            cells = {
                name: [float(part.sel(placement=placement, error=error)[top]) for part in pair]
                for name, pair in columns.items()
            }
            ratio = results["ratio"].values[top]
            alone = isolated(results, ratio)
            half = [value / 2 for value in cells["common_mass"]]
            lines.append(
                f"{placement:<10}{error:>7g}{ratio:>13.3g}{_shown(*cells['gap']):>17}"
                f"{_shown(*cells['bhattacharyya']):>20}{alone[0]:>11.3g}{_shown(*half):>22}{alone[1] / 2:>11.3g}"
            )
    return "\n".join([*lines, *_checks(results)])


def largest_gap(results: xr.Dataset, placement: str, error: float) -> int | None:
    """Place of the level with the largest gap, of those that stand clear of twice their error; None where none does."""
    mean, bar = (part.sel(placement=placement, error=error) for part in mean_and_error(results, "gap"))
    clear = mean.where(mean > 2 * bar)
    return None if bool(clear.isnull().all()) else int(clear.argmax("ratio"))


def _shown(value: float, error: float) -> str:
    return f"{value:.3g} +- {error:.1g}"


def _checks(results: xr.Dataset) -> list[str]:
    """Trajectories against data under the shifted noise, bounds, and sampling against quadrature where there is one."""
    lines = []
    for name, text in (("nearest_distance", "distance to the nearest point"), ("entropy", "posterior entropy")):
        one, two = (results.sel(population=each) for each in ("trajectories", "shifted training"))
        apart = (one[name] - two[name]) / np.hypot(one[f"{name}_error"], two[f"{name}_error"])
        lines.append(f"{text}, trajectories against training data under noise s: {_deviations(apart)}")
    within = [name for name in results["shift_distance"].dims if name in ("error", "ratio")]
    shift = results["shift_distance"].mean(within).values
    lines.append(
        f"energy distance of the two, in units of s: {shift.mean():+.1e} +- {shift.std() / np.sqrt(shift.size - 1):.0e}"
    )
    if "quadrature" in results["evaluation"].values:
        one, two = (results.sel(evaluation=each) for each in ("sampling", "quadrature"))
        apart = [f"{name} {float(abs(one[name] - two[name]).max()):.1e}" for name in ("bhattacharyya", "common_mass")]
        lines.append(f"sampling against quadrature, largest difference: {', '.join(apart)}")
    failed = int(results["failed"].sum())
    if failed:
        lines.append(f"warning: {failed} trajectories failed")
    return lines


def _deviations(apart: xr.DataArray) -> str:
    """Differences in standard errors, all cells and replicates together."""
    values = apart.values[np.isfinite(apart.values)]
    return f"mean {values.mean():+.2f}, r.m.s. {np.sqrt((values**2).mean()):.2f} standard errors"
