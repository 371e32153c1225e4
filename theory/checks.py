"""What is said once about bad input: concrete values are checked in Python, traced ones become NaN."""

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

COVARIANCE_ROUNDING = 1e-6  # of asymmetry against the largest entry, and of negative eigenvalues against the largest


def is_traced(*values) -> bool:
    """Whether any of the values is one that Python cannot see: a JAX tracer, or partly in the hands of other processes."""
    return any(
        isinstance(leaf, jax.core.Tracer) or (isinstance(leaf, jax.Array) and not leaf.is_fully_addressable)
        for value in values
        for leaf in jax.tree.leaves(value)
    )


def as_float(name: str, value) -> Array:
    """``value`` as a real floating JAX array; integers become the default float."""
    if not is_traced(value):
        _as_numbers(name, value)
    array = jnp.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ValueError(f"{name} must be real, got dtype {array.dtype}")
    if not jnp.issubdtype(array.dtype, jnp.floating):
        array = array.astype(jnp.result_type(float))
    return array


def common_float(**values) -> tuple[Array, ...]:
    """All values as floating arrays of their result type; Python scalars do not widen it."""
    arrays = {name: as_float(name, value) for name, value in values.items()}
    weak = [v if isinstance(v, (int, float)) and not isinstance(v, bool) else arrays[k] for k, v in values.items()]
    dtype = jnp.result_type(*weak)
    if not jnp.issubdtype(dtype, jnp.floating):
        dtype = jnp.result_type(float)
    return tuple(array.astype(dtype) for array in arrays.values())


def require(condition, name: str, value, expected: str) -> None:
    """Raise ``ValueError`` unless every element of ``condition(value)`` holds; traced values pass (see `poison`)."""
    if is_traced(value):
        return
    array = _as_numbers(name, value)
    good = np.asarray(condition(array))
    if not good.all():
        culprit = array if array.ndim == 0 else array[~good] if good.shape == array.shape else array
        raise ValueError(f"{name} must be {expected}, got {_shown(culprit)}")


def require_nonnegative(name: str, value) -> None:
    require(lambda v: np.isfinite(v) & np.greater_equal(v, 0), name, value, "finite and at least 0")


def require_positive(name: str, value) -> None:
    require(lambda v: np.isfinite(v) & (v > 0), name, value, "finite and positive")


def require_finite(name: str, value) -> None:
    require(np.isfinite, name, value, "finite")


def require_count(name: str, value, at_least: int = 1) -> int:
    """``value`` as a Python int of at least ``at_least``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, got {_shown(value)}")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value}")
    return int(value)


def require_choice(name: str, value, choices) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def require_points(name: str, points, *, dim: int | None = None) -> None:
    """Points are an array ``(n, D)`` of finite numbers, n and D at least 1."""
    shape = _shape(name, points)
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{name} must have shape (n, D) with n and D at least 1, got shape {shape}")
    if dim is not None and shape[1] != dim:
        raise ValueError(f"{name} must have {dim} columns like the other points, got shape {shape}")
    require_finite(name, points)


def require_query(name: str, x, dim: int) -> None:
    """A query is an array ``(*batch, D)`` of finite numbers."""
    shape = _shape(name, x)
    if not shape or shape[-1] != dim:
        raise ValueError(f"{name} must have shape (*batch, {dim}) to match the data, got shape {shape}")
    require_finite(name, x)


def require_covariance(name: str, covariance) -> None:
    """A concrete covariance is a square matrix of finite numbers, symmetric and positive semi-definite within rounding."""
    shape = _shape(name, covariance)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"{name} must be a square matrix, got shape {shape}")
    require_finite(name, covariance)
    matrix = np.asarray(covariance, np.float64)
    if not np.allclose(matrix, matrix.T, rtol=0, atol=COVARIANCE_ROUNDING * np.abs(matrix).max()):
        raise ValueError(f"{name} must be symmetric, got entries that differ from their mirror images")
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] < -COVARIANCE_ROUNDING * abs(eigenvalues[-1]):
        raise ValueError(f"{name} must be positive semi-definite, got an eigenvalue of {eigenvalues[0]:.3g}")


def require_levels(name: str, sigmas, *, positive: bool = True, descending: bool = False) -> None:
    """Noise levels are a one-dimensional array, in descending order where that is asked for."""
    shape = np.shape(sigmas)
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(f"{name} must be a one-dimensional array of at least one noise level, got shape {shape}")
    (require_positive if positive else require_nonnegative)(name, sigmas)
    if descending and not is_traced(sigmas) and np.any(np.diff(np.asarray(sigmas, float)) >= 0):
        raise ValueError(f"{name} must descend strictly, from the largest noise to the smallest")


def poison(value: Array, valid) -> Array:
    """``value`` where ``valid``, NaN elsewhere: how a traced bad value shows itself in compiled code."""
    return jnp.where(valid, value, jnp.asarray(jnp.nan, value.dtype))


def _as_numbers(name: str, value) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers, got rows of different length") from error
    if array.dtype.kind not in "fiub" and not jnp.issubdtype(array.dtype, jnp.floating):
        raise ValueError(f"{name} must be an array of real numbers, got {_shown(array)}")
    return array


def _shape(name: str, value) -> tuple[int, ...]:
    return np.shape(value) if is_traced(value) else _as_numbers(name, value).shape


def _shown(value) -> str:
    text = np.array2string(np.asarray(value), threshold=6, edgeitems=3) if not isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."
