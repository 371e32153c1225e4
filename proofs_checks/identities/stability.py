"""Where the flow loses its stable path: the noise at which it commits to a cluster, and the ridge of the smoothed ring.

As for the posterior, a direction u enters through a_i = u.(y_i - x) and b_i = |y_i - x|^2 alone, x the state: along a
trajectory, displacements of any direction obey the same law.
"""

import jax
import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, true
from theory import laws

n = sp.Symbol("n", integer=True, positive=True)
i, k = sp.symbols("i k", integer=True, positive=True)
s, sigma, delta, R, r, z = sp.symbols("s sigma delta R r z", positive=True)
t = sp.Symbol("t", real=True)
a, b = sp.IndexedBase("a", real=True), sp.IndexedBase("b", real=True)


def over_points(term):
    """sum_i term."""
    return sp.Sum(term, (i, 1, n))


def growth(square_distance):
    """d ln |dx|/d ln s along u at a fixed point: the slope in t of u.(x - D*) at x + t u."""
    weight = sp.exp(-(square_distance - 2 * t * a[i] + t**2) / (2 * s**2))
    mean_shift = over_points(weight * a[i]) / over_points(weight)
    return sp.diff(t - (mean_shift - mean_shift.subs(t, 0)), t).subs(t, 0)


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
    weight = sp.exp(-b[i] / (2 * s**2))
    total, first, square = (over_points(weight * a[i] ** power) for power in range(3))
    claimed = rate(square / total - (first / total) ** 2)
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
    rate = sp.simplify(growth(distance).doit()).subs(over_points(a[i]), 0)
    rate = rate.subs(over_points(a[i] ** 2), n * largest)
    equal(rate, 1 - noise**2 / s**2)
    angle = sp.Symbol("theta", real=True)
    equal(sp.integrate((R * sp.cos(angle)) ** 2, (angle, 0, 2 * sp.pi)) / (2 * sp.pi), of_ring)


