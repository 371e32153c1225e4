"""Arguments of a law: which array library evaluates it, and what is said about bad values."""

import jax.numpy as jnp
import numpy as np

from theory.checks import (
    is_traced,
    poison,
    require_choice,
    require_count,
    require_covariance,
    require_finite,
    require_nonnegative,
    require_positive,
)

__all__ = ["arguments", "require_choice", "require_count"]


def arguments(*, real: dict | None = None, nonnegative: dict | None = None, positive: dict | None = None):
    """(numpy or jax.numpy, *values): numpy in float64 unless a value is traced; values in the order of the signature."""
    real, nonnegative, positive = real or {}, nonnegative or {}, positive or {}
    for name, value in real.items():
        require_finite(name, value)
    for name, value in nonnegative.items():
        require_nonnegative(name, value)
    for name, value in positive.items():
        require_positive(name, value)
    values = [*real.values(), *nonnegative.values(), *positive.values()]
    if not is_traced(*values):
        return np, *(np.asarray(value, np.float64) for value in values)
    arrays = [jnp.asarray(value) * 1.0 for value in values]
    first, second = len(real), len(real) + len(nonnegative)
    return (
        jnp,
        *(poison(a, jnp.isfinite(a)) for a in arrays[:first]),
        *(poison(a, a >= 0) for a in arrays[first:second]),
        *(poison(a, a > 0) for a in arrays[second:]),
    )


def plain(name: str, value) -> np.ndarray:
    """A positive concrete value in float64, for a law whose special functions cannot be traced."""
    if is_traced(value):
        raise ValueError(f"{name} is traced: this law uses SciPy's Bessel functions, so call it outside jit")
    require_positive(name, value)
    return np.asarray(value, np.float64)


def covariance_eigenvalues(covariance) -> np.ndarray:
    """Eigenvalues in ascending order of a concrete covariance ``(D, D)``, or a ``ValueError`` for what is none."""
    require_covariance("covariance", covariance)
    return np.maximum(np.linalg.eigvalsh(np.asarray(covariance, np.float64)), 0.0)
