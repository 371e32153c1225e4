"""How far a denoiser is from another: the memorizer, the truth, the best affine one."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp

from theory.checks import common_float, poison, require_count, require_levels, require_points
from theory.metrics.estimate import Estimate, root_mean_square_estimate


def denoiser_distance(denoiser: Callable, reference: Callable, points, sigmas, *, key, draws: int = 16) -> Estimate:
    """Root mean square distance E[|f - g|^2]^(1/2) of two denoisers at each noise, ``(levels,)``, a length.

    The mean is over states x = y + sigma eps, y the points ``(m, D)``. For true samples y the distance from the denoiser of
    the truth, over sigma^2, is the error of the score under the true density [tweedie]. Arguments: two denoisers; points, at
    least 2; sigmas ``(levels,)``, positive; draws of the noise for every point. Null: 0 for one and the same. The standard
    error is over the points, whose draws are averaged. Raises ``ValueError`` for bad points, levels and draws.
    """
    require_points("points", points)
    require_levels("sigmas", sigmas)
    require_count("draws", draws)
    if len(points) < 2:
        raise ValueError("a standard error needs at least 2 points, got 1")
    points, sigmas = common_float(points=points, sigmas=sigmas)
    return _distance(denoiser, reference, points, sigmas, key, draws)


@eqx.filter_jit
def _distance(denoiser, reference, points, sigmas, key, draws):
    noise = jax.random.normal(key, (draws, *points.shape), points.dtype)

    def at_level(sigma):
        states = points + sigma * noise
        rest = denoiser(states, sigma) - reference(states, sigma)
        return jnp.mean(jnp.sum(rest**2, axis=-1), axis=0)

    return root_mean_square_estimate(jnp.sqrt(jax.lax.map(at_level, poison(sigmas, sigmas > 0))))
