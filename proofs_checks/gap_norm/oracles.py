"""The mean Euclidean error from its definition or in hypergeometric functions: what `theory.laws.norm` is compared with."""

import functools

import mpmath
import numpy as np


def mean_norm(along, normal, dim, codim, power=1):
    """E|(X, Y)|^p of variances ``along >= normal`` in dim and codim directions, by the closed form [gap-norm]."""
    ambient, p = mpmath.mpf(dim + codim), mpmath.mpf(power)
    factor = 2 ** (p / 2) * mpmath.gamma((ambient + p) / 2) / mpmath.gamma(ambient / 2) * along ** (p / 2)
    return factor * mpmath.hyp2f1(-p / 2, mpmath.mpf(codim) / 2, ambient / 2, 1 - normal / along)


def slope(along, normal, dim, codim):
    """d/dA of the mean norm: k/2 times the mean inverse norm in two more dimensions."""
    return mpmath.mpf(dim) / 2 * mean_norm(along, normal, dim + 2, codim, -1)


def bend(along, normal, dim, codim):
    """Its slope in turn, by differences in 50 digits."""
    return mpmath.diff(lambda a: slope(a, normal, dim, codim), along)


def variances(sigma, error):
    """s^2, tau^2, the normal variance, and the tangential one tilted by the own kernel."""
    square, spread = sigma**2 + error**2, 2 * sigma**2 + error**2
    return square, spread, sigma**2 * error**4 / square**2, sigma**2 * square / spread


def gap_iid(sigma, error, density, dim, ambient):
    """Leading order in 1/density."""
    square, spread, normal, tilted = variances(sigma, error)
    weight = sigma**2 / (square * density * (2 * mpmath.pi * spread) ** (mpmath.mpf(dim) / 2))
    return 2 * weight * tilted * slope(tilted, normal, dim, ambient - dim)


def euclidean_error(sigma, error, dim, ambient):
    """Of the smooth manifold."""
    return mean_norm(sigma**2, variances(sigma, error)[2], dim, ambient - dim)


def relative_gap_iid(sigma, error, density, dim, ambient):
    """Over the training error of the same order."""
    return gap_iid(sigma, error, density, dim, ambient) / euclidean_error(sigma, error, dim, ambient)


def next_order_iid(sigma, error, density, dim, ambient):
    """Gap and relative gap to the next order, term by term as in the expansion [gap-norm]."""
    k, codim, wait = mpmath.mpf(dim), ambient - dim, 1 / density
    square, spread, normal, tilted = variances(sigma, error)
    c = wait / (4 * mpmath.pi * square) ** (k / 2)
    one = (2 * mpmath.pi * spread) ** (-k / 2)  # mean of the own kernel, and of its square
    own = sigma**2 * square / (square + 2 * sigma**2)
    two = (2 * mpmath.pi * square) ** (-k) * (square / (square + 2 * sigma**2)) ** (k / 2)
    first, second = slope(tilted, normal, dim, codim), bend(tilted, normal, dim, codim)
    own_first, own_second = slope(own, normal, dim, codim), bend(own, normal, dim, codim)
    gap = wait * one * sigma**2 / square * 2 * tilted * first * (1 + c)
    gap -= wait**2 * two * sigma**2 / square * 2 * own * own_first
    gap += wait * c * one * sigma**4 / square * first
    gap += wait * c * one * sigma**6 / square**2 * tilted * second
    gap -= wait**2 * two * sigma**4 / square**2 * own * (own_first + 2 * own * own_second)
    validation = mean_norm(sigma**2, normal, dim, codim)
    validation += c * sigma**4 / (2 * square) * slope(sigma**2, normal, dim, codim)
    return gap, gap / (validation - gap)


def peak(error, density, dim, ambient):
    """Noise and height of the peak of the relative gap, by the root of its slope."""
    place, height = _unit_peak(dim, ambient)
    return [place * error, height / (density * error**dim)]


@functools.cache
def _unit_peak(dim, ambient):
    unit = mpmath.mpf(1)

    def log_gap(log_noise):
        return mpmath.log(relative_gap_iid(mpmath.exp(log_noise), unit, unit, dim, ambient))

    # 25 digits are enough for comparison with float64, and twice as fast
    with mpmath.workdps(25):
        guess = mpmath.log(1 / mpmath.sqrt(dim))
        place = mpmath.findroot(lambda x: mpmath.diff(log_gap, x), (guess, guess + 0.5), tol=1e-18)
        return mpmath.exp(place), mpmath.exp(log_gap(place))


def gap_even_leading(sigma, error, spacing, dim, ambient):
    """4 sigma^2 g q k E[x sin(g x)/r] by the Taylor series of the sine, each term a mean inverse norm."""
    wave = 2 * mpmath.pi / spacing
    square, _, normal, _ = variances(sigma, error)
    half = (wave * sigma) ** 2 / 2

    def term(n):
        more = dim + 2 * n + 2  # x^(2 n + 2) adds as many dimensions
        return (-half) ** n / mpmath.factorial(n) * mean_norm(sigma**2, normal, more, ambient - dim, -1)

    terms = int(4 * half) + 40  # the last is below 1e-30
    mean = wave * sigma**2 * mpmath.fsum(term(n) for n in range(terms))
    return 4 * sigma**2 * wave * mpmath.exp(-(wave**2) * square / 2) * dim * mean


def even_errors(sigma, error, spacing, ambient):
    """Mean Euclidean error of the comb at a training point and midway, by quadrature over both noises, in float64.

    From the definition: the posterior as a sum over points, Gauss-Legendre rules on intervals that halve towards zero.
    """
    sigma, error, spacing = float(sigma), float(error), float(spacing)
    node, weight = _halving_rule()
    square = sigma**2 + error**2
    sites = np.arange(-12.0, 13.0) * spacing
    results = []
    for place in (0.0, spacing / 2):
        state = place + sigma * node
        shift = np.round(state / spacing)[:, None] * spacing + sites
        logs = -((state[:, None] - shift) ** 2) / (2 * square)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        mean = np.sum(weights * (shift - place), axis=1) / np.sum(weights, axis=1)
        along = error**2 / square * sigma * node + sigma**2 / square * mean
        density = 2 * weight * np.exp(-(node**2) / 2) / np.sqrt(2 * np.pi)
        codim = ambient - 1
        if codim == 0:
            results.append(density @ np.abs(along))
            continue
        surface = 2 ** (1 - codim / 2) / float(mpmath.gamma(codim / 2))
        radial = weight * surface * node ** (codim - 1) * np.exp(-(node**2) / 2)
        normal = sigma * error**2 / square * node
        results.append(density @ np.hypot(along[:, None], normal) @ radial)
    return results


def _halving_rule():
    """Nodes and weights on (0, 9)."""
    edges = np.concatenate([[0.0], 1.5 * 2.0 ** np.arange(-40, 0), np.linspace(1.5, 9.0, 26)])
    node, weight = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()
