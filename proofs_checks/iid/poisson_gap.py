"""The gap of independent points at any number inside the kernel: averages over shot noise without expansion.

Lengths enter as v = |x - y|^2/(2 s^2); the smoothed density is X = sum_j e^(-v_j) up to a factor, and a training point adds
e^(-a g) to it at its own noisy state, a = sigma^2/s^2, g = |eps|^2/2.
"""

import math

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, in_logarithms
from proofs_checks.iid.gap_orders import GAP
from theory import laws

k, rho, sigma, s, delta, u, g = sp.symbols("k rho sigma s delta u g", positive=True)

gap_poisson = Entry(
    "gap-poisson",
    "Independent points at any c(s): G = (2 sigma^4/s^2) int e^(-N A) [(k/2) N A (1 - M) + (1 - a) Q] du/u, exactly; the "
    "validation error is k sigma^2 delta^2/s^2 + (sigma^4/s^2) k N int A e^(-N A) du/u.",
    simulations=("generalization_gap",),
)


@gap_poisson.step(
    Status.PROVED,
    "the mean logarithm of any positive X with one more term v: ln(X + v) - ln X = int e^(-u X) (1 - e^(-u v)) du/u",
    claim=1,
    wrong={"half of it": sp.Rational(1, 2)},
)
def logarithm(factor):
    x, v = sp.symbols("X v", positive=True)
    # both sides vanish at v = 0; their slopes in v
    slope = sp.integrate(sp.diff(sp.exp(-u * x) * (1 - sp.exp(-u * v)) / u, v), (u, 0, sp.oo))
    equal(slope, factor * sp.diff(sp.log(x + v) - sp.log(x), v))


@gap_poisson.step(
    Status.PROVED,
    "any k: n independent points of density rho in a volume that grows; E e^(-u X) = e^(-N A(u)), N = rho (2 pi s^2)^(k/2), "
    "A = int v^(k/2-1) (1 - exp(-u e^-v)) dv/Gamma(k/2)",
    claim=(1, k / 2),
    wrong={"2 N": (2, k / 2), "the exponent k": (1, k)},
)
def laplace_transform(claim):
    factor, power = claim
    n, hole, v = sp.symbols("n B v", positive=True)  # B: int (1 - e^(-u K)) over space
    equal(sp.limit((1 - rho * hole / n) ** n, n, sp.oo), sp.exp(-rho * hole))
    radius = s * sp.sqrt(2 * v)
    shell = 2 * sp.pi ** (k / 2) / sp.gamma(k / 2) * radius ** (k - 1) * sp.diff(radius, v)
    measure = factor * (2 * sp.pi * s**2) ** power * v ** (k / 2 - 1) / sp.gamma(k / 2)
    equal(
        shell, measure, simplify=lambda e: sp.expand_log(sp.log(-e.args[0] / e.args[1]), force=True).expand().simplify()
    )


@gap_poisson.step(
    Status.PROVED,
    "any k: both errors as slopes of mean logarithms, [gap-likelihood], under the integral",
    claim=(k / 2, 1),
    wrong={"k N for k N/2": (k, 1), "without the change of a": (k / 2, 0)},
)
def slopes(claim):
    of_count, of_own = claim
    square = sp.Symbol("S", positive=True)  # sigma^2, delta fixed
    a, count = square / (square + delta**2), rho * (2 * sp.pi * (square + delta**2)) ** (k / 2)
    smooth = sp.Function("A", positive=True)(u)
    integrand = sp.exp(-count * smooth) * (1 - sp.exp(-u * sp.exp(-a * g))) / u  # of CE_val - CE_train, before E over g
    seen = u * sp.exp(-a * g)
    stated = of_count * count * smooth * (1 - sp.exp(-seen)) + of_own * (1 - a) * g * seen * sp.exp(-seen)
    front = 2 * square**2 / (square + delta**2)
    equal(-2 * square**2 * sp.diff(integrand, square), front * sp.exp(-count * smooth) * stated / u)
    # validation: CE = (k/2) ln s^2 - int (e^-u - e^(-N A)) du/u + ..., error k sigma^2 - 2 sigma^4 dCE/d sigma^2
    entropy = k / 2 * sp.log(square + delta**2)
    smooth_part = k * square - 2 * square**2 * sp.diff(entropy, square)
    equal(smooth_part, k * square * delta**2 / (square + delta**2))
    slope = -2 * square**2 * sp.diff(sp.exp(-count * smooth) / u, square)
    equal(slope, front * of_count * count * smooth * sp.exp(-count * smooth) / u)


