"""Laws for independent uniform points on a k-dimensional manifold, c(s) << 1 and s small against curvature and size.

c(s) = 1/(rho (4 pi s^2)^(k/2)) is the inverse number of points inside the kernel; rho is points per unit k-volume.
"""

import math

import numpy as np
import scipy.special

from theory.laws._arguments import arguments, plain, require_choice, require_count
from theory.laws.general import normal_error, require_dims
from theory.laws.norm import gap_peak_euclidean_iid


def gap_iid(sigma, error, density, dim: int):
    """Squared gap 2 k sigma^4/(rho (2 pi)^(k/2)) (2 sigma^2 + error^2)^-(k/2 + 1), leading order in c [gap-iid].

    Validation by independent points, or leave-one-out at the same noisy state.
    """
    dim = require_count("dim", dim)
    _, sigma, error, density = arguments(nonnegative={"sigma": sigma, "error": error}, positive={"density": density})
    square = 2 * sigma**2 + error**2
    return 2 * dim * sigma**4 / (density * (2 * math.pi) ** (dim / 2)) * square ** -(dim / 2 + 1)


def gap_iid_correction(sigma, error, density, dim: int):
    """Factor 1 + c(s) A that takes the leave-one-out gap to the next order [gap-iid].

    A = 1 + tau^2/(2 s^2) - (1/2)(tau/kappa)^(k+2) (1 + sigma^2/(2 s^2)), tau^2 = 2 sigma^2 + error^2,
    kappa^2 = sigma^2 + s^2/2. Good to 5% of the gap for c <~ 0.07 (k = 1).
    """
    dim = require_count("dim", dim)
    _, sigma, error, density = arguments(nonnegative={"sigma": sigma, "error": error}, positive={"density": density})
    square = sigma**2 + error**2
    tau, kappa = 2 * sigma**2 + error**2, sigma**2 + square / 2
    bracket = 1 + tau / (2 * square) - (tau / kappa) ** (dim / 2 + 1) * (1 + sigma**2 / (2 * square)) / 2
    return 1 + bracket / (density * (4 * math.pi * square) ** (dim / 2))


def relative_gap_iid(sigma, error, density, dim: int, ambient_dim: int, *, next_order: bool = False):
    """Gap over training error, both squared and summed over the D dimensions [gap-iid-peak].

    The training error is k sigma^2 along the manifold and (D - k) sigma^2 error^4/s^4 normal to it. With ``next_order``
    in c(s): the gap has its correction [gap-iid]; the validation error along the manifold gains k sigma^4 c(s)/(2 s^2),
    the mean square of the score of the sampling noise; the training error is the validation error less the gap.
    """
    dim, ambient_dim = require_dims(dim, ambient_dim)
    _, error, sigma, density = arguments(nonnegative={"error": error}, positive={"sigma": sigma, "density": density})
    gap = gap_iid(sigma, error, density, dim)
    training = dim * sigma**2 + normal_error(sigma, error, ambient_dim - dim)
    if not next_order:
        return gap / training
    square = sigma**2 + error**2
    sampling = dim * sigma**4 / (2 * square * density * (4 * math.pi * square) ** (dim / 2))
    gap = gap * gap_iid_correction(sigma, error, density, dim)
    return gap / (training + sampling - gap)


def gap_peak_noise_iid(error, dim: int):
    """error/sqrt(k), the noise at which the gap relative to the tangential error peaks [gap-iid-peak]."""
    _, error = arguments(nonnegative={"error": error})
    return error / math.sqrt(require_count("dim", dim))


def gap_peak_height_iid(error, density, dim: int):
    """Height of the peak of `gap_peak_noise_iid`: (2/k)(1 + 2/k)^-(k/2+1)/(rho (2 pi)^(k/2) error^k) [gap-iid-peak]."""
    dim = require_count("dim", dim)
    _, error, density = arguments(positive={"error": error, "density": density})
    return _peak_factor(dim) / (density * (2 * math.pi) ** (dim / 2) * error**dim)


def gap_peak_euclidean_ring(error, density):
    """(noise, height) of the peak in the paper's norm for i.i.d. points on a ring, 1.50480 error and .0757203/(rho error).

    Mean Euclidean error, k = 1, D = 2 [gap-iid-peak]: `gap_peak_euclidean_iid` on a curve in the plane [gap-norm-peak].
    """
    return gap_peak_euclidean_iid(error, density, 1, 2)


def gap_over_chi_square_iid(dim: int) -> float:
    """Peak relative tangential gap over chi^2 at inference, (2/k)(1 + 2/k)^-(k/2+1) 2^(k/2) [gap-vs-inference]."""
    return _peak_factor(require_count("dim", dim)) * 2 ** (dim / 2)


