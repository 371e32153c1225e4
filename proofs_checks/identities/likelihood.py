"""The denoising error as the slope of the log-likelihood, for any data, any D and constant model error.

t = sigma^2 is the variable at constant delta. Means over the noise are shown for the integrand of one axis, up to a total
derivative, whose integral is 0 for any function of less than Gaussian growth: logarithms of smoothed points grow as |x|^2.
"""

import jax
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal
from proofs_checks.identities.line import noise_mean
from theory import metrics

sigma, delta, s, r, D, t = sp.symbols("sigma delta s r D t", positive=True)
x, v = sp.symbols("x v", real=True)

gap_likelihood = Entry(
    "gap-likelihood",
    "For constant model error E|D_delta - v|^2 is D sigma^2 - 2 sigma^4 dCE_v/d(sigma^2): the generalization gap is "
    "-2 sigma^4 times the slope of the log-likelihood gap.",
    simulations=("high_dimension",),
)


@gap_likelihood.step(
    Status.PROVED,
    "any points and weights, D a symbol: heat equation of the smoothed data, dp_s/d(sigma^2) = lap p_s/2 at constant delta",
    claim=sp.Rational(1, 2),
    wrong={"1 for 1/2": sp.Integer(1), "the sign": -sp.Rational(1, 2), "sigma^2/s^2 more": sigma**2 / (2 * s**2)},
)
def heat_equation(factor):
    effective = t + delta**2
    kernel = (2 * sp.pi * effective) ** (-D / 2) * sp.exp(-(r**2) / (2 * effective))
    laplacian = sp.diff(r ** (D - 1) * sp.diff(kernel, r), r) / r ** (D - 1)
    factor = factor.subs({s: sp.sqrt(effective), sigma: sp.sqrt(t)}) if factor.free_symbols else factor
    equal(sp.diff(kernel, t), factor * laplacian)


@gap_likelihood.step(
    Status.PROVED,
    "any function f of less than Gaussian growth, for each axis: E eps f'(v + sigma eps) = sigma E f''(v + sigma eps) (Stein), "
    "and the mean of f obeys the heat equation in sigma^2",
    claim=(sigma, sp.Rational(1, 2)),
    wrong={
        "sigma^2": (sigma**2, sp.Rational(1, 2)),
        "the sign": (-sigma, sp.Rational(1, 2)),
        "1 for 1/2": (sigma, sp.Integer(1)),
    },
)
def stein(claim):
    factor, half = claim
    # x = v + sigma eps has the density N(x; v, t), t = sigma^2
    f = sp.Function("f")(x)
    first, second = sp.diff(f, x), sp.diff(f, x, 2)
    kernel = sp.exp(-((x - v) ** 2) / (2 * t)) / sp.sqrt(2 * sp.pi * t)
    at_sigma = kernel.subs(t, sigma**2)
    with_noise = at_sigma * (x - v) / sigma * first
    equal(with_noise, at_sigma * factor * second - sigma * sp.diff(at_sigma * first, x))
    flux = sp.diff(kernel, x) * f - kernel * first
    equal(sp.diff(kernel, t) * f, half * kernel * second + sp.diff(flux / 2, x))


laplacian, square = sp.symbols("lap gradient^2", real=True)  # E lap L and E|grad L|^2, L = ln p_s at v + sigma eps


