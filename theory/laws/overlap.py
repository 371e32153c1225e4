"""Bounds on the overlap of two smoothings of the same points, at noise s and sigma [marginal-shift].

At nominal noise sigma the trajectories of the model with constant error are distributed as the points smoothed with
s = sqrt(sigma^2 + error^2), the noisy training data with sigma. All bounds hold for any points in D dimensions; those of
the Kullback-Leibler divergence, the Bhattacharyya coefficient and the common mass are equalities for one point and in
the limit of points that are far apart.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import scipy.spatial
import scipy.special

from theory.checks import is_traced, poison, require_nonnegative, require_points
from theory.laws._arguments import arguments, covariance_eigenvalues, require_count


def kl_bound(noise, other, dim: int):
    """Upper bound (D/2)(r - 1 - ln r), r = (noise/other)^2, of KL(p_noise || p_other) in nats [marginal-shift].

    Both directions, by the order of the noises; D the dimension of the space. Relatively accurate for r near 1 too.
    """
    dim = require_count("dim", dim)
    xp, noise, other = arguments(positive={"noise": noise, "other": other})
    t = 2 * _log_ratio(xp, noise, other)
    near = xp.abs(t) < 1
    small = xp.where(near, t, 0)
    series = xp.zeros_like(small)
    for k in range(18, 1, -1):  # t/2! + t^2/3! + ... by Horner's rule
        series = (1 + series) * small / k
    excess = xp.where(near, series * small, xp.expm1(xp.where(near, 1, t)) - t)
    return (dim / 2 * excess)[()]


def wasserstein_bounds(noise, other, covariance):
    """(lower, upper) bound of the squared Wasserstein distance W2^2(p_noise, p_other), a length squared [marginal-shift].

    sum_j (sqrt(l_j + s^2) - sqrt(l_j + sigma^2))^2 <= W2^2 <= D (s - sigma)^2, l_j the eigenvalues of the covariance
    ``(D, D)`` of the points, normalised by n, not n - 1. Noises at least 0, of one shape or broadcastable. Equalities:
    the lower one for Gaussian data, the upper one for points that are far apart, both for one point.
    """
    xp, noise, other = arguments(nonnegative={"noise": noise, "other": other})
    if is_traced(covariance):
        xp, eigenvalues = jnp, jnp.linalg.eigvalsh(covariance)
        eigenvalues = poison(eigenvalues, eigenvalues >= -1e-6 * xp.max(eigenvalues))
    else:
        eigenvalues = covariance_eigenvalues(covariance)
    one, two = noise[..., None], other[..., None]
    squares = [xp.maximum(eigenvalues, 0) + level**2 for level in (one, two)]
    zero = (squares[0] == 0) | (squares[1] == 0)
    total = sum(xp.sqrt(xp.where(zero, 1, square)) for square in squares)
    # without the cancellation of two roots that are nearly equal
    roots = xp.where(zero, one - two, (one - two) * (one + two) / total)
    upper = len(eigenvalues) * (noise - other) ** 2
    return xp.minimum(xp.sum(roots**2, axis=-1), upper)[()], upper[()]


def bhattacharyya_bounds(noise, other, points, weights=None):
    """(lower, upper) bound of the Bhattacharyya coefficient int sqrt(p_noise p_other), between 0 and 1 [marginal-shift].

    b <= int sqrt(p q) <= min(1, b sum_ij sqrt(w_i w_j) exp(-|y_i - y_j|^2/(4(s^2 + sigma^2)))), with
    b = (2 s sigma/(s^2 + sigma^2))^(D/2). Arguments: noises, positive and of one shape or broadcastable; points
    ``(n, D)``; weights ``(n,)``, normalised here, 0 for padding. Both are equalities for one point.
    """
    xp, noise, other = arguments(positive={"noise": noise, "other": other})
    require_points("points", points)
    count, dim = np.shape(points)
    root = _root_weights(weights, count)
    if is_traced(points, root):
        xp = jnp
    if is_traced(points):
        square = xp.sum((points[:, None] - points) ** 2, axis=-1)
    else:
        points = np.asarray(points, np.float64)
        square = scipy.spatial.distance.cdist(points, points, "sqeuclidean")
    log_lower = -dim / 2 * xp.log1p((noise - other) / noise * ((noise - other) / other) / 2)
    variance = noise**2 + other**2
    pairs = [root @ xp.exp(-square / (4 * each)) @ root for each in variance.ravel()]
    log_pairs = xp.log(xp.stack(pairs)).reshape(variance.shape)
    return xp.exp(log_lower)[()], xp.exp(xp.minimum(log_lower + log_pairs, 0.0))[()]


def common_mass_bound(noise, other, dim: int):
    """Lower bound of the common mass int min(p_noise, p_other) = 1 - total variation: that of one point [marginal-shift].

    P(|x| > rho) under the narrower Gaussian and P(|x| < rho) under the wider one, rho the radius where their densities
    agree. The best discriminator of the two distributions, shown both equally often, errs in half of the common mass.
    """
    dim = require_count("dim", dim)
    xp, noise, other = arguments(positive={"noise": noise, "other": other})
    special = scipy.special if xp is np else jax.scipy.special
    t = 2 * xp.abs(_log_ratio(xp, noise, other))
    same = t < 1e-12
    t = xp.where(same, 1.0, t)
    # rho^2/D in units of the narrower and of the wider variance
    outer = t / -xp.expm1(-t)
    inner = outer * xp.exp(-t)
    mass = special.gammaincc(dim / 2, dim / 2 * outer) + special.gammainc(dim / 2, dim / 2 * inner)
    return xp.where(same, 1.0, mass)[()]


def isolated_distance(noise, other, dim: int):
    """Mean distance of y + noise eps from its point y in units of ``other``, for points far apart [marginal-shift].

    (noise/other) sqrt(2) Gamma((D + 1)/2)/Gamma(D/2): what a denoiser asked at noise ``other`` meets.
    """
    dim = require_count("dim", dim)
    _, noise, other = arguments(nonnegative={"noise": noise}, positive={"other": other})
    return (noise / other * _mean_length(dim))[()]


def _mean_length(dim: int) -> float:
    """E|eps| in D dimensions, to rounding, which the difference of two logarithms of Gamma loses as D grows."""
    if dim >= 1000:
        return math.sqrt(dim) * (1 - 1 / (4 * dim) + 1 / (32 * dim**2) + 5 / (128 * dim**3))
    odd = dim % 2
    first = math.sqrt(2 / math.pi) if odd else math.sqrt(math.pi / 2)
    return first * math.prod(1 + 1 / d for d in range(1 if odd else 2, dim, 2))


def _log_ratio(xp, noise, other):
    """ln(noise/other) with its relative accuracy near 0."""
    difference = (noise - other) / other
    near = xp.abs(difference) < 0.5
    return xp.where(near, xp.log1p(xp.where(near, difference, 0)), xp.log(noise) - xp.log(other))


def _root_weights(weights, count: int):
    """sqrt(w_i), w normalised."""
    if weights is None:
        return np.full(count, count**-0.5)
    if np.shape(weights) != (count,):
        raise ValueError(f"weights must have shape ({count},), one for each point, got shape {np.shape(weights)}")
    require_nonnegative("weights", weights)
    if is_traced(weights):
        return jnp.sqrt(poison(weights / jnp.sum(weights), weights >= 0))
    if not np.any(np.asarray(weights) > 0):
        raise ValueError("weights must not all be zero: give at least one point a positive weight")
    return np.sqrt(np.asarray(weights, np.float64) / np.sum(weights))
