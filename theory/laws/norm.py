"""The generalization gap in the mean Euclidean error, the paper's norm, which mixes tangential and normal error.

To leading order the error vector is Gaussian, of variance A along the k tangential directions and B along the D - k normal
ones [gap-norm]. Its mean norm M(A) and the slopes of that are one integral each: 1/r = int exp(-v^2 r^2) dv/sqrt(pi).
"""

import functools
import math

import numpy as np
import scipy.optimize
import scipy.special

from theory.checks import is_traced
from theory.laws._arguments import arguments
from theory.laws.general import require_dims

_STEP = 1 / 8  # of the trapezoidal rules; their error is below rounding for any k, D and ratio of the variances
_SERIES = 0.8  # above this s/d the leading order in q(s) is exact to q^2 = 1e-11


def gap_euclidean_iid(sigma, error, density, dim: int, ambient_dim: int, *, next_order: bool = False):
    """Gap E|D(v + sigma eps) - v| - E|D(y + sigma eps) - y| of the mean Euclidean error, independent points [gap-norm].

    Leading order in c(s): 2 A M'(A) sigma^2/(s^2 rho (2 pi)^(k/2) tau^k), A = sigma^2 s^2/tau^2, tau^2 = 2 sigma^2 + error^2,
    at normal variance B = sigma^2 error^4/s^4. With ``next_order`` in c(s) [gap-norm-next-order], which needs D > 1.
    """
    xp, *values = arguments(nonnegative={"error": error}, positive={"sigma": sigma, "density": density})
    error, sigma, density = values
    return _iid(xp, sigma, error, density, *_dims(dim, ambient_dim, next_order), next_order)[0][()]


def relative_gap_euclidean_iid(sigma, error, density, dim: int, ambient_dim: int, *, next_order: bool = False):
    """`gap_euclidean_iid` over the mean Euclidean training error, to leading order M(sigma^2) [gap-norm].

    With ``next_order`` in c(s) [gap-norm-next-order]: the validation error gains M'(sigma^2) sigma^4 c(s)/(2 s^2), the score
    of the sampling noise, and the training error is the validation error less the gap.
    """
    xp, *values = arguments(nonnegative={"error": error}, positive={"sigma": sigma, "density": density})
    error, sigma, density = values
    gap, training = _iid(xp, sigma, error, density, *_dims(dim, ambient_dim, next_order), next_order)
    return (gap / training)[()]


def euclidean_error(sigma, error, dim: int, ambient_dim: int):
    """Mean Euclidean denoising error of the smooth manifold, M(sigma^2): what training and validation share [gap-norm].

    The mean length of a Gaussian vector of variance sigma^2 along the manifold and sigma^2 error^4/s^4 normal to it.
    """
    dim, ambient_dim = require_dims(dim, ambient_dim)
    xp, error, sigma = arguments(nonnegative={"error": error}, positive={"sigma": sigma})
    normal = sigma**2 * (error**2 / (sigma**2 + error**2)) ** 2
    return _mean_norm(xp, sigma**2, normal, dim, ambient_dim - dim, 0)[()]


def gap_peak_euclidean_iid(error, density, dim: int, ambient_dim: int):
    """(noise, height) of the peak of `relative_gap_euclidean_iid` to leading order [gap-norm-peak].

    noise/error and height rho error^k depend on k and D alone: 1.50480 and .0757203 on a curve in the plane.
    """
    dim, ambient_dim = require_dims(dim, ambient_dim)
    _, error, density = arguments(positive={"error": error, "density": density})
    place, height = _peak(dim, ambient_dim)
    return place * error, height / (density * error**dim)


def gap_euclidean_even_leading(sigma, error, spacing, dim: int = 1, ambient_dim: int = 2):
    """Leading order in q(s) of the gap on the comb: 4 sigma^2 g q E[x sin(g x)/r], g = 2 pi/d [gap-norm-even].

    x of variance sigma^2 along the curve, r the length of the error vector; on the square lattice, with validation at the
    centre of the cell, k times that with r in D dimensions. Odd in q(s): relative error of order q^2.
    """
    dim, ambient_dim = require_dims(dim, ambient_dim)
    xp, *values = arguments(nonnegative={"error": error}, positive={"sigma": sigma, "spacing": spacing})
    error, sigma, spacing = values
    return (spacing * _even_leading(xp, sigma / spacing, error / spacing, dim, ambient_dim)[0])[()]