@gap_likelihood.step(
    Status.PROVED,
    "any data, any D and constant error: E|D_delta(v + sigma eps) - v|^2 from the slope of CE_v = -E ln p_s(v + sigma eps)",
    claim=lambda slope: D * sigma**2 - 2 * sigma**4 * slope,
    wrong={
        "the sign": lambda slope: D * sigma**2 + 2 * sigma**4 * slope,
        "sigma^2 for sigma^4": lambda slope: D * sigma**2 - 2 * sigma**2 * slope,
        "2 left out": lambda slope: D * sigma**2 - sigma**4 * slope,
        "D left out": lambda slope: sigma**2 - 2 * sigma**4 * slope,
    },
)
def error_from_slope(claim):
    # dL/dt = (lap p)/(2 p) = (lap L + |grad L|^2)/2, the term of one axis
    density = sp.Function("p", positive=True)(x)
    log_density = sp.log(density)
    equal(
        sp.diff(density, x, 2) / (2 * density),
        (sp.diff(log_density, x, 2) + sp.diff(log_density, x) ** 2) / 2,
    )
    # of the mean by its own heat equation, and of L at a fixed place
    slope = -(laplacian / 2 + (laplacian + square) / 2)
    # D* - x = s^2 grad L at s, of which D_delta - x is the part sigma^2/s^2, and x - v = sigma eps; one component of each
    eps, gradient = sp.symbols("eps g", real=True)
    residual = sigma * eps + sigma**2 / s**2 * (s**2 * gradient)
    expanded = sp.Poly(sp.expand(residual**2), eps, gradient)
    means = {(2, 0): D, (1, 1): sigma * laplacian, (0, 2): square}  # summed over axes, Stein for the mixed one
    derived = sum(factor * means[powers] for powers, factor in expanded.terms())
    equal(derived, claim(slope))


@gap_likelihood.step(
    Status.PROVED,
    "any data and constant error: -dX/d(sigma^2) = G/(2 sigma^4), X = CE_val - CE_train, as the difference of both errors",
    claim=1 / (2 * t**2),
    wrong={"2 left out": 1 / t**2, "sigma^-2": 1 / (2 * t), "the sign": -1 / (2 * t**2)},
)
def integral_form(weight):
    gap = sp.Function("X")(t)
    training, validation = (sp.Function(name)(t) for name in ("CE_train", "CE_val"))
    errors = [D * t - 2 * t**2 * sp.diff(entropy, t) for entropy in (training, validation)]
    difference = sp.simplify(errors[1] - errors[0]).subs(validation, training + gap).doit()  # G
    equal(-sp.diff(gap, t), sp.simplify(weight * difference))


mean_square = sp.Symbol("E|D*-y|^2", positive=True)


@gap_likelihood.step(
    Status.PROVED,
    "delta = 0, any n and D: slope in ln sigma of the mean posterior entropy over x ~ p_sigma",
    claim=mean_square / t,
    wrong={"half of it": mean_square / (2 * t), "the sign": -mean_square / t, "D less it": D - mean_square / t},
)
def local_dimension(claim):
    n, i = sp.symbols("n i", integer=True, positive=True)
    kernel, total = sp.IndexedBase("K", positive=True), sp.Symbol("S", positive=True)
    # -sum_i w_i ln w_i with w_i = K_i/S = ln S - sum_i w_i ln K_i: sum_i K_i = S, so that sum_i (w_i ln S) = ln S
    term = sp.expand_log(-kernel[i] / total * sp.log(kernel[i] / total)) - kernel[i] / total * sp.log(total)
    equal(sp.expand(term), -kernel[i] / total * sp.log(kernel[i]))
    # x ~ p is y_i + sigma eps, each i with its weight w_i: means of ln S = ln n + ln p, and of ln K_i
    entropy_of_noise = D / 2 * sp.log(2 * sp.pi * t) + D / 2  # -E ln K, by E|eps|^2 = D
    cross_entropy = sp.Function("CE")(t)
    entropy = sp.log(n) - cross_entropy + entropy_of_noise
    from_error = sp.solve(mean_square - (D * t - 2 * t**2 * sp.diff(cross_entropy, t)), sp.diff(cross_entropy, t))[0]
    slope = 2 * t * sp.diff(entropy, t)  # d/dln sigma
    equal(slope.subs(sp.diff(cross_entropy, t), from_error), claim)


