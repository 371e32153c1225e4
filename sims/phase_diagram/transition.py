"""Where a diagram changes from memorization to generalization, beside what the laws say."""

import dataclasses

import numpy as np
import scipy.interpolate
import scipy.optimize
import xarray as xr

from sims.estimates import mean_of_replicates
from sims.geometry import geometry, unit
from theory import laws


@dataclasses.dataclass(frozen=True)
class Transition:
    """Model error at which a measure crosses its criterion, for each number of training points.

    law: the predicted error. error and standard_error: mean over replicates. All ``(points,)``, NaN where not crossed.
    """

    placement: str
    criterion: str
    law: np.ndarray
    error: np.ndarray
    standard_error: np.ndarray


def transitions(results: xr.Dataset) -> list[Transition]:
    """Every criterion of every placement that the diagram can be asked about."""
    found = geometry(results)
    if found is None:
        law = results["collapse_error"].sel(placement="iid").mean("replicate").values
        return [_transition(results, "iid", "source weight = 1/2", "source_weight", 0.5, law)]
    k = found.dim
    spacing = found.spacing(results["points"])
    density = spacing**-k
    edge = laws.critical_error_even(spacing, "entropy")
    entropy_even = k * laws.entropy_even(edge[0], spacing[0])
    entropy_iid = laws.entropy_iid(edge[0], density[0], k)
    return [
        _transition(
            results, "even", "order parameter = 1/2", "order_parameter", 0.5, laws.critical_error_even(spacing)
        ),
        _transition(results, "even", "entropy edge", "entropy", entropy_even, edge),
        _transition(results, "iid", "chi-square = 1", "chi_square", 1.0, laws.critical_error_iid(density, k)),
        _transition(
            results, "iid", "entropy edge", "entropy", entropy_iid, laws.critical_error_iid(density, k, "entropy")
        ),
    ]


def summary(results: xr.Dataset) -> str:
    """A short table of the transitions, in units of d where there is a manifold."""
    found = geometry(results)
    points = results["points"].values
    scale = np.ones(len(points)) if found is None else found.spacing(points)
    length = unit(results) if found is None else "d = rho^(-1/k), the spacing"
    replicates = results.sizes["replicate"]
    lines = [
        f"transition: model error in units of {length}; simulated, mean +- standard error of {replicates} replicates",
        f"{'placement':<11}{'criterion':<31}" + "".join(f"{f'n = {n}':>18}" for n in points),
    ]
    for each in transitions(results):
        law = each.law / scale
        cells = [
            "-" if np.isnan(error) else f"{error:.4f} +- {sigma:.4f}"
            for error, sigma in zip(each.error / scale, each.standard_error / scale)
        ]
        lines.append(f"{each.placement:<11}{each.criterion:<22}simulated" + "".join(f"{cell:>18}" for cell in cells))
        lines.append(f"{'':<33}law      " + "".join(f"{value:>18.4f}" for value in law))
    failed = int(results["failed"].sum())
    if failed:
        lines.append(f"warning: {failed} trajectories failed; the cells that hold them are NaN")
    return "\n".join(lines)


def _transition(results, placement, criterion, name, target, law) -> Transition:
    errors = results["error"].values
    crossing, within = xr.apply_ufunc(
        lambda curve, bar: _crossing(errors, curve, bar, target),
        results[name].sel(placement=placement),
        results[f"{name}_error"].sel(placement=placement),
        input_core_dims=[["error"], ["error"]],
        output_core_dims=[[], []],
        vectorize=True,
    )
    mean, spread = mean_of_replicates(
        crossing.transpose("points", "replicate"), within.transpose("points", "replicate")
    )
    return Transition(placement, criterion, law, mean.values, spread.values)


def _crossing(errors: np.ndarray, curve: np.ndarray, bar: np.ndarray, level: float) -> tuple[float, float]:
    """The model error at which a curve first crosses the level, and the error that the curve's own gives it; or NaN.

    By monotone cubic interpolation in ln error.
    """
    above = curve > level
    changes = np.flatnonzero(above[1:] != above[:-1])
    if len(changes) == 0 or np.isnan(curve).any():
        return np.nan, np.nan
    first = changes[0]
    logs = np.log(errors)
    interpolant = scipy.interpolate.PchipInterpolator(logs, curve - level)
    root = float(scipy.optimize.root_scalar(interpolant, bracket=logs[first : first + 2]).root)
    slope = abs(float(interpolant.derivative()(root)))
    return np.exp(root), np.exp(root) * np.interp(root, logs, bar) / slope if slope > 0 else np.nan
