"""Memorization to generalization on the comb and the ring: order parameter, entropy, model error of the crossover."""

import functools

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.even import images
from proofs_checks.even.modes import LINE, characteristic, d, debye, delta, k, n, normal, period_mean, q, s, u, w, x
from proofs_checks.evidence import equal, true

R, r, X = sp.symbols("R r X", positive=True)
kappa, S = sp.symbols("kappa S", positive=True)
v = sp.Symbol("v", real=True)
i, j = sp.Symbol("i", integer=True, positive=True), sp.Symbol("j", integer=True, nonnegative=True)
N = sp.IndexedBase("N", positive=True)

debye_waller = Entry(
    "debye-waller",
    "m = E cos(n theta) over generated samples is q(delta) on the comb, a sum of two Bessel functions exactly on the ring.",
    simulations=("phase_diagram", "trajectories"),
)


@debye_waller.step(
    Status.PROVED,
    "comb: samples are jd + delta z, z normal",
    claim=debye(delta),
    wrong={
        "pi^2 for 2 pi^2": sp.sqrt(debye(delta)),
        "delta for delta^2": sp.exp(-2 * sp.pi**2 * delta / d),
        "the amplitude of the noise for that of the error": debye(s),
    },
)
def on_the_comb(value):
    wave = sp.expand_trig(sp.cos(2 * sp.pi * k + w * u))
    true(wave == sp.cos(w * u), "all points of the comb have the same phase")
    equal(characteristic().subs(w, 2 * sp.pi * delta / d), value)


def _ring(root=2, upper=1, factor=1):
    def value(n, kappa):
        orders = sp.besseli((n - 1) / 2, kappa) + sp.besseli((n + upper) / 2, kappa)
        return sp.root(2 * sp.pi * factor * kappa, root) / 2 * sp.exp(-kappa) * orders

    return value


@functools.cache
def _radial_sum():
    """E cos(n theta): I_n(rR/delta^2) as its power series, integrated over r term by term; kappa = R^2/(4 delta^2)."""
    integral = sp.integrate(r ** (2 * j + n + 1) * sp.exp(-(r**2) / (2 * delta**2)), (r, 0, sp.oo))
    term = (R / (2 * delta**2)) ** (2 * j + n) / (sp.factorial(j) * sp.gamma(j + n + 1)) * integral / delta**2
    term = sp.powsimp(sp.simplify(term.subs(R, 2 * delta * sp.sqrt(kappa))), force=True)
    return sp.exp(-2 * kappa) * sp.Sum(term, (j, 0, sp.oo)).doit()


def _two_orders(expression):
    """Bessel functions of orders (n - 1)/2 and (n + 1)/2 alone, by their recurrence."""
    order = (n + 1) / 2
    recurrence = sp.besseli(order - 1, kappa) - 2 * order / kappa * sp.besseli(order, kappa)
    return sp.simplify(
        sp.expand_func(sp.expand(sp.expand(expression).subs(sp.besseli((n + 3) / 2, kappa), recurrence)))
    )


@debye_waller.step(
    Status.PROVED,
    "ring in the plane, any n and delta: the mean over r of I_n(rR/delta^2), its power series integrated and summed",
    claim=_ring(),
    wrong={
        "I_(n+3)/2 for I_(n+1)/2": _ring(upper=3),
        "kappa for sqrt kappa": _ring(root=1),
        "pi kappa for 2 pi kappa": _ring(factor=sp.Rational(1, 2)),
    },
)
def on_the_ring(value):
    equal(_radial_sum(), value(n, kappa), simplify=_two_orders)


@debye_waller.step(
    Status.PROVED,
    "ring, X = n delta/R fixed: coefficient of (delta/R)^2, and none of delta/R, by Gaussian moments of the expanded angle",
    claim=X**4 / 6 - X**2 / 2,
    wrong={
        "the sign": X**2 / 2 - X**4 / 6,
        "X^4/3 for X^4/6": X**4 / 3 - X**2 / 2,
        "without X^2/2": X**4 / 6,
    },
)
def towards_the_comb(coefficient):
    series = sp.atan(r * u / (1 + r * v)).series(r, 0, 4).removeO()  # r = delta/R; u, v normal
    angle = sp.expand(series / r)
    wave = sp.cos(X * angle)
    orders = sp.expand(sp.Add(*(r**k / sp.factorial(k) * sp.diff(wave, r, k).subs(r, 0) for k in range(3))))
    over_v = sp.Add(orders.coeff(v, 0), orders.coeff(v, 2))  # E v = 0, E v^2 = 1
    mean = sum(_moment(term) for term in sp.Add.make_args(sp.expand(over_v)))
    equal(sp.expand(mean * sp.exp(X**2 / 2)), sp.expand(1 + r**2 * coefficient))


