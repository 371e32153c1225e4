"""Laws for evenly spaced points on a one-dimensional manifold (s << R), and for the square lattice on a flat torus."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from theory.checks import is_traced
from theory.laws._arguments import arguments, plain, require_choice
from theory.laws.general import normal_error, require_dims
from theory.laws.iid import chi_square_iid

_TERMS = 512  # of the series in q(s); the last is below 1e-15 for s >= _TWO_POINTS d
_TWO_POINTS = 0.06  # below this s/d the posterior holds at most two points, to e^-34


def order_parameter_even(error, spacing):
    """m = q(error) = exp(-2 pi^2 error^2/d^2) on the comb of spacing d [debye-waller]."""
    xp, error, spacing = arguments(nonnegative={"error": error}, positive={"spacing": spacing})
    return xp.exp(-2 * xp.pi**2 * (error / spacing) ** 2)


def order_parameter_ring(error, n, radius):
    """m of n even points on a ring in the plane, exactly [debye-waller].

    m = (sqrt(2 pi kappa)/2) e^-kappa [I_(n-1)/2(kappa) + I_(n+1)/2(kappa)], kappa = R^2/(4 error^2); error positive.
    Uses SciPy's Bessel functions, so it cannot be traced.
    """
    error, n, radius = plain("error", error), plain("n", n), plain("radius", radius)
    kappa = (radius / error) ** 2 / 4
    bessel = scipy.special.ive((n - 1) / 2, kappa) + scipy.special.ive((n + 1) / 2, kappa)
    return np.sqrt(2 * np.pi * kappa) / 2 * bessel


def critical_error_even(spacing, criterion: str = "order-parameter"):
    """Model error of the crossover for spacing d [critical-error-comb].

    criterion "order-parameter": m = 1/2, d sqrt(ln 2/(2 pi^2)) = 0.18739 d. "entropy": the asymptote of the effective
    number of points reaches 1, d/sqrt(2 pi e) = 0.24197 d.
    """
    require_choice("criterion", criterion, ("order-parameter", "entropy"))
    xp, spacing = arguments(positive={"spacing": spacing})
    if criterion == "entropy":
        return spacing / xp.sqrt(2 * xp.pi * xp.e)
    return spacing * xp.sqrt(xp.log(2.0) / (2 * xp.pi**2))


def entropy_even(noise, spacing):
    """Mean posterior entropy E H in nats over x ~ p_hat_s, exact on the comb [entropy].

    E H = E ln sum_j exp(j z d/s - j^2 d^2/(2 s^2)), z normal, by quadrature; for s >= d the asymptote
    ln(sqrt(2 pi e) s/d), which is then exact to rounding.
    """
    xp, noise, spacing = arguments(positive={"noise": noise, "spacing": spacing})
    ratio = noise / spacing
    inverse = 1 / xp.minimum(ratio, 1.0)[..., None, None]
    z = xp.linspace(-9.0, 9.0, 721)
    weight = xp.exp(-(z**2) / 2) / xp.sum(xp.exp(-(z**2) / 2))
    site = xp.arange(-20.0, 21.0)[:, None]
    logs = site * inverse * z - (site * inverse) ** 2 / 2
    largest = xp.max(logs, axis=-2, keepdims=True)
    log_sum = largest[..., 0, :] + xp.log(xp.sum(xp.exp(logs - largest), axis=-2))
    asymptote = xp.log(np.sqrt(2 * np.pi * np.e) * ratio)
    return xp.where(ratio < 1, xp.sum(weight * log_sum, axis=-1), asymptote)[()]


def chi_square_even(error, spacing, dim: int = 1):
    """chi^2 of the smoothed lattice against uniform, theta_3(0, q^2)^k - 1 with q^2 = q(error)^2 [theta].

    The order-parameter counterpart of [chi2-iid] for even points; dim is k, the number of circles.
    """
    return chi_square_iid(error, 1, spacing, dim)  # one point on a closed curve of length d


def memorization_ratio_even(error, spacing):
    """Memorization ratio at threshold 1/3 of the projected samples of the comb [third-rule-null].

    1/2 + (2/pi) sum_m q^(m^2) sin(pi m/2)/m: the chance to lie within d/4 of a training point. Perfect samples: 1/2.
    """
    xp, error, spacing = arguments(nonnegative={"error": error}, positive={"spacing": spacing})
    ratio = (error / spacing)[..., None]
    m = xp.arange(1.0, 64.0, 2.0)
    terms = xp.exp(-2 * np.pi**2 * m**2 * ratio**2) * (-1.0) ** ((m - 1) / 2) / m
    cells = xp.arange(-3.0, 4.0)
    scale = np.sqrt(2) * xp.maximum(ratio, 1e-300)
    erf = scipy.special.erf if xp is np else jax.scipy.special.erf
    within = xp.sum(erf((cells + 0.25) / scale) - erf((cells - 0.25) / scale), axis=-1) / 2
    return xp.where(ratio[..., 0] > 0.25, 0.5 + 2 / np.pi * xp.sum(terms, axis=-1), within)[()]


def gap_even(sigma, error, spacing):
    """Squared gap with the validation point midway between two training points, tangential, all orders [gap-comb].

    The series in q(s) for s >= 0.06 d, the two-point form below it, both exact to rounding. Arguments broadcast.
    """
    return _gap_and_training_error(sigma, error, spacing)[0]


def training_error_even(sigma, error, spacing):
    """Squared tangential denoising error E|D(y + sigma eps) - y|^2 at a training point of the comb, all orders [gap-comb].

    The k = l terms and alternating signs of the series of `gap_even`; below s = 0.06 d it is sigma^2 error^4/s^4, without
    the terms below e^-34 d^2.
    """
    return _gap_and_training_error(sigma, error, spacing)[1]


def gap_even_leading(sigma, error, spacing):
    """Leading order of `gap_even`: (32 pi^2 sigma^4/d^2) q(s) e^-b, b = 2 pi^2 sigma^2/d^2, for delta >~ 0.25 d [gap-comb]."""
    xp, sigma, error, spacing = arguments(nonnegative={"sigma": sigma, "error": error}, positive={"spacing": spacing})
    exponent = 2 * xp.pi**2 * (2 * sigma**2 + error**2) / spacing**2
    return 32 * xp.pi**2 * sigma**4 / spacing**2 * xp.exp(-exponent)


def jacobian_square_even(sigma, error, spacing):
    """Mean over the comb of (dD/du)^2, the roughness of the error-prone field along the manifold [gap-comb], [jacobian].

    1 + (1/2)(2 pi sigma/d)^4 sum_k k^2/sinh^2(k a), a = 2 pi^2 s^2/d^2; below s = 0.06 d the two-point form, which grows as
    d^2/s^2: the field is then flat but for narrow switches between points. A perfectly smooth field has 1; without noise
    and error it is infinite.
    """
    xp, sigma, error, spacing = arguments(nonnegative={"sigma": sigma, "error": error}, positive={"spacing": spacing})
    sigma, error = sigma / spacing, error / spacing
    square = sigma**2 + error**2
    few = square < _TWO_POINTS**2
    k = xp.arange(1.0, _TERMS + 1)
    ka = 2 * np.pi**2 * xp.where(few, _TWO_POINTS**2, square)[..., None] * k
    series = 1 + (2 * np.pi * sigma) ** 4 / 2 * xp.sum((2 * k * xp.exp(-ka) / -xp.expm1(-2 * ka)) ** 2, axis=-1)
    positive = xp.where(few & (square > 0), square, 1.0)
    normal, along = error**2 / positive, sigma**2 / positive
    switches = normal**2 + 2 * normal * along + along**2 / (6 * positive)
    return xp.where(few, xp.where(square == 0, xp.inf, switches), series)[()]


def relative_gap_even(sigma, error, spacing, dim: int = 1, ambient_dim: int = 2):
    """Gap over training error, both squared and summed over the D dimensions [gap-comb], [gap-lattice].

    Square lattice, validation at the centre of the cell: k times the comb, beside the normal error. Infinite where the
    training error is zero to rounding: error 0 and little noise.
    """
    dim, ambient_dim = require_dims(dim, ambient_dim)
    gap, training = _gap_and_training_error(sigma, error, spacing)
    xp = jnp if is_traced(gap) else np
    whole = dim * training + normal_error(sigma, error, ambient_dim - dim)
    return xp.where(whole == 0, xp.where(gap > 0, xp.inf, 0.0), dim * gap / xp.where(whole == 0, 1.0, whole))[()]


def _gap_and_training_error(sigma, error, spacing):
    xp, sigma, error, spacing = arguments(nonnegative={"sigma": sigma, "error": error}, positive={"spacing": spacing})
    sigma, error, spacing = xp.broadcast_arrays(sigma, error, spacing)
    gap, training = (_traced if xp is not np else _concrete)(sigma / spacing, error / spacing)
    return (spacing**2 * gap)[()], (spacing**2 * training)[()]


def _traced(sigma, error):
    return _in_units_of_spacing(jnp, sigma, error, _TERMS)


def _concrete(sigma, error):
    """A chunk at a time in the order of s: memory is bounded, and few terms serve where s is large."""
    noise = np.hypot(sigma, error).ravel()
    results = np.empty((2, noise.size))
    for chunk in np.array_split(np.argsort(noise), -(-noise.size // 1024)):
        smallest = max(noise[chunk].min(), _TWO_POINTS)
        terms = min(_TERMS, 3 + int(37 / (2 * np.pi**2 * smallest**2)))
        results[:, chunk] = _in_units_of_spacing(np, sigma.ravel()[chunk], error.ravel()[chunk], terms)
    return results.reshape(2, *np.shape(sigma))


def _in_units_of_spacing(xp, sigma, error, terms):
    # the branch that is not used is evaluated where it is harmless
    few = xp.sqrt(sigma**2 + error**2) < _TWO_POINTS
    series = _series(xp, xp.where(few, _TWO_POINTS, sigma), error, terms)
    two = _two_points(xp, xp.where(few, sigma, 1.0), xp.where(few, error, 1.0))
    return tuple(xp.where(few, below, above) for below, above in zip(two, series))


def _series(xp, sigma, error, terms):
    """Gap and training error over d^2 by the Fourier series of the field, coefficients c_k = 1/sinh(k a)."""
    sigma, error = sigma[..., None], error[..., None]
    square = sigma**2 + error**2
    k = xp.arange(1.0, terms + 1)
    ka = 2 * np.pi**2 * square * k
    coefficient = 2 * xp.exp(-ka) / -xp.expm1(-2 * ka)
    damping = xp.exp(-2 * np.pi**2 * sigma**2 * xp.arange(0.0, 2 * terms + 1) ** 2)
    # sums over pairs with k + l = m and k - l = m, by convolution
    length = 4 * terms
    padded = xp.fft.rfft(coefficient, length)
    sums = xp.fft.irfft(padded**2, length)[..., : 2 * terms - 1]  # entry m - 2 holds k + l = m
    differences = xp.fft.irfft(xp.abs(padded) ** 2, length)[..., :terms]
    m = xp.arange(0.0, 2 * terms + 1)
    odd = m % 2
    sign = 1 - 2 * odd
    twice = xp.where(m == 0, 1.0, 2.0)

    def pairs(of_parity):
        """sum_kl of_parity(k + l) c_k c_l [e^-(k-l)^2 b - e^-(k+l)^2 b]."""
        weighted = of_parity * damping
        near = xp.sum((twice * weighted)[..., :terms] * differences, axis=-1)
        return near - xp.sum(weighted[..., 2:] * sums, axis=-1)

    first = 8 * np.pi**2 * coefficient * k * damping[..., 1 : terms + 1]
    sigma = sigma[..., 0]
    gap = 2 * xp.sum(odd[1 : terms + 1] * first, axis=-1) + 4 * np.pi**2 * pairs(odd)
    training = xp.sum(sign[1 : terms + 1] * first, axis=-1) + 2 * np.pi**2 * pairs(sign)
    return sigma**4 * gap, sigma**2 + sigma**4 * training


def _two_points(xp, sigma, error):
    """Gap and training error over d^2 where midway the posterior holds the two neighbours alone: D* is a tanh."""
    square = sigma**2 + error**2
    square = xp.where(square == 0, 1.0, square)
    positive = xp.where(sigma == 0, 1.0, sigma)
    width = (2 * square / positive)[..., None]
    # z on a logarithmic grid resolves the switch, of any width, and the Gaussian alike
    low, high = xp.log(xp.minimum(width, 1.0)) - 18, np.log(9.0)
    step = (high - low) / 480
    z = xp.exp(low + step * xp.arange(481.0))
    weight = np.sqrt(2 / np.pi) * xp.exp(-(z**2) / 2) * z * step
    switch = xp.tanh(z / width)
    first = xp.sum(weight * z * switch, axis=-1)
    second = xp.sum(weight * switch**2, axis=-1)
    gap = error**2 * sigma**3 / square**2 * first + sigma**4 / square**2 / 4 * second
    return gap, sigma**2 * (error**2 / square) ** 2