def chi_square_iid(error, n, length, dim: int = 1):
    """E chi^2 of n i.i.d. points smoothed by error against uniform, on a flat closed curve of that length [chi2-iid].

    (1/n) sum_{m != 0} exp(-4 pi^2 m^2 error^2/L^2); on the product of dim such curves (1/n)(product of full sums - 1).
    """
    xp, error, n, length = arguments(positive={"error": error, "n": n, "length": length})
    ratio = (error / length)[..., None]
    m = xp.arange(1.0, 17.0)
    # the same theta function, less 1, by its two series: over wave numbers, or over windings for a narrow kernel
    wide = 2 * xp.sum(xp.exp(-4 * math.pi**2 * m**2 * ratio**2), axis=-1)
    windings = 1 + 2 * xp.sum(xp.exp(-(m**2) / (4 * ratio**2)), axis=-1)
    narrow = windings / (math.sqrt(4 * math.pi) * ratio[..., 0]) - 1
    excess = xp.where(ratio[..., 0] > 0.28, wide, narrow)
    # without the cancellation of a kernel that is wider than the curve
    return (xp.expm1(require_count("dim", dim) * xp.log1p(excess)) / n)[()]


def chi_square_ring(error, n, radius):
    """E chi^2(p_hat_error || p_error) of n i.i.d. points on a ring in the plane, exactly [chi2-iid].

    (2/n) sum_{m >= 1} E[(I_m/I_0)^2(z)] = (E[I_0(2z)/I_0(z)^2] - 1)/n, z = rR/error^2, r from the smoothed ring, by
    quadrature to 1e-12. Scalars; uses SciPy's Bessel functions, so it cannot be traced.
    """
    error, n, radius = (float(plain(*pair)) for pair in (("error", error), ("n", n), ("radius", radius)))
    node, weight = scipy.special.roots_legendre(160)
    inner, outer = max(radius - 9 * error, 0.0), radius + 9 * error
    r = inner + (outer - inner) * (node + 1) / 2
    z = r * radius / error**2
    mass = weight * r * np.exp(-((r - radius) ** 2) / (2 * error**2)) * scipy.special.ive(0, z)
    # the closed form cancels for a wide kernel, where few modes are left
    few = np.minimum(z, 1.0)
    orders = np.arange(1, 13)[:, None]
    modes = 2 * np.sum((scipy.special.ive(orders, few) / scipy.special.ive(0, few)) ** 2, axis=0)
    closed = scipy.special.ive(0, 2 * z) / scipy.special.ive(0, z) ** 2 - 1
    return float(np.sum(mass * np.where(z < 1, modes, closed)) / np.sum(mass) / n)


def critical_error_iid(density, dim: int, criterion: str = "chi-square"):
    """Model error of the crossover at density rho [critical-error-iid].

    criterion "chi-square": chi^2 = 1, rho^(-1/k)/sqrt(4 pi). "entropy": the asymptote of the effective number of points
    reaches 1, rho^(-1/k)/sqrt(2 pi e).
    """
    require_choice("criterion", criterion, ("chi-square", "entropy"))
    _, density = arguments(positive={"density": density})
    factor = math.sqrt(4 * math.pi if criterion == "chi-square" else 2 * math.pi * math.e)
    return density ** (-1 / require_count("dim", dim)) / factor


def entropy_iid(noise, density, dim: int, *, next_order: bool = False):
    """Mean posterior entropy in nats, ln((2 pi e)^(k/2) rho s^k) + c(s)/2 [entropy-iid], for c(s) << 1.

    With ``next_order`` also c^2 (1/4 - (4/3)^(k/2)/6); `entropy_poisson` is for any c.
    """
    dim = require_count("dim", dim)
    xp, noise, density = arguments(positive={"noise": noise, "density": density})
    kernel = density * noise**dim
    c = 1 / (kernel * (4 * math.pi) ** (dim / 2))
    asymptote = xp.log((2 * math.pi * math.e) ** (dim / 2) * kernel) + c / 2
    return asymptote + c**2 * (1 / 4 - (4 / 3) ** (dim / 2) / 6) if next_order else asymptote


def disagreement_iid(sigma, error, density, dim: int, *, next_order: bool = False):
    """E|D_A - D_B|^2 = (sigma^4/s^2) k c(s) of two models of disjoint training sets of this density each [disjoint-iid].

    Mean over states of the true smoothed distribution p_s, leading order in c(s); over s^2 it grows towards small noise.
    With ``next_order`` times 1 + c(s) (3 - (4/3)^(k/2 + 1)); `disagreement_poisson` is for any c.
    """
    dim = require_count("dim", dim)
    _, error, sigma, density = arguments(nonnegative={"error": error}, positive={"sigma": sigma, "density": density})
    square = sigma**2 + error**2
    c = 1 / (density * (4 * math.pi * square) ** (dim / 2))
    leading = sigma**4 / square * dim * c
    return leading * (1 + c * (3 - (4 / 3) ** (dim / 2 + 1))) if next_order else leading


def memorization_ratio_null(dim: int) -> float:
    """3^-k, the memorization ratio at threshold 1/3 of perfect samples beside i.i.d. points [third-rule-null]."""
    return 3.0 ** -require_count("dim", dim)


def _peak_factor(dim):
    return 2 / dim * (1 + 2 / dim) ** -(dim / 2 + 1)