def _moment(term):
    """E of c u^k cos(X u), or sin for odd k."""
    power = sp.degree(term.subs({sp.cos(X * u): 1, sp.sin(X * u): 1}), u)
    wave = sp.sin(X * u) if power % 2 else sp.cos(X * u)
    return sp.simplify(term / (u**power * wave)) * characteristic(power).subs(w, X)


def _comb_cosine(error, spacing):
    ratio = error / spacing
    if ratio == 0:
        return mpmath.mpf(1)
    nodes = 2 * int(mpmath.ceil(2 / ratio)) + 20
    places = [mpmath.mpf(k) / nodes for k in range(nodes)]
    return sum(mpmath.cos(2 * mpmath.pi * place) * images.density(place, ratio) for place in places) / nodes


def _kummer(error, n, radius):
    kappa2 = radius**2 / (2 * error**2)
    factor = kappa2 ** (mpmath.mpf(n) / 2) * mpmath.gamma(mpmath.mpf(n) / 2 + 1) / mpmath.gamma(n + 1)
    return mpmath.exp(-kappa2) * factor * mpmath.hyp1f1(mpmath.mpf(n) / 2 + 1, n + 1, kappa2)


debye_waller.ships(
    "theory.laws.order_parameter_even",
    _comb_cosine,
    [
        *random_inputs(3, 6, error=(0.02, 0.8), spacing=(0.7, 1.5)),
        (0.0, 1.0),
        (0.01, 1.0),
        (1.2, 1.0),
    ],
)
debye_waller.ships(
    "theory.laws.order_parameter_ring",
    _kummer,
    [
        *(
            (error, n, radius)
            for error, n, radius in random_inputs(4, 6, error=(0.02, 2.0), n=[1, 2, 3, 12], radius=(0.5, 2.0))
        ),
        (0.01, 1, 1.0),
        (0.1, 100, 1.0),
        (0.02, 64, 1.0),
        (30.0, 2, 1.0),
    ],
    rtol=1e-12,  # of SciPy's Bessel functions
)


def _mean_cosine(samples, n, phase):
    angles = [mpmath.atan2(b, a) for a, b in samples]
    return sum(mpmath.cos(n * angle - 2 * mpmath.pi * phase) for angle in angles) / len(angles)


debye_waller.ships(
    "theory.metrics.order_parameter",
    _mean_cosine,
    [(np.random.default_rng(n).normal(size=(5, 2)), n, phase) for n, phase in [(1, 0.0), (2, 0.25), (7, 0.1)]],
)

critical_error_comb = Entry(
    "critical-error-comb",
    "m = 1/2 at delta_c = d sqrt(ln 2/(2 pi^2)); the asymptote of the effective number of points is 1 at d/sqrt(2 pi e).",
    simulations=("phase_diagram",),
)


@critical_error_comb.step(
    Status.PROVED,
    "m falls strictly from 1 to 0, and is 1/2 there",
    claim=d * sp.sqrt(sp.log(2) / (2 * sp.pi**2)),
    wrong={"without the root": d * sp.log(2) / (2 * sp.pi**2), "pi^2 for 2 pi^2": d * sp.sqrt(sp.log(2) / sp.pi**2)},
)
def half_of_the_order_parameter(critical):
    equal(debye(delta).subs(delta, critical), sp.Rational(1, 2))
    equal(sp.diff(sp.log(debye(delta)), delta), -4 * sp.pi**2 * delta / d**2)  # negative: there is one crossing


@critical_error_comb.step(
    Status.PROVED,
    "the width at which a Gaussian has the differential entropy of one cell, ln d",
    claim=d / sp.sqrt(2 * sp.pi * sp.E),
    wrong={"without e": d / sp.sqrt(2 * sp.pi), "without the root": d / (2 * sp.pi * sp.E)},
)
def entropy_edge(critical):
    equal(
        _gaussian_entropy().subs(s, critical), sp.log(d), simplify=lambda e: sp.simplify(sp.expand_log(e, force=True))
    )


@functools.cache
def _gaussian_entropy():
    """-int N ln N, term by term."""
    logarithm = sp.expand_log(sp.log(normal(u, s)), force=True)
    return sp.simplify(-sp.integrate(sp.expand(normal(u, s) * logarithm), (u, *LINE)))


def _crossing(spacing, criterion):
    if criterion == "entropy":
        ratio = mpmath.findroot(lambda e: mpmath.log(2 * mpmath.pi * mpmath.e * e**2) / 2, 0.24)
    else:
        ratio = mpmath.findroot(lambda e: _comb_cosine(e, mpmath.mpf(1)) - 0.5, 0.19, verify=False)
    return spacing * ratio


