"""The optimal and the error-prone denoiser of any points, for any n and D."""

import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true
from proofs_checks.identities.cases import corners, ordinary
from proofs_checks.identities.points import (
    D,
    a,
    b,
    delta,
    exact_error_prone,
    exact_jacobian,
    exact_log_density,
    exact_mean,
    exact_weights,
    i,
    mean,
    n,
    s,
    settled,
    sigma,
    total,
)

t, h, x, y = sp.symbols("t h x y", real=True)

posterior_mean = Entry(
    "posterior-mean",
    "D* = sum_i w_i y_i, w = softmax(-|x - y_i|^2/(2 sigma^2)), is the unique minimiser, over all functions, of the mean "
    "squared denoising error of the training points.",
    simulations=("flow_field",),
)


@posterior_mean.step(
    Status.PROVED,
    "any n and D: at each x the error of any other value D* + h is larger by p_hat_sigma(x) |h|^2",
    claim=-b[i] / (2 * sigma**2),
    wrong={
        "sigma^2 without the 2": -b[i] / sigma**2,
        "equal weights": sp.Integer(0),
        "the sign": b[i] / (2 * sigma**2),
    },
)
def minimiser(exponent):
    # the error is a sum over coordinates: a_i is one coordinate of y_i, h that of the deviation
    density = sp.exp(-b[i] / (2 * sigma**2)) / (2 * sp.pi * sigma**2) ** (D / 2) / n
    best = mean(a[i], sigma, exponent)

    def risk(value):
        return total(density * (value - a[i]) ** 2)

    p_hat = total(density)
    equal(risk(best + h) - risk(best), p_hat * h**2, simplify=settled)
    true(density.subs(b[i], y).is_positive, "p_hat_sigma > 0 everywhere")


tweedie = Entry(
    "tweedie",
    "The optimal denoiser is D* = x + sigma^2 grad log p_hat_sigma.",
)


@tweedie.step(
    Status.PROVED,
    "any n and D: slope of log p_hat along any direction u",
    claim=sigma**2,
    wrong={"sigma for sigma^2": sigma, "the sign": -(sigma**2)},
)
def along_a_direction(factor):
    kernel = sp.exp(-(b[i] - 2 * t * a[i] + t**2) / (2 * sigma**2))  # |x + t u - y_i|^2, u of length 1
    slope = sp.diff(sp.log(total(kernel)), t).subs(t, 0)
    equal(factor * slope, mean(a[i], sigma), simplify=settled)  # u.(D* - x)


error_prone = Entry(
    "error-prone",
    "Smoothing the data with N(0, delta^2 I) makes the optimal denoiser D_delta = (delta^2 x + sigma^2 D*(x, s))/s^2, so "
    "that D_delta - x = (sigma^2/s^2)(D*(x, s) - x), s^2 = sigma^2 + delta^2.",
    simulations=("flow_field", "trajectories"),
)


