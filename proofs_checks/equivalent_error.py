"""The error whose exact model shows the gap that was measured: that the gap falls with delta, and the root that is found."""

import mpmath
import numpy as np
import scipy.special
import sympy as sp

from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true
from theory import metrics

sigma, delta, d = sp.symbols("sigma delta d", positive=True)
k = sp.Symbol("k", integer=True, positive=True)

gap_equivalent_error = Entry(
    "gap-equivalent-error",
    "delta_gap(sigma) = G^-1(sigma, G_f(sigma)), the error whose exact model of the same training set shows the same gap at "
    "the same noise: single-valued where the gap falls with delta, as it does in linear response.",
    simulations=("training_dynamics",),
)


@gap_equivalent_error.step(
    Status.PROVED,
    "any stationary training set, k and structure factor, linear response [gap-chi2]: rate in ln at which each wave p of the "
    "gap falls with delta",
    claim=lambda p: -(p**2) * delta,
    wrong={"half": lambda p: -(p**2) * delta / 2, "rising": lambda p: p**2 * delta, "p for p^2": lambda p: -p * delta},
)
def falls_wave_by_wave(rate):
    p, density = sp.symbols("p rho", positive=True)
    structure = sp.Function("S", positive=True)(p)
    # G = -2 sigma^4 X'(t) at t = sigma^2 + delta^2/2, X = (1/rho) int S e^(-p^2 t): every wave with a weight >= 0
    t = sp.Symbol("t", positive=True)
    wave = -2 * sigma**4 * sp.diff(structure * sp.exp(-(p**2) * t) / density, t)
    wave = wave.subs(t, sigma**2 + delta**2 / 2)
    equal(sp.diff(wave, delta) / wave, rate(p))
    true(wave.subs(structure, 1).is_positive, "every wave adds to the gap")


@gap_equivalent_error.step(
    Status.PROVED,
    "leading orders, any k and density, any spacing: slope of ln G against delta for independent points and for the comb",
    claim=(-(k + 2) * delta / (2 * sigma**2 + delta**2), -4 * sp.pi**2 * delta / d**2),
    wrong={
        "k for k + 2": (-k * delta / (2 * sigma**2 + delta**2), -4 * sp.pi**2 * delta / d**2),
        "half on the comb": (-(k + 2) * delta / (2 * sigma**2 + delta**2), -2 * sp.pi**2 * delta / d**2),
        "sigma^2 for 2 sigma^2": (-(k + 2) * delta / (sigma**2 + delta**2), -4 * sp.pi**2 * delta / d**2),
    },
)
def falls_at_leading_order(slopes):
    p, density, shell = sp.symbols("p rho shell", positive=True)
    t = sp.Symbol("t", positive=True)
    at = sigma**2 + delta**2 / 2
    # S = 1: the shells of wave vectors in k dimensions; the comb: the waves +-2 pi/d alone
    independent = sp.integrate(shell * p ** (k - 1) * sp.exp(-(p**2) * t), (p, 0, sp.oo)) / density
    comb = 2 * sp.exp(-((2 * sp.pi / d) ** 2) * t)
    for inferred, slope in zip((independent, comb), slopes, strict=True):
        gap = (-2 * sigma**4 * sp.diff(inferred, t)).subs(t, at)
        equal(sp.diff(sp.log(gap), delta), slope)


def sampled_gaps(points, validation, noise: float, errors, draws: int = 40, seed: int = 0):
    """Squared gaps ``(errors, draws)``, absolute, with the same noise for all errors."""
    rng = np.random.default_rng(seed)
    gaps = np.zeros((len(errors), draws))
    for sign, sources in ((-1, points), (1, validation)):
        x = sources + noise * rng.normal(size=(draws, *sources.shape))
        squares = np.sum(x**2, axis=2)[..., None] - 2 * x @ points.T + np.sum(points**2, axis=1)
        for row, error in enumerate(errors):
            square = noise**2 + error**2
            recalled = scipy.special.softmax(-squares / (2 * square), axis=2) @ points
            rest = (error**2 * x + noise**2 * recalled) / square - sources
            gaps[row] += sign * np.mean(np.sum(rest**2, axis=2), axis=1)
    return gaps


