"""The generalization gap of the comb to all orders, from the Fourier series of its field."""

import jax
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.even import images
from proofs_checks.even.modes import characteristic, d, debye, delta, k, m, normal, period_mean, q, s, u, w, x
from proofs_checks.evidence import equal, true

sigma, a, b = sp.symbols("sigma a b", positive=True)
r = sp.Symbol("r", integer=True, positive=True)
z = sp.Symbol("z", real=True)

gap_comb = Entry(
    "gap-comb",
    "Gap of the comb with validation midway: a double series in 1/sinh(ka), a = 2 pi^2 s^2/d^2; (32 pi^2 sigma^4/d^2) q e^-b "
    "to leading order, which peaks at d/(pi sqrt 2).",
    simulations=("generalization_gap", "phase_diagram"),
)


def _mode(k, sinh=sp.sinh, sign=-1):
    """Coefficient of sin(2 k z) in d ln theta_3/dz, z = pi u/d, q = e^-a."""
    return 2 * sign**k / sinh(k * a)


@gap_comb.step(
    Status.PROVED,
    "field d ln theta_3/dz at any wave number k, by its jump over the period i a and its one pole there",
    claim=_mode,
    wrong={
        "no signs": lambda k: _mode(k, sign=1),
        "2 a for a": lambda k: 2 * (-1) ** k / sp.sinh(2 * k * a),
        "half": lambda k: _mode(k) / 2,
        "tanh for sinh": lambda k: _mode(k, sinh=sp.tanh),
    },
)
def field_modes(mode):
    def term(m, z):
        return sp.exp(-a * m**2 + 2 * sp.I * m * z)

    quasi_period = sp.exp(a - 2 * sp.I * z)  # theta_3(z + i a) = quasi_period theta_3(z), term by term
    equal(term(m, z + sp.I * a), quasi_period * term(m + 1, z), simplify=lambda e: sp.simplify(sp.expand(e)))
    pole = sp.pi / 2 + sp.I * a / 2
    cancel = sp.simplify(sp.expand(term(m, pole) + term(-1 - m, pole)))
    true(cancel == 0, "theta_3 vanishes at pi/2 + i a/2, its terms m and -1 - m cancel")
    jump = sp.diff(sp.expand_log(sp.log(quasi_period), force=True), z)
    # round a cell of width pi and height a: the sides cancel, the top is the bottom with the jump added
    equal(-jump * sp.pi / (2 * sp.pi * sp.I), 1)  # zeros in it: that one, simple, alone
    residue = sp.exp(-2 * sp.I * k * pole)  # of field e^{-2 i k z}
    c = sp.Symbol("c")  # mean of field e^{-2 i k z} over the bottom; that of jump e^{-2 i k z} is 0
    found = sp.solve(sp.pi * c - sp.pi * c * sp.exp(2 * k * a) - 2 * sp.pi * sp.I * residue, c)[0]
    derived = 2 * sp.I * found  # c e^{2ikz} + its conjugate = 2 i c sin(2kz)
    equal(derived.subs(k, 2), mode(sp.Integer(2)), simplify=lambda e: sp.simplify(e.rewrite(sp.exp)))
    equal(derived, mode(k), simplify=lambda e: sp.simplify(sp.expand(e.rewrite(sp.exp))))


def _amplitude(k):
    """Of sin(2 pi k u/d) in D - u = sigma^2 d ln p/du."""
    return sigma**2 * sp.pi / d * _mode(k)


def _sines(one, other):
    """E sin(one eps) sin(other eps)."""
    return (characteristic().subs(w, one - other) - characteristic().subs(w, one + other)) / 2


def _linear(k, phase):
    """Of wave k in E|D - y|^2 - sigma^2 at y = phase d: 2 E sigma eps (field)."""
    wave = 2 * sp.pi * k * sigma / d
    return 2 * sigma * _amplitude(k) * sp.cos(2 * sp.pi * k * phase) * characteristic(1).subs(w, wave)


def _quadratic(k, r, phase):
    """Of the pair of waves k, r, at phase 0 or 1/2, where each is odd in the noise."""
    waves = [2 * sp.pi * number * sigma / d for number in (k, r)]
    sign = sp.cos(2 * sp.pi * k * phase) * sp.cos(2 * sp.pi * r * phase)
    return _amplitude(k) * _amplitude(r) * sign * _sines(*waves)


