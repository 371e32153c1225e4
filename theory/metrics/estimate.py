"""A measured value with its standard error."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float


class Estimate(eqx.Module):
    """A value and its standard error over the samples it was measured on, of one shape and unit."""

    value: Float[Array, "*batch"]
    standard_error: Float[Array, "*batch"]


def mean_estimate(values: Float[Array, "*batch samples"]) -> Estimate:
    """Mean over the last axis, of independent samples, with its standard error, each ``(*batch,)``."""
    count = values.shape[-1]
    return Estimate(values.mean(axis=-1), values.std(axis=-1, ddof=1) / jnp.sqrt(jnp.asarray(count, values.dtype)))


def root_mean_square_estimate(values: Float[Array, "*batch samples"]) -> Estimate:
    """Root mean square over the last axis, of independent samples, with its standard error to first order."""
    square = mean_estimate(values**2)
    root = jnp.sqrt(square.value)
    return Estimate(root, square.standard_error / jnp.where(root > 0, 2 * root, 1))