@gap_poisson.step(
    Status.PROVED,
    "any k: many points inside the kernel, N -> infinity, give the leading order of [gap-iid]",
    claim=1,
    wrong={"twice": 2},
)
def many_points(factor):
    a = sigma**2 / s**2
    count, b = sp.symbols("N b", positive=True)
    gamma = g ** (k / 2 - 1) * sp.exp(-g) / sp.gamma(k / 2)
    own = sp.integrate(gamma * sp.exp(-b * g), (g, 0, sp.oo))  # A = u, 1 - M = u E e^(-a g), Q = u E g e^(-a g)
    integrand = k / 2 * count * u * own - (1 - b) * sp.diff(own, b)
    total = sp.integrate(sp.expand(integrand * sp.exp(-count * u)), (u, 0, sp.oo))
    total = sp.simplify(total * (1 + b) ** (k / 2 + 1)) * (1 + b) ** -(k / 2 + 1)
    total = 2 * sigma**4 / s**2 * total.subs({b: a, count: rho * (2 * sp.pi * s**2) ** (k / 2)})
    equal(total, factor * GAP.subs(delta, sp.sqrt(s**2 - sigma**2)), simplify=in_logarithms)


def _plane(sigma, error, density, value):
    """k = 2, where A(u) = Ein(u) and M = u^(-1/a) gamma(1/a, u)/a: int of value(N A, 1 - M) du/u in ln u."""
    square = sigma**2 + error**2
    a, count = sigma**2 / square, density * 2 * mpmath.pi * square

    def integrand(y):
        w = mpmath.exp(y)
        smooth = mpmath.euler + y + mpmath.e1(w) if y > -25 else w
        seen = w / (1 + a) if y < -25 else 1 - mpmath.gammainc(1 / a, 0, w) / (a * w ** (1 / a))
        return value(count * smooth, seen)

    centre = -mpmath.log(max(count, 1))
    cuts = [centre - 60, centre - 12, centre - 4, centre, centre + 4, 10 + 60 / count]
    return mpmath.quad(integrand, cuts, maxdegree=6)


def _gap_in_the_plane(sigma, error, density):
    def likelihood_gap(square):
        return _plane(mpmath.sqrt(square), error, density, lambda na, seen: mpmath.exp(-na) * seen)

    with mpmath.workdps(22):
        return -2 * sigma**4 * mpmath.diff(likelihood_gap, sigma**2, h=sigma**2 * mpmath.mpf(10) ** -7)


def _training_in_the_plane(sigma, error, density):
    with mpmath.workdps(20):
        square = sigma**2 + error**2
        excess = 2 * sigma**4 / square * _plane(sigma, error, density, lambda na, seen: na * mpmath.exp(-na))
    return 2 * sigma**2 * error**2 / square + excess - _gap_in_the_plane(sigma, error, density)


def _gap_on_a_grid(sigma, error, density, dim):
    """-2 sigma^4 times a difference quotient of the likelihood gap, sums over distances in place of v and g; to 1e-9."""
    x = np.arange(0.5, 900) / 30
    shell = 2 * np.pi ** (dim / 2) / math.gamma(dim / 2) * x ** (dim - 1) / 30

    def likelihood_gap(square):
        s2 = square + error**2
        y = np.linspace(-36, 400, 2001)
        fallen = np.exp(y[:, None] - x**2 / 2)  # x = |x - y|/s
        smooth = density * s2 ** (dim / 2) * -np.expm1(-fallen) @ shell
        own = np.exp(y[:, None] - square / s2 * x**2 / 2)
        seen = -np.expm1(-own) @ (shell * np.exp(-(x**2) / 2) / (2 * np.pi) ** (dim / 2))
        return np.sum(np.exp(-smooth) * seen) * (y[1] - y[0])

    sigma, error, density = float(sigma), float(error), float(density)
    h = 0.02 * sigma**2
    (a, b, c, d, e, f) = (likelihood_gap(sigma**2 + m * h) for m in (-3, -2, -1, 1, 2, 3))
    return -2 * sigma**4 * (45 * (d - c) - 9 * (e - b) + f - a) / (60 * h)


gap_poisson.ships(
    "theory.laws.gap_poisson",
    _gap_in_the_plane,
    [(0.5, 0.7, 3.0), (0.05, 0.0, 20.0)],
    rtol=1e-11,
    call=lambda *case: laws.gap_poisson(*case, 2),
)
# odd k: midpoints of an even integrand, exact but for the difference quotient
gap_poisson.ships(
    "theory.laws.gap_poisson",
    _gap_on_a_grid,
    [(0.5, 0.7, 3.0, 1), (0.4, 0.0, 2.0, 1), (0.6, 0.4, 2.0, 3)],
    rtol=1e-7,
)
gap_poisson.ships(
    "theory.laws.training_error_poisson",
    _training_in_the_plane,
    [(0.5, 0.4, 1.5)],
    rtol=1e-11,
    call=lambda *case: laws.training_error_poisson(*case, 2),
)
