"""The gap of independent points: two orders in c(s), any k.

Notation: a point at y is seen from x = y + sigma eps through its own kernel w = K_s(x - y)/rho, beside the others, whose
smoothed density over its mean is 1 + eta. w is of order c, eta of order sqrt(c).
"""

import functools

import mpmath
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, in_logarithms

k, rho, sigma, s, delta = sp.symbols("k rho sigma s delta", positive=True)
scale = sp.Symbol("lambda", positive=True)
c = (4 * sp.pi * s**2) ** (-k / 2) / rho
TAU = 2 * sigma**2 + delta**2
GAP = 2 * k * sigma**4 / (rho * (2 * sp.pi) ** (k / 2)) * TAU ** -(k / 2 + 1)


@functools.cache
def _normal_mean(a):
    """E e^(-a |eps|^2), eps normal in k dimensions: the k-th power of one integral."""
    z, rate = sp.Symbol("z", real=True), sp.Symbol("a", positive=True)
    line = sp.integrate(sp.exp(-(rate + sp.Rational(1, 2)) * z**2), (z, -sp.oo, sp.oo)) / sp.sqrt(2 * sp.pi)
    return sp.powsimp(line**k, force=True).subs(rate, a)


@functools.cache
def _normal_mean_of_square(a):
    """E |eps|^2 e^(-a |eps|^2)."""
    rate = sp.Symbol("b", positive=True)
    return -sp.diff(_normal_mean(rate), rate).subs(rate, a)


def _kernel_power(m):
    """w^m = (front) e^(-rate |eps|^2): (front, rate)."""
    return ((2 * sp.pi * s**2) ** (-k / 2) / rho) ** m, m * sigma**2 / (2 * s**2)


gap_iid = Entry(
    "gap-iid",
    "Independent points: G = 2 k sigma^4/(rho (2 pi)^(k/2)) (2 sigma^2 + delta^2)^-(k/2+1) [1 + c(s) A + ...]; any smooth "
    "density on a support of volume V: V/n for 1/rho.",
    simulations=("generalization_gap",),
)


@gap_iid.step(
    Status.PROVED,
    "any k, leading order in c(s): a point left out misses its own kernel, at the same noisy state",
    claim=(2 * k, k / 2 + 1),
    wrong={"k for 2k": (k, k / 2 + 1), "the exponent k/2": (2 * k, k / 2)},
)
def own_kernel(claim):
    factor, power = claim
    front, rate = _kernel_power(1)
    # -2 sigma^3 E eps.grad w, with grad w = -(sigma eps/s^2) w
    gap = 2 * sigma**4 / s**2 * front * _normal_mean_of_square(rate)
    stated = factor * sigma**4 / (rho * (2 * sp.pi) ** (k / 2)) * TAU**-power
    equal(gap, stated.subs(delta, sp.sqrt(s**2 - sigma**2)), simplify=in_logarithms)


@gap_iid.step(
    Status.PROVED,
    "any k: what the others do, E eta^2 = c(s) and E|grad eta|^2 = k c(s)/(2 s^2), by Campbell's theorem for independent "
    "points; the second is the excess of the validation error, times sigma^4",
    claim=(1, k / 2),
    wrong={"half the first": (sp.Rational(1, 2), k / 2), "k for k/2": (1, k)},
)
def sampling_noise(claim):
    of_square, of_slope = claim
    x = sp.Symbol("x", real=True)
    line = sp.exp(-(x**2) / (2 * s**2)) / sp.sqrt(2 * sp.pi * s**2)
    square = sp.integrate(line**2, (x, -sp.oo, sp.oo))
    slope = sp.integrate(sp.diff(line, x) ** 2, (x, -sp.oo, sp.oo))
    equal(square**k / rho, of_square * c, simplify=in_logarithms)
    equal(k * slope * square ** (k - 1) / rho, of_slope * c / s**2, simplify=in_logarithms)


