"""The generalization gap in the mean Euclidean error: evenly spaced points on a curve, validation midway.

f is any even function of the tangential error; the normal error is the same for both. Lengths are in units of d where no d
is written.
"""

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, remainder_order, true, valid_range, within
from proofs_checks.gap_norm import oracles
from theory import Circle, ErrorProneDenoiser, laws
from theory.metrics import generalization_gap_quadrature

sigma, s, d, u, q, v, A = sp.symbols("sigma s d u q v A", positive=True)
g = 2 * sp.pi / d

gap_norm_even = Entry(
    "gap-norm-even",
    "On a curve with even points the gap in the mean Euclidean error is 4 sigma^2 g q(s) E[x sin(g x)/r] to leading order, odd "
    "in q(s), and is known exactly by quadrature. In the plane the relative gap peaks at 0.185 to 0.188 d for errors from 0.19 "
    "to 0.35 d, and at 0.174 d for an error of d: the spacing sets the place.",
    simulations=("generalization_gap",),
)


@gap_norm_even.step(
    Status.PROVED,
    "any even f: a validation point midway sees the training point's field with -q for q, so the gap is odd in q; to first "
    "order it is the mean of 4 sigma^2 g q f'(u) sin(g u)",
    claim=4 * sigma**2 * g * q * sp.sin(g * u),
    wrong={
        "half, random validation": 2 * sigma**2 * g * q * sp.sin(g * u),
        "g left out": 4 * sigma**2 * q * sp.sin(g * u),
        "the cosine": 4 * sigma**2 * g * q * sp.cos(g * u),
    },
)
def first_order(claimed):
    # every term of theta_3: shifting u by d/2 multiplies cos(m g u) by (-1)^m, and so does -q for q in q^(m^2), m^2 - m even
    order = sp.Symbol("m", integer=True)
    shifted = sp.expand_trig(sp.cos(order * (g * u + sp.pi))).subs({sp.sin(sp.pi * order): 0})
    equal(shifted, (-1) ** order * sp.cos(order * g * u))
    parity = [(residue * (residue - 1)) % 2 for residue in (0, 1)]
    true(parity == [0, 0], "m^2 and m have the same parity")
    f = sp.Function("f")

    def error(nome):
        theta = 1 + 2 * sum(nome ** (n * n) * sp.cos(n * g * u) for n in (1, 2, 3))
        return f(u + sigma**2 * sp.diff(sp.log(theta), u))

    slope = sp.diff(error(-q) - error(q), q).subs(q, 0).doit()
    equal(slope * q, claimed * sp.Derivative(f(u), u))


@gap_norm_even.step(
    Status.PROVED,
    "E[x sin(g x)/r] as one integral over v: 1/r is the integral of exp(-v^2 r^2)/sqrt(pi), and both means are Gaussian",
    claim=g * A * (1 + 2 * A * v**2) ** sp.Rational(-3, 2) * sp.exp(-(g**2) * A / (2 * (1 + 2 * A * v**2))),
    wrong={
        "without the tilt of the sine": g * A * (1 + 2 * A * v**2) ** sp.Rational(-3, 2) * sp.exp(-(g**2) * A / 2),
        "the power of a norm": g
        * A
        * (1 + 2 * A * v**2) ** sp.Rational(-1, 2)
        * sp.exp(-(g**2) * A / (2 * (1 + 2 * A * v**2))),
    },
)
def one_integral(claimed):
    x, rate, length, spread, wave = sp.symbols("x beta r B w", positive=True)
    true(
        sp.integrate(sp.exp(-(v**2) * length**2), (v, -sp.oo, sp.oo)) / sp.sqrt(sp.pi) == 1 / length,
        "1/r is that integral",
    )
    # along the curve: the mean of x sin(w x) is -d/dw of the mean of cos(w x)
    cosine = sp.integrate(sp.exp(-rate * x**2) * sp.cos(wave * x), (x, -sp.oo, sp.oo)) / sp.sqrt(2 * sp.pi * A)
    mean = -sp.diff(sp.simplify(cosine), wave).subs(rate, v**2 + 1 / (2 * A)).subs(wave, g)
    equal(mean, claimed)
    normal = sp.integrate(sp.exp(-(x**2) * (v**2 + 1 / (2 * spread))), (x, -sp.oo, sp.oo)) / sp.sqrt(2 * sp.pi * spread)
    equal(sp.simplify(normal), 1 / sp.sqrt(1 + 2 * spread * v**2))


@gap_norm_even.step(
    Status.NUMERIC,
    "D = 2: place (to 0.002 d) and height (to 0.001, or to 1% if that is less) of the peak of the exact relative gap at errors "
    "from 0.19 d to d; at 0.242 d the gap of a ring of 64 points there, by quadrature with its own exact field, to 0.3%",
    claim={
        0.19: (0.185, 0.938),
        0.242: (0.188, 0.447),
        0.30: (0.186, 0.197),
        0.35: (0.185, 0.094),
        0.5: (0.180, 0.00670),
        1.0: (0.174, 2.327e-9),
    },
    wrong={
        "the squared norm's place": {0.30: (0.172, 0.197)},
        "place proportional to the error": {0.35: (0.341, 0.094)},
        "the same place at every error from 0.19 d": {1.0: (0.187, 2.327e-9)},
        "the squared norm's height": {0.30: (0.186, 0.373)},
    },
)
def peaks(table):
    noise = np.linspace(0.13, 0.35, 221)
    for error, (place, height) in table.items():
        gaps = laws.relative_gap_euclidean_even(noise, error, 1.0)
        top = int(np.argmax(gaps))
        true(abs(noise[top] - place) <= 0.002, f"a peak at {place} d (found {noise[top]:.4g} d)")
        true(abs(gaps[top] - height) <= min(0.001, 0.01 * height), f"a height of {height} (found {gaps[top]:.4g})")
    ring, error, place = Circle(1.0), 0.242, 0.188
    train, validation, spacing = ring.even(64), ring.even(64, phase=0.5), float(ring.spacing(64))
    denoiser, level = ErrorProneDenoiser(train, error * spacing), np.array([place * spacing])
    found = generalization_gap_quadrature(denoiser, train[:1], validation[:1], level, nodes=81).gap[0]
    within(found, 0.0, laws.relative_gap_euclidean_even(place, error, 1.0), systematic=3e-3)