def gap_euclidean_even(sigma, error, spacing, ambient_dim: int = 2):
    """Gap of the mean Euclidean error on the comb of spacing d, validation midway, all orders [gap-norm-even].

    The exact field, by quadrature over tangential and normal noise; relative accuracy 1e-9 or, where it is larger, 1e-14 of
    the denoising error. sigma positive. Uses SciPy's Bessel functions, so it cannot be traced.
    """
    return _even(sigma, error, spacing, ambient_dim)[0]


def relative_gap_euclidean_even(sigma, error, spacing, ambient_dim: int = 2):
    """`gap_euclidean_even` over the mean Euclidean error at a training point of the comb [gap-norm-even], [gap-collapse].

    Infinite where the training error is zero to rounding: error 0 and little noise.
    """
    gap, training = _even(sigma, error, spacing, ambient_dim)
    return np.where(training == 0, np.inf, gap / np.where(training == 0, 1.0, training))[()]


def _dims(dim, ambient_dim, next_order):
    dim, ambient_dim = require_dims(dim, ambient_dim)
    if next_order and ambient_dim == 1:
        raise ValueError("the next order needs ambient_dim above 1: in one dimension the Euclidean error has a kink")
    return dim, ambient_dim


def _iid(xp, sigma, error, density, dim, ambient_dim, next_order):
    """Gap and training error."""
    codim = ambient_dim - dim
    square = sigma**2 + error**2
    normal = sigma**2 * (error**2 / square) ** 2
    spread = square + sigma**2  # tau^2
    weight = sigma**2 / (density * square * (2 * math.pi * spread) ** (dim / 2))
    tilted = sigma**2 * square / spread
    slope = _mean_norm(xp, tilted, normal, dim, codim, 1)
    validation = _mean_norm(xp, sigma**2, normal, dim, codim, 0)
    if not next_order:
        return 2 * weight * tilted * slope, validation
    kernel = 1 / (density * (4 * math.pi * square) ** (dim / 2))  # c(s)
    ratio = sigma**2 / square
    bend = _mean_norm(xp, tilted, normal, dim, codim, 2)
    first = 2 * tilted * slope * (1 + kernel) + kernel * sigma**2 * (slope + ratio * tilted * bend)
    # the own kernel squared, a tilt to a narrower Gaussian
    own = sigma**2 * square / (spread + sigma**2)
    own_slope, own_bend = (_mean_norm(xp, own, normal, dim, codim, order) for order in (1, 2))
    second = own * ((2 + ratio) * own_slope + 2 * ratio * own * own_bend)
    own_weight = (spread / (square * (spread + sigma**2) * 2 * math.pi)) ** (dim / 2) / density
    gap = weight * (first - own_weight * second)
    validation = validation + kernel * ratio * sigma**2 / 2 * _mean_norm(xp, sigma**2, normal, dim, codim, 1)
    return gap, validation - gap


def _mean_norm(xp, along, normal, dim, codim, order, damping=0.0):
    """Mean length (order 0) of a Gaussian vector with these variances, its slope (1) and second slope (2) in ``along``.

    damping b: multiplied by exp(-b/(1 + 2 along v^2)) under the integral over v.
    """
    # v = scale sinh t, on the scale of the narrowest factor
    scale = 1 / xp.sqrt(2 * (dim * along + codim * normal))[..., None]
    t = xp.arange(0.0, 24 + math.log(dim + codim) / 2, _STEP)
    v_square = (scale * xp.sinh(t)) ** 2
    weight = 2 * _STEP / math.sqrt(math.pi) * xp.where(t == 0, 0.5, 1.0) * scale * xp.cosh(t)
    along, normal, damping = along[..., None], normal[..., None], xp.asarray(damping)[..., None]
    wide, narrow = 1 + 2 * along * v_square, 1 + 2 * normal * v_square
    logs = -damping / wide - dim / 2 * xp.log1p(2 * along * v_square) - codim / 2 * xp.log1p(2 * normal * v_square)
    if order == 0:
        factor = dim * along / wide + codim * normal / narrow
    elif order == 1:
        factor = dim / (2 * wide)
    else:
        factor = -dim * (dim + 2) / 2 * v_square / wide**2
    return xp.sum(weight * xp.exp(logs) * factor, axis=-1)


@functools.cache
def _peak(dim, ambient_dim):
    """noise/error and height rho error^k of the peak, where the slope in ln noise, by a complex step, vanishes."""

    def logarithm(log_noise):
        gap, training = _iid(np, np.asarray(np.exp(log_noise)), 1.0, 1.0, dim, ambient_dim, False)
        return np.log(gap / training)

    def slope(log_noise):
        return float(np.imag(logarithm(log_noise + 1e-30j))) * 1e30

    bracket = -math.log(20 * dim), math.log(20 * ambient_dim)
    place = scipy.optimize.root_scalar(slope, bracket=bracket, method="brentq", xtol=1e-15).root
    return math.exp(place), float(np.exp(logarithm(place)))