HALF = sp.Rational(1, 2)
_B = 2 * sp.pi**2 * sigma**2 / d**2


def _pair(k, r, factor, order=1):
    damped = sp.exp(-((k - r) ** 2) * order * _B) - sp.exp(-((k + r) ** 2) * order * _B)
    return factor * sp.pi**2 * sigma**4 / d**2 * damped / (sp.sinh(k * a) * sp.sinh(r * a))


def _single(k, factor, power=2):
    return factor * sp.pi**2 * sigma**4 / d**2 * k * sp.exp(-(k**power) * _B) / sp.sinh(k * a)


@gap_comb.step(
    Status.PROVED,
    "gap midway, any wave numbers: terms of odd k, and of pairs with k + r odd; all others vanish",
    claim=(lambda k: _single(k, 16), lambda k, r: _pair(k, r, 4)),
    wrong={
        "8 for 16": (lambda k: _single(k, 8), lambda k, r: _pair(k, r, 4)),
        "damped as k": (lambda k: _single(k, 16, power=1), lambda k, r: _pair(k, r, 4)),
        "8 for 4": (lambda k: _single(k, 16), lambda k, r: _pair(k, r, 8)),
        "the pairs' sign": (lambda k: _single(k, 16), lambda k, r: _pair(k, r, -4)),
        "half the damping of pairs": (lambda k: _single(k, 16), lambda k, r: _pair(k, r, 4, HALF)),
    },
)
def all_orders(terms):
    single, pair = terms
    odd, even = 2 * k - 1, 2 * k
    equal(_linear(odd, HALF) - _linear(odd, 0), single(odd))
    true(_linear(even, HALF) - _linear(even, 0) == 0, "even waves have no linear part in the gap")
    one, other = 2 * k - 1, 2 * r
    found = _quadratic(one, other, HALF) - _quadratic(one, other, 0)
    # times the same factor on both sides, to compare numbers of order 1
    scale = sp.sinh(one * a) * sp.sinh(other * a) * sp.exp((one - other) ** 2 * _B)
    equal(sp.expand(found * scale), sp.expand(pair(one, other) * scale))
    for parity in (0, 1):
        same = _quadratic(2 * k - parity, 2 * r - parity, HALF) - _quadratic(2 * k - parity, 2 * r - parity, 0)
        true(same == 0, "pairs of one parity have no part in the gap")


@gap_comb.step(
    Status.PROVED,
    "training error - sigma^2, any wave numbers",
    claim=(lambda k: (-1) ** k * _single(k, 8), lambda k, r: (-1) ** (k + r) * _pair(k, r, 2)),
    wrong={
        "no signs": (lambda k: _single(k, 8), lambda k, r: _pair(k, r, 2)),
        "4 for 2": (lambda k: (-1) ** k * _single(k, 8), lambda k, r: (-1) ** (k + r) * _pair(k, r, 4)),
    },
)
def training_error(terms):
    single, pair = terms
    equal(_linear(2 * k - 1, 0), single(2 * k - 1))
    equal(_linear(k, 0), single(k))
    scale = sp.sinh(k * a) * sp.sinh((k + r) * a) * sp.exp(r**2 * _B)
    equal(sp.expand(_quadratic(k, k + r, 0) * scale), sp.expand(pair(k, k + r) * scale))


def _orders(terms, highest):
    """Powers of q = e^-a up to ``highest``, over pi^2 sigma^4/d^2: 1/sinh(ka) = 2 (q^k + q^3k + ...)."""

    def inverse(sinh, power):
        number = sinh.args[0] / a
        return (2 * sum(q ** (number * order) for order in range(1, highest + 1, 2))) ** -power

    whole = sp.expand(sum(terms) * d**2 / (sp.pi**2 * sigma**4))
    in_q = whole.replace(lambda e: e.is_Pow and e.base.func == sp.sinh, lambda e: inverse(*e.args))
    in_b = sp.expand(in_q).subs(sigma, d * sp.sqrt(b / 2) / sp.pi)
    return sum(sp.expand(in_b).coeff(q, order) * q**order for order in range(highest + 1))


