"""Two smoothings of the same points, at s and at sigma: bounds of their divergence, distance and overlap.

All bounds come from one of two arguments: the same point and the same noise draw couple both, and what is convex (or
concave) in both distributions together is at most (at least) its mean over the points. One isotropic Gaussian against
another is a radial integral, in which D is a symbol.
"""

import math
from functools import cache

import jax
import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import agree, equal, remainder_order, true
from proofs_checks.identities.line import density, mass_below, quantile, trapezoid
from theory import laws, metrics

s, sigma, delta, r, D = sp.symbols("s sigma delta r D", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
i, j = sp.symbols("i j", integer=True, positive=True)
a, b = (sp.IndexedBase(name, positive=True) for name in "ab")

marginal_shift = Entry(
    "marginal-shift",
    "Under model error delta the trajectories at noise sigma follow p_s, s^2 = sigma^2 + delta^2, not p_sigma; what both share "
    "has bounds in s/sigma and D, which points far apart attain.",
    simulations=("trajectory_states",),
)


@cache
def radial(power, variance):
    """int_0^inf r^(D - 1 + power) exp(-r^2/(2 variance)) dr: a gamma function."""
    v = sp.Symbol("v", positive=True)
    found = sp.integrate(r ** (D - 1 + power) * sp.exp(-(r**2) / (2 * v)), (r, 0, sp.oo))
    return sp.powdenest(sp.simplify(found), force=True).subs(v, variance)


def area():
    """Of the unit sphere in D dimensions, from the norm of the Gaussian."""
    return (2 * sp.pi) ** (D / 2) / radial(0, 1)


@marginal_shift.step(
    Status.PROVED,
    "any points and weights, D a symbol: the flow of the error-prone denoiser in the nominal noise carries the points "
    "smoothed with this variance from noise to noise; flux of one kernel along x - y_i",
    claim=sigma**2 + delta**2,
    wrong={
        "the nominal noise": sigma**2,
        "half the error": sigma**2 + delta**2 / 2,
        "noises add": (sigma + delta) ** 2,
    },
)
def transported(variance):
    # (x - D_delta)/sigma = sigma (x - D*(x, s))/s^2, and p (x - D*) is a sum over kernels times x - y_i [pf-ode]
    kernel = (2 * sp.pi * variance) ** (-D / 2) * sp.exp(-(r**2) / (2 * variance))
    speed = sigma * r / (sigma**2 + delta**2)
    equal(-sp.diff(kernel, sigma), sp.diff(r ** (D - 1) * kernel * speed, r) / r ** (D - 1))


ratio = s**2 / sigma**2


@marginal_shift.step(
    Status.PROVED,
    "one point, D a symbol: KL(N(0, s^2 I) || N(0, sigma^2 I)); the other direction is the same with s and sigma exchanged",
    claim=D / 2 * (ratio - 1 - sp.log(ratio)),
    wrong={
        "D for D/2": D * (ratio - 1 - sp.log(ratio)),
        "s/sigma for its square": D / 2 * (s / sigma - 1 - sp.log(s / sigma)),
        "the sign of the logarithm": D / 2 * (ratio - 1 + sp.log(ratio)),
    },
)
def gaussian_divergence(claim):
    square = area() * radial(2, s**2) / (2 * sp.pi * s**2) ** (D / 2)  # E r^2
    log_norm = D * sp.log(sigma / s)
    derived = log_norm + square / (2 * sigma**2) - square / (2 * s**2)
    equal(derived, claim, simplify=lambda e: sp.simplify(sp.expand_log(sp.gammasimp(sp.expand_func(e)))))


A, B = sp.symbols("A B", positive=True)


@marginal_shift.step(
    Status.PROVED,
    "any n and weights: KL of two mixtures is at most the mean over the components (log-sum inequality)",
    claim=b[i] * A / (a[i] * B),
    wrong={"not normalised": b[i] / a[i], "the inverse": a[i] * B / (b[i] * A)},
)
def log_sum(u):
    # a_i = w_i p_i(x), b_i = w_i q_i(x), A and B their sums: sum_i a_i ln(a_i/b_i) - A ln(A/B) = sum_i a_i (u_i - 1 - ln u_i)
    term = a[i] * sp.log(a[i] / b[i]) - a[i] * sp.log(A / B)
    left_over = sp.expand(sp.expand_log(a[i] * (u - 1 - sp.log(u)) - term))  # a_i (u_i - 1), without logarithms
    equal(left_over + a[i], b[i] * A / B, simplify=sp.simplify)  # sums to A, as a_i does: nothing is left over
    v = sp.Symbol("v", positive=True)
    gap = v - 1 - sp.log(v)
    true(gap.subs(v, 1) == 0 and sp.diff(gap, v).subs(v, 1) == 0, "u - 1 - ln u touches 0 at u = 1")
    true(sp.diff(gap, v, 2).is_positive, "u - 1 - ln u is convex")


level, correlation = sp.symbols("l c", real=True)
roots = sp.sqrt(level + s**2), sp.sqrt(level + sigma**2)


@marginal_shift.step(
    Status.PROVED,
    "any data: along an eigenvector of the data covariance, any coupling moves at least what the Gaussian flow moves, which is "
    "the optimal coupling of Gaussian data",
    claim=(roots[0] - roots[1]) ** 2,
    wrong={
        "variances for deviations": (roots[0] ** 2 - roots[1] ** 2) ** 2,
        "without the data": (s - sigma) ** 2,
        "the sum": (roots[0] + roots[1]) ** 2,
    },
)
def wasserstein_below(claim):
    x, y = sp.symbols("x y", positive=True)  # standard deviations, of any coupling with correlation c <= 1
    equal(x**2 + y**2 - 2 * correlation * x * y, (x - y) ** 2 + 2 * x * y * (1 - correlation))
    positive = {level: sp.Symbol("l", positive=True)}
    one, two = (root.subs(positive) for root in roots)
    moved = (1 - two / one) ** 2 * (level.subs(positive) + s**2)  # E |x - k x|^2 with k = sd_sigma/sd_s
    equal(moved, claim.subs(positive))


@marginal_shift.step(
    Status.PROVED,
    "any data, D a symbol: the same point and the same draw in both is a coupling",
    claim=D * (s - sigma) ** 2,
    wrong={"variances": D * (s**2 - sigma**2), "D left out": (s - sigma) ** 2, "the sum": D * (s**2 + sigma**2)},
)
def wasserstein_above(claim):
    square = area() * radial(2, 1) / (2 * sp.pi) ** (D / 2)  # E |eps|^2
    equal((s - sigma) ** 2 * square, claim, simplify=lambda e: sp.simplify(sp.gammasimp(e)))


distance = sp.Symbol("ell", positive=True)
one_point = (2 * s * sigma / (s**2 + sigma**2)) ** (D / 2)


@marginal_shift.step(
    Status.PROVED,
    "two kernels at any distance, D a symbol: int sqrt(N(x; y_i, s^2 I) N(x; y_j, sigma^2 I)) dx",
    claim=one_point * sp.exp(-(distance**2) / (4 * (s**2 + sigma**2))),
    wrong={
        "8 for 4": one_point * sp.exp(-(distance**2) / (8 * (s**2 + sigma**2))),
        "D for D/2": one_point**2 * sp.exp(-(distance**2) / (4 * (s**2 + sigma**2))),
        "2 left out": (s * sigma / (s**2 + sigma**2)) ** (D / 2) * sp.exp(-(distance**2) / (4 * (s**2 + sigma**2))),
    },
)
def pair_of_kernels(claim):
    # across the line between them a Gaussian of variance tau^2, along it the same one after completing the square
    z = sp.Symbol("z", real=True)
    tau_square = 2 / (1 / s**2 + 1 / sigma**2)
    exponent = z**2 / (4 * s**2) + (z - distance) ** 2 / (4 * sigma**2)
    centre = sp.solve(sp.diff(exponent, z), z)[0]
    least = sp.simplify(exponent.subs(z, centre))
    equal(exponent, (z - centre) ** 2 / (2 * tau_square) + least)
    norms = (2 * sp.pi * s**2) ** (-D / 4) * (2 * sp.pi * sigma**2) ** (-D / 4)
    derived = norms * area() * radial(0, tau_square) * sp.exp(-least)
    logs = sp.expand_log(sp.log(derived) - sp.log(claim), force=True)
    equal(derived, claim, simplify=lambda e: sp.simplify(sp.expand_log(sp.expand(sp.simplify(logs)), force=True)))


@marginal_shift.step(
    Status.PROVED,
    "any n: int sqrt(p q) is at least its mean over the points and at most 1 (Cauchy-Schwarz, by Lagrange's identity)",
    claim=sp.Rational(1, 2),
    wrong={"1 for 1/2": sp.Integer(1), "the sign": -sp.Rational(1, 2)},
)
def cauchy_schwarz(half):
    # a_i^2 = w_i p_i, b_i^2 = w_i q_i for the bound below; over x for the one above: what is left is a sum of squares
    squares = [sp.Sum(term, (i, 1, n)) for term in (a[i] ** 2, b[i] ** 2, a[i] * b[i])]
    pairs = sp.Sum(sp.expand((a[i] * b[j] - a[j] * b[i]) ** 2), (i, 1, n), (j, 1, n))
    equal(squares[0] * squares[1] - squares[2] ** 2, half * pairs, simplify=lambda e: _separate(e, half))


def _separate(_, half):
    """Double sums of products as products of sums, term by term."""
    saa, sbb, sab = sp.symbols("S_aa S_bb S_ab")
    parts = {a[i] ** 2 * b[j] ** 2: saa * sbb, a[j] ** 2 * b[i] ** 2: saa * sbb, a[i] * a[j] * b[i] * b[j]: sab**2}
    total = 0
    for product, factor in sp.expand((a[i] * b[j] - a[j] * b[i]) ** 2).as_coefficients_dict().items():
        total += factor * parts[product]
    return sp.expand(saa * sbb - sab**2 - half * total)


@marginal_shift.step(
    Status.PROVED,
    "any n: the root of a sum is at most the sum of the roots, so that int sqrt(p q) is at most the sum over pairs of kernels; "
    "growth of the difference of squares with one more term, by induction from 0",
    claim=2,
    wrong={"the sum of squares": 0, "1 for 2": 1, "the sign": -2},
)
def root_of_a_sum(factor):
    # squares of both sides for the products c_k of all pairs: (sum sqrt c)^2 and sum c, S the sum of the roots so far
    root, roots, terms = sp.symbols("c S Q", positive=True)

    def excess(roots, terms):
        return roots**2 - terms

    growth = sp.expand(excess(roots + root, terms + root**2) - excess(roots, terms))
    equal(growth, factor * root * roots)
    true(growth.is_positive, "every term adds to the difference")


square = sp.Symbol("varrho^2", positive=True)


@marginal_shift.step(
    Status.PROVED,
    "one point, D a symbol, sigma the narrower: int min(p, q), with the narrower density outside the radius where they agree "
    "and the wider one inside; of any points it is at least the mean, since sum_i min(a_i, b_i) is at most either sum",
    claim=D * sp.log(s**2 / sigma**2) / (1 / sigma**2 - 1 / s**2),
    wrong={
        "2 D for D": 2 * D * sp.log(s**2 / sigma**2) / (1 / sigma**2 - 1 / s**2),
        "the variances exchanged": -D * sp.log(s**2 / sigma**2) / (1 / sigma**2 - 1 / s**2),
        "1 - r for ln r": D * (s**2 / sigma**2 - 1) / (1 / sigma**2 - 1 / s**2),
    },
)
def common_mass(claim):
    log_ratio = (
        D * sp.log(s / sigma) + square / (2 * s**2) - square / (2 * sigma**2)
    )  # ln of the narrower over the wider
    root = -log_ratio.subs(square, 0) / sp.diff(log_ratio, square)  # linear in the square
    equal(root, claim, simplify=lambda e: sp.simplify(sp.expand_log(e)))
    wider = sp.Symbol("h", positive=True)
    slope = sp.factor(sp.diff(log_ratio, square).subs(s, sigma + wider))
    true(slope.is_negative, "outside, the narrower one is the smaller")
    # the masses as functions of the radius: minus the density, and the density, on the sphere
    for variance, mass, sign in (
        (sigma**2, sp.uppergamma(D / 2, r**2 / (2 * sigma**2)) / sp.gamma(D / 2), -1),
        (s**2, sp.lowergamma(D / 2, r**2 / (2 * s**2)) / sp.gamma(D / 2), 1),
    ):
        on_sphere = area() * r ** (D - 1) * sp.exp(-(r**2) / (2 * variance)) / (2 * sp.pi * variance) ** (D / 2)
        equal(sp.exp(sp.simplify(sp.expand_log(sp.log(sign * sp.diff(mass, r) / on_sphere), force=True))), 1)


@marginal_shift.step(
    Status.PROVED,
    "one point, D a symbol: mean distance of y + s eps from y, in units of sigma",
    claim=s / sigma * sp.sqrt(2) * sp.gamma((D + 1) / 2) / sp.gamma(D / 2),
    wrong={
        "sqrt(2) left out": s / sigma * sp.gamma((D + 1) / 2) / sp.gamma(D / 2),
        "the root of the mean square": s / sigma * sp.sqrt(D),
        "s left out": sp.sqrt(2) / sigma * sp.gamma((D + 1) / 2) / sp.gamma(D / 2),
    },
)
def distance_of_one_point(claim):
    length = area() * radial(1, s**2) / (2 * sp.pi * s**2) ** (D / 2)
    equal(length / sigma, claim, simplify=lambda e: sp.simplify(sp.gammasimp(e)))


small = sp.Symbol("t", positive=True)


@marginal_shift.step(
    Status.PROVED,
    "one point, D a symbol: leading order in t = ln(s^2/sigma^2) of -ln of the overlap int sqrt(p q) and of both divergences",
    claim=(D / 16, D / 4, D / 4),
    wrong={
        "D/8 for D/16": (D / 8, D / 4, D / 4),
        "D/2 for D/4": (D / 16, D / 2, D / 4),
        "the sign of the reverse": (D / 16, D / 4, -D / 4),
    },
)
def nearly_equal_noises(factors):
    overlap = sp.simplify((2 * s * sigma / (s**2 + sigma**2)).subs(s, sigma * sp.exp(small / 2)))
    exact = (
        -sp.log(overlap) * D / 2,
        D / 2 * (sp.exp(small) - 1 - small),
        D / 2 * (sp.exp(-small) - 1 + small),
    )
    for expression, factor in zip(exact, factors):
        true(sp.limit(expression / small, small, 0) == 0, "the first order vanishes")
        equal(sp.limit(expression / small**2, small, 0), factor)


@marginal_shift.step(
    Status.NUMERIC,
    "one point in many dimensions, sqrt(D) t fixed, t = ln(s^2/sigma^2): half the common mass is Phi(-sqrt(D/8) t), with a "
    "remainder of order 1/D, by its slope between D = 4096 and 16384 to 0.01",
    claim=lambda t, dim: mpmath.ncdf(-mpmath.sqrt(dim / 8) * t),
    wrong={
        "delta^2/sigma^2 for its logarithm": lambda t, dim: mpmath.ncdf(-mpmath.sqrt(dim / 8) * (mpmath.exp(t) - 1)),
        "4 for 8": lambda t, dim: mpmath.ncdf(-mpmath.sqrt(dim / 4) * t),
    },
)
def in_many_dimensions(law):
    for scale in (1, 2, 4):
        dims = [4096, 16384]
        left = []
        for dim in map(mpmath.mpf, dims):
            t = scale / mpmath.sqrt(dim)
            left.append(_mass(mpmath.exp(t / 2), mpmath.mpf(1), dim) / 2 / law(t, dim) - 1)
        remainder_order([1 / dim for dim in dims], left, 1, tolerance=0.01)


def _kl_line(one, other):
    return (one**2 / other**2 - 1 - 2 * mpmath.log(one / other)) / 2


def _mass_line(one, other):
    narrow, wide = sorted((one, other))
    radius = mpmath.sqrt(mpmath.log(wide**2 / narrow**2) / (1 / narrow**2 - 1 / wide**2))
    return 1 - mpmath.erf(radius / (narrow * mpmath.sqrt(2))) + mpmath.erf(radius / (wide * mpmath.sqrt(2)))


BOUNDS = {
    "kl": _kl_line,
    "reverse kl": lambda one, other: _kl_line(other, one),
    "overlap": lambda one, other: mpmath.sqrt(2 * one * other / (one**2 + other**2)),
    "mass": _mass_line,
    "transport": lambda one, other: (one - other) ** 2,
}


def _measured(points, one, other):
    """The five quantities by quadrature for equally weighted points on a line; the common mass, with kinks, to 3 digits."""

    def moved(x, mass, _):  # where the monotone map takes x, times its density
        image = quantile(points, mass_below(points, x, one), other, x) if mass > 1e-12 else x
        return mass * (x - image) ** 2

    return _integrals(points, one, other, OVERLAPS) | _integrals(points, one, other, {"transport": moved}, 100)


OVERLAPS = {
    "kl": lambda x, p, q: p * mpmath.log(p / q),
    "reverse kl": lambda x, p, q: q * mpmath.log(q / p),
    "overlap": lambda x, p, q: mpmath.sqrt(p * q),
    "mass": lambda x, p, q: min(p, q),
}


def _integrals(points, one, other, integrands, count=600):
    """Integrals over x of functions of x, p(x) and q(x), for equally weighted points on a line."""
    weights, reach = [mpmath.mpf(1) / len(points)] * len(points), 12 * max(one, other)
    pair = cache(lambda x: (density(points, weights, x, one), density(points, weights, x, other)))
    ends = min(points) - reach, max(points) + reach
    return {name: trapezoid(lambda x, f=f: f(x, *pair(x)), *ends, count) for name, f in integrands.items()}


@marginal_shift.step(
    Status.NUMERIC,
    "three points on a line by quadrature: near each other each bound holds strictly, 20 noises apart all are equalities "
    "to 8 digits (the common mass, which has kinks, to 3)",
    claim=BOUNDS,
    wrong={
        "a divergence of half the size": BOUNDS | {"kl": lambda one, other: _kl_line(one, other) / 2},
        "the divergences exchanged": BOUNDS | {"kl": BOUNDS["reverse kl"]},
        "the overlap without its root": BOUNDS | {"overlap": lambda one, other: BOUNDS["overlap"](one, other) ** 2},
        "the overlap as common mass": BOUNDS | {"mass": BOUNDS["overlap"]},
        "variances moved": BOUNDS | {"transport": lambda one, other: abs(one**2 - other**2)},
    },
)
def by_quadrature(bounds):
    one, other = mpmath.mpf(3) / 5, mpmath.mpf(2) / 5
    near, far = _quadratures()
    for name, bound in bounds.items():
        agree(far[name], bound(one, other), 3 if name == "mass" else 8, f"for {name}, points far apart")
        sign = -1 if name in ("overlap", "mass") else 1  # which are bounded from below
        true(sign * near[name] < sign * bound(one, other), f"the bound of {name}")


@cache
def _quadratures():
    one, other = mpmath.mpf(3) / 5, mpmath.mpf(2) / 5
    return [_measured([mpmath.mpf(y) for y in points], one, other) for points in ((0, 1, 1.5), (-12, 0, 13))]


def _pairs_of_points(one, other, points, factor):
    """b/n times the sum over pairs of exp(-|y_i - y_j|^2/(factor (s^2 + sigma^2)))."""
    pairs = sum(mpmath.exp(-((y - z) ** 2) / (factor * (one**2 + other**2))) for y in points for z in points)
    return BOUNDS["overlap"](one, other) * pairs / len(points)


OTHER_SIDE = {
    "transport": lambda one, other, points: _wasserstein(one, other, [[_variance(points)]])[0],
    "overlap": lambda one, other, points: _pairs_of_points(one, other, points, 4),
}


def _variance(points):
    centre = sum(points) / len(points)
    return sum((y - centre) ** 2 for y in points) / len(points)


@marginal_shift.step(
    Status.NUMERIC,
    "three points on a line by quadrature: the distance lies above that of the Gaussian of their variance, the overlap below "
    "the sum over pairs",
    claim=OTHER_SIDE,
    wrong={
        "the distance of isolated points": OTHER_SIDE | {"transport": lambda one, other, _: (one - other) ** 2},
        "a point with itself alone": OTHER_SIDE | {"overlap": lambda one, other, _: BOUNDS["overlap"](one, other)},
        "1 for 4 in the exponent": OTHER_SIDE | {"overlap": lambda *case: _pairs_of_points(*case, 1)},
    },
)
def on_the_other_side(bounds):
    case, found = _case_between()
    true(0 < bounds["transport"](*case) < found["transport"], "the distance is larger")
    true(found["overlap"] < bounds["overlap"](*case) < 1, "the overlap is smaller, and the bound below 1")


@cache
def _case_between():
    one, other, points = mpmath.mpf(3) / 10, mpmath.mpf(3) / 20, tuple(mpmath.mpf(y) for y in (0, 1, 2.5))
    return (one, other, points), _measured(points, one, other)


def _chi(one, other, dim):
    gammas = mpmath.loggamma(mpmath.mpf(dim + 1) / 2) - mpmath.loggamma(mpmath.mpf(dim) / 2)
    return one / other * mpmath.sqrt(2) * mpmath.exp(gammas)


def _kl(one, other, dim):
    """Cross entropy less entropy."""
    entropy = (1 + mpmath.log(2 * mpmath.pi * one**2)) / 2
    return dim * (one**2 / (2 * other**2) + mpmath.log(2 * mpmath.pi * other**2) / 2 - entropy)


def _wasserstein(one, other, covariance):
    eigenvalues = mpmath.eigsy(mpmath.matrix(covariance), eigvals_only=True)
    least = sum((mpmath.sqrt(abs(level) + one**2) - mpmath.sqrt(abs(level) + other**2)) ** 2 for level in eigenvalues)
    return [least, len(eigenvalues) * (one - other) ** 2]


def _bhattacharyya(one, other, points, weights=None):
    total = sum(weights) if weights else len(points)
    parts = [w / total for w in weights or [1] * len(points)]
    lower = mpmath.sqrt(2 * one * other / (one**2 + other**2)) ** len(points[0])

    def pair(y, z):
        return mpmath.exp(-sum((u - v) ** 2 for u, v in zip(y, z)) / (4 * (one**2 + other**2)))

    pairs = sum(mpmath.sqrt(v * w) * pair(y, z) for v, y in zip(parts, points) for w, z in zip(parts, points))
    return [lower, min(1, lower * pairs)]


def _mass(one, other, dim):
    if one == other:
        return 1
    narrow, wide = sorted((one, other))
    square = dim * mpmath.log(wide**2 / narrow**2) / (1 / narrow**2 - 1 / wide**2)
    half, outer, inner = mpmath.mpf(dim) / 2, square / (2 * narrow**2), square / (2 * wide**2)
    return mpmath.gammainc(half, outer, regularized=True) + mpmath.gammainc(half, 0, inner, regularized=True)


_rng = np.random.default_rng(11)
_spread = _rng.normal(size=(4, 3))
_points = _rng.normal(size=(4, 3))
_pairs = random_inputs(3, 4, one=(0.05, 20.0), other=(0.05, 20.0))
# both sides of where series and logarithms take over, ratios near 1 and huge ones
_ratios = [1 + 1e-13, 1 + 3e-8, 1 - 1e-3, 0.499, 0.501, 1.499, 1.501, math.exp(0.499), math.exp(-0.501), 1e4, 1e-4]
_levels = [*_pairs, *((ratio, 1.0) for ratio in _ratios), (3.0, 3.0 * (1 + 1e-9))]

marginal_shift.ships("theory.laws.kl_bound", _kl, [(*pair, dim) for pair in _levels for dim in (1, 7, 3072)])
# eigenvalues are accurate to rounding of the largest one
_data = [
    (*pair, matrix) for pair in _pairs for matrix in (_spread.T @ _spread, np.diag([1e4, 1.0, 0.0]), np.zeros((2, 2)))
]
_data += [(0.0, 0.7, np.diag([1.0, 0.0])), (0.0, 0.0, np.diag([4.0, 0.0])), (1.0, 1 + 1e-9, np.eye(2))]
marginal_shift.ships("theory.laws.wasserstein_bounds", _wasserstein, _data, rtol=1e-12)
_clouds = [(*pair, _points * scale) for pair in _levels[:9] for scale in (1e-3, 1.0, 30.0)]
_weights = [np.array([0.5, 0.0, 2.0, 1.0]), np.array([0.5, 0.0, 0.2, 0.3])]
_clouds += [(0.4, 0.3, _points[:1]), *((0.4, 0.3, _points, w) for w in _weights)]
marginal_shift.ships("theory.laws.bhattacharyya_bounds", _bhattacharyya, _clouds)
marginal_shift.ships(
    "theory.laws.bhattacharyya_bounds",
    _bhattacharyya,
    [(0.8, 0.2, _points), *((0.4, 0.3, 2 * _points, w) for w in _weights)],
    call=lambda one, other, *arrays: [
        each[0]
        for each in jax.vmap(lambda *each: laws.bhattacharyya_bounds(one, other, *each))(*(y[None] for y in arrays))
    ],
)
marginal_shift.ships(
    "theory.laws.wasserstein_bounds",
    _wasserstein,
    [(0.8, 0.3, _spread.T @ _spread), (0.8, 0.3, np.diag([4.0, 1.0, 0.0]))],
    rtol=1e-12,
    call=lambda one, other, matrix: [
        each[0] for each in jax.vmap(lambda y: laws.wasserstein_bounds(one, other, y))(matrix[None])
    ],
)
# incomplete gamma functions of float64 are accurate to some 1e-13 in high dimensions
marginal_shift.ships(
    "theory.laws.common_mass_bound",
    _mass,
    [
        (*pair, dim)
        for pair in [*_levels, (1.0, 1.0)]
        for dim in (1, 2, 9, 64)
        if not 0 < abs(pair[0] / pair[1] - 1) < 1e-10
    ],
    rtol=1e-12,
)
marginal_shift.ships(
    "theory.laws.isolated_distance",
    _chi,
    [(*pair, dim) for pair in _pairs[:2] for dim in (1, 2, 3, 10, 999, 1000, 1001, 10**8)],
)


def _values(overlap, names):
    return [getattr(overlap, name).value for name in names]


def _on_a_line(one, other, points, names=("kl", "reverse kl", "overlap"), count=600):
    return list(
        _integrals([y for (y,) in points], one, other, {name: OVERLAPS[name] for name in names}, count).values()
    )


_SMOOTH = ("kl", "reverse_kl", "bhattacharyya")
_LINE = np.array([[0.0], [1.0], [1.5]])
# what has no kinks, where the logarithm of the ratio is as smooth as the noises
marginal_shift.ships(
    "theory.metrics.overlap_quadrature",
    _on_a_line,
    [(0.6, 0.4, _LINE), (0.5, 0.7, _LINE)],
    rtol=1e-9,
    call=lambda one, other, points: _values(metrics.overlap_quadrature(points, one, other), _SMOOTH),
)
marginal_shift.ships(
    "theory.metrics.overlap_quadrature",
    lambda *case: _on_a_line(*case, names=["mass"], count=3000),
    [(0.6, 0.4, _LINE)],
    rtol=1e-3,
    call=lambda one, other, points: _values(metrics.overlap_quadrature(points, one, other), ["common_mass"]),
)
# estimates without variance, for one point
marginal_shift.ships(
    "theory.metrics.overlap_estimate",
    lambda one, other, dim: [_kl(one, other, dim), _kl(other, one, dim), BOUNDS["overlap"](one, other) ** dim],
    [(0.6, 0.4, 64), (0.1, 0.4, 64)],
    rtol=1e-9,
    call=lambda one, other, dim: _values(
        metrics.overlap_estimate(np.zeros((1, dim)), one, other, key=jax.random.key(0), samples=64), _SMOOTH
    ),
)
marginal_shift.ships(
    "theory.metrics.wasserstein_estimate",
    lambda one, other, dim: dim * (one - other) ** 2,
    [(0.6, 0.4, 64), (0.1, 0.4, 64)],
    rtol=1e-9,
    call=lambda one, other, dim: (
        metrics.wasserstein_estimate(np.ones((1, dim)), one, other, key=jax.random.key(0), samples=8).value
    ),
)
