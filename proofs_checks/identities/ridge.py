"""The ridge of the smoothed uniform ring: where along a ray its density is largest."""

import jax
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true
from theory import laws

i, k = sp.symbols("i k", integer=True, positive=True)
s, R, r, z = sp.symbols("s R r z", positive=True)

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


# the denoiser, of which the ridge is a fixed point, on two circles: near them, in the centre of one and far from the other
_STATES = [([0.9, -0.3, 0.2, 1.5], 0.6), ([0.6, 0.8, 1e-3, 0.0], 0.05), ([0.0, 0.0, -30.0, 4.0], 0.3)]


def _by_angles(state, sigma):
    """For each plane of a state: ln of its density, and the mean of the circle of radius 1 under the posterior."""
    found = []
    for point in (state[:2], state[2:]):
        count = 40 + int(14 * max(1, mpmath.norm(point)) / sigma)
        circle = [
            (mpmath.cospi(mpmath.mpf(2 * j) / count), mpmath.sinpi(mpmath.mpf(2 * j) / count)) for j in range(count)
        ]
        logs = [-((point[0] - x) ** 2 + (point[1] - y) ** 2) / (2 * sigma**2) for x, y in circle]
        weights = [mpmath.exp(log - max(logs)) for log in logs]
        total = mpmath.fsum(weights)
        mean = [mpmath.fdot(weights, axis) / total for axis in zip(*circle)]
        found.append((max(logs) + mpmath.log(total / count / (2 * mpmath.pi * sigma**2)), mean))
    return found


def _torus_mean(state, sigma):
    return [value for _, mean in _by_angles(state, sigma) for value in mean]


_TORUS_ORACLES = {
    "": _torus_mean,
    ".score": lambda state, sigma: [(y - x) / sigma**2 for x, y in zip(state, _torus_mean(state, sigma))],
    ".log_density": lambda state, sigma: mpmath.fsum(log for log, _ in _by_angles(state, sigma)),
}
for method, oracle in _TORUS_ORACLES.items():
    ridge.ships(
        f"theory.FlatTorusDenoiser{method}",
        oracle,
        _STATES,
        rtol=1e-12 if method == ".score" else 1e-14,
        atol=1e-15,
        call=lambda state, sigma, method=method[1:] or "__call__": getattr(
            theory.FlatTorusDenoiser(theory.FlatTorus(1.0, 2)), method
        )(np.array(state), sigma),
    )
