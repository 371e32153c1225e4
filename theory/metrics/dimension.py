"""The dimension that data show at a noise level: the slope of the posterior entropy, which is a denoising error."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.checks import common_float, poison, require_count, require_levels, require_points
from theory.empirical import normalized_log_weights, posterior


class LocalDimension(eqx.Module):
    """Local dimension, mean posterior entropy in nats, and the standard errors that draws leave, all ``(levels,)``."""

    dimension: Float[Array, " levels"]
    standard_error: Float[Array, " levels"]
    entropy: Float[Array, " levels"]
    entropy_error: Float[Array, " levels"]


def local_dimension(points, sigmas, *, key, draws: int = 16, weights=None) -> LocalDimension:
    """Local dimension of finitely many points at each noise level, d E H/d ln sigma = E|D* - y|^2/sigma^2 [gap-likelihood].

    H is the entropy of the posterior over the points given x = y + sigma eps, y one of the points by its weight, and D*
    their optimal denoiser; both means are over y and eps. So the slope costs no finite difference, and the entropy that
    comes with it counts the points inside the kernel: exp(E H). Arguments: points ``(n, D)``; sigmas ``(levels,)``,
    positive; key; draws of noise for each point, at least 2; weights ``(n,)`` as for `posterior`. The points are taken
    as given: the errors cover the noise alone. Null: 0 at noise far below the distances of the points, where each is
    recalled, and again far above their extent; between the two, k for points dense on a k-dimensional manifold whose
    spacing is below and whose curvature radius above sigma, and sum_j l_j/(l_j + sigma^2) for dense Gaussian data of
    eigenvalues l_j: D until sigma reaches the smallest spread.
    """
    require_points("points", points)
    require_levels("sigmas", sigmas)
    points, sigmas = common_float(points=points, sigmas=sigmas)
    log_weights = normalized_log_weights(weights, points)
    noise = jax.random.normal(key, (require_count("draws", draws, 2), *points.shape), points.dtype)
    return _local_dimension(points, jnp.exp(log_weights), noise, sigmas)


@eqx.filter_jit
def _local_dimension(points, weights, noise, sigmas):
    def at_level(sigma):
        states = points + sigma * noise
        given = posterior(points, states, sigma, weights=weights)
        return jnp.sum((given.mean - points) ** 2, axis=-1) / sigma**2, given.entropy

    def over_points(values):
        """Mean by weight, and its error: the draws of each point are replicates, the points are not."""
        mean = jnp.einsum("ldp,p->l", values, weights) / len(noise)
        return mean, jnp.sqrt(jnp.sum(weights**2 * values.var(axis=1, ddof=1) / len(noise), axis=-1))

    square, entropy = jax.lax.map(at_level, poison(sigmas, sigmas > 0))
    return LocalDimension(*over_points(square), *over_points(entropy))
