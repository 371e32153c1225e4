"""Where samples sit among the training points, and how far from the manifold."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, poison, require_count, require_points, require_positive
from theory.empirical import normalized_log_weights
from theory.manifolds import FlatTorus, Manifold
from theory.metrics.estimate import Estimate, mean_estimate, root_mean_square_estimate


def order_parameter(x, n: int, phase=0.0) -> Float[Array, ""]:
    """Mean of cos(n angle - 2 pi phase) over samples, a scalar; see `order_parameter_estimate` [debye-waller]."""
    return order_parameter_estimate(x, n, phase).value


def order_parameter_estimate(x, n: int, phase=0.0) -> Estimate:
    """Order parameter of memorization, the mean of cos(n angle - 2 pi phase) [debye-waller].

    Arguments: samples x ``(samples, 2 dim)`` near a circle, or a torus of dim circles, about the origin; n, the number of
    evenly spaced training points; phase as in ``even``. On a torus it is the mean over its circles with n^(1/dim) in
    place of n. Exact recall gives 1; null: 0 for samples spread evenly between the points.
    """
    require_points("x, the samples,", x)
    if np.shape(x)[1] % 2:
        raise ValueError(f"x must hold pairs of coordinates, one pair for each circle, got shape {np.shape(x)}")
    if not isinstance(n, jax.Array):
        require_count("n", n)
    x, phase = common_float(x=x, phase=phase)
    return _order_parameter(x, n, phase)


def memorization_ratio(x, train, threshold: float = 1 / 3, *, weights=None) -> Float[Array, ""]:
    """Fraction of samples that recall a training point, a scalar; see `memorization_ratio_estimate` [third-rule-null]."""
    return memorization_ratio_estimate(x, train, threshold, weights=weights).value


def memorization_ratio_estimate(x, train, threshold: float = 1 / 3, *, weights=None) -> Estimate:
    """Fraction of samples nearer to their closest training point than threshold times the distance to the second.

    Arguments: samples x ``(samples, D)``; train ``(n, D)``, n at least 2; weights ``(n,)``, where 0 leaves a point out.
    Exact recall gives 1. Null: perfect samples do not give 0, but 3^-k for i.i.d. points in k dimensions and 1/2 for even
    points on a curve [third-rule-null]; so show it beside the ratio of fresh data, or of validation points. Samples that
    scatter off the manifold shift it too: project first, or give the null the same scatter.
    """
    require_points("x, the samples,", x)
    require_points("train", train, dim=np.shape(x)[1])
    require_positive("threshold", threshold)
    if np.shape(train)[0] < 2:
        raise ValueError("the memorization ratio compares two nearest points: train must hold at least 2, got 1")
    x, train, fraction = common_float(x=x, train=train, threshold=threshold)
    return _recalled(x, train, fraction, jnp.isfinite(normalized_log_weights(weights, train)))


def manifold_distance(x, manifold: Manifold) -> Float[Array, ""]:
    """Root mean square distance of samples from the manifold, a scalar; see `manifold_distance_estimate`."""
    return manifold_distance_estimate(x, manifold).value


def manifold_distance_estimate(x, manifold: Manifold) -> Estimate:
    """Root mean square distance of samples x ``(samples, D)`` from their projections on the manifold, a length.

    Null: 0, both for perfect samples and for exact recall; samples of the error-prone model have error sqrt(D - k).
    """
    require_points("x, the samples,", x, dim=manifold.ambient_dim)
    return _off_manifold(jnp.asarray(x), manifold)


# One program each: outside jit every small operation would be compiled and dispatched on its own


@jax.jit
def _order_parameter(x, n, phase) -> Estimate:
    dim = x.shape[1] // 2
    per_circle = jnp.round(jnp.asarray(n, x.dtype) ** (1 / dim))
    angles = FlatTorus(1.0, dim).angles(x)
    return mean_estimate(jnp.mean(jnp.cos(per_circle * angles - 2 * math.pi * phase), axis=-1))


@jax.jit
def _recalled(x, train, fraction, used) -> Estimate:
    nearest, second = _two_nearest(x, train, used)
    recalled = (nearest < fraction * second).astype(x.dtype)
    return mean_estimate(poison(recalled, jnp.isfinite(second)))


@eqx.filter_jit
def _off_manifold(x, manifold: Manifold) -> Estimate:
    difference = x - manifold.project(x)
    return root_mean_square_estimate(jnp.sqrt(jnp.sum(difference**2, axis=-1)))


@jax.jit
def _two_nearest(x, train, used):
    """Distances ``(samples,)`` to the closest and the second closest of the used training points."""

    def of_sample(sample):
        distance = jnp.sqrt(jnp.sum((train - sample) ** 2, axis=-1))
        distance = jnp.where(used, distance, jnp.inf)
        closest = jnp.argmin(distance)
        return distance[closest], jnp.min(distance.at[closest].set(jnp.inf))

    return jax.lax.map(of_sample, x, batch_size=min(len(x), 256))
