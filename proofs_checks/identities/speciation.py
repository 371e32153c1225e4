"""The noise at which the flow commits to a cluster: where its stable path is lost.

A direction u enters through a_i = u.(y_i - x) and b_i = |y_i - x|^2 alone, x the state: along a trajectory, displacements of
any direction obey the same law. See `proofs_checks.identities.points`.
"""

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, true
from proofs_checks.identities.points import a, b, delta, i, mean, n, s, sigma, total
from theory import laws

k = sp.Symbol("k", integer=True, positive=True)
R, r, z = sp.symbols("R r z", positive=True)
t = sp.Symbol("t", real=True)


def growth(square_distance):
    """d ln |dx|/d ln s along u at a fixed point: the slope in t of u.(x - D*) at x + t u."""
    shift = mean(a[i], s, -(square_distance - 2 * t * a[i] + t**2) / (2 * s**2))
    return sp.diff(t - (shift - shift.subs(t, 0)), t).subs(t, 0)


speciation = Entry(
    "speciation",
    "At the centre of the data the flow turns unstable, and commits to a cluster, where the largest eigenvalue of the "
    "posterior covariance there rises above s^2.",
    simulations=("flow_field",),
)


@speciation.step(
    Status.PROVED,
    "any n and D, any state: small displacements along u change as d ln|dx|/d ln s = 1 - Var(u.y)/s^2, so that they grow, "
    "as s falls, where the posterior variance is above s^2",
    claim=lambda variance: 1 - variance / s**2,
    wrong={
        "the sign": lambda variance: 1 + variance / s**2,
        "s for s^2": lambda variance: 1 - variance / s,
        "the factor 1": lambda variance: -variance / s**2,
    },
)
def loss_of_stability(rate):
    claimed = rate(mean(a[i] ** 2, s) - mean(a[i], s) ** 2)
    equal(growth(b[i]), claimed, simplify=lambda e: sp.simplify(e.doit()))


largest = sp.Symbol("lambda", positive=True)


@speciation.step(
    Status.PROVED,
    "any n and D, points equidistant from their mean: weights there are equal at every s, and the rate at the centre is that "
    "of the data covariance; of a uniform ring, R^2/2",
    claim=(sp.sqrt(largest), R**2 / 2),
    wrong={
        "lambda for its root": (largest, R**2 / 2),
        "n - 1 for n": (sp.sqrt(largest * n / (n - 1)), R**2 / 2),
        "R^2 for R^2/2": (sp.sqrt(largest), R**2),
    },
)
def equidistant(claim):
    noise, of_ring = claim
    distance = sp.Symbol("b", positive=True)
    # the mean is the centre, so that sum_i a_i = 0
    rate = sp.simplify(growth(distance).doit()).subs(total(a[i]), 0)
    rate = rate.subs(total(a[i] ** 2), n * largest)
    equal(rate, 1 - noise**2 / s**2)
    angle = sp.Symbol("theta", real=True)
    equal(sp.integrate((R * sp.cos(angle)) ** 2, (angle, 0, 2 * sp.pi)) / (2 * sp.pi), of_ring)


half, variance, x = sp.Symbol("a", positive=True), sp.Symbol("v", positive=True), sp.Symbol("x", real=True)
width = variance + s**2  # square, of a smoothed Gaussian


@speciation.step(
    Status.PROVED,
    "two equal Gaussians at +-a of variance v: along their line (ln p_s)'' = (a^2 - v - s^2)/(v + s^2)^2 at the centre, "
    "so that D*' = 1 + s^2 (ln p_s)'' is above 1 for s^2 < a^2 - v alone, and never for a^2 <= v",
    claim=half**2 - variance,
    wrong={
        "the variance of the data": half**2 + variance,
        "without the variance": half**2,
        "v for v^2": half**2 - variance**2,
    },
)
def two_gaussians(square):
    log_density = sp.log(sum(sp.exp(-((x - side * half) ** 2) / (2 * width)) for side in (1, -1)))
    equal(sp.diff(log_density, x, 2).subs(x, 0), (square - s**2) / width**2)