@error_prone.step(
    Status.PROVED,
    "any n and D: Bayes' rule for the smoothed data, the Gaussian product in every coordinate",
    claim=lambda xj, yj: (delta**2 * xj + sigma**2 * yj) / (sigma**2 + delta**2),
    wrong={
        "shares exchanged": lambda xj, yj: (sigma**2 * xj + delta**2 * yj) / (sigma**2 + delta**2),
        "delta for delta^2": lambda xj, yj: (delta * xj + sigma * yj) / (sigma + delta),
        "s for s^2": lambda xj, yj: (delta**2 * xj + sigma**2 * yj) / sp.sqrt(sigma**2 + delta**2),
    },
)
def bayes(claimed):
    # z the clean datum, of density sum_i N(z; y_i, delta^2): given x and i, one coordinate of z is Gaussian
    def gaussian(value, centre, variance):
        return sp.exp(-((value - centre) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)

    z, whole = sp.Symbol("z", real=True), sigma**2 + delta**2
    joint = gaussian(z, y, delta**2) * gaussian(x, z, sigma**2)
    given = gaussian(x, y, whole) * gaussian(z, claimed(x, y), sigma**2 * delta**2 / whole)
    equal(*(sp.expand_log(sp.log(density), force=True) for density in (joint, given)))
    # the mean over i with weights prod_j N(x_j; y_ij, s^2), that is those at s, of means that are linear in y_i
    found = mean(claimed(x, a[i]), s)
    equal(
        found.subs(delta, sp.sqrt(s**2 - sigma**2)),
        ((s**2 - sigma**2) * x + sigma**2 * mean(a[i], s)) / s**2,
        simplify=settled,
    )


@error_prone.step(
    Status.PROVED,
    "any n and D: the same by Tweedie's formula, whose density is that smoothed with s",
    claim=sigma**2 / s**2,
    wrong={"sigma/s": sigma / s, "delta^2/s^2": (s**2 - sigma**2) / s**2, "the optimal field": sp.Integer(1)},
)
def by_tweedie(share):
    kernel = sp.exp(-(b[i] - 2 * t * a[i] + t**2) / (2 * s**2))
    slope = sp.diff(sp.log(total(kernel)), t).subs(t, 0)
    equal(sigma**2 * slope, share * mean(a[i], s), simplify=settled)


# 1e-12: what `Posterior` states, of the differences y_i - x in units of the noise; the mean has their rounding besides
CLOSE = {"rtol": 1e-12, "atol": 1e-14}
WEIGHTS = np.array([0.5, 2.0, 0.0, 1.5])


def _at_noise(cases):
    return [(points, x, float(np.hypot(sigma, error))) for points, x, sigma, error in cases]


def _entropy(points, x, noise):
    return -sum(w * mpmath.log(w) for w in exact_weights(points, x, noise))


def _participation(points, x, noise):
    return 1 / sum(w**2 for w in exact_weights(points, x, noise))


# by definition, at every corner
for quantity, oracle in {
    "mean": exact_mean,
    "log_density": exact_log_density,
    "entropy": _entropy,
    "participation": _participation,
}.items():
    posterior_mean.ships(
        "theory.posterior",
        oracle,
        _at_noise(ordinary(errors=(0.0, 1.0), few=quantity == "mean") + corners(many=quantity == "log_density")),
        **CLOSE,
        call=lambda points, x, noise, quantity=quantity: getattr(theory.posterior(points, x, noise), quantity),
    )
posterior_mean.ships(
    "theory.EmpiricalDenoiser",
    lambda points, x, sigma, _: exact_mean(points, x, sigma, list(WEIGHTS)),
    ordinary(errors=(0.0,))[:2],
    call=lambda points, x, sigma, _: theory.EmpiricalDenoiser(points, WEIGHTS)(x, sigma),
)
LABELS = np.array([1, 0, 1, 1])
posterior_mean.ships(
    "theory.ConditionalDenoiser.given",
    lambda points, x, sigma, error: exact_error_prone([points[k] for k in (0, 2, 3)], x, sigma, error),
    ordinary()[:6],
    call=lambda points, x, sigma, error: theory.ConditionalDenoiser(points, LABELS, error).given(1)(x, sigma),
)


def _by_slope_of_log_density(points, x, sigma, error=0):
    s = mpmath.sqrt(sigma**2 + error**2)
    slopes = [
        mpmath.diff(lambda u, j=j: exact_log_density(points, [*x[:j], u, *x[j + 1 :]], s), x[j]) for j in range(len(x))
    ]
    return [xj + sigma**2 * slope for xj, slope in zip(x, slopes)]


tweedie.ships(
    "theory.EmpiricalDenoiser",
    lambda points, x, sigma, _: _by_slope_of_log_density(points, x, sigma),
    ordinary(errors=(0.0,)),
    **CLOSE,
    call=lambda points, x, sigma, _: theory.EmpiricalDenoiser(points)(x, sigma),
)


def _score(points, x, sigma, error):
    s = mpmath.sqrt(sigma**2 + error**2)
    return [(m - xj) / s**2 for m, xj in zip(exact_mean(points, x, s), x)]


def _effective(oracle):
    return lambda points, x, sigma, error: oracle(points, x, mpmath.sqrt(sigma**2 + error**2))


# in units of 1/s: each component to 1e-12 of the largest
tweedie.ships(
    "theory.ErrorProneDenoiser.score",
    lambda points, x, sigma, error: [
        mpmath.sqrt(sigma**2 + error**2) * each for each in _score(points, x, sigma, error)
    ],
    ordinary() + corners(),
    rtol=1e-12,
    atol=1e-12,
    call=lambda points, x, sigma, error: (
        np.hypot(sigma, error) * theory.ErrorProneDenoiser(points, error).score(x, sigma)
    ),
)
tweedie.ships(
    "theory.ErrorProneDenoiser.log_density",
    _effective(exact_log_density),
    ordinary() + corners(),
    **CLOSE,
    call=lambda points, x, sigma, error: theory.ErrorProneDenoiser(points, error).log_density(x, sigma),
)


def _bayes(points, x, sigma, error):
    """E[z|x] on a line, z of the smoothed density, by quadrature."""

    def density(z):
        return sum(mpmath.npdf(z, y[0], error) for y in points) * mpmath.npdf(x[0], z, sigma)

    ends = sorted([y[0] for y in points] + [x[0]])
    nodes = [ends[0] - 16 * error, *ends, ends[-1] + 16 * error]
    with mpmath.workdps(25):  # the tails beyond 16 standard deviations are below 1e-50
        return [mpmath.quad(lambda z: z * density(z), nodes) / mpmath.quad(density, nodes)]


error_prone.ships(
    "theory.ErrorProneDenoiser",
    _bayes,
    ordinary(errors=(0.4, 1.0), dims=1),
    call=lambda points, x, sigma, error: theory.ErrorProneDenoiser(points, error)(x, sigma),
)
error_prone.ships(
    "theory.ErrorProneDenoiser",
    exact_error_prone,
    ordinary(few=True) + corners(many=True),
    **CLOSE,
    call=lambda points, x, sigma, error: theory.ErrorProneDenoiser(points, error)(x, sigma),
)


def _scheduled(sigma):
    return 0.3 + 0.5 * sigma


def _with_schedule(oracle):
    return lambda points, x, sigma, _: oracle(points, x, sigma, mpmath.mpf(0.3) + sigma / 2)


SCHEDULED = [*ordinary(errors=(0.0,)), *(case for case in corners() if case[2] == 0)]
for method, oracle in {
    "": exact_error_prone,
    ".score": _score,
    ".log_density": _effective(exact_log_density),
    ".jacobian": exact_jacobian,
}.items():
    error_prone.ships(
        f"theory.ScheduledErrorDenoiser{method}",
        _with_schedule(oracle),
        SCHEDULED,
        **CLOSE,
        call=lambda points, x, sigma, _, method=method: getattr(
            theory.ScheduledErrorDenoiser(points, _scheduled), method[1:] or "__call__"
        )(x, sigma),
    )
