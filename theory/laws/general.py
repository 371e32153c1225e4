"""Laws of any data and of the ring: collapse, speciation, ridge, normal error."""

import jax
import numpy as np
import scipy.optimize
import scipy.special

from theory.checks import is_traced
from theory.laws._arguments import arguments, covariance_eigenvalues, plain, require_count


def collapse_noise(n, dim, scale):
    """sigma_C = scale/sqrt(n^(2/D) - 1), where the optimal posterior over n Gaussian points condenses [collapse].

    By [early-stopping] it is also the critical model error. n: points, above 1; dim: D; scale: standard deviation of the
    data in each dimension. Source: Biroli et al. 2402.18491 in variance-exploding units.
    """
    xp, n, dim, scale = arguments(positive={"n": n, "dim": dim, "scale": scale})
    if xp is np and np.any(n <= 1):
        raise ValueError("n must be above 1: a single point is always recalled")
    return scale / xp.sqrt(xp.expm1(2 * xp.log(n) / dim))


def collapse_noise_gaussian(n, covariance) -> float:
    """Noise at which the optimal posterior over n Gaussian points of any covariance ``(D, D)`` condenses [collapse].

    The root of ln n = (1/2) sum_j ln(1 + l_j/sigma^2), the mutual information, l_j the eigenvalues of the covariance;
    `collapse_noise` is its isotropic case. n above 1; not all eigenvalues zero. Scalars, not traced.
    """
    eigenvalues = covariance_eigenvalues(covariance)
    if not n > 1:
        raise ValueError(f"n must be above 1, since a single point is always recalled, got {n}")
    if eigenvalues[-1] == 0:
        raise ValueError("covariance must not be zero: points that coincide cannot be told apart")

    def excess(log_noise):
        return np.sum(np.log1p(eigenvalues * np.exp(-2 * log_noise))) / 2 - np.log(n)

    top = np.log(eigenvalues[-1]) / 2
    low, high = top - 1, top + 1
    while excess(low) < 0:
        low -= 1
    while excess(high) > 0:
        high += 1
    return float(np.exp(scipy.optimize.root_scalar(excess, bracket=(low, high), xtol=1e-14).root))


def dimension_gaussian(noise, covariance):
    """Local dimension sum_j l_j/(l_j + noise^2) of dense Gaussian data of any covariance [gaussian-data], [gap-likelihood].

    The least squared denoising error over noise^2; of any other data the best affine one, so an upper bound of theirs.
    noise: of any shape, positive; covariance ``(D, D)``. Not traced.
    """
    eigenvalues = covariance_eigenvalues(covariance)
    square = plain("noise", noise)[..., None] ** 2
    return np.sum(eigenvalues / (eigenvalues + square), axis=-1)[()]


def speciation_noise(covariance):
    """s_S = sqrt(largest eigenvalue of the data covariance ``(D, D)``), where the flow commits to a cluster [speciation].

    Exact if all points are equidistant from their mean (ring: R/sqrt 2); to leading order for clusters that are, where the
    spread between them dominates the one within. Says nothing with points near the mean itself: enough of them keep the
    centre stable at every noise. See `nominal_noise` for the one with model error.
    """
    if is_traced(covariance):
        return jax.numpy.sqrt(jax.numpy.linalg.eigvalsh(covariance)[-1])
    return np.sqrt(covariance_eigenvalues(covariance)[-1])


def speciation_two_gaussians(half_distance, variance):
    """s_S = sqrt(a^2 - v) of two equal Gaussians at +-a of variance v along the line between them [speciation].

    Exact: there the largest eigenvalue of Cov[y|x]/s^2 at the centre is 1. 0 where a^2 <= v: no commitment at any noise.
    For v = 0, two points: the density smoothed with s has two modes for s < a and one above [two-points].
    """
    xp, half_distance, variance = arguments(nonnegative={"half_distance": half_distance, "variance": variance})
    excess = half_distance**2 - variance
    positive = excess > 0
    return xp.where(positive | xp.isnan(excess), xp.sqrt(xp.where(positive, excess, 1.0)) + 0 * excess, 0.0)[()]


def nominal_noise(noise, error):
    """sigma = sqrt(s^2 - error^2), the nominal noise whose effective noise is s; NaN, none, where error >= s.

    So sigma_S of a flow with model error from `speciation_noise` [speciation], and whatever else is known at s.
    """
    xp, noise, error = arguments(nonnegative={"noise": noise, "error": error})
    square = (noise - error) * (noise + error)
    return xp.where(square > 0, xp.sqrt(xp.where(square > 0, square, 1.0)), xp.nan)[()]


def ridge_radius(noise, radius):
    """Radius at which the uniform ring of the given radius, smoothed with s = noise, is densest; 0 for s >= R/sqrt 2.

    The root of r/R = I1(rR/s^2)/I0(rR/s^2) [ridge], by bisection to rounding.
    """
    xp, noise, radius = arguments(nonnegative={"noise": noise}, positive={"radius": radius})
    special = scipy.special if xp is np else jax.scipy.special
    scale = xp.maximum(noise / radius, 1e-8) ** 2

    def excess(u, scale):
        return special.i1e(u / scale) / special.i0e(u / scale) - u

    def halve(_, bracket):
        # in u = r/R the excess is positive below the root and negative above it
        low, high = bracket
        middle = (low + high) / 2
        below = excess(middle, scale) > 0
        return xp.where(below, middle, low), xp.where(below, high, middle)

    bracket = xp.zeros_like(scale), xp.ones_like(scale)
    if xp is np:
        for step in range(60):
            bracket = halve(step, bracket)
        root = (bracket[0] + bracket[1]) / 2
    else:
        low, high = jax.lax.stop_gradient(jax.lax.fori_loop(0, 60, halve, bracket))
        root = _with_slope(excess, (low + high) / 2, scale)
    root = xp.where(2 * scale >= 1, 0.0, xp.where(noise == 0, 1.0, root))
    return (radius * xp.where(xp.isnan(scale), xp.nan, root))[()]


def _with_slope(function, root, parameter):
    """``root`` of ``function(root, parameter)`` as it is, with its derivative by the implicit function theorem."""
    value = function(root, parameter)
    _, steepness = jax.jvp(lambda u: function(u, parameter), (root,), (jax.numpy.ones_like(root),))
    return root - (value - jax.lax.stop_gradient(value)) / jax.lax.stop_gradient(steepness)


def normal_error(sigma, error, codimension):
    """Squared denoising error normal to the manifold, (D - k) sigma^2 error^4/s^4 [gap-iid-peak], small against curvature."""
    xp, sigma, error, codimension = arguments(nonnegative={"sigma": sigma, "error": error, "codimension": codimension})
    square = sigma**2 + error**2
    return codimension * sigma**2 * (error**2 / xp.where(square > 0, square, 1)) ** 2


def require_dims(dim, ambient_dim):
    """Intrinsic and ambient dimension as whole numbers, the second at least the first."""
    return require_count("dim", dim), require_count("ambient_dim", ambient_dim, dim)
