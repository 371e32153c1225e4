"""Linear algebra of S_j = C_j + sigma^2 I, for several covariances C_j and many noise levels, through one spectrum each.

The spectrum gives the values: sigma may be far below the rounding of C_j. Derivatives are those of the linear system, since
the eigenvectors of a covariance with equal eigenvalues have none.
"""

import jax
import jax.numpy as jnp
import numpy as np

from theory.checks import COVARIANCE_ROUNDING, is_traced, poison, require_covariance


def require_covariances(name, covariances, shape):
    """Covariances are ``(D, D)`` or, for ``shape`` (m, D), ``(m, D, D)``: symmetric and positive semi-definite."""
    dim = shape[-1]
    allowed = [(dim, dim)] + [(*shape, dim)] * (len(shape) == 2)
    if np.shape(covariances) not in allowed:
        expected = " or ".join(map(str, allowed[::-1]))
        raise ValueError(f"{name} must have shape {expected} to match the means, got shape {np.shape(covariances)}")
    if not is_traced(covariances):
        for covariance in np.reshape(np.asarray(covariances), (-1, dim, dim)):
            require_covariance(name, covariance)


def apply(matrices, vectors):
    """Matrices ``(k, D, D)``, k = 1 or m, times vectors ``(*batch, m, D)``."""
    if len(matrices) == 1:
        return jnp.einsum("ij,...j->...i", matrices[0], vectors, precision="highest")
    return jnp.einsum("mij,...mj->...mi", matrices, vectors, precision="highest")


def spectrum(covariances):
    """Square roots of the eigenvalues ``(k, D)``, those at rounding set to zero, and the eigenvectors ``(k, D, D)``.

    In float64 where the covariances are concrete, whatever their type: small eigenvalues beside large ones are kept.
    """
    xp = jnp if is_traced(covariances) else np
    matrices = jax.lax.stop_gradient(covariances) if xp is jnp else np.asarray(covariances, np.float64)
    eigenvalues, axes = xp.linalg.eigh((matrices + xp.swapaxes(matrices, 1, 2)) / 2)
    largest = eigenvalues[:, -1:]
    rounding = 4 * matrices.shape[-1] * xp.finfo(matrices.dtype).eps * largest
    deviations = xp.sqrt(xp.where(eigenvalues > rounding, eigenvalues, 0))
    if xp is jnp:
        asymmetry = jnp.max(jnp.abs(matrices - jnp.swapaxes(matrices, 1, 2)), axis=(1, 2))
        valid = (asymmetry <= COVARIANCE_ROUNDING * jnp.max(jnp.abs(matrices), axis=(1, 2))) & jnp.isfinite(
            largest[:, 0]
        )
        valid &= eigenvalues[:, 0] >= -COVARIANCE_ROUNDING * jnp.abs(largest[:, 0])
        deviations = jnp.where(valid[:, None], deviations, jnp.nan)
    return jnp.asarray(deviations, covariances.dtype), jnp.asarray(axes, covariances.dtype)


def noise_along_axes(deviations, sigma):
    """Standard deviations of S_j along its axes, ``(*batch, k, D)``; NaN for 0, where there is no density."""
    noise = jnp.hypot(deviations, sigma[..., None, None])
    return poison(noise, noise > 0)


def solve(covariances, sigma, deviations, axes, right):
    """S_j^{-1} b for b ``(..., *batch, m, D)``, with derivatives of all orders by the implicit function theorem."""
    noise, transposed = noise_along_axes(deviations, sigma), jnp.swapaxes(axes, 1, 2)
    return jax.lax.custom_linear_solve(
        lambda vectors: apply(covariances, vectors) + sigma[..., None, None] ** 2 * vectors,
        right,
        lambda _, vectors: apply(axes, apply(transposed, vectors) / noise / noise),
        symmetric=True,
    )


@jax.custom_jvp
def log_determinant(covariances, sigma, deviations, axes):
    """ln det S_j, ``(*batch, m)`` or ``(*batch, 1)``; its derivative is tr(S_j^{-1} dS_j)."""
    return 2 * jnp.sum(jnp.log(noise_along_axes(deviations, sigma)), axis=-1)


@log_determinant.defjvp
def _log_determinant_jvp(primals, tangents):
    covariances, sigma, deviations, axes = primals
    count, dim = deviations.shape
    eye = jnp.eye(dim, dtype=sigma.dtype).reshape(dim, *[1] * sigma.ndim, 1, dim)
    eye = jnp.broadcast_to(eye, (dim, *sigma.shape, count, dim))
    inverse = solve(covariances, sigma, deviations, axes, eye)
    moved = jnp.broadcast_to(tangents[0], (count, dim, dim))
    by_covariance = jnp.einsum("i...mj,mij->...m", inverse, moved, precision="highest")
    by_noise = 2 * (sigma * tangents[1])[..., None] * jnp.einsum("i...i->...", inverse)
    return log_determinant(*primals), by_covariance + by_noise


@jax.custom_jvp
def differentiated_as(value, model):
    """``value``, with the derivatives of ``model``, the same quantity."""
    return value


@differentiated_as.defjvp
def _differentiated_as_jvp(primals, tangents):
    return differentiated_as(*primals), tangents[1]
