"""Noise levels: descending grids between sigma_max and sigma_min."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, is_traced, poison, require_count, require_positive


def edm_schedule(n: int, sigma_min, sigma_max, rho=7.0) -> Float[Array, " n"]:
    """The n noise levels of Karras et al. (2206.00364), descending, no trailing zero.

    sigma_i = (sigma_max^(1/rho) + i/(n - 1) (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho; n = 1 gives sigma_max.
    Raises ``ValueError`` for n < 1, levels that are not positive or not in order, and rho not positive.
    """
    require_positive("rho", rho)
    low, high, rho = _ends(n, sigma_min, sigma_max, rho)
    fraction = _fractions(n, high.dtype)
    levels = (high ** (1 / rho) + fraction * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    return _pinned(levels, low, high)


def log_uniform_schedule(n: int, sigma_min, sigma_max) -> Float[Array, " n"]:
    """n noise levels in geometric progression from sigma_max down to sigma_min.

    Raises ``ValueError`` for n < 1 and for levels that are not positive or not in order.
    """
    low, high = _ends(n, sigma_min, sigma_max)
    levels = jnp.exp(jnp.log(high) + _fractions(n, high.dtype) * (jnp.log(low) - jnp.log(high)))
    return _pinned(levels, low, high)


def _ends(n, sigma_min, sigma_max, *more):
    require_count("the number of noise levels n", n)
    require_positive("sigma_min", sigma_min)
    require_positive("sigma_max", sigma_max)
    if not is_traced(sigma_min, sigma_max) and np.any(np.asarray(sigma_min) >= np.asarray(sigma_max)):
        raise ValueError(f"sigma_min must be below sigma_max, got sigma_min={sigma_min} and sigma_max={sigma_max}")
    low, high, *rest = common_float(
        sigma_min=sigma_min, sigma_max=sigma_max, **{f"rho{i}": v for i, v in enumerate(more)}
    )
    in_order = (low > 0) & (low < high)
    return poison(low, in_order), poison(high, in_order), *rest


def _fractions(n, dtype):
    return jnp.arange(n, dtype=dtype) / max(n - 1, 1)


def _pinned(levels, low, high):
    """The ends as given, not as rounded, so that a schedule starts and ends where the flow does."""
    levels = levels.at[0].set(high)
    return levels if len(levels) == 1 else levels.at[-1].set(low)