@gap_iid.step(
    Status.PROVED,
    "any k: the field beside the own kernel to order c^2, one component of each gradient, averaged over the others",
    claim=(1, sp.Rational(1, 2), 2, 1),
    wrong={
        "without E eta^2": (0, sp.Rational(1, 2), 2, 1),
        "w^2 for w^2/2": (1, 1, 2, 1),
        "without the change of |grad eta|^2": (1, sp.Rational(1, 2), 0, 1),
        "the sign of |grad w|^2": (1, sp.Rational(1, 2), 2, -1),
    },
)
def field_to_second_order(claim):
    of_noise, of_square, of_slope, of_own = claim
    w, h, eta, g, var, slope = sp.symbols("w h eta g C Gamma", real=True)  # h, g: components of grad w, grad eta
    without = scale * g / (1 + scale * eta)
    with_own = (scale * g + scale**2 * h) / (1 + scale * eta + scale**2 * w)

    def averaged(expression):
        series = sp.Poly(sp.series(expression, scale, 0, 5).removeO().expand().coeff(scale, 4), eta, g)
        second = {(2, 0): var, (0, 2): slope, (1, 1): 0, (0, 0): 1}  # E eta grad eta = grad E eta^2/2 = 0
        return sum(coefficient * second[m] for m, coefficient in series.terms())

    equal(averaged(with_own - without), of_noise * var * h - 2 * of_square * w * h)  # grad [C w - w^2/2]
    equal(averaged(with_own**2 - without**2), of_own * h**2 - of_slope * w * slope)


@gap_iid.step(
    Status.PROVED,
    "any k: the next order, G/G_leading = 1 + c(s) A, by Gaussian integrals of those terms",
    claim=(1, sp.Rational(1, 2), sp.Rational(1, 2), sp.Rational(1, 2)),
    wrong={
        "tau^2/s^2 for half of it": (1, 1, sp.Rational(1, 2), sp.Rational(1, 2)),
        "(tau/kappa)^(k+2) for half of it": (1, sp.Rational(1, 2), 1, sp.Rational(1, 2)),
        "sigma^2/s^2 for half of it": (1, sp.Rational(1, 2), sp.Rational(1, 2), 1),
        "without the 1": (0, sp.Rational(1, 2), sp.Rational(1, 2), sp.Rational(1, 2)),
    },
)
def next_order(claim):
    one, of_tau, of_ratio, of_noise = claim
    (front, rate), (front_2, rate_2) = _kernel_power(1), _kernel_power(2)
    leading = 2 * sigma**4 / s**2 * front * _normal_mean_of_square(rate)
    # -2 sigma^3 E eps.grad [C w - w^2/2] - sigma^4 E [|grad w|^2 - 2 w E|grad eta|^2], C = c, E|grad eta|^2 = k c/(2 s^2)
    squares = front_2 * _normal_mean_of_square(rate_2)
    terms = [
        (c * leading, one),
        (sigma**4 * k * c / s**2 * front * _normal_mean(rate), of_tau * (sigma**2 + s**2) / s**2),
        (-2 * sigma**4 / s**2 * squares, -of_ratio * _ratio()),
        (-(sigma**6) / s**4 * squares, -of_ratio * _ratio() * of_noise * sigma**2 / s**2),
    ]
    for found, stated in terms:
        equal(found, stated * c * leading, simplify=in_logarithms)


def _ratio():
    """(tau/kappa)^(k+2), tau^2 = 2 sigma^2 + delta^2 = sigma^2 + s^2, kappa^2 = sigma^2 + s^2/2."""
    return (2 * (sigma**2 + s**2) / (2 * sigma**2 + s**2)) ** (k / 2 + 1)