critical_error_comb.ships(
    "theory.laws.critical_error_even",
    _crossing,
    [(1.0, "order-parameter"), (0.37, "entropy"), (123.0, "order-parameter")],
)
critical_error_comb.ships("theory.laws.critical_error_even", lambda spacing: _crossing(spacing, ""), [(2.0,)])

entropy = Entry(
    "entropy",
    "Over x ~ p_hat_s, exp(E H) = sqrt(2 pi e) (s/d) exp(KL), KL = q^2 + q^4/2 + O(q^6) of the cell density against uniform.",
    simulations=("phase_diagram",),
)


@entropy.step(
    Status.PROVED,
    "any points: p H = p ln p - sum_j N_j ln N_j, integrated over a cell: E H = KL - ln d - int N ln N",
    claim=sp.sqrt(2 * sp.pi * sp.E),
    wrong={"without e": sp.sqrt(2 * sp.pi), "4 pi e, of the product of two kernels": sp.sqrt(4 * sp.pi * sp.E)},
)
def of_the_posterior(factor):
    logarithm = sp.log(N[i]) - sp.log(S)  # of the weight N_i/S, S = sum_i N_i = p
    uncertainty = -sp.Sum(sp.expand(N[i] * logarithm), (i, 1, n))  # p H
    kernels = sp.Sum(N[i] * sp.log(N[i]), (i, 1, n))
    total = sp.Sum(N[i], (i, 1, n))
    equal(uncertainty.subs(S, total), total * sp.log(total) - kernels, simplify=lambda e: sp.expand(_term_by_term(e)))
    relative = sp.Symbol("KL", positive=True)
    derived = relative - sp.log(d) + _gaussian_entropy()  # int_cell p ln p = KL(p || 1/d) - ln d
    claimed = sp.log(factor * s / d) + relative
    equal(derived, claimed, simplify=lambda e: sp.simplify(sp.expand_log(e, force=True)))


def _term_by_term(expression):
    """Sums over i taken apart, with what does not depend on i in front."""

    def split(terms):
        pairs = (term.as_independent(i) for term in sp.Add.make_args(sp.expand(terms)))
        return sum(front * sp.Sum(rest, (i, 1, n)) for front, rest in pairs)

    return expression.replace(sp.Sum, lambda terms, _: split(terms))


@entropy.step(
    Status.PROVED,
    "KL = mean of theta_3 ln theta_3, all terms below q^6",
    claim=q**2 + q**4 / 2,
    wrong={
        "half": q**2 / 2 + q**4 / 2,
        "without the fourth order": q**2,
        "the fourth order of a chi-square": q**2 - q**4 / 2,
    },
)
def divergence(series):
    f = sp.Symbol("f")  # theta_3 - 1, of first order in q
    logarithm = sp.series((1 + f) * sp.log(1 + f), f, 0, 6).removeO()
    wave = 2 * q * sp.cos(x) + 2 * q**4 * sp.cos(2 * x)
    orders = sp.expand(logarithm.subs(f, wave))
    kept = sum(orders.coeff(q, k) * q**k for k in range(6))
    equal(period_mean(kept), series)


@entropy.step(
    Status.PROVED,
    "E[1/sum w^2] over 2 sqrt(pi) s/d, all terms below q^2; sum_j N_j^2 is the comb of width s/sqrt 2",
    claim=1 + 2 * q - 6 * q ** sp.Rational(3, 2),
    wrong={"as fast as the entropy": 1 + q**2, "4 q": 1 + 4 * q - 6 * q ** sp.Rational(3, 2)},
)
def participation(series):
    equal(normal(u, s) ** 2, normal(u, s / sp.sqrt(2)) / (2 * sp.sqrt(sp.pi) * s))
    g = sp.Symbol("g", positive=True)  # sqrt q, the q of s/sqrt 2
    full, half = (2 * base * sp.cos(x) for base in (g**2, g))  # theta_3 - 1; further waves are of order g^4
    inverse = sum((-half) ** k for k in range(4))
    orders = sp.expand((1 + full) ** 3 * inverse)
    mean = period_mean(sum(orders.coeff(g, k) * g**k for k in range(4)))
    equal(mean.subs(g, sp.sqrt(q)), series)


def _entropy(noise, spacing):
    ratio = noise / spacing
    return images.normal_mean(lambda place: images.entropy(place, ratio), ratio, ratio**2)


# the mean of a logarithm of order 1, which at small s/d vanishes: absolute rounding
entropy.ships(
    "theory.laws.entropy_even",
    _entropy,
    [
        *random_inputs(5, 5, noise=(0.08, 1.5), spacing=(0.8, 1.2)),
        (0.04, 1.0),
        (0.9999, 1.0),
        (1.0001, 1.0),
        (3.0, 1.0),
    ],
    atol=1e-14,
)
