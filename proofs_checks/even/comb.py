"""Evenly spaced points on a line or a ring: the smoothed density, the flow to it, and how model error moves end points.

Modes have a symbolic wave number m, the ring any number n of points. The spacing is d.
"""

import jax
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.even import images
from proofs_checks.even.modes import characteristic, d, debye, delta, k, m, n, period_mean, q, s, u, w, x
from proofs_checks.evidence import equal, true

z = sp.Symbol("z", positive=True)
j = sp.Symbol("j", integer=True, nonnegative=True)

theta = Entry(
    "theta",
    "The smoothed comb has the density theta_3(pi u/d, q(s))/d on its cell; that of n points on a ring is a sum of I_mn.",
    simulations=("phase_diagram",),
)


@theta.step(
    Status.PROVED,
    "Fourier coefficient of the comb at any wave number m: the sum over points unfolds the cell into the line",
    claim=lambda m: debye(s) ** (m**2),
    wrong={
        "q^m for q^(m^2)": lambda m: debye(s) ** m,
        "s for s sqrt 2": lambda m: debye(s) ** (m**2 / 2),
        "the kernel of -s^2": lambda m: debye(s) ** (-(m**2)),
    },
)
def poisson(coefficient):
    # (1/d) sum_j int_cell N(u - jd) cos = (1/d) int_line N cos
    equal(characteristic().subs(w, 2 * sp.pi * m * s / d), coefficient(m))


@theta.step(
    Status.PROVED,
    "harmonic of order m of exp(z cos t), any m: the power of w in exp(z w/2) exp(z/(2 w)), w = exp(i t)",
    claim=sp.besseli,
    wrong={"J for I": sp.besselj, "half the order": lambda m, z: sp.besseli(m / 2, z)},
)
def harmonics(function):
    product = (z / 2) ** (j + m) / sp.factorial(j + m) * (z / 2) ** j / sp.factorial(j)
    equal(sp.Sum(product, (j, 0, sp.oo)).doit(), function(m, z))


@theta.step(
    Status.PROVED,
    "any n: the mean of exp(2 pi i m j/n) over the points j is 1 for the multiples m of n, and 0 for all other m",
    claim=(1, 0),
    wrong={"no mean but the sum": (n, 0), "other orders survive": (1, 1 / n)},
)
def survivors(claims):
    of_multiples, of_others = claims
    root = sp.exp(2 * sp.pi * sp.I * k * n / n)
    equal(sp.Sum(root**j, (j, 0, n - 1)).doit() / n, of_multiples)
    w = sp.Symbol("root")
    geometric = sp.Sum(w**j, (j, 0, n - 1)).doit().args[1].expr  # for w != 1
    equal(geometric * (1 - w), 1 - w**n)
    mean = sp.simplify((geometric * (1 - w)).subs(w, sp.exp(2 * sp.pi * sp.I * m / n)))  # 1 - w is not 0
    true(sp.simplify(mean - of_others) == 0, "the mean over the points of an order that n does not divide")


@theta.step(
    Status.PROVED,
    "chi^2 = mean of (theta_3 - 1)^2 = theta_3(0, q^2) - 1, mode by mode",
    claim=lambda m: 2 * q ** (2 * m**2),
    wrong={
        "the amplitude, not its square": lambda m: 2 * q ** (m**2),
        "4 for 2, the mean of cos^2 taken as 1": lambda m: 4 * q ** (2 * m**2),
    },
)
def parseval(term):
    wave = 2 * q ** (m**2) * sp.cos(m * x)
    equal(period_mean(wave**2), term(m))
    true(period_mean(sp.cos(m * x) * sp.cos((m + k) * x)) == 0, "different modes are orthogonal")


def _chi_square(error, spacing, dim=1):
    # the overlap of the comb with itself: Gaussians of variance 2 error^2 about the points
    return images.density(mpmath.mpf(0), mpmath.sqrt(2) * error / spacing) ** dim - 1


# the chi-square is a difference from 1: absolute rounding
theta.ships(
    "theory.laws.chi_square_even",
    _chi_square,
    [
        *random_inputs(0, 6, error=(0.02, 0.6), spacing=(0.5, 1.5), dim=[1, 2, 3]),
        (0.01, 1.0, 1),
        (0.2799, 1.0),
        (0.2801, 1.0, 2),
        (3.0, 1.0, 1),
    ],
    atol=2e-15,
)


