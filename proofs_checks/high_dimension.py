"""Where the optimal posterior over many Gaussian points in many dimensions condenses on the source."""

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs, resolve
from proofs_checks.evidence import equal, true, within

D, k = sp.symbols("D k", integer=True, positive=True)
j = sp.Symbol("j", integer=True, positive=True)
sigma, n, scale, length, rho = sp.symbols("sigma n s_d l rho", positive=True)
spectrum = sp.IndexedBase("l", positive=True)

collapse = Entry(
    "collapse",
    "The optimal posterior over n Gaussian points of covariance C condenses on one of them where ln n is the mutual "
    "information (1/2) ln det(1 + C/sigma^2); for C = scale^2 I at "
    "sigma_C = scale/sqrt(n^(2/D) - 1), which is also the critical error.",
    simulations=("high_dimension",),
)


def over_axes(term):
    """sum_j term, j = 1..D."""
    return sp.Sum(term, (j, 1, D))


def squared(variances):
    """Mean of a quadratic form of independent Gaussians: sum of coefficient times variance."""
    return sum(coefficient * variance for coefficient, variance in variances)


@collapse.step(
    Status.PROVED,
    "any covariance and D: mean log odds of the source against the mean of all others, given the state, plus ln n",
    claim=over_axes(sp.log(1 + spectrum[j] / sigma**2) / 2),
    wrong={
        "without the half": over_axes(sp.log(1 + spectrum[j] / sigma**2)),
        "noise over signal": over_axes(sp.log(1 + sigma**2 / spectrum[j]) / 2),
        "sigma for sigma^2": over_axes(sp.log(1 + spectrum[j] / sigma) / 2),
    },
)
def mean_log_odds(information):
    # along the eigenvector j: x = y + sigma eps; the other points, averaged over y' ~ N(0, l), give n times
    # the mean of exp(-(x - y')^2/(2 sigma^2)), a Gaussian integral whose square is completed here
    y, x = sp.symbols("y x", real=True)
    total = length + sigma**2
    narrow = length * sigma**2 / total
    completed = -((y - length * x / total) ** 2) / (2 * narrow) - x**2 / (2 * total)
    equal(-((x - y) ** 2) / (2 * sigma**2) - y**2 / (2 * length), completed)
    log_others = sp.log(sp.simplify(narrow / length)) / 2 - x**2 / (2 * total)
    log_odds = sp.expand(-((x - y) ** 2) / (2 * sigma**2) - log_others)
    constant = sp.simplify(log_odds + (x - y) ** 2 / (2 * sigma**2) - x**2 / (2 * total))
    true(not constant.has(x, y), "the log odds are a quadratic form and a constant")
    mean = constant + squared([(-1 / (2 * sigma**2), sigma**2), (1 / (2 * total), total)])  # of x - y, of x
    # summand by summand: axes are independent
    mean = mean.subs(length, spectrum[j])
    equal(mean, information.function, simplify=lambda e: sp.simplify(sp.expand_log(sp.factor(e), force=True)))


@collapse.step(
    Status.PROVED,
    "any n > 1 and D, covariance scale^2 I: the noise at which the mutual information is ln n",
    claim=scale / sp.sqrt(n ** (sp.S(2) / D) - 1),
    wrong={
        "1/D for 2/D": scale / sp.sqrt(n ** (sp.S(1) / D) - 1),
        "without the 1": scale / sp.sqrt(n ** (sp.S(2) / D)),
        "without the root": scale / (n ** (sp.S(2) / D) - 1),
    },
)
def isotropic_root(noise):
    information = over_axes(sp.log(1 + scale**2 / sigma**2) / 2).doit()  # summed over equal axes
    square = sp.Symbol("v", positive=True)
    root = sp.solve(sp.Eq(sp.exp(2 * information.subs(sigma, sp.sqrt(square)) / D), n ** (sp.S(2) / D)), square)
    true(len(root) == 1, "there is one root")
    equal(root[0], noise**2)


