"""A metric beside its nulls: what perfect samples and what exact recall would give."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from theory.checks import require_points


class BesideNulls(eqx.Module):
    """A metric of the samples, of perfect samples and of exact recall, each whatever the metric returns."""

    value: Any
    perfect: Any
    recall: Any


def beside_nulls(metric: Callable, samples, *, fresh, train) -> BesideNulls:
    """The metric of samples, of as many perfect samples and of as many exact recalls of the training points.

    Many a metric is biased by the number of samples, so all three have the same: the perfect ones are the first
    of the fresh data, the recalls the training points over and over. Arguments: metric, a callable of samples ``(m, D)``;
    samples ``(m, D)``; fresh ``(at least m, D)``, data that no model has seen; train ``(n, D)``. Raises ``ValueError`` for sets
    of another dimension and for fewer fresh points than samples. Compared with a reference, the metric must not hold the
    fresh data in it.
    """
    if not callable(metric):
        raise ValueError(f"metric must be a callable of samples, got {type(metric).__name__}")
    require_points("samples", samples)
    count, dim = np.shape(samples)
    for name, points in (("fresh", fresh), ("train", train)):
        require_points(name, points, dim=dim)
    if np.shape(fresh)[0] < count:
        raise ValueError(f"fresh must hold at least as many points as samples, {count}, got {np.shape(fresh)[0]}")
    recalled = jnp.asarray(train)[np.arange(count) % np.shape(train)[0]]
    return BesideNulls(metric(samples), metric(jnp.asarray(fresh)[:count]), metric(recalled))