def _ring_log_density(n, radius, noise, states):
    def one(a, b):
        modulus, angle = mpmath.hypot(a, b), mpmath.atan2(b, a)
        argument = modulus * radius / noise**2
        series = mpmath.besseli(0, argument) + 2 * sum(
            mpmath.besseli(k * n, argument) * mpmath.cos(k * n * angle) for k in range(1, 9 + 60 // n)
        )
        exponent = (modulus**2 + radius**2) / (2 * noise**2)
        return mpmath.log(series) - exponent - mpmath.log(2 * mpmath.pi * noise**2)

    return [one(a, b) for a, b in states]


theta.ships(
    "theory.EmpiricalDenoiser",
    _ring_log_density,
    [(n, 1.3, noise, np.random.default_rng(n).normal(size=(3, 2))) for n, noise in [(1, 0.8), (5, 0.3), (5, 2.0)]],
    rtol=1e-12,  # of log densities that are sums of rounded exponents up to 40
    call=lambda n, radius, noise, states: theory.EmpiricalDenoiser(theory.Circle(radius).even(n)).log_density(
        states, noise
    ),
)

transport = Entry(
    "transport",
    "The tangential flow keeps u_inf = u + (d/pi) sum_m (q^(m^2)/m) sin(2 pi m u/d), the cumulated density: the monotone map.",
    simulations=("flow_field",),
)


def _rearranged(power=1, amplitude=1):
    def position(u, s):
        term = debye(s) ** (m**2) / m**power * sp.sin(2 * sp.pi * m * u / d)
        return u + d * amplitude / sp.pi * sp.Sum(term, (m, 1, n))

    return position


@transport.step(
    Status.PROVED,
    "any partial sum: u_inf(u) has the slope theta_3, fixes both ends of the cell, and is constant where du/ds = -s d ln p/du",
    claim=_rearranged(),
    wrong={
        "1/m^2 for 1/m": _rearranged(2),
        "half the displacement": _rearranged(amplitude=sp.Rational(1, 2)),
        "the inverse displacement": _rearranged(amplitude=-1),
    },
)
def solves_the_flow(position):
    density = (1 + 2 * sp.Sum(debye(s) ** (m**2) * sp.cos(2 * sp.pi * m * u / d), (m, 1, n))) / d
    along = sp.diff(position(u, s), u)
    equal(along, d * density, simplify=lambda e: sp.simplify(sp.expand(e.doit())))
    # the velocity that keeps it constant is that of the flow
    equal(
        -sp.diff(position(u, s), s) / along,
        -s * sp.diff(sp.log(density), u),
        simplify=lambda e: sp.simplify((e * density).expand().doit()) if n in e.free_symbols else e,
    )
    for end in (0, d / 2):
        true(sp.simplify(position(end, s).doit() - end) == 0, "the ends of the cell stay")


def _to_infinity(position, noise, spacing):
    """The mass of the comb between its point 0 and the position, by the error functions of its Gaussians."""
    ratio, place = noise / spacing, position / spacing
    if ratio == 0:
        nearest = mpmath.nint(place)
        return spacing * (nearest + mpmath.sign(place - nearest) / 2)
    sites = range(int(-16 * ratio - abs(place)) - 2, int(16 * ratio + abs(place)) + 3)
    return spacing * sum(mpmath.ncdf(place, k, ratio) - mpmath.ncdf(0, k, ratio) for k in sites)


def _from_infinity(position, noise, spacing):
    nearest = spacing * mpmath.nint(position / spacing)
    if noise == 0:
        return nearest
    target, root, width = position - nearest, mpmath.mpf(0), spacing / 2
    for _ in range(10):
        width /= 2
        root += width if _to_infinity(root, noise, spacing) < target else -width
    for _ in range(6):
        slope = images.density(root / spacing, noise / spacing)
        root -= (_to_infinity(root, noise, spacing) - target) / slope
    return nearest + root


_PLACES = [
    (0.13, 0.01, 1.0),
    (0.004, 0.01, 1.0),
    (2.31, 0.2499, 1.0),
    (-1.87, 0.2501, 1.0),
    (0.4999, 0.3, 1.0),
    (0.77, 3.0, 0.9),
    (-3.3, 0.0, 1.0),
]

# the map is a sum of error functions of order 1: absolute rounding in units of the spacing
transport.ships(
    "theory.laws.transport_even",
    _to_infinity,
    [*random_inputs(1, 8, position=(-3, 3), noise=(0.03, 1.0), spacing=(0.5, 2.0)), *_PLACES],
    atol=1e-15,
)
transport.ships(
    "theory.laws.transport_even_inverse",
    _from_infinity,
    [*random_inputs(2, 4, position=(-3, 3), noise=(0.03, 1.0), spacing=(0.5, 2.0)), *_PLACES],
    atol=1e-15,
)
# traced, Newton's step carries the derivatives: du/du_inf = 1/theta_3
transport.ships(
    "theory.laws.transport_even_inverse",
    lambda places, noises: [1 / images.density(_from_infinity(p, s, mpmath.mpf(1)), s) for p, s in zip(places, noises)],
    [(np.array([0.13, 0.31]), np.array([0.2, 0.4]))],
    rtol=1e-12,
    call=lambda places, noises: jax.jit(jax.grad(lambda p: theory.laws.transport_even_inverse(p, noises, 1.0).sum()))(
        places
    ),
)

pfd_comb = Entry(
    "pfd-comb",
    "End points of the error-prone and the optimal flow from shared starts: E|Phi_delta - Phi_0|^2 by a series in q(delta).",
    simulations=("trajectories",),
)


@pfd_comb.step(
    Status.PROVED,
    "both stay in one cell, the optimal one ends on its point: the second moment of the cell density, at any wave number",
    claim=lambda m: d**2 / sp.pi**2 * (-1) ** m * debye(delta) ** (m**2) / m**2,
    wrong={
        "1/m for 1/m^2": lambda m: d**2 / sp.pi**2 * (-1) ** m * debye(delta) ** (m**2) / m,
        "without the signs": lambda m: d**2 / sp.pi**2 * debye(delta) ** (m**2) / m**2,
        "half": lambda m: d**2 / (2 * sp.pi**2) * (-1) ** m * debye(delta) ** (m**2) / m**2,
    },
)
def second_moment(term):
    wave = 2 * debye(delta) ** (m**2) * sp.cos(2 * sp.pi * m * u / d) / d
    moment = sp.simplify(sp.integrate(u**2 * wave, (u, -d / 2, d / 2)))
    equal(moment.subs(m, 3), term(sp.Integer(3)))
    equal(moment, term(m))
    equal(sp.integrate(u**2 / d, (u, -d / 2, d / 2)), d**2 / 12)


@pfd_comb.step(
    Status.PROVED,
    "its slope in delta^2 is 1 - d p(d/2), so it is delta^2 to exponential accuracy for small delta, from 0 at delta = 0",
    claim=sp.Integer(1),
    wrong={"half of delta^2": sp.Rational(1, 2), "the opposite sign": sp.Integer(-1)},
)
def small_errors(slope):
    square = sp.Symbol("delta2", positive=True)
    amplitude = sp.exp(-2 * sp.pi**2 * m**2 * square / d**2)
    term = d**2 / sp.pi**2 * (-1) ** m * amplitude / m**2
    midway = 2 * amplitude * sp.cos(sp.pi * m)  # mode of d p at u = d/2; the slope is 1 - (1 + sum of modes)
    equal(sp.diff(term, square), -slope * midway)
    at_zero = sp.Sum((-1) ** m / m**2, (m, 1, sp.oo)).doit()
    equal(at_zero / sp.pi**2, -sp.Rational(1, 12))


def _displacement(error, spacing, ambient_dim=2):
    ratio = error / spacing
    series = mpmath.mpf(1) / 12
    if ratio == 0:
        series += mpmath.nsum(lambda k: (-1) ** int(k) / k**2, [1, mpmath.inf]) / mpmath.pi**2
    else:
        for k in range(1, int(3 / ratio) + 5):
            series += (-1) ** k * mpmath.exp(-2 * (mpmath.pi * k * ratio) ** 2) / (mpmath.pi * k) ** 2
    return spacing**2 * series + (ambient_dim - 1) * error**2


pfd_comb.ships(
    "theory.laws.displacement_even",
    _displacement,
    [
        *random_inputs(6, 6, error=(0.03, 1.0), spacing=(0.6, 1.5), ambient_dim=[1, 2, 5]),
        (0.01, 1.0, 1),
        (0.2499, 1.0, 1),
        (0.2501, 1.0, 1),
        (3.0, 1.0, 1),
        (0.2, 1.0),
    ],
)
pfd_comb.ships("theory.laws.displacement_even", _displacement, [(0.0, 1.0, 3)], atol=1e-40)