@collapse.step(
    Status.PROVED,
    "any covariance and D: the variance of the log odds, which is how the information falls with ln sigma, so that the "
    "transition is 1/sqrt(that) wide in ln sigma: the local dimension",
    claim=over_axes(spectrum[j] / (spectrum[j] + sigma**2)),
    wrong={
        "half": over_axes(spectrum[j] / (spectrum[j] + sigma**2) / 2),
        "all dimensions": over_axes(1 + 0 * spectrum[j]),
        "squared": over_axes((spectrum[j] / (spectrum[j] + sigma**2)) ** 2),
    },
)
def width(dimension):
    # log odds - mean = sum_j (b^2 - a^2)/2, a = eps_j and b = x_j/sqrt(l + sigma^2), both of variance 1, correlated by r
    a, z = sp.symbols("a z", real=True)
    r = sigma / sp.sqrt(length + sigma**2)
    b = r * a + sp.sqrt(1 - r**2) * z
    form = sp.expand((b**2 - a**2) / 2)
    variance = sp.simplify(_gaussian_mean(form**2, (a, z)) - _gaussian_mean(form, (a, z)) ** 2)
    equal(over_axes(variance.subs(length, spectrum[j])), dimension, simplify=lambda e: sp.simplify(e.doit()))
    slope = -sigma * sp.diff(sp.log(1 + length / sigma**2) / 2, sigma)
    equal(slope, variance)


def _gaussian_mean(polynomial, symbols):
    """Mean over independent standard normal symbols: E a^m = (m - 1)!! for even m, 0 for odd."""
    poly = sp.Poly(sp.expand(polynomial), *symbols)
    return sum(
        coefficient * sp.prod(sp.factorial2(m - 1) if m % 2 == 0 else 0 for m in powers)
        for powers, coefficient in poly.terms()
    )


@collapse.step(
    Status.PROVED,
    "any k and density: ln n less the mutual information of points uniform on a k-dimensional manifold, noise small against "
    "its size, is the entropy of [entropy-iid] to leading order: one criterion, whose edge is where it vanishes",
    claim=((2 * sp.pi * sp.E) ** (k / 2) * rho * sigma**k, rho ** (-1 / k) / sp.sqrt(2 * sp.pi * sp.E)),
    wrong={
        "4 pi, the criterion of chi-square": (
            (4 * sp.pi) ** (k / 2) * rho * sigma**k,
            rho ** (-1 / k) / sp.sqrt(4 * sp.pi),
        ),
        "without e": ((2 * sp.pi) ** (k / 2) * rho * sigma**k, rho ** (-1 / k) / sp.sqrt(2 * sp.pi)),
        "density for spacing": ((2 * sp.pi * sp.E) ** (k / 2) * rho * sigma**k, rho / sp.sqrt(2 * sp.pi * sp.E)),
    },
)
def entropy_edge(claimed):
    number, edge = claimed
    # entropy of y is ln V; of y given x, that of a Gaussian in k dimensions, k times -E ln N = (1/2)(ln(2 pi sigma^2) + 1)
    volume = n / rho
    information = sp.log(volume) - k * (sp.log(2 * sp.pi * sigma**2) + 1) / 2
    excess = sp.expand_log(sp.log(n) - information, force=True)
    equal(excess, sp.log(number), simplify=lambda e: sp.simplify(sp.expand_log(e, force=True)))
    equal(1 + excess.subs(sigma, edge), 1, simplify=lambda e: sp.simplify(sp.expand_log(e, force=True)))


@collapse.step(
    Status.PROVED,
    "with a model error delta the posterior is the one at s: nominal noise of the collapse, which reaches the end points, at "
    "sigma = 0, for delta = sigma_C",
    claim=lambda c, delta: sp.sqrt(c**2 - delta**2),
    wrong={"delta shifts it": lambda c, delta: c - delta, "no shift": lambda c, delta: c + 0 * delta},
)
def with_model_error(nominal):
    delta, critical = sp.symbols("delta sigma_C", positive=True)
    # D_delta is the posterior mean of the points smoothed with delta: x = y + delta eta + sigma eps
    variance = squared([(1, delta**2), (1, sigma**2)])
    information = over_axes(sp.log(1 + spectrum[j] / variance) / 2)
    at_critical = information.subs(sigma, nominal(critical, delta))
    target = over_axes(sp.log(1 + spectrum[j] / critical**2) / 2)
    equal(at_critical, target, simplify=lambda e: sp.simplify(e.doit()))