@gap_iid.step(
    Status.PROVED,
    "any k and smooth density: its gradient has no effect of first order, since that is odd in eps; the average of 1/rho "
    "over training points is V/n",
    claim=(-1, 1),
    wrong={"even in eps": (1, 1), "1/n for V/n": (-1, 0), "V^2/n": (-1, 2)},
)
def smooth_density(claim):
    parity, power = claim
    lam, first, rest, a = sp.symbols("l e_1 r a", real=True)  # a: slope of the log density; rest: of eps across it

    def own(lam, first):
        """w/f at x = lam sigma eps, to first order in the slope."""
        return sp.exp(-((lam * sigma) ** 2) * (first**2 + rest**2) / (2 * s**2)) * (1 - a * lam * sigma * first)

    def change(first):
        along = -2 * sigma**2 * sp.diff(own(lam, first), lam).subs(lam, 1)  # -2 sigma^3 eps.grad (w/f)
        return along - 2 * sigma**3 * a * sp.diff(own(1, first), first)  # and -2 sigma^4 grad ln f . grad (w/f)

    slopes = sp.diff(change(first), a).subs(a, 0)
    equal(slopes, parity * slopes.subs(first, -first))
    n, volume, y = sp.symbols("n V y", positive=True)
    f = sp.Function("f", positive=True)(y)
    equal(sp.integrate(f * (1 / (n * f)), (y, 0, volume)), volume**power / n)


def _radial_mean(f, dim, rate):
    """E f(|eps|^2) for an f that falls as e^(-rate |eps|^2), to 20 digits: the trapezoidal rule in ln |eps|."""
    width, step, half = 1 / mpmath.sqrt(2 * rate + 1), mpmath.mpf(1) / 10, mpmath.mpf(dim) / 2
    nodes = [width * mpmath.exp(i * step) for i in range(-500 // dim, 25)]
    total = mpmath.fsum(r**dim * mpmath.exp(-(r**2) / 2) * f(r**2) for r in nodes)
    return 2 * step * total / (2**half * mpmath.gamma(half))


def both_orders(sigma, error, density, dim):
    """Leading and next order of G/sigma^4 from its definition, by quadrature over the noise."""
    square = sigma**2 + error**2
    width = (4 * mpmath.pi * square) ** (-mpmath.mpf(dim) / 2) / density

    def own(e):
        return mpmath.exp(-(sigma**2) * e / (2 * square)) / (2 * mpmath.pi * square) ** (mpmath.mpf(dim) / 2) / density

    # eps.grad w = -sigma |eps|^2 w/s^2
    rate = sigma**2 / (2 * square)
    leading = 2 / square * _radial_mean(lambda e: e * own(e), dim, rate)
    shift = 2 / square * _radial_mean(lambda e: e * (width * own(e) - own(e) ** 2), dim, rate)
    slopes = _radial_mean(lambda e: sigma**2 * e / square**2 * own(e) ** 2 - own(e) * dim * width / square, dim, rate)
    return leading, shift - slopes


def _correction(*case):
    leading, following = both_orders(*case)
    return 1 + following / leading


def ranges(**more):
    return {"sigma": (1e-3, 20.0), "error": (1e-3, 20.0), "density": (1.0, 1e4), "dim": [1, 2, 3, 5]} | more


_gap_corners = [(0.3, 0.0, 40.0, 1), (0.3, 0.0, 2.0, 3), (1e-6, 1.0, 5.0, 2), (1.0, 1e-6, 5.0, 2), (30.0, 0.1, 1.0, 8)]
gap_iid.ships(
    "theory.laws.gap_iid",
    lambda sigma, *rest: sigma**4 * both_orders(sigma, *rest)[0],
    [*random_inputs(5, 6, **ranges()), *_gap_corners],
)
gap_iid.ships(
    "theory.laws.gap_iid_correction",
    _correction,
    [
        *random_inputs(6, 6, **ranges(sigma=(0.1, 3.0), error=(0.1, 3.0), density=(1.0, 10.0))),
        *_gap_corners,
        (0.0, 1.0, 5.0, 2),
    ],
    rtol=2e-13,
)