@gap_equivalent_error.step(
    Status.NUMERIC,
    "exact models of 60 random points on a ring and of 60 in five dimensions, sigma = 0.05, 0.2, 0.5, errors 0 to 2: no change "
    "of the absolute gap with delta has the other sign by more than 4 standard errors over 40 draws",
    claim=-1,
    wrong={"it rises": 1},
)
def falls_on_random_points(sign):
    rng = np.random.default_rng(5)
    angles = rng.uniform(0, 2 * np.pi, (2, 60))
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    for train, validation in (ring, rng.normal(size=(2, 60, 5))):
        for noise in (0.05, 0.2, 0.5):
            gaps = sampled_gaps(train, validation, noise, (0.0, 0.05, 0.1, 0.2, 0.5, 2.0))
            change = np.diff(gaps, axis=0)
            error = change.std(axis=1, ddof=1) / np.sqrt(change.shape[1])
            true(np.all(sign * change.mean(axis=1) >= -4 * error), f"the sign {sign} at sigma = {noise}")


_SETS = tuple(np.random.default_rng(seed).normal(size=(5, 2)) for seed in (0, 1))
_DRAWS = tuple(np.random.default_rng(seed).normal(size=(3, 5, 2)) for seed in (2, 3))


def _gap_of(error, level, norm):
    """The definition of the gap, for the error-prone model of the first set."""

    def distance(x, y):
        return mpmath.fsum((a - b) ** 2 for a, b in zip(x, y))

    means = []
    points = [[mpmath.mpf(float(a)) for a in y] for y in _SETS[0]]
    square = level**2 + error**2
    for sources, draws in zip(_SETS, _DRAWS):
        errors = []
        for draw in draws:
            for source, eps in zip(sources, draw):
                x = [float(a) + level * mpmath.mpf(float(e)) for a, e in zip(source, eps)]
                weights = [mpmath.exp(-distance(x, y) / (2 * square)) for y in points]
                total = mpmath.fsum(weights)
                recalled = [mpmath.fsum(w * y[j] for w, y in zip(weights, points)) / total for j in range(2)]
                denoised = [(error**2 * a + level**2 * b) / square for a, b in zip(x, recalled)]
                rest = distance(denoised, [mpmath.mpf(float(a)) for a in source])
                errors.append(rest if norm == "squared" else mpmath.sqrt(rest))
        means.append(mpmath.fsum(errors))
    return means[1] / means[0] - 1


def _equivalent(gap, spread, level, norm):
    """The error of the gap, and those of the gap 1.96 standard errors above and below, by mpmath's root finder."""

    def root(target):
        def excess(log):
            return _gap_of(mpmath.exp(log), level, norm) - target

        return mpmath.exp(mpmath.findroot(excess, (-9, 4), solver="anderson", tol=1e-26))

    with mpmath.workdps(20):
        return [root(gap + share * spread) for share in (0, 1.96, -1.96)]


def _found(gap, spread, level, norm):
    estimate = metrics.GapEstimate(np.array([gap]), np.array([spread]))  # pyright: ignore
    found = metrics.gap_equivalent_error(estimate, *_SETS, [level], noise=_DRAWS, norm=norm)
    return [found.error[0], *found.interval[0]]


# 14 halvings of a step of 0.3 to 0.4 in ln error, then a chord
gap_equivalent_error.ships(
    "theory.metrics.gap_equivalent_error",
    _equivalent,
    [(0.6, 0.05, 0.5, "squared"), (2.0, 0.2, 0.3, "squared")],
    rtol=1e-6,
    call=_found,
)
