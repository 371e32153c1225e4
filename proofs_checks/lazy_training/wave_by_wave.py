"""The lazy regime: gradient flow with a fixed kernel learns the optimal field wave by wave, each at its own rate."""

from functools import cache

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs, resolve
from proofs_checks.evidence import equal, in_logarithms, remainder_order, true, within
from proofs_checks.iid.waves import PP, QQ, Field, Waves, add, delta, order, pair, sigma
from proofs_checks.lazy_training.trained import (
    COUNT,
    KERNELS,
    LENGTH,
    comb_order_parameter,
    descent_on_noise,
    trained_network,
)

t, rate, other_rate = sp.symbols("t lambda_p lambda_q", positive=True)
p, spacing = sp.symbols("p d", positive=True)

lazy_time = Entry(
    "lazy-time",
    "Gradient flow with a fixed kernel learns of each wave p of a weak optimal field, to leading order, the share "
    "1 - e^(-lambda_p t), which a model error sqrt(-2 ln(1 - e^(-lambda_p t)))/p would leave.",
)


def share(rate, time):
    """What the entry claims of one wave."""
    return 1 - sp.exp(-rate * time)


@lazy_time.step(
    Status.PROVED,
    "any k, any two waves of the optimal field as features, leading order in the fluctuation of the noisy data: gradient flow "
    "of the weights; rate: the transform of the kernel sum phi(x) phi(x') times the mean density",
    claim=share,
    wrong={
        "half the rate": lambda rate, time: share(rate / 2, time),
        "linear in time": lambda rate, time: rate * time,
        "1/(1 + 1/(rate t)), as one power": lambda rate, time: rate * time / (1 + rate * time),
    },
)
def gradient_flow(learned):
    waves, weights = Waves(2), sp.symbols("w_p w_q", positive=True)
    parts = [part(m) for m in ((1, 0), (0, 1)) for part in (_cosine, _sine)]
    features = [_times(sp.sqrt(2 * weights[i // 2]), part) for i, part in enumerate(parts)]
    theta, optimal = sp.symbols("theta:4", real=True), sp.symbols("A:4", real=True)
    rest: Field = {}
    for phi, part, weight, amplitude in zip(features, parts, theta, optimal, strict=True):
        rest = add(add(rest, phi, order * weight), part, -order * amplitude)
    # half the mean square over the noisy data; their waves enter at third order
    noisy = waves.smoothed({**pair(sp.Symbol("a")), **pair(sp.Symbol("b"), (1, 1))}, sigma**2)
    square = waves.mean(waves.combine(rest, rest), noisy).coeff(order, 2)
    y = sp.Function("y")
    for i, part in enumerate(parts):
        seen: Field = {}
        for phi in features:  # the kernel applied to the wave
            seen = add(seen, phi, waves.mean(waves.combine(phi, part), {}))
        place = next(iter(part))
        transform = weights[i // 2]
        equal(seen[place], transform * part[place])
        speed = sp.expand(-sp.diff(square, theta[i]) / 2)
        true(speed.free_symbols & set(theta) == {theta[i]}, "waves do not mix")
        solution = sp.dsolve(sp.Eq(y(t).diff(t), speed.subs(theta[i], y(t))), y(t), ics={y(0): 0}).rhs
        equal(solution * sp.sqrt(2 * weights[i // 2]), optimal[i] * learned(transform, t))


def _cosine(m):
    return {m: sp.Rational(1, 2), (-m[0], -m[1]): sp.Rational(1, 2)}


def _sine(m):
    return {m: 1 / (2 * sp.I), (-m[0], -m[1]): -1 / (2 * sp.I)}


def _times(factor, field):
    return {m: factor * a for m, a in field.items()}


@lazy_time.step(
    Status.PROVED,
    "any wave and k: the error-prone model that leaves the share that was learned",
    claim=lambda share: sp.sqrt(-2 * sp.log(share)) / p,
    wrong={
        "without the 2": lambda share: sp.sqrt(-sp.log(share)) / p,
        "what is not yet learned": lambda share: sp.sqrt(-2 * sp.log(1 - share)) / p,
        "1/p^2": lambda share: sp.sqrt(-2 * sp.log(share)) / p**2,
    },
)
def effective_error(error):
    waves = Waves(1, (p**2, QQ, 0))
    wave = waves.smoothed(pair(1), sigma**2 + delta**2)[1, 0] / waves.smoothed(pair(1), sigma**2)[1, 0]
    learned = share(rate, t)
    equal(sp.powsimp(wave).subs(delta, error(learned)), learned)


@lazy_time.step(
    Status.PROVED,
    "limits of small and of large times t, any rate and wave: share over rate t; p^2 delta^2 over ln(1/(rate t)); "
    "p delta e^(rate t/2)",
    claim=(1, 2, sp.sqrt(2)),
    wrong={
        "half the share": (sp.Rational(1, 2), 2, sp.sqrt(2)),
        "ln without 2": (1, 1, sp.sqrt(2)),
        "p delta = e^(-rate t/2)": (1, 2, 1),
    },
)
def limits(claim):
    u = sp.Symbol("u", positive=True)  # rate t
    square = -2 * sp.log(share(1, u))
    found = (
        sp.limit(share(1, u) / u, u, 0),
        sp.limit(square / -sp.log(u), u, 0),
        sp.sqrt(sp.limit(-2 * sp.log(1 - u) / u, u, 0)),  # u = e^(-rate t)
    )
    for one, other in zip(found, claim, strict=True):
        equal(one, other)


def _gap_of(shares):
    """Gap of a field with those shares of two waves, to second order, and those waves' terms of exact recall."""
    waves, (a, b) = Waves(2), sp.symbols("A B", positive=True)
    points = {**pair(a), **pair(b, (0, 1))}  # 2 A cos(p.x) + 2 B cos(q.x), any origin of either
    learned = {m: waves.smoothed(points, sigma**2)[m] * shares[abs(m[1])] for m in points}
    errors = waves.noisy_errors(learned)
    gap = waves.mean(errors, {}) - waves.mean(errors, points)
    return gap, [order**2 * 2 * each**2 * sp.exp(-square * sigma**2) for each, square in ((a, PP), (b, QQ))]


@lazy_time.step(
    Status.PROVED,
    "any k: gap of a field of which any shares of two waves were learned, to second order in their amplitudes; weight of "
    "each wave in 2 sigma^4 times it",
    claim=lambda square, part: square * part,
    wrong={
        "the share squared": lambda square, part: square * part**2,
        "without p^2": lambda square, part: part,
        "exact recall": lambda square, part: square,
    },
)
def gap_wave_by_wave(weight):
    shares = sp.symbols("c_p c_q", positive=True)
    gap, terms = _gap_of(shares)
    stated = sum(weight(square, part) * term for square, part, term in zip((PP, QQ), shares, terms, strict=True))
    equal(gap, 2 * sigma**4 * stated, simplify=sp.expand)


@lazy_time.step(
    Status.PROVED,
    "any density of the noisy data, however uneven: what is learned to first order in time has the waves of sigma^2 grad p "
    "alone, and its gap is then the law's, any k and two waves of any size",
    claim=lambda density: sigma**2 * density,
    wrong={
        "those of sigma^2 grad ln p": lambda density: sigma**2 * sp.log(density),
        "sigma for sigma^2": lambda density: sigma * density,
    },
)
def first_order_in_time(potential):
    x = sp.Symbol("x", real=True)
    density = sp.Function("rho", positive=True)(x)
    optimal = sigma**2 * sp.diff(sp.log(density), x)  # [tweedie]
    equal(density * optimal, sp.diff(potential(density), x))
    # |f|^2 is of second order in t: the rest of the gap is linear in f, and couples each wave of it to itself
    gap, terms = _gap_of((rate * t, other_rate * t))
    stated = 2 * sigma**4 * (PP * rate * terms[0] + QQ * other_rate * terms[1])
    equal(sp.diff(gap, t).subs(t, 0), stated, simplify=sp.expand)


@lazy_time.step(
    Status.PROVED,
    "any k: rates lambda_0 e^(-p^2 l^2/2), a Gaussian kernel of width l: to first order in time the gap of independent points "
    "is lambda_0 t times that of an error-prone model; its error over l",
    claim=1,
    wrong={"l sqrt 2": sp.sqrt(2), "l/sqrt 2": 1 / sp.sqrt(2)},
)
def gaussian_kernel(error):
    k, width, start = sp.Symbol("k", positive=True), sp.Symbol("l", positive=True), sp.Symbol("lambda_0", positive=True)

    def gap(exponent):
        """int p^(k + 1) e^(-p^2 exponent), over shells."""
        return sp.integrate(p ** (k + 1) * sp.exp(-(p**2) * exponent), (p, 0, sp.oo))

    early = sp.limit(share(start * sp.exp(-(p**2) * width**2 / 2), t) / t, t, 0)  # of each wave
    exponent = sp.simplify(-sp.log(early * sp.exp(-(p**2) * sigma**2) / start) / p**2)
    equal(gap(sp.expand_log(exponent, force=True)), gap(sigma**2 + (error * width) ** 2 / 2), simplify=in_logarithms)


@lazy_time.step(
    Status.PROVED,
    "comb, any share of each noise that was learned and any harmonics k > 1, first order in the fluctuation: the order "
    "parameter is its mean by Rayleigh's law, of scale over d; for the share rate t it is the first order in time",
    claim=1 / (2 * sp.pi),
    wrong={"1/pi": 1 / sp.pi, "1/(2 pi) of its square": 1 / sp.sqrt(2 * sp.pi), "1": sp.Integer(1)},
)
def order_parameter(scale):
    u, q = sp.Symbol("u", real=True), sp.exp(-2 * sp.pi**2 * sigma**2 / spacing**2)
    j, part, next_part = sp.Symbol("j", integer=True, positive=True), *sp.symbols("c_1 c_k", positive=True)
    wave = 2 * sp.pi / spacing
    # f = sigma^2 d/du of the learned waves, and du/dsigma = -f/sigma from sigma = infinity down to 0
    learned = part * 2 * q * sp.cos(wave * u) + next_part * 2 * q ** ((j + 1) ** 2) * sp.cos((j + 1) * wave * u)
    shift = sigma * sp.diff(learned, u)
    moved = sp.expand(sp.diff(sp.cos(wave * u), u) * shift)
    found = sp.simplify(sp.integrate(moved, (u, 0, spacing)) / spacing)
    width = scale * spacing
    weight = sigma / width**2 * sp.exp(-(sigma**2) / (2 * width**2))
    equal(found, weight * part)
    equal(sp.integrate(weight, (sigma, 0, sp.oo)), 1)


@lazy_time.step(
    Status.PROVED,
    "comb, rates A p^(-alpha) at every noise: power of the number of points on a curve with which the time grows that "
    "memorizes half of them, m = 1/2; k dimensions, alpha/k",
    claim=lambda alpha, k: alpha / k,
    wrong={"whatever k": lambda alpha, k: alpha, "falls": lambda alpha, k: -alpha / k},
)
def time_of_memorization(power):
    n, alpha, k, size, volume = sp.symbols("n alpha k A V", positive=True)
    closest = (volume / n) ** (1 / k)
    time = sp.solve(sp.Eq(share(size * (2 * sp.pi / closest) ** -alpha, t), sp.Rational(1, 2)), t)[0]
    equal(sp.diff(sp.log(time), n) * n, power(alpha, k))


_TIMES = np.geomspace(0.02, 100, 60)


@cache
def _comb(kernel: str):
    """The law and what gradient flow and the flow of samples give, at `_TIMES`."""
    law = resolve("theory.laws.order_parameter_lazy")(lambda s: KERNELS[kernel](1.0, s), _TIMES, 1.0)
    return law, comb_order_parameter(KERNELS[kernel], _TIMES)


@lazy_time.step(
    Status.NUMERIC,
    "comb, gradient flow and flow of samples without expansion, five kernels: largest relative error of the order parameter "
    "up to m = 0.3, 0.5 and 1",
    claim={0.3: 0.04, 0.5: 0.06, 1.0: 0.15},
    wrong={"2% up to m = 0.5": {0.5: 0.02}, "10% at all times": {1.0: 0.1}},
)
def comb_range(errors):
    for limit, error in errors.items():
        for kernel in KERNELS:
            law, exact = _comb(kernel)
            found = np.max(np.abs(law / exact - 1)[exact <= limit])
            true(found <= error, f"within {error} up to m = {limit} where the rates are {kernel}: {found:.3g}")


@lazy_time.step(
    Status.NUMERIC,
    "comb, rates p^-2: relative remainder of the order parameter at small times, order of its rise",
    claim=1,
    wrong={"wrong at first order in time": 0, "second order": 2},
)
def comb_remainder(power):
    times = np.array([0.01, 0.02])
    law = resolve("theory.laws.order_parameter_lazy")(lambda s: 1.0, times, 1.0)
    remainder_order(times, law / comb_order_parameter(KERNELS["p^-2"], times) - 1, power)


@cache
def _descent():
    """Gaps after gradient descent on noisy data over the law's, with standard errors, at the times of `_TRAINED`."""
    law = resolve("theory.laws.gap_lazy")(2.0, _TRAINED, _WAVES, np.exp(-(_WAVES**2) / 2), COUNT / LENGTH)
    gaps, own = descent_on_noise(2.0, 1.0, _TRAINED)
    rest = (gaps - own) / law[:, None]
    return 1 + rest.mean(axis=1), rest.std(axis=1, ddof=1) / np.sqrt(rest.shape[1]), law


_WAVES, _TRAINED = np.linspace(0, 6, 601), np.array([0.5, 2.0, 4.0])


@lazy_time.step(
    Status.NUMERIC,
    "200 sets of 32 independent points on a closed line, spacing 1, sigma = 2, features of a Gaussian kernel of width 1, 64 "
    "steps of gradient descent with fresh noise: gap at lambda_0 t = 0.5, 2, 4 over the law, within 4 standard errors and 5%",
    claim=lambda time, exact: 1,
    wrong={
        "exact recall at every time": lambda time, exact: exact,
        "half the rate": lambda time, exact: _law_at(time / 2) / _law_at(time),
    },
)
def gap_of_gradient_descent(ratio):
    found, error, law = _descent()
    exact = _law_at(1e9) / law
    within(found, error, [ratio(time, each) for time, each in zip(_TRAINED, exact)], systematic=0.05)


def _law_at(time):
    return resolve("theory.laws.gap_lazy")(2.0, time, _WAVES, np.exp(-(_WAVES**2) / 2), COUNT / LENGTH)


@lazy_time.step(
    Status.NUMERIC,
    "a network of two layers, 1024 wide, all weights trained on fresh noise about three even points of a circle, "
    "sigma = 0.3 d: share of the gap of exact recall, at its own rate, within 0.03",
    claim=lambda exponent: -np.expm1(-exponent),
    wrong={
        "half the rate": lambda exponent: -np.expm1(-exponent / 2),
        "the share squared": lambda exponent: np.expm1(-exponent) ** 2,
    },
)
def wide_network(learned):
    times, gaps = trained_network(1024)
    true(np.all(np.abs(gaps - learned(times)) <= 0.03), f"the share within 0.03 of {np.round(gaps, 3)}")


lazy_time.ships(
    "theory.laws.learned_share",
    lambda rate, time: 1 - mpmath.exp(-rate * time),
    [*random_inputs(0, 8, rate=(1e-9, 1e3), time=(1e-3, 10.0)), (2.0, 0.0), (0.0, 5.0), (1e-30, 3.0), (3.0, 1e300)],
)


def _effective_error(rate, time, wave_number):
    """The root of e^(-p^2 delta^2/2) = 1 - e^(-rate t), with the digits that small shares and small rests need."""
    with mpmath.workdps(700):
        return mpmath.sqrt(-2 * mpmath.log(1 - mpmath.exp(-rate * time))) / wave_number


lazy_time.ships(
    "theory.laws.effective_error_lazy",
    _effective_error,
    [
        *random_inputs(1, 10, rate=(1e-6, 1e2), time=(1e-2, 3.0), wave_number=(0.1, 50.0)),
        *((rate, 1.0, 2.0) for rate in (1e-300, 1e-12, 0.69, 0.6931471805599453, 0.7, 40.0, 300.0)),
    ],
)


def trapezoid(sigma, time, p, rates, density, dim=1):
    """The rule on the wave numbers, over shells of volume: k p^(k - 1) times that of the unit ball."""
    ball = mpmath.pi ** (mpmath.mpf(dim) / 2) / mpmath.gamma(mpmath.mpf(dim) / 2 + 1)
    values = [
        w ** (dim + 1) * mpmath.exp(-((w * sigma) ** 2)) * (1 - mpmath.exp(-rate * time))
        for w, rate in zip(p, rates, strict=True)
    ]
    integral = mpmath.fsum((v + u) / 2 * (q - w) for v, u, w, q in zip(values, values[1:], p, p[1:]))
    return 2 * sigma**4 / density * dim * ball / (2 * mpmath.pi) ** dim * integral


def _gap_of_lorentzian(sigma, time, p, rates, density, dim):
    """Over all waves, rates 1/(1 + p^2)."""
    ball = mpmath.pi ** (mpmath.mpf(dim) / 2) / mpmath.gamma(mpmath.mpf(dim) / 2 + 1)
    integral = mpmath.quad(
        lambda w: w ** (dim + 1) * mpmath.exp(-((w * sigma) ** 2)) * -mpmath.expm1(-time / (1 + w**2)),
        [0, 1 / sigma, 3 / sigma, 6 / sigma, 14 / sigma],
    )
    return 2 * sigma**4 / density * dim * ball / (2 * mpmath.pi) ** dim * integral


_uneven = np.sort(np.random.default_rng(0).uniform(0.0, 12.0, 30))
_rates = np.random.default_rng(1).uniform(0.0, 3.0, 30)
lazy_time.ships(
    "theory.laws.gap_lazy",
    trapezoid,
    [
        *((0.3, 0.7, _uneven, _rates, 2.5, dim) for dim in (1, 2, 3, 4)),
        *((0.1, time, _uneven, _rates, 1.0, 2) for time in (0.0, 1e-9, 1e3)),
    ],
)
_even = np.linspace(0, 60, 1201)
# odd k: the integrand is even in p and has no pole near the line, so that the rule converges faster than any power
lazy_time.ships(
    "theory.laws.gap_lazy",
    _gap_of_lorentzian,
    [(0.3, 2.0, _even, 1 / (1 + _even**2), 2.0, 1), (0.5, 0.3, _even, 1 / (1 + _even**2), 0.7, 3)],
)
lazy_time.ships(
    "theory.laws.gap_lazy",
    lambda sigma, times, *rest: [trapezoid(sigma, time, *rest) for time in times],
    [(0.3, np.array([0.1, 5.0]), _uneven, _rates, 2.5)],
)


def _order_parameter_lazy(kind, rate, scale, time, spacing):
    """In v = 2 pi^2 sigma^2/d^2, int e^(-v) (1 - e^(-lambda t)) dv; in closed form where there is one."""
    factor = 2 * mpmath.pi**2 / spacing**2
    if kind == "constant":
        return 1 - mpmath.exp(-rate * time)
    if kind == "square":
        return rate * time / (factor + rate * time)
    ends = [0, *(mpmath.mpf(2) ** j for j in range(-24, 9, 2))]
    return mpmath.quad(lambda v: mpmath.exp(-v) * -mpmath.expm1(-rate * time / (1 + v / (factor * scale**2))), ends)


_RATES = {
    "constant": lambda rate, scale: lambda s: rate,
    "square": lambda rate, scale: lambda s: rate * s**2,
    "falls": lambda rate, scale: lambda s: rate / (1 + (s / scale) ** 2),
}
# what lies below 1e-9 d is 2e-17 of the whole
lazy_time.ships(
    "theory.laws.order_parameter_lazy",
    _order_parameter_lazy,
    [
        *random_inputs(
            2,
            10,
            kind=["constant", "square", "falls"],
            rate=(1e-3, 1e2),
            scale=(0.1, 1.0),
            time=(0.1, 10.0),
            d=(0.3, 3.0),
        ),
        *((kind, 1.0, 0.2, time, 1.3) for kind in _RATES for time in (1e-12, 0.0, 300.0)),
    ],
    call=lambda kind, rate, scale, *rest: resolve("theory.laws.order_parameter_lazy")(_RATES[kind](rate, scale), *rest),
)