@gap_comb.step(
    Status.PROVED,
    "gap midway to q^4: waves up to 4 alone reach it",
    claim=32 * (q * sp.exp(-b) + 2 * q**3 * (sp.exp(-b) + sp.exp(-9 * b))),
    wrong={
        "q^3 for 2 q^3": 32 * (q * sp.exp(-b) + q**3 * (sp.exp(-b) + sp.exp(-9 * b))),
        "the sign between": 32 * (q * sp.exp(-b) + 2 * q**3 * (sp.exp(-b) - sp.exp(-9 * b))),
        "the linear part alone": 32 * (q * sp.exp(-b) + q**3 * (sp.exp(-b) + 3 * sp.exp(-9 * b))),
    },
)
def first_orders(series):
    pairs = [(1, 2), (2, 1), (1, 4), (4, 1), (2, 3), (3, 2)]
    terms = [_single(number, 16) for number in (1, 3)] + [
        _pair(one, other, 4) for one, other in pairs if one + other < 5
    ]
    equal(_orders(terms, 4), series, simplify=sp.expand)


@gap_comb.step(
    Status.PROVED,
    "uniform validation: half the leading order, and a term of order q^2 from the second harmonic, absent midway",
    claim=16 * (q * sp.exp(-b) - sp.Rational(3, 2) * q**2 * sp.exp(-4 * b)),
    wrong={
        "half to all orders": 16 * q * sp.exp(-b),
        "the whole gap": 32 * (q * sp.exp(-b) - sp.Rational(3, 2) * q**2 * sp.exp(-4 * b)),
        "without the square of the first wave": 16 * (q * sp.exp(-b) - 2 * q**2 * sp.exp(-4 * b)),
    },
)
def uniform_validation(series):
    true(period_mean(sp.cos(k * x)) == 0, "the linear part has no mean over the cell")
    # over the cell a pair has the mean E sin sin = 1/2 for k = r, else 0
    validation = _amplitude(sp.Integer(1)) ** 2 * period_mean(sp.sin(x) ** 2)
    training = _linear(sp.Integer(1), 0) + _linear(sp.Integer(2), 0) + _quadratic(sp.Integer(1), sp.Integer(1), 0)
    equal(_orders([validation, -training], 2), series, simplify=sp.expand)


@gap_comb.step(
    Status.PROVED,
    "peak of the leading order, at any error: place, and height over d^2 q(delta)",
    claim=(d / (sp.pi * sp.sqrt(2)), 8 / (sp.pi**2 * sp.E**2)),
    wrong={
        "d/(2 pi), the peak of sigma^2 e^-2b": (d / (2 * sp.pi), 8 / (sp.pi**2 * sp.E**2)),
        "8/(pi e^2)": (d / (sp.pi * sp.sqrt(2)), 8 / (sp.pi * sp.E**2)),
    },
)
def peak(claims):
    place, height = claims
    leading = 32 * sp.pi**2 * sigma**4 / d**2 * debye(delta) * debye(sigma) ** 2  # q(s) e^-b = q(delta) e^-2b
    slope = sp.simplify(sp.diff(sp.log(leading), sigma))
    equal((slope + 8 * sp.pi**2 * sigma / d**2).subs(sigma, place), (8 * sp.pi**2 * sigma / d**2).subs(sigma, place))
    equal(sp.simplify(leading.subs(sigma, place) / (d**2 * debye(delta))), height)


def _few(cross=1, square=HALF**2):
    def gap(tanh, tanh2):
        return cross * d * delta**2 * sigma**3 / s**4 * tanh + square * d**2 * sigma**4 / s**4 * tanh2

    return gap


@gap_comb.step(
    Status.PROVED,
    "s << d: midway two points are left and D* is a tanh; gap by E eps tanh and E tanh^2 of d sigma eps/(2 s^2)",
    claim=_few(),
    wrong={
        "half the cross term": _few(cross=HALF),
        "d^2/2, both points": _few(square=HALF),
        "no cross term": _few(cross=0),
    },
)
def two_points(gap):
    position, tanh, tanh2 = sp.symbols("position tanh tanh2", real=True)
    logits = [-((position - place) ** 2) / (2 * s**2) for place in (-d / 2, d / 2)]  # u from the point midway
    mean = d / 2 * (sp.exp(logits[1] - logits[0]) - 1) / (sp.exp(logits[1] - logits[0]) + 1)
    switch = sp.tanh(d * position / (2 * s**2))
    equal(mean, d / 2 * switch, simplify=lambda e: sp.simplify(sp.expand(e.rewrite(sp.exp))))
    y = sp.Symbol("y", real=True)  # tanh, in place of its function
    error = sp.expand((delta**2 * sigma * u + sigma**2 * d / 2 * y) ** 2 / s**4)
    mean_square = error.subs({u * y: tanh, y**2: tanh2, u**2: 1})
    training = sigma**2 * delta**4 / s**4  # the training point alone: D* - y = 0
    equal(sp.expand(mean_square - training), gap(tanh, tanh2), simplify=sp.expand)


