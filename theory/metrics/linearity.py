"""Linearity score of a denoiser, as in arXiv 2410.24060."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from theory.checks import common_float, poison, require_count, require_levels, require_points


class Linearity(eqx.Module):
    """Linearity score, its standard error over the pairs, and the number of pairs dropped, all ``(levels,)``."""

    score: Float[Array, " levels"]
    standard_error: Float[Array, " levels"]
    dropped: Int[Array, " levels"]


def linearity_score(denoiser: Callable, points, sigmas, *, key, pairs: int = 1024) -> Linearity:
    """E|cos(f(a x1 + b x2), a f(x1) + b f(x2))| with a = b = 1/sqrt 2, for centred data; dimensionless [linearity].

    f(x) = D(x + mean, sigma) - mean; x1, x2 are independent noised training points y - mean + sigma eps. Arguments: any
    denoiser; points ``(n, D)``, at least 2; sigmas ``(levels,)``, positive, in any order; pairs, at least 2, shared by the
    levels. Pairs where a vector vanishes, to rounding, are dropped and counted; the score is NaN where fewer than 2 are left.

    Reference: any linear f, such as the denoiser of Gaussian data, has 1. It barely separates memorization from
    generalization: on the even ring of 10 points exact recall has .979/.981/.949/.941/.955/.993 and the optimal denoiser of the
    uniform ring .963/.964/.961/.946/.956/.993 at sigma/R = .02/.05/.1/.2/.5/1; never show it alone.
    """
    require_points("points", points)
    require_levels("sigmas", sigmas)
    require_count("pairs", pairs, 2)
    if np.shape(points)[0] < 2:
        raise ValueError("linearity compares pairs of points: points must hold at least 2, got 1")
    points, sigmas = common_float(points=points, sigmas=sigmas)
    return _linearity(denoiser, points, sigmas, key, pairs)


@eqx.filter_jit
def _linearity(denoiser, points, sigmas, key, pairs) -> Linearity:
    choose, draw = jax.random.split(key)
    mean = jnp.mean(points, axis=0)
    chosen = (points - mean)[jax.random.randint(choose, (2, pairs), 0, len(points))]
    noise = jax.random.normal(draw, chosen.shape, points.dtype)
    reach = jnp.max(jnp.abs(points))

    def at_level(sigma):
        first, second = chosen + sigma * noise
        states = jnp.stack([first, second, (first + second) / jnp.sqrt(2.0).astype(points.dtype)])
        one, other, joint = denoiser(states + mean, sigma) - mean
        combined = (one + other) / jnp.sqrt(2.0).astype(points.dtype)
        lengths = jnp.linalg.norm(joint, axis=-1), jnp.linalg.norm(combined, axis=-1)
        kept = jnp.minimum(*lengths) > 32 * jnp.finfo(points.dtype).eps * (reach + sigma)
        cosine = jnp.abs(jnp.sum(joint * combined, axis=-1)) / jnp.where(kept, lengths[0] * lengths[1], 1)
        finite = jnp.isfinite(joint).all() & jnp.isfinite(combined).all()
        count = jnp.sum(kept)
        score = jnp.mean(cosine, where=kept)
        error = jnp.std(cosine, where=kept, ddof=1) / jnp.sqrt(count.astype(points.dtype))
        enough = finite & (count >= 2)
        return Linearity(poison(score, enough), poison(error, enough), pairs - count)

    return jax.lax.map(at_level, poison(sigmas, sigmas > 0))
