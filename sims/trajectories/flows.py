"""End points of the flow under model error, stopped early, and the ways to stop."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sims.estimates import flat, with_errors
from sims.store import Variable
from sims.trajectories.config import SIGMA_MAX, TrajectoriesConfig
from theory import Circle, EmpiricalDenoiser, ErrorProneDenoiser, probability_flow
from theory.metrics import (
    manifold_distance_estimate,
    mean_estimate,
    memorization_ratio_estimate,
    order_parameter_estimate,
)

VARIANTS = ("keep the state", "half a step", "jump to the data", "one step")
SHOWN = 48  # trajectories whose paths are kept

VARIABLES = with_errors(
    {
        "order_parameter": Variable(("variant", "error"), "1", "order parameter of memorization (null 0, recall 1)"),
        "memorization_ratio": Variable(
            ("variant", "error"), "1", "fraction of projected samples that recall a training point at threshold 1/3"
        ),
        "manifold_distance": Variable(("variant", "error"), "R", "root mean square distance of samples from the ring"),
        "displacement": Variable(("error",), "d^2", "mean squared distance of end points from those without error"),
        "order_parameter_null": Variable((), "1", "order parameter of perfect samples"),
        "memorization_ratio_null": Variable((), "1", "memorization ratio of perfect samples"),
    }
) | {
    "stopping_difference": Variable(
        ("error",), "d", "largest distance of an end point under model error from the optimal flow stopped early"
    ),
    "path": Variable(
        ("path_error", "level", "trajectory", "coordinate"), "R", "states along the flow at noise sigma = level d"
    ),
    "failed": Variable((), "1", "number of trajectories that failed"),
}


def levels(config: TrajectoriesConfig) -> np.ndarray:
    """Noises at which paths are kept, in radii."""
    return np.geomspace(SIGMA_MAX, 1e-4 * config.spacing, 40)


def compute(config: TrajectoriesConfig, starts, fresh_key) -> dict:
    """All `VARIABLES` of one set of starts."""
    ring, spacing = Circle(1.0), config.spacing
    points, fresh = ring.even(config.points), ring.sample(fresh_key, config.trajectories)

    def path_of(error, levels):
        return _path(points, jnp.asarray(error), starts, jnp.asarray(levels), config.tolerance)

    flows = [path_of(error * spacing, levels(config)) for error in sorted(config.path_errors)]
    recalled = flows[0].x  # path_errors ascend from 0
    failed = sum(int(np.sum(flow.failed)) for flow in flows)
    cells = []
    for error in jnp.sort(jnp.asarray(config.errors)) * spacing:
        own = _to_zero(points, error, starts, config.tolerance)
        stopped = path_of(0.0, np.geomspace(np.hypot(SIGMA_MAX, error), error, len(levels(config))))
        cells.append(_measure(points, error, starts, own.x, stopped.x, recalled, spacing))
        failed += int(np.sum(np.asarray(own.failed) | np.asarray(stopped.failed)))
    measured = {name: np.stack([cell[name] for cell in cells], axis=-1) for name in cells[0]}
    paths = np.stack([np.asarray(flow.path)[:, :SHOWN] for flow in flows])
    return measured | _nulls(points, fresh) | {"path": paths, "failed": failed}


@eqx.filter_jit
def _path(points, error, starts, levels, tolerance):
    """The flow of a model error, followed in its effective noise and saved at all levels."""
    denoiser = ErrorProneDenoiser(points, error)
    options = {"save_at": levels, "rtol": tolerance, "atol": tolerance * levels[-1]}
    return probability_flow(denoiser, starts, sigma_max=levels[0], sigma_min=levels[-1], **options)


@eqx.filter_jit
def _to_zero(points, error, starts, tolerance):
    """The same flow to zero noise, integrated as it stands with no knowledge that it is an optimal flow in another time."""
    denoiser = ErrorProneDenoiser(points, error)
    options = {"sigma_floor": 1e-5 * error, "rtol": tolerance, "atol": tolerance * error}
    return probability_flow(lambda x, s: denoiser(x, s), starts, sigma_max=SIGMA_MAX, sigma_min=0.0, **options)


@eqx.filter_jit
def _nulls(points, fresh) -> dict[str, Array]:
    return flat(
        {
            "order_parameter_null": order_parameter_estimate(fresh, points.shape[0]),
            "memorization_ratio_null": memorization_ratio_estimate(fresh, points),
        }
    )


@eqx.filter_jit
def _measure(points, error, starts, ends, stopped, recalled, spacing) -> dict[str, Array]:
    """What is measured at one model error: end points against those stopped at s = error, and the ways to stop there."""
    ring, optimal = Circle(1.0), EmpiricalDenoiser(points)
    jumped = optimal(stopped, error)
    # Euler's step from sigma = error to error/2 goes half the way to D*, and the one to 0 is the jump
    samples = (stopped, (stopped + jumped) / 2, jumped, optimal(starts, SIGMA_MAX))
    measured = jax.lax.map(lambda each: _of_samples(ring, points, points.shape[0], each), jnp.stack(samples))
    displaced = mean_estimate(jnp.sum((ends - recalled) ** 2, axis=-1) / spacing**2)
    difference = jnp.max(jnp.linalg.norm(ends - stopped, axis=-1)) / spacing
    return measured | flat({"displacement": displaced}) | {"stopping_difference": difference}


def _of_samples(ring: Circle, points, n: int, samples) -> dict[str, Array]:
    on_ring = ring.project(samples)
    return flat(
        {
            "order_parameter": order_parameter_estimate(on_ring, n),
            "memorization_ratio": memorization_ratio_estimate(on_ring, points),
            "manifold_distance": manifold_distance_estimate(samples, ring),
        }
    )
