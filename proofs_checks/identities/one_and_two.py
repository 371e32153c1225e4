"""One training point and two, in any dimension."""

import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, true
from proofs_checks.identities.points import exact_jacobian

sigma, delta, s, a = sp.symbols("sigma delta s a", positive=True)
x, y = sp.symbols("x y", real=True)

one_point = Entry(
    "one-point",
    "A single training point: x - y = (x_T - y) sqrt((sigma^2 + delta^2)/(sigma_T^2 + delta^2)).",
    simulations=("guidance",),
)


@one_point.step(
    Status.PROVED,
    "any D: the flow of one coordinate, as the solution of its differential equation",
    claim=lambda noise: sp.sqrt(noise**2 + delta**2),
    wrong={
        "without the root": lambda noise: noise**2 + delta**2,
        "without the error": lambda noise: noise,
        "delta for delta^2": lambda noise: sp.sqrt(noise**2 + delta),
    },
)
def flow(growth):
    start = sp.Symbol("sigma_T", positive=True)
    denoised = (delta**2 * x + sigma**2 * y) / (sigma**2 + delta**2)  # the only weight is 1
    rate = sp.simplify((x - denoised) / sigma / (x - y))  # d ln(x - y)/dsigma
    integral = sp.integrate(rate, sigma)
    equal(sp.exp(integral - integral.subs(sigma, start)), growth(sigma) / growth(start))


def _one_point_by_ode(x, point, sigma, sigma_max, error=0):
    """The exponential of the integral of the rate, by quadrature."""
    rate = mpmath.quad(lambda u: u / (u**2 + error**2), mpmath.linspace(sigma, sigma_max, 9))
    return [y + (xj - y) * mpmath.exp(-rate) for xj, y in zip(x, point)]


_STATES = np.random.default_rng(0).normal(size=(6, 2, 3))
one_point.ships(
    "theory.laws.one_point_flow",
    _one_point_by_ode,
    [
        (state, point, *noise)
        for (state, point), noise in zip(
            _STATES,
            [(0.3, 2.0, 0.5), (0.5, 80.0, 1.0), (0.7, 1.0, 0.0), (0.0, 3.0, 0.2), (1.0, 1.0, 0.4), (1e-3, 2e-3, 1.0)],
        )
    ]
    + [(np.ones(2), np.zeros(2), 0.5, 2.0)],
    atol=1e-15,
)
one_point.ships(
    "theory.ErrorProneDenoiser",
    lambda point, x, sigma, error: [y + error**2 * (xj - y) / (sigma**2 + error**2) for xj, y in zip(x, point[0])],
    [
        (p[None], x, *noise)
        for (x, p), noise in zip(_STATES, random_inputs(2, 6, sigma=(1e-3, 10.0), error=(1e-3, 10.0)))
    ],
    atol=1e-15,
    call=lambda point, x, sigma, error: theory.ErrorProneDenoiser(point, error)(x, sigma),
)

two_points = Entry(
    "two-points",
    "Points at +-a: the density smoothed with s has two modes if s < a, one otherwise.",
)


def _log_density():
    """ln of the smoothed density along the line through the points; across it the density is that of one Gaussian."""
    return sp.log(sp.exp(-((x - a) ** 2) / (2 * s**2)) + sp.exp(-((x + a) ** 2) / (2 * s**2)))


def _exponentials(expression):
    return sp.simplify(sp.expand(expression.rewrite(sp.exp)))


@two_points.step(
    Status.PROVED,
    "any D: modes lie on the line and are the roots of x = a tanh(a x/s^2)",
    claim=a * sp.tanh(a * x / s**2),
    wrong={
        "a x/s": a * sp.tanh(a * x / s),
        "half the argument": a * sp.tanh(a * x / (2 * s**2)),
        "without the factor a": sp.tanh(a * x / s**2),
    },
)
def stationary(target):
    slope = sp.diff(_log_density(), x)
    equal(s**2 * slope, target - x, simplify=_exponentials)


@two_points.step(
    Status.PROVED,
    "curvature at the centre and shape of x - a tanh(a x/s^2): one root for s >= a, three for s < a",
    claim=a,
    wrong={"2a, the distance": 2 * a, "a/sqrt 2": a / sp.sqrt(2)},
)
def number_of_modes(threshold):
    # f = -s^2 d ln p/dx is odd; its slope at 0 is 1 - a^2/s^2 and it is convex for x > 0
    f = x - a * sp.tanh(a * x / s**2)
    equal(-(s**2) * sp.diff(_log_density(), x, 2).subs(x, 0), 1 - threshold**2 / s**2)
    u = sp.Symbol("u", positive=True)  # a x/s^2, x > 0
    convex = sp.diff(f, x, 2).subs(x, u * s**2 / a)
    equal(convex, 2 * a**3 / s**4 * sp.tanh(u) / sp.cosh(u) ** 2)
    true((2 * a**3 / s**4 * sp.tanh(u) / sp.cosh(u) ** 2).is_positive, "f is convex for x > 0")
    equal(f - (x - a), 2 * a / (1 + sp.exp(2 * a * x / s**2)), simplify=_exponentials)  # f > x - a ends above zero
    # convex from 0 with slope >= 0 there is no root x > 0, with slope < 0 exactly one; f is odd
    excess = sp.Symbol("excess", positive=True)
    true(sp.factor((1 - threshold**2 / s**2).subs(s, a + excess)).is_positive, "f rises from 0 for s > a")
    true((-sp.factor((1 - threshold**2 / s**2).subs(a, s + excess))).is_positive, "f falls from 0 for s < a")


@two_points.step(
    Status.PROVED,
    "the modes leave the centre as a pitchfork: x^2 = 3 (a^2 - s^2) to leading order below s = a",
    claim=3,
    wrong={"one": 1, "six": 6},
)
def pitchfork(factor):
    # x - a tanh(a x/s^2) = x (1 - a^2/s^2) + a^4 x^3/(3 s^6) + ..., with a^2 = s^2 (1 + eps) and x^2 = eps X s^2
    eps, root = sp.symbols("eps X", positive=True)
    f = sp.series(x - a * sp.tanh(a * x / s**2), x, 0, 4).removeO()
    balance = sp.expand((f / x).subs(x, s * sp.sqrt(eps * root)).subs(a, s * sp.sqrt(1 + eps)))
    leading = sp.limit(balance / eps, eps, 0)
    equal(sp.solve(leading, root)[0] * (a**2 - s**2), factor * (a**2 - s**2))


def _bimodal_below(half_distance, variance):
    """The noise at which the curvature of the density at the centre changes sign, from its definition."""

    def curvature(s):
        whole = s**2 + variance
        return mpmath.diff(
            lambda u: sum(mpmath.exp(-((u - sign * half_distance) ** 2) / (2 * whole)) for sign in (1, -1)), 0, 2
        ) * mpmath.exp(half_distance**2 / (2 * whole))

    return mpmath.findroot(curvature, (half_distance / 2, half_distance * 3 / 2), solver="anderson", tol=1e-25)


two_points.ships("theory.laws.speciation_two_gaussians", _bimodal_below, [(0.3, 0.0), (1.0, 0.0), (70.0, 0.0)])
two_points.ships(
    "theory.ErrorProneDenoiser.jacobian",
    exact_jacobian,
    [(np.array([[1.0], [-1.0]]), np.zeros(1), noise, error) for noise, error in ((0.9, 0.0), (1.0, 0.0), (0.6, 0.8))],
    call=lambda points, x, sigma, error: theory.ErrorProneDenoiser(points, error).jacobian(x, sigma),
)