half, variance, x = sp.Symbol("a", positive=True), sp.Symbol("v", positive=True), sp.Symbol("x", real=True)
total = variance + s**2


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
    log_density = sp.log(sum(sp.exp(-((x - side * half) ** 2) / (2 * total)) for side in (1, -1)))
    equal(sp.diff(log_density, x, 2).subs(x, 0), (square - s**2) / total**2)


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
    claim=(-1 / total, lambda u: 2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
    wrong={
        "the sign": (1 / total, lambda u: 2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
        "the variance alone": (-1 / variance, lambda u: 2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
        "the sign of the segment": (-1 / total, lambda u: -2 * u / sp.sqrt(sp.pi) * sp.exp(-(u**2)) / sp.erf(u)),
    },
)
def never(claim):
    of_gaussian, fall = claim
    one = sp.exp(-(x**2) / (2 * total))
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


_ZERO = 1e-300  # none of the values but an exact zero is smaller
_rng = np.random.default_rng(2)
_NEAR, _NEVER = [(1.0, 0.99), (2.0, 0.0)], [(1.0, 1.0), (0.5, 1.0), (0.0, 0.0)]
_spread = _rng.normal(size=(6, 4))
_angles = (0.3, 0.9, 2.5)
_antipodal = np.array([(side * 1.7 * np.cos(v), side * 1.7 * np.sin(v)) for v in _angles for side in (1, -1)])

speciation.ships(
    "theory.laws.speciation_noise",
    _of_covariance,
    [(_spread.T @ _spread,), (np.diag([0.5, 1e-6, 2.0]),), (np.zeros((2, 2)),), (np.array([[3.0]]),)],
    atol=_ZERO,
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
    atol=_ZERO,
)
speciation.ships(
    "theory.laws.nominal_noise",
    lambda noise, error: mpmath.sqrt(noise**2 - error**2) if noise > error else -1,
    [(2.0, 0.0), (1.0, 0.6), (1.0, 1 - 1e-12), (1e6, 1e-6), (1.0, 1.0), (0.5, 0.7), (0.0, 0.0)],
    call=lambda noise, error: np.nan_to_num(laws.nominal_noise(noise, error), nan=-1.0),  # none is NaN
)


ridge = Entry(
    "ridge",
    "Along a ray the smoothed uniform ring is densest at r = R I1(rR/s^2)/I0(rR/s^2): inside the ring, and at its centre "
    "for s >= R/sqrt(2).",
    simulations=("flow_field",),
)


def bessel(order, argument):
    """I_order."""
    return sp.besseli(order, argument)


@ridge.step(
    Status.PROVED,
    "density from the integral over the ring, by its power series to all orders, and its slope along a ray",
    claim=R * bessel(1, r * R / s**2) / bessel(0, r * R / s**2),
    wrong={
        "I0/I1": R * bessel(0, r * R / s**2) / bessel(1, r * R / s**2),
        "s for s^2": R * bessel(1, r * R / s) / bessel(0, r * R / s),
        "2 in the argument": R * bessel(1, r * R / (2 * s**2)) / bessel(0, r * R / (2 * s**2)),
    },
)
def stationary(radius):
    # mean over the angle of exp(z cos theta): mean cos^(2k) = binomial(2k, k)/4^k makes it the series of I0
    theta, moment = sp.Symbol("theta", real=True), sp.binomial(2 * k, k) / 4**k
    by_parts = sp.diff(sp.sin(theta) * sp.cos(theta) ** (2 * k - 1), theta)  # has the mean 0
    equal(by_parts, 2 * k * sp.cos(theta) ** (2 * k) - (2 * k - 1) * sp.cos(theta) ** (2 * k - 2))
    equal(sp.gammasimp(moment / moment.subs(k, k - 1)), (2 * k - 1) / (2 * k))
    equal(z ** (2 * k) / sp.factorial(2 * k) * sp.binomial(2 * k, k) / 4**k, (z / 2) ** (2 * k) / sp.factorial(k) ** 2)
    log_density = -(r**2 + R**2) / (2 * s**2) + sp.log(bessel(0, r * R / s**2))
    slope = sp.diff(log_density, r)
    equal(r + s**2 * slope, radius)  # slope 0: r is this


@ridge.step(
    Status.PROVED,
    "A(z)/z, A = I1/I0, falls from 1/2 to 0, since the ratio of the coefficients of the power series falls in their order: "
    "one nonzero root, and a maximum there, iff s < R/sqrt(2), else the maximum is at the centre",
    claim=sp.Rational(1, 2),
    wrong={"1": sp.Integer(1), "1/4": sp.Rational(1, 4)},
)
def one_root(first):
    index = sp.Symbol("k", integer=True, nonnegative=True)
    of_one = 1 / (sp.factorial(index) * sp.factorial(index + 1) * 2 ** (2 * index + 1))  # I1(z)/z = sum_k c_k z^2k
    of_zero = 1 / (sp.factorial(index) ** 2 * 2 ** (2 * index))  # I0(z) = sum_k d_k z^2k
    ratio = sp.simplify(sp.gammasimp(of_one / of_zero))
    equal(ratio, first / (index + 1))
    true(sp.simplify(ratio.subs(index, index + 1) - ratio).is_negative, "the ratio of coefficients falls")
    # the numerator of the slope of (sum c)/(sum d) in u = z^2, by pairs of orders: for c = d ratio, ratio falling, all negative
    u, c, d = sp.Symbol("u", positive=True), sp.IndexedBase("c"), sp.IndexedBase("d")

    def numerator(order, other):
        one, zero = c[order] * u**order, d[other] * u**other
        return sp.diff(one, u) * zero - one * sp.diff(zero, u)

    pair = (i - k) * (c[i] * d[k] - c[k] * d[i]) * u ** (i + k - 1)
    equal(numerator(i, k) + numerator(k, i), pair)
    equal(sp.limit(bessel(1, z) / bessel(0, z) / z, z, 0), first)
    # 0 < I1 < I0 makes it less than 1/z. The slope of ln p along the ray, in terms of it: positive up to the root
    log_density = -(r**2 + R**2) / (2 * s**2) + sp.log(bessel(0, r * R / s**2))
    of_argument = bessel(1, z) / bessel(0, z) / z
    equal(s**2 * sp.diff(log_density, r), r * (R**2 / s**2 * of_argument.subs(z, r * R / s**2) - 1))


@ridge.step(
    Status.PROVED,
    "just below R/sqrt(2) the ridge leaves the centre as a pitchfork: r^2 = 4 (R^2/2 - s^2) to leading order",
    claim=4,
    wrong={"the 3 of two points": 3, "2": 2},
)
def pitchfork(factor):
    # A(z)/z = 1/2 - z^2/16 + ... is s^2/R^2, and r = z s^2/R. Power series in u = z^2, A(z)/z with one z taken off I1:
    u = sp.Symbol("u", positive=True)
    one, zero = (sum((u / 4) ** m / (sp.factorial(m) * sp.factorial(m + order)) for m in range(3)) for order in (1, 0))
    slope = sp.diff(one / zero / 2, u).subs(u, 0)
    excess = sp.Symbol("e", positive=True)  # s^2 = R^2/2 - e, to first order in e
    square = -excess / R**2 / slope * (R**2 / 2) ** 2 / R**2
    equal(square, factor * excess)


@ridge.step(
    Status.PROVED,
    "coefficients of the asymptotic series in s^2/R^2 to third order, from Riccati's equation for I1/I0",
    claim=(-sp.Rational(1, 2), -sp.Rational(3, 8), -sp.Rational(9, 16)),
    wrong={
        "the sign of the second": (-sp.Rational(1, 2), sp.Rational(3, 8), -sp.Rational(9, 16)),
        "1/8 for 3/8": (-sp.Rational(1, 2), -sp.Rational(1, 8), -sp.Rational(9, 16)),
        "1 for 1/2": (-sp.Integer(1), -sp.Rational(3, 8), -sp.Rational(9, 16)),
    },
)
def series(coefficients):
    # I0' = I1 and I1' = I0 - I1/z give A' = 1 - A/z - A^2
    zero, one = sp.Function("I_0")(z), sp.Function("I_1")(z)
    derivatives = {sp.diff(zero, z): one, sp.diff(one, z): zero - one / z}
    equal(sp.diff(one / zero, z).subs(derivatives), 1 - (one / zero) / z - (one / zero) ** 2)
    w, unknown = sp.Symbol("w"), sp.symbols("c_1:4")  # w = 1/z
    ansatz = 1 + sum(c * w ** (m + 1) for m, c in enumerate(unknown))
    riccati = sp.Poly(-(w**2) * sp.diff(ansatz, w) - (1 - ansatz * w - ansatz**2), w)
    solved = {}
    for order, c in enumerate(unknown, 1):
        solved[c] = sp.solve(riccati.coeff_monomial(w**order).subs(solved), c)[0]
    # r/R = u with u = A(u/e), e = s^2/R^2
    e, steps = sp.Symbol("e", positive=True), sp.symbols("u_1:4")
    u = 1 + sum(c * e ** (m + 1) for m, c in enumerate(steps))
    excess = sp.series(ansatz.subs(solved).subs(w, e / u) - u, e, 0, 4).removeO().expand()
    found = {}
    for order, c in enumerate(steps, 1):
        found[c] = sp.solve(excess.coeff(e, order).subs(found), c)[0]
        equal(found[c], coefficients[order - 1])


def _slope_by_bessel(position, noise, radius):
    argument = position * radius / noise**2
    return radius * mpmath.besseli(1, argument) / mpmath.besseli(0, argument) / position - 1


def _slope_by_angles(position, noise, radius):
    """The same of the mean of Gaussians around the ring, a periodic trapezoidal rule: its error is about exp(-98)."""
    argument, count = position * radius / noise**2, 20 + int(14 * radius / noise)
    cosines = [mpmath.cos(2 * mpmath.pi * j / count) for j in range(count)]
    weights = [mpmath.exp(argument * (cosine - 1)) for cosine in cosines]
    return radius * mpmath.fdot(weights, cosines) / mpmath.fsum(weights) / position - 1


def _densest(slope):
    """The peak of the density along a ray, where its slope changes sign; 0 where that is at the centre."""

    def at(noise, radius):
        if 2 * noise**2 >= radius**2:
            return 0
        if noise == 0:
            return radius
        # a bracket around R - s^2/(2 R) ...
        low = max(radius - 2 * noise**2 / radius, mpmath.mpf(10) ** -6 * radius)
        high = radius - noise**2 / radius * mpmath.mpf("0.4")
        return mpmath.findroot(lambda u: slope(u, noise, radius), (low, high), solver="anderson", tol=1e-30)

    return at


ridge.ships(
    "theory.laws.ridge_radius",
    _densest(_slope_by_angles),
    [(level, 1.0) for level in (0.1, 0.3, 0.5, 0.6, 0.02)] + [(0.9, 3.0), (1.0, 2.0)],
)
# both sides of R/sqrt(2), hardly any noise, and none
ridge.ships(
    "theory.laws.ridge_radius",
    _densest(_slope_by_bessel),
    [(1e-3, 1.0), (3e-7, 2.0), (0.708, 1.0), (2.0, 1.5), (0.0, 1.7), (0.0, 1.0)],
    atol=_ZERO,
)
# near R/sqrt(2) the root is that of a difference which vanishes there: rounding over 1 - 2 s^2/R^2
ridge.ships("theory.laws.ridge_radius", _densest(_slope_by_angles), [(0.7, 1.0), (0.707, 1.0)], rtol=1e-11)


def _with_derivative(noise, radius):
    """The ridge and its slope in the noise, by a central difference."""
    at, step = _densest(_slope_by_angles), noise * mpmath.mpf(10) ** -8
    return [at(noise, radius), (at(noise + step, radius) - at(noise - step, radius)) / (2 * step)]


# the slope of I1/I0, about 1/(2 z^2), is a difference of terms of order 1
ridge.ships(
    "theory.laws.ridge_radius",
    _with_derivative,
    [(0.3, 1.0), (0.5, 1.0), (1.1, 2.0)],
    rtol=1e-12,
    call=lambda noise, radius: np.stack(jax.value_and_grad(laws.ridge_radius)(noise, radius)),
)