def _surprise(points, place, t, error):
    """-E ln p_s(v + sigma eps), points on the first axis of the plane, v anywhere in it: across, a Gaussian."""
    square = t + error**2
    norm = 2 * mpmath.pi * square

    def along(eps):
        at = place[0] + mpmath.sqrt(t) * eps
        return -mpmath.log(mpmath.fsum(mpmath.exp(-((at - y) ** 2) / (2 * square)) for y in points) / len(points))

    return noise_mean(along, 300, 10) + (place[1] ** 2 + t) / (2 * square) + mpmath.log(norm)


def _mean_surprise(points, places, t, error):
    return mpmath.fsum(_surprise(points, place, t, error) for place in places) / len(places)


def _likelihood_gap(points, places, error, sigmas):
    own = [[y, 0] for y in points]
    training = [_mean_surprise(points, own, sigma**2, error) for sigma in sigmas]
    validation = [_mean_surprise(points, places, sigma**2, error) for sigma in sigmas]
    return [[v - y for v, y in zip(validation, training)], training]


def _gap_by_slope(points, places, error, sigmas):
    """The gap in squared error over the training error, from nothing but log densities and their slopes in sigma^2."""

    def square_error(at, t):
        step = t * mpmath.mpf(10) ** -12
        rise = _mean_surprise(points, at, t + step, error) - _mean_surprise(points, at, t - step, error)
        return 2 * t - 2 * t**2 * rise / (2 * step)

    own = [[y, 0] for y in points]
    return [square_error(places, sigma**2) / square_error(own, sigma**2) - 1 for sigma in sigmas]


def _plane(points):
    return np.stack([points, 0 * points], axis=-1)


def _likelihood_quadrature(points, places, error, sigmas):
    denoiser = theory.ErrorProneDenoiser(_plane(points), error)
    found = metrics.likelihood_gap_quadrature(denoiser, _plane(points), places, sigmas)
    return np.stack([found.gap, found.training])


def _gap_quadrature(points, places, error, sigmas):
    denoiser = theory.ErrorProneDenoiser(_plane(points), error)
    return metrics.generalization_gap_quadrature(denoiser, _plane(points), places, sigmas, norm="squared").gap


_points, _places = np.array([-0.6, 0.1, 0.9]), np.array([[0.4, 0.2], [-1.2, -0.3]])
_levels = np.array([0.2, 0.5, 2.0])

# quadrature in the plane stops at 8.5 standard deviations
gap_likelihood.ships(
    "theory.metrics.likelihood_gap_quadrature",
    _likelihood_gap,
    [(_points, _places, 0.3, _levels), (_points, _places, 0.0, _levels)],
    rtol=2e-12,
    call=_likelihood_quadrature,
)
gap_likelihood.ships(
    "theory.metrics.generalization_gap_quadrature",
    _gap_by_slope,
    [(_points, _places, 0.3, _levels), (_points, _places, 0.0, _levels[1:])],
    rtol=1e-12,
    call=_gap_quadrature,
)


def _states(sets, noises, sigma):
    """All noisy states of a set, with the point of each."""
    return [
        ([u + sigma * e for u, e in zip(place, draw)], place) for draws in noises for place, draw in zip(sets, draws)
    ]


def _sampled_likelihood_gap(points, places, error, sigmas, noise, other):
    def surprise(sets, noises, sigma):
        square = sigma**2 + error**2
        dim = len(points[0])

        def log_density(at):
            squares = [sum((u - w) ** 2 for u, w in zip(at, y)) for y in points]
            mean = mpmath.fsum(mpmath.exp(-q / (2 * square)) for q in squares) / len(points)
            return mpmath.log(mean) - dim * mpmath.log(2 * mpmath.pi * square) / 2

        states = _states(sets, noises, sigma)
        return -mpmath.fsum(log_density(at) for at, _ in states) / len(states)

    return [surprise(places, other, sigma) - surprise(points, noise, sigma) for sigma in sigmas]