@gap_comb.step(
    Status.PROVED,
    "error 0: G = (d^2/4)[1 - c sigma/d + ...] -> d^2/4, c from the integral of 1 - tanh^2 over a narrow switch",
    claim=4 / sp.sqrt(2 * sp.pi),
    wrong={"half": 2 / sp.sqrt(2 * sp.pi), "sqrt pi": 4 / sp.sqrt(sp.pi)},
)
def without_error(coefficient):
    gap = _few()(0, sp.Symbol("t2")).subs({delta: 0, s: sigma})
    equal(gap, d**2 / 4 * sp.Symbol("t2"))
    width = 2 * sigma / d  # tanh(eps/width); normal density at 0 times the integral of 1 - tanh^2
    lost = normal(0, 1) * width * (sp.limit(sp.tanh(u), u, sp.oo) - sp.limit(sp.tanh(u), u, -sp.oo))
    equal(sp.diff(sp.tanh(u), u), 1 - sp.tanh(u) ** 2)
    equal(lost, coefficient * sigma / d)


def _roughness(power=4, factor=HALF):
    return lambda k: factor * (2 * sp.pi * sigma / d) ** power * k**2 / sp.sinh(k * a) ** 2


@gap_comb.step(
    Status.PROVED,
    "roughness of the field: mean over the cell of (dD/du)^2 - 1 at any wave number, and its form for s << d",
    claim=(_roughness(), sp.Rational(1, 6)),
    wrong={
        "sigma^2 for sigma^4": (_roughness(2), sp.Rational(1, 6)),
        "no mean of cos^2": (_roughness(factor=1), sp.Rational(1, 6)),
        "1/3, of the switch's derivative alone": (_roughness(), sp.Rational(1, 3)),
    },
)
def roughness(claims):
    term, few = claims
    slope = sp.diff(_amplitude(k) * sp.sin(2 * sp.pi * k * u / d), u)  # of D - u
    in_x = slope.subs(u, d * x / (2 * sp.pi))
    equal(period_mean(in_x**2), term(k))
    # s << d: dD/du = delta^2/s^2 + (sigma^2/s^2) d/du (d/2) tanh(d u/(2 s^2)), u from midway
    y = sp.Symbol("y", real=True)  # tanh, for du = (2 s^2/d) dy/(1 - y^2)
    steep = d / 2 * d / (2 * s**2) * (1 - y**2)
    first, second = (sp.integrate(sp.cancel(f * 2 * s**2 / d / (1 - y**2)), (y, -1, 1)) / d for f in (steep, steep**2))
    equal(first, 1)
    equal(second, few * d**2 / s**2)


def _scaled(function):
    """In units of the spacing."""
    return lambda sigma, error, spacing: spacing**2 * function(sigma / spacing, error / spacing)


@_scaled
def _gap(sigma, error):
    # enough digits for a difference of order q(s) between two errors of order sigma^2
    accuracy = images.EXPONENT + int(2 * mpmath.pi**2 * (sigma**2 + error**2))
    return images.denoising_error(sigma, error, MIDWAY, accuracy) - images.denoising_error(sigma, error, 0, accuracy)


@_scaled
def _training_error(sigma, error):
    return images.denoising_error(sigma, error, 0)


MIDWAY = mpmath.mpf(1) / 2
_NOISES = [
    *random_inputs(0, 4, sigma=(0.05, 0.6), error=(0.05, 0.5), spacing=(0.8, 1.2)),
    (0.03, 0.0519, 1.0),
    (0.03, 0.05197, 1.0),
    (0.0601, 0.0, 1.0),
    (0.03, 0.01, 1.0),
    (0.001, 0.01, 1.0),
    (0.02, 0.7, 1.0),
    (0.0, 0.3, 1.0),
    (0.0, 0.0, 1.0),
]