def _even_leading(xp, sigma, error, dim, ambient_dim):
    """Gap and training error in units of d, to first order in q(s)."""
    wave_square = 4 * math.pi**2
    square, codim = sigma**2 + error**2, ambient_dim - dim
    normal = sigma**2 * (error**2 / square) ** 2
    damping = wave_square * sigma**2 / 2
    mean = 2 * sigma**2 * _mean_norm(xp, sigma**2, normal, dim, codim, 1, damping)  # k E[x sin(g x)/r]/g
    gap = 4 * wave_square * sigma**2 * xp.exp(-wave_square * square / 2) * mean
    return gap, _mean_norm(xp, sigma**2, normal, dim, codim, 0) - gap / 2


def _even(sigma, error, spacing, ambient_dim):
    codim = require_dims(1, ambient_dim)[1] - 1
    if is_traced(sigma, error, spacing):
        raise ValueError("an argument is traced: this law uses SciPy's Bessel functions, so call it outside jit")
    _, *values = arguments(nonnegative={"error": error}, positive={"sigma": sigma, "spacing": spacing})
    error, sigma, spacing = np.broadcast_arrays(*values)
    flat = np.stack([(sigma / spacing).ravel(), (error / spacing).ravel()])
    found = np.empty_like(flat)
    noise = np.hypot(*flat)
    wide = noise > _SERIES
    if wide.any():
        found[:, wide] = _even_leading(np, flat[0, wide], flat[1, wide], 1, codim + 1)
    # in the order of s, on which the number of points in reach depends; in chunks, which bound the memory
    rest = np.flatnonzero(~wide)[np.argsort(noise[~wide])]
    for chunk in np.array_split(rest, -(-len(rest) // (256 if codim < 2 else 8)) or 1):
        found[:, chunk] = _even_exact(flat[0, chunk, None], flat[1, chunk, None], codim)
    return tuple((spacing * each.reshape(sigma.shape))[()] for each in found)


def _even_exact(sigma, error, codim):
    """Gap and training error in units of d, by the rule in ln(e^z - 1): even in z far out, logarithmic at the kink z = 0."""
    reach = 2 + int(9 * np.sqrt(np.max(sigma**2 + error**2, initial=0.0)))
    images = np.arange(-reach, reach + 1.0)
    step = _STEP / 2
    grid = np.arange(-37.0, 9.5, step)
    z = np.logaddexp(0.0, grid)
    weight = step * math.sqrt(2 / math.pi) * scipy.special.expit(grid) * np.exp(-(z**2) / 2)
    square = sigma**2 + error**2
    normal_scale = sigma * error**2 / square

    def mean_error(place):
        """place: of the clean point, from a training point."""
        sites = np.round(place + sigma * z)[..., None] + images - place
        logs = -((sites - (sigma * z)[..., None]) ** 2) / (2 * square[..., None])
        weights = np.exp(logs - logs[..., reach, None])
        mean = np.sum(weights * sites, axis=-1) / np.sum(weights, axis=-1)
        along = (error**2 * sigma * z + sigma**2 * mean) / square
        return np.sum(weight * _mean_over_normal(np.abs(along), normal_scale, codim), axis=-1)

    training = mean_error(0.0)
    return mean_error(0.5) - training, training


def _mean_over_normal(along, scale, codim):
    """E sqrt(along^2 + |Y|^2), Y Gaussian of standard deviation ``scale`` in codim dimensions."""
    if codim == 0:
        return along
    positive = np.where(scale > 0, scale, 1.0)
    if codim == 1:
        half = np.maximum((along / positive) ** 2 / 4, 1e-300)
        bessel = scipy.special.k0e(half) + scipy.special.k1e(half)
        return np.where(scale > 0, positive * half * math.sqrt(2 / math.pi) * bessel, along)
    rate = np.sqrt(2 * (along**2 + codim * positive**2))[..., None]
    t = np.arange(0.0, 24 + math.log(codim) / 2, _STEP)
    v_square = (np.sinh(t) / rate) ** 2
    weight = 2 * _STEP / math.sqrt(math.pi) * np.where(t == 0, 0.5, 1.0) * np.cosh(t) / rate
    square, normal = along[..., None] ** 2, positive[..., None] ** 2
    logs = -square * v_square - codim / 2 * np.log1p(2 * normal * v_square)
    factor = square + codim * normal / (1 + 2 * normal * v_square)
    return np.where(scale > 0, np.sum(weight * np.exp(logs) * factor, axis=-1), along)