def _sampled_gap(points, places, error, sigmas, noise, other):
    def mean_error(sets, noises, sigma):
        square = sigma**2 + error**2

        def of_state(at, place):
            weights = [mpmath.exp(-sum((u - w) ** 2 for u, w in zip(at, y)) / (2 * square)) for y in points]
            mean = [sum(w * y[j] for w, y in zip(weights, points)) / sum(weights) for j in range(len(at))]
            denoised = [(error**2 * u + sigma**2 * m) / square for u, m in zip(at, mean)]
            return mpmath.sqrt(sum((u - w) ** 2 for u, w in zip(denoised, place)))

        states = _states(sets, noises, sigma)
        return mpmath.fsum(of_state(*each) for each in states) / len(states)

    return [mean_error(places, other, sigma) / mean_error(points, noise, sigma) - 1 for sigma in sigmas]


_rng = np.random.default_rng(8)
_cloud = (_rng.normal(size=(4, 3)), _rng.normal(size=(2, 3)))
_draws = (_rng.normal(size=(3, 4, 3)), _rng.normal(size=(3, 2, 3)))
# at 0.2 without error the training error is 1e-20: below the rounding of D* - y, of which the relative gap is a quotient
_drawn = [(*_cloud, error, levels, *_draws) for error, levels in ((0.0, _levels[1:]), (0.4, _levels))]


def _with_draws(measure):
    def call(points, places, error, sigmas, noise, other):
        return measure(theory.ErrorProneDenoiser(points, error), points, places, sigmas, noise=(noise, other))

    return call


gap_likelihood.ships(
    "theory.metrics.likelihood_gap",
    _sampled_likelihood_gap,
    _drawn,
    call=lambda *case: _with_draws(metrics.likelihood_gap)(*case).gap,
)
gap_likelihood.ships(
    "theory.metrics.generalization_gap",
    _sampled_gap,
    _drawn,
    call=_with_draws(metrics.generalization_gap),
)


def _sampled_dimension(points, sigmas, draws, seed):
    """E|D* - y|^2/sigma^2 and E H[w] over the draws that the function makes of that key."""
    noise = np.asarray(jax.random.normal(jax.random.key(seed), (draws, len(points), len(points[0]))))

    def at_level(sigma):
        square, entropy = [], []
        for at, place in _states(points, noise.tolist(), sigma):
            kernels = [mpmath.exp(-sum((u - w) ** 2 for u, w in zip(at, y)) / (2 * sigma**2)) for y in points]
            weights = [kernel / mpmath.fsum(kernels) for kernel in kernels]
            mean = [mpmath.fdot(weights, axis) for axis in zip(*points)]
            square.append(sum((u - w) ** 2 for u, w in zip(mean, place)) / sigma**2)
            entropy.append(-sum(w * mpmath.log(w) for w in weights))
        return mpmath.fsum(square) / len(square), mpmath.fsum(entropy) / len(entropy)

    return list(zip(*map(at_level, sigmas)))


def _local_dimension(points, sigmas, draws, seed):
    found = metrics.local_dimension(points, sigmas, key=jax.random.key(seed), draws=draws)
    return np.stack([found.dimension, found.entropy])


gap_likelihood.ships(
    "theory.metrics.local_dimension",
    _sampled_dimension,
    [(_cloud[0], _levels[1:], 3, 0), (_rng.normal(size=(6, 2)), _levels, 2, 5)],
    call=_local_dimension,
)


def _dimension(noise, covariance):
    """Minus the slope in ln sigma of the information of x about y, which is the entropy's slope up to ln n."""
    eigenvalues = mpmath.eigsy(mpmath.matrix(covariance), eigvals_only=True)
    return -mpmath.diff(
        lambda u: mpmath.fsum(mpmath.log(1 + level * mpmath.exp(-2 * u)) for level in eigenvalues) / 2,
        mpmath.log(noise),
    )


_spread = _rng.normal(size=(5, 3))
gap_likelihood.ships(
    "theory.laws.dimension_gaussian",
    _dimension,
    [(0.3, _spread.T @ _spread), (2.0, _spread.T @ _spread), (1e-3, np.diag([1.0, 4.0])), (50.0, np.diag([1.0, 4.0]))],
)