gap_comb.ships("theory.laws.gap_even", _gap, [*_NOISES, (0.9, 0.4, 1.0)])
# a difference from sigma^2, which without error vanishes: absolute rounding in units of sigma^2
gap_comb.ships("theory.laws.training_error_even", _training_error, [*_NOISES, (3.0, 0.1, 1.0)], atol=1e-16)


def _series_gap(sigma, error, spacing):
    """The stated series, for noise where the gap is below the digits of the two errors."""
    alpha, beta = (2 * (mpmath.pi / spacing) ** 2 * square for square in (sigma**2 + error**2, sigma**2))
    waves = range(1, 9)
    single = sum(number * mpmath.exp(-(number**2) * beta) / mpmath.sinh(number * alpha) for number in waves[::2])
    pairs = sum(
        (mpmath.exp(-((one - other) ** 2) * beta) - mpmath.exp(-((one + other) ** 2) * beta))
        / (mpmath.sinh(one * alpha) * mpmath.sinh(other * alpha))
        for one in waves
        for other in waves
        if (one + other) % 2
    )
    return (4 * single + pairs) * 4 * (mpmath.pi * sigma**2 / spacing) ** 2


gap_comb.ships("theory.laws.gap_even", _series_gap, [(2.0, 2.2, 1.0), (0.5, 3.0, 0.9), (1.0, 0.5, 1.0)])


def _leading(sigma, error, spacing):
    q = mpmath.exp(-2 * (mpmath.pi / spacing) ** 2 * (sigma**2 + error**2))
    return 32 * (mpmath.pi * sigma**2 / spacing) ** 2 * q * mpmath.exp(-2 * (mpmath.pi * sigma / spacing) ** 2)


# relative error of an exponential of a rounded exponent up to 200
gap_comb.ships(
    "theory.laws.gap_even_leading",
    _leading,
    [*random_inputs(1, 5, sigma=(0.01, 1.0), error=(0.01, 3.0), spacing=(0.9, 1.5)), (0.2, 0.0, 1.0)],
)


def _relative(sigma, error, spacing, dim=1, ambient_dim=2):
    training = _training_error(sigma, error, spacing)
    normal_part = (ambient_dim - dim) * sigma**2 * error**4 / (sigma**2 + error**2) ** 2
    return dim * _gap(sigma, error, spacing) / (dim * training + normal_part)


_KEPT = _NOISES[:6] + _NOISES[7:10]
gap_comb.ships(
    "theory.laws.relative_gap_even",
    _relative,
    [*_KEPT, (*_KEPT[0], 2, 4), (*_KEPT[1], 1, 1), (*_KEPT[2], 3, 3)],
    rtol=1e-12,  # of the training error, a difference from sigma^2
)
# without training error: infinite, or none where there is no gap either
gap_comb.ships(
    "theory.laws.relative_gap_even",
    lambda *case: 1 if case[0] else 2,
    [(0.02, 0.0, 1.0), (0.0, 0.3, 1.0)],
    call=lambda *case: {np.inf: 1, 0.0: 2}.get(float(theory.laws.relative_gap_even(*case))),
)


@_scaled
def _mean_square_slope(sigma, error):
    square = sigma**2 + error**2

    def slope_square(place):
        variance = images.posterior(place, mpmath.sqrt(square))[1]
        return ((error**2 + sigma**2 * variance / square) / square) ** 2

    return images.cell_mean(slope_square, square)


gap_comb.ships(
    "theory.laws.jacobian_square_even",
    lambda sigma, error, spacing: _mean_square_slope(sigma, error, spacing) / spacing**2,
    [*(case for case in _NOISES[:-1] if case[0] != 0.001), (3.0, 0.1, 1.0)],
)
gap_comb.ships(
    "theory.laws.jacobian_square_even",
    lambda *_: 1,
    [(0.0, 0.0, 1.0)],
    call=lambda *case: np.isinf(theory.laws.jacobian_square_even(*case)),
)
# compiled, both branches in one program
gap_comb.ships(
    "theory.laws.gap_even",
    lambda sigma, error: [_gap(*pair, mpmath.mpf(1)) for pair in zip(sigma, error, strict=True)],
    [(np.array([0.03, 0.3]), np.array([0.0519, 0.1]))],
    call=lambda sigma, error: jax.jit(theory.laws.gap_even)(sigma, error, 1.0),
)