@speciation.step(
    Status.PROVED,
    "two Gaussians: their variance a^2 + v, along the line, has a root that is too large by v/a^2, relatively, to first order",
    claim=(half**2 + variance, 1),
    wrong={
        "half of it": (half**2 + variance, sp.Rational(1, 2)),
        "the variance of one": (variance, 1),
        "the sign": (half**2 + variance, -1),
    },
)
def by_the_covariance(claim):
    of_data, factor = claim
    about_one = sp.exp(-((x - half) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)  # the other is its image
    equal(sp.integrate(x**2 * about_one, (x, -sp.oo, sp.oo), conds="none"), of_data)
    ratio = sp.sqrt(of_data / (half**2 - variance)).subs(variance, z * half**2)
    equal(sp.diff(ratio, z).subs(z, 0), factor)


weight, spread = sp.symbols("mu kappa", positive=True)


@speciation.step(
    Status.PROVED,
    "equidistant points of variance a^2/kappa along u, and mu times their weight at the centre: unstable at no noise for "
    "mu >= (2/kappa) exp(-1 - kappa/2), else in a window of noise alone",
    claim=2 / spread * sp.exp(-1 - spread / 2),
    wrong={
        "the exponent": 2 / spread * sp.exp(-spread / 2),
        "1 for 2": 1 / spread * sp.exp(-1 - spread / 2),
        "at a^2 = kappa s^2": sp.Integer(0),
    },
)
def filled_centre(largest_weight):
    # b_i = a^2 of the outer points and 0 of the centre; z = a^2/s^2
    outer = sp.exp(-z / 2)
    posterior_variance = half**2 / spread * outer / (outer + weight)  # the centre has a_i = 0, and so has the mean
    rate = 1 - posterior_variance / s**2
    bound = (z / spread - 1) * outer  # unstable where mu is below it
    equal(rate.subs(half, s * sp.sqrt(z)), (weight - bound) / (outer + weight))
    slope = sp.factor(sp.diff(bound, z) / outer)
    # rises up to z = kappa + 2 and falls above it, to 0: one maximum, and each lower mu > 0 is passed twice
    equal(slope, (spread + 2 - z) / (2 * spread))
    equal(bound.subs(z, spread + 2), largest_weight)
    true(bound.subs(z, spread).is_zero, "it starts below zero, and rises through it at z = kappa")
    true(sp.limit(bound, z, sp.oo).is_zero, "it falls to zero")


@speciation.step(
    Status.PROVED,
    "one Gaussian, along any eigenvector of its covariance, and the centre of a uniform segment: (ln p_s)'' < 0 at every s, "
    "so that neither turns unstable",
    claim=(-1 / width, lambda u: 2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
    wrong={
        "the sign": (1 / width, lambda u: 2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
        "the variance alone": (-1 / variance, lambda u: 2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
        "the sign of the segment": (-1 / width, lambda u: -2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
    },
)
def never(claim):
    of_gaussian, fall = claim
    one = sp.exp(-(x**2) / (2 * width))
    equal(sp.diff(sp.log(one), x, 2), of_gaussian)
    true(of_gaussian.is_negative, "a Gaussian is concave")
    length = sp.Symbol("L", positive=True)
    segment = sum(sp.erf((length + side * x) / (sp.sqrt(2) * s)) for side in (1, -1))
    equal(s**2 * sp.diff(sp.log(segment), x, 2).subs(x, 0), -fall(length / (sp.sqrt(2) * s)))
    true((fall(z) * sp.erf(z)).is_positive, "the segment is concave at its centre, since erf is positive")


@speciation.step(
    Status.PROVED,
    "with model error delta, any D: the Jacobian is 1 along an eigenvector of posterior variance lambda at "
    "sigma = sqrt(lambda - delta^2), and at none for lambda <= delta^2",
    claim=lambda square: square - delta**2,
    wrong={"without the error": lambda square: square, "the sum": lambda square: square + delta**2},
)
def with_model_error(nominal):
    effective = sigma**2 + delta**2
    slope = (delta**2 + sigma**2 / effective * largest) / effective  # [jacobian]
    equal(slope - 1, sigma**2 / effective**2 * (nominal(largest) - sigma**2))


def _log_density(points, x, level):
    squares = [sum((u - v) ** 2 for u, v in zip(x, y)) for y in points]
    return mpmath.log(mpmath.fsum(mpmath.exp(-q / (2 * level**2)) for q in squares))


def _instability(points):
    """The noise at which the slope of D* = x + s^2 grad ln p_s at the origin has 1 for its largest eigenvalue (plane)."""

    def curvature(level):
        orders = ((2, 0), (1, 1), (0, 2))
        xx, xy, yy = (mpmath.diff(lambda u, v: _log_density(points, (u, v), level), (0, 0), m) for m in orders)
        return xx + yy + mpmath.sqrt((xx - yy) ** 2 + 4 * xy**2)

    extent = mpmath.sqrt(mpmath.fsum(u**2 for u in points[0]))
    return mpmath.findroot(curvature, (extent / 2, extent), solver="anderson", tol=1e-40)


def _of_covariance(matrix):
    return mpmath.sqrt(max(mpmath.eigsy(mpmath.matrix(matrix), eigvals_only=True)))


def _two_gaussians(half_distance, variance):
    """The noise at which the density of the two on their line turns from one peak to two, by its curvature; 0 if never."""
    if half_distance**2 <= variance:
        return 0

    def curvature(level):
        spread = mpmath.sqrt(variance + level**2)
        return mpmath.diff(
            lambda x: mpmath.npdf(x, half_distance, spread) + mpmath.npdf(x, -half_distance, spread), 0, 2
        )

    return abs(mpmath.findroot(curvature, mpmath.sqrt(half_distance**2 - variance) * mpmath.mpf("1.01")))


_rng = np.random.default_rng(2)
_NEAR, _NEVER = [(1.0, 0.99), (2.0, 0.0)], [(1.0, 1.0), (0.5, 1.0), (0.0, 0.0)]
_spread = _rng.normal(size=(6, 4))
_angles = (0.3, 0.9, 2.5)
_antipodal = np.array([(side * 1.7 * np.cos(v), side * 1.7 * np.sin(v)) for v in _angles for side in (1, -1)])

speciation.ships(
    "theory.laws.speciation_noise",
    _of_covariance,
    [(_spread.T @ _spread,), (np.diag([0.5, 1e-6, 2.0]),), (np.zeros((2, 2)),), (np.array([[3.0]]),)],
)
speciation.ships(
    "theory.laws.speciation_noise",
    _instability,
    [(_antipodal,), (_antipodal[:2],)],
    call=lambda points: laws.speciation_noise(points.T @ points / len(points)),
)
speciation.ships(
    "theory.laws.speciation_two_gaussians",
    _two_gaussians,
    [*random_inputs(4, 4, half_distance=(1.5, 30.0), variance=(1e-3, 2.0)), *_NEAR, *_NEVER],
)
speciation.ships(
    "theory.laws.nominal_noise",
    lambda noise, error: mpmath.sqrt(noise**2 - error**2) if noise > error else -1,
    [(2.0, 0.0), (1.0, 0.6), (1.0, 1 - 1e-12), (1e6, 1e-6), (1.0, 1.0), (0.5, 0.7), (0.0, 0.0)],
    call=lambda noise, error: np.nan_to_num(laws.nominal_noise(noise, error), nan=-1.0),  # none is NaN
)