FACTORS = (0.5, 1.0, 2.0)


@collapse.step(
    Status.NUMERIC,
    "n = 4096 Gaussian points, D = 8, 32, 128, 400 states each, within 4 standard errors and 3%: mean weight of the true "
    "source at sigma_C/2, sigma_C, 2 sigma_C",
    claim=((0.985, 0.588, 0.077), (0.999, 0.574, 0.021), (1.0, 0.563, 0.015)),
    wrong={
        "the same at twice the noise": ((0.588, 0.077, 0.0), (0.574, 0.021, 0.0), (0.563, 0.015, 0.0)),
        "all of the weight at sigma_C": ((0.985, 1.0, 0.077), (0.999, 1.0, 0.021), (1.0, 1.0, 0.015)),
    },
)
def weight_of_the_source(weights):
    for dim, claimed in zip((8, 32, 128), weights, strict=True):
        within(*source_weight(4096, dim, 400, FACTORS), claimed, systematic=0.03)


def source_weight(n: int, dim: int, rows: int, factors, seed: int = 0):
    """Mean weight of the true source, and its standard error, at those multiples of sigma_C, for y ~ N(0, I)."""
    rng = np.random.default_rng(seed + dim)
    points, noise = rng.normal(size=(n, dim)), rng.normal(size=(rows, dim))
    critical = 1 / np.sqrt(n ** (2 / dim) - 1)
    found = []
    for factor in factors:
        level = factor * critical
        x = points[:rows] + level * noise
        squares = np.sum(x**2, axis=1)[:, None] - 2 * x @ points.T + np.sum(points**2, axis=1)
        own = squares[np.arange(rows), np.arange(rows)]
        weights = 1 / np.sum(np.exp((own[:, None] - squares) / (2 * level**2)), axis=1)
        found.append((weights.mean(), weights.std(ddof=1) / np.sqrt(rows)))
    return tuple(np.array(found).T)


collapse.ships(
    "theory.laws.collapse_noise",
    lambda n, dim, scale: scale / mpmath.sqrt(mpmath.mpf(n) ** (mpmath.mpf(2) / dim) - 1),
    [
        *random_inputs(0, 6, n=(2.0, 1e6), dim=(1.0, 200.0), scale=(0.1, 10.0)),
        (2.0, 1.0, 1.0),
        (1.0 + 1e-9, 3.0, 1.0),  # hardly more than one point
        (1e12, 2.0, 0.3),
        (4096.0, 1e5, 2.0),
    ],
)


def _root(n, eigenvalues):
    """Root of det(1 + C/v) = n^2 in v = sigma^2, bisected: the determinant falls with v."""

    def excess(log_noise):
        return mpmath.fprod(1 + value * mpmath.exp(-2 * log_noise) for value in eigenvalues) - mpmath.mpf(n) ** 2

    low = high = mpmath.log(max(eigenvalues)) / 2
    while excess(low) < 0:
        low -= 8
    while excess(high) > 0:
        high += 8
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return mpmath.exp(low)


_SPECTRA = [
    (2.0, [1.0]),
    (1.001, [4.0, 0.5]),  # a root far above the data
    (50.0, [3.0, 1.0, 0.2, 0.0]),
    (1e4, [2.0, 1e-3]),
    (1e8, [0.7, 0.7, 0.1, 0.01, 0.003]),  # a root far below
    (300.0, [5.0] * 8),
]
# the eigenvalues of a rotated matrix and xtol of the root, 1e-14 in ln sigma
collapse.ships(
    "theory.laws.collapse_noise_gaussian",
    _root,
    _SPECTRA,
    rtol=1e-13,
    call=lambda n, eigenvalues: resolve("theory.laws.collapse_noise_gaussian")(n, _rotated(eigenvalues)),
)


def _rotated(eigenvalues):
    """A covariance of these eigenvalues along random axes."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(len(eigenvalues),) * 2))[0]
    covariance = axes * np.asarray(eigenvalues) @ axes.T
    return (covariance + covariance.T) / 2