@gap_norm_even.step(
    Status.NUMERIC,
    "D = 2: relative error of the leading order falls as q(s)^2; at the peak it is below 5% from delta = 0.235 d and below 1% "
    "from delta = 0.31 d",
    claim=(2.0, {0.05: 0.235, 0.01: 0.31}),
    wrong={"the order q": (1.0, {}), "the whole range": (2.0, {0.05: 0.1}), "1% from 0.25 d": (2.0, {0.01: 0.25})},
)
def range_of_the_leading_order(claimed):
    order, ranges = claimed
    noises = np.array([0.18, 0.2, 0.22, 0.24]) * np.sqrt(2)
    exact = laws.gap_euclidean_even(noises, noises, 1.0)
    leading = laws.gap_euclidean_even_leading(noises, noises, 1.0)
    nome = np.exp(-2 * np.pi**2 * 2 * noises**2)
    remainder_order(list(nome), [mpmath.mpf(float(x)) for x in leading / exact - 1], order, tolerance=0.15)
    error = np.arange(0.1, 0.45, 0.005)
    at_peak = [f(0.187, error, 1.0) for f in (laws.gap_euclidean_even, laws.gap_euclidean_even_leading)]
    for level, start in ranges.items():
        low, high = valid_range(*at_peak, error, level)
        true(low <= start and high == error[-1], f"{level:.0%} from delta = {start} d on (found from {low:.3f} d)")


_LEADING = [
    (*values, dims[0], dims[1])
    for *values, dims in random_inputs(
        2, 7, sigma=(0.05, 0.5), error=(0.05, 0.8), spacing=(0.7, 1.4), dims=[(1, 1), (1, 2), (1, 12), (2, 4), (3, 6)]
    )
] + [(0.3, 0.0, 1.0, 1, 2), (1e-3, 0.5, 1.0, 1, 2), (0.8, 0.1, 1.0, 1, 2), (0.2, 0.3, 1.0, 2, 4)]
gap_norm_even.ships("theory.laws.gap_euclidean_even_leading", oracles.gap_even_leading, _LEADING)


def _gap(sigma, error, spacing, ambient):
    training, validation = oracles.even_errors(sigma, error, spacing, ambient)
    return validation - training


def _relative_gap(sigma, error, spacing, ambient):
    training, validation = oracles.even_errors(sigma, error, spacing, ambient)
    return validation / training - 1


_EXACT = [
    *random_inputs(3, 6, sigma=(0.05, 0.3), error=(0.05, 0.4), spacing=(0.7, 1.4), ambient=[1, 2, 3, 5]),
    (0.2, 0.0, 1.0, 2),  # no error: a kink where the error vanishes, no normal part
    (0.2, 0.0, 1.0, 4),
    (0.05, 0.02, 1.0, 2),  # a switch between points much narrower than the noise
    (0.3, 0.6, 1.0, 2),
]
# the gap is a difference: what is left is the rounding of the errors, in either quadrature
gap_norm_even.ships("theory.laws.gap_euclidean_even", _gap, _EXACT, rtol=1e-9, atol=1e-13)
gap_norm_even.ships("theory.laws.relative_gap_euclidean_even", _relative_gap, _EXACT, rtol=1e-9, atol=1e-12)
# beyond s = 0.8 d both functions take the leading order, with the training error of the same order
_WIDE = [(0.8, 0.1, 1.0, 2), (0.3, 0.9, 1.1, 3), (0.7, 0.5, 1.0, 1)]
gap_norm_even.ships(
    "theory.laws.gap_euclidean_even", lambda *args: oracles.gap_even_leading(*args[:3], 1, args[3]), _WIDE
)


def _relative_leading(sigma, error, spacing, ambient):
    gap = oracles.gap_even_leading(sigma, error, spacing, 1, ambient)
    normal = oracles.variances(sigma, error)[2]
    return gap / (oracles.mean_norm(sigma**2, normal, 1, ambient - 1) - gap / 2)


gap_norm_even.ships("theory.laws.relative_gap_euclidean_even", _relative_leading, _WIDE)

# by default a curve in the plane
_PLANE = [(0.2, 0.3, 1.0)]
gap_norm_even.ships("theory.laws.gap_euclidean_even", lambda *args: _gap(*args, 2), _PLANE, rtol=1e-9, atol=1e-13)
gap_norm_even.ships("theory.laws.relative_gap_euclidean_even", lambda *args: _relative_gap(*args, 2), _PLANE, rtol=1e-9)
gap_norm_even.ships(
    "theory.laws.gap_euclidean_even_leading", lambda *args: oracles.gap_even_leading(*args, 1, 2), _PLANE
)
