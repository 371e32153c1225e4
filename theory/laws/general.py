"""Laws of any data and of the ring: collapse, speciation, ridge, normal error."""

import jax
import numpy as np
import scipy.special

from theory._checks import is_traced, require_finite
from theory.laws._arguments import arguments, require_count


def collapse_noise(n, dim, scale):
    """sigma_C = scale/sqrt(n^(2/D) - 1), where the optimal posterior over n Gaussian points condenses [collapse].

    By [early-stopping] it is also the critical model error. n: points, above 1; dim: D; scale: standard deviation of the
    data in each dimension. Source: Biroli et al. 2402.18491 in variance-exploding units.
    """
    xp, n, dim, scale = arguments(positive={"n": n, "dim": dim, "scale": scale})
    if xp is np and np.any(n <= 1):
        raise ValueError("n must be above 1: a single point is always recalled")
    return scale / xp.sqrt(xp.expm1(2 * xp.log(n) / dim))


def speciation_noise(covariance):
    """s_S = sqrt(largest eigenvalue of the data covariance ``(D, D)``), where the flow commits to a cluster [speciation].

    Exact if all points are equidistant from their mean (ring: R/sqrt 2); otherwise to leading order where the spread
    between clusters dominates the one within. With model error the nominal noise is sqrt(s_S^2 - error^2), or none.
    """
    shape = np.shape(covariance)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"covariance must be a square matrix, got shape {shape}")
    require_finite("covariance", covariance)
    if is_traced(covariance):
        return jax.numpy.sqrt(jax.numpy.linalg.eigvalsh(covariance)[-1])
    matrix = np.asarray(covariance, np.float64)
    eigenvalues = np.linalg.eigvalsh(matrix)
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=0) or eigenvalues[0] < -1e-6 * abs(eigenvalues[-1]):
        raise ValueError("covariance must be symmetric and positive semi-definite")
    return np.sqrt(max(eigenvalues[-1], 0.0))


def ridge_radius(noise, radius):
    """Radius at which the uniform ring of the given radius, smoothed with s = noise, is densest; 0 for s >= R/sqrt 2.

    The root of r/R = I1(rR/s^2)/I0(rR/s^2) [ridge], by bisection to rounding.
    """
    xp, noise, radius = arguments(nonnegative={"noise": noise}, positive={"radius": radius})
    special = scipy.special if xp is np else jax.scipy.special
    scale = xp.maximum(noise / radius, 1e-8) ** 2
    # in u = r/R: I1(u/scale)/I0(u/scale) - u is positive below the root and negative above it
    low, high = xp.zeros_like(scale), xp.ones_like(scale)
    for _ in range(60):
        middle = (low + high) / 2
        below = special.i1e(middle / scale) > middle * special.i0e(middle / scale)
        low, high = xp.where(below, middle, low), xp.where(below, high, middle)
    root = xp.where(2 * scale >= 1, 0.0, xp.where(noise == 0, 1.0, (low + high) / 2))
    return (radius * root)[()]


def normal_error(sigma, error, codimension):
    """Squared denoising error normal to the manifold, (D - k) sigma^2 error^4/s^4 [gap-iid-peak], small against curvature."""
    xp, sigma, error, codimension = arguments(nonnegative={"sigma": sigma, "error": error, "codimension": codimension})
    square = sigma**2 + error**2
    return codimension * sigma**2 * (error**2 / xp.where(square > 0, square, 1)) ** 2


def require_dims(dim, ambient_dim):
    """Intrinsic and ambient dimension as whole numbers, the second at least the first."""
    return require_count("dim", dim), require_count("ambient_dim", ambient_dim, dim)
