"""What accuracy costs: end points of solvers by their number of field evaluations."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr

from sims.store import Variable
from sims.trajectories.config import SIGMA_MAX, SOLVERS, TrajectoriesConfig
from theory import Circle, ErrorProneDenoiser, edm_schedule, probability_flow

ROUNDING = 1e-13  # R: below, an error says nothing of its solver
ADAPTIVE = ("Tsit5", "Dopri8")  # solvers that are also run with steps of their own choice

VARIABLES = {
    "evaluations": Variable(("solver", "work"), "1", "field evaluations for each trajectory"),
    "largest_error": Variable(("solver", "work"), "R", "largest distance of an end point from the reference"),
    "median_error": Variable(("solver", "work"), "R", "median distance of an end point from the reference"),
}


def rows(config: TrajectoriesConfig) -> list[str]:
    """What is compared: the solvers on fixed grids, and those that adapt."""
    return [*config.solvers, *(f"adaptive {name}" for name in config.solvers if name in ADAPTIVE)]


def compute(config: TrajectoriesConfig, starts) -> dict[str, np.ndarray]:
    """Evaluations and largest error of the end points, by solver and effort, against a tight adaptive Dopri8."""
    error = config.cost_error * config.spacing
    denoiser, end = ErrorProneDenoiser(Circle(1.0).even(config.points), error), error / 10

    # an EDM grid holds every second level of the one with twice the steps
    coarsest = {name: config.budget // _evaluations_per_step(SOLVERS[name]) for name in config.solvers}
    finest = {
        name: np.asarray(edm_schedule(steps * 2**config.doublings + 1, end, SIGMA_MAX))
        for name, steps in coarsest.items()
    }

    def fixed(name, steps):
        # in pieces of the coarsest grid's length, so that each solver is compiled once
        piece = coarsest[name]
        grid, x = finest[name][:: len(finest[name]) // steps], starts
        for first in range(0, steps, piece):
            x = probability_flow(denoiser, x, grid=grid[first : first + piece + 1], solver=SOLVERS[name]).x
        return x, steps

    def adaptive(name, tolerance):
        return _adaptive(denoiser, starts, jnp.asarray(end), jnp.asarray(tolerance), SOLVERS[name])

    found = {}
    for name in config.solvers:
        found[name] = [fixed(name, coarsest[name] * 2**k) for k in range(config.doublings + 1)]
        if name in ADAPTIVE:
            tolerances = np.geomspace(1e-2, 1e-12, config.doublings + 1)
            found[f"adaptive {name}"] = [adaptive(name, tolerance) for tolerance in tolerances]
    reference, _ = adaptive("Dopri8", 1e-13)
    per_step = {row: _evaluations_per_step(SOLVERS[row.split()[-1]]) for row in found}
    distances = {
        row: [np.linalg.norm(np.asarray(x - reference), axis=-1) for x, _ in ends] for row, ends in found.items()
    }
    return {
        "evaluations": np.array([[per_step[r] * int(steps) for _, steps in found[r]] for r in rows(config)]),
        "largest_error": np.array([[each.max() for each in distances[row]] for row in rows(config)]),
        "median_error": np.array([[np.median(each) for each in distances[row]] for row in rows(config)]),
    }


@eqx.filter_jit
def _adaptive(denoiser, starts, end, tolerance, solver):
    options = {"rtol": tolerance, "atol": tolerance, "solver": solver}
    flow = probability_flow(denoiser, starts, sigma_max=SIGMA_MAX, sigma_min=end, **options)
    return flow.x, flow.stats["num_steps"]


def _evaluations_per_step(solver) -> int:
    """Stages, less the one that a first-same-as-last method takes from the step before."""
    tableau = getattr(solver, "tableau", None)
    return 1 if tableau is None else tableau.num_stages - tableau.fsal


def orders(results: xr.Dataset, measure: str = "median_error") -> dict[str, float]:
    """The order of each solver with fixed steps: minus the slope of ln error against ln evaluations, over the three finest
    grids whose error, the geometric mean over replicates, is clear of rounding."""
    found = {}
    for name in results.attrs["config"]["solvers"]:
        error = geometric_mean(results[measure].sel(solver=name))
        work = results["evaluations"].sel(solver=name).mean("replicate").values
        used = np.flatnonzero(error > ROUNDING)[-3:]
        found[name] = -float(np.polyfit(np.log(work[used]), np.log(error[used]), 1)[0]) if len(used) > 1 else np.nan
    return found


def geometric_mean(errors: xr.DataArray) -> np.ndarray:
    """Over replicates, by work."""
    return np.exp(np.log(errors.transpose("replicate", "work").values).mean(axis=0))
