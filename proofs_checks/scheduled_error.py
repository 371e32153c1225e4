"""A model error delta(sigma) that depends on the noise: its flow, what it leaves at the end, and the comb to leading order."""

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs, resolve
from proofs_checks.evidence import equal, remainder_order, true

sigma, start, scale, eps, x = sp.symbols("sigma sigma_T c epsilon x", positive=True)
delta = sp.Function("delta", nonnegative=True)(sigma)
s_square = sigma**2 + delta**2

noise_dependent_error = Entry(
    "noise-dependent-error",
    "For two or more points an error delta(sigma) is a time change of the optimal flow only where it is constant; normal to "
    "the data it leaves sigma_T exp(-int sigma dsigma/(sigma^2 + delta^2)), so that an error c sigma^p memorizes iff p >= 1; "
    "on the comb m = (4 pi^2/d^2) int sigma q(s(sigma)) dsigma to leading order in q.",
    simulations=("error_schedules",),
)


@noise_dependent_error.step(
    Status.PROVED,
    "the flow of any delta(sigma) and any data: dx/dsigma = (sigma/s^2)(x - D*(x, s))",
    claim=sigma / s_square,
    wrong={"sigma/s": sigma / sp.sqrt(s_square), "the rate of the optimal flow, 1/sigma": 1 / sigma},
)
def equation_of_motion(rate):
    # the denoiser that is optimal for data smoothed with delta, y' = y + delta eta, x = y' + sigma eps: E[y'|x] is the
    # mean of E[y'|x, y], the posterior of a Gaussian of mean y and variance delta^2
    y, recalled = sp.symbols("y Dstar", real=True)
    of_source = (x / sigma**2 + y / delta**2) / (1 / sigma**2 + 1 / delta**2)
    true(sp.Poly(of_source, y).degree() == 1, "it is linear in y, whose posterior mean at s is D*(x, s)")
    denoised = of_source.subs(y, recalled)
    equal((x - denoised) / sigma, rate * (x - recalled))


@noise_dependent_error.step(
    Status.PROVED,
    "data of two variances along two axes: the time that serves both axes is s, and the flow keeps it only up to a defect "
    "d(s^2)/dsigma - 2 sigma, which is zero iff delta is constant",
    claim=2 * delta * delta.diff(sigma),
    wrong={
        "a defect for constant errors too": 2 * delta * delta.diff(sigma) + 2 * delta,
        "the slope of delta alone": 2 * delta.diff(sigma),
        "no defect, as if every schedule were a time change": delta**2 - delta**2,
    },
)
def time_change(defect):
    one, other = sp.symbols("l_1 l_2", positive=True)
    speed, square = sp.symbols("speed square")  # tau dtau/dsigma and tau^2 of a time tau(sigma) of the optimal flow

    def mismatch(variance):
        """(x - D*) of a Gaussian is noise^2 x/(variance + noise^2): optimal flow in tau against flow of delta(sigma)."""
        return speed * (variance + s_square) - sigma * (variance + square)

    found = sp.solve([mismatch(one), mismatch(other)], [speed, square], dict=True)
    true(len(found) == 1, "one time serves both axes")
    time, rate = found[0][square], found[0][speed]
    equal(time, s_square)
    equal(sp.diff(time, sigma) - 2 * rate, defect)


@noise_dependent_error.step(
    Status.PROVED,
    "two points at +-a: for x -> infinity both flows agree only where dln tau/dsigma = sigma/s^2, and then at x = 0 only where "
    "tau = s",
    claim=s_square,
    wrong={"the nominal noise": sigma**2, "delta^2 alone": delta**2},
)
def time_change_of_two_points(square):
    a, noise, tau_square = sp.symbols("a S tau2", positive=True)

    def recalled(noise_square):
        """D* by its definition, over the two points."""
        weights = [sp.exp(-((x - y) ** 2) / (2 * noise_square)) for y in (a, -a)]
        return a * (weights[0] - weights[1]) / (weights[0] + weights[1])

    def step(rate, noise_square):
        return rate * (x - a * sp.tanh(a * x / noise_square))

    equal(recalled(noise), a * sp.tanh(a * x / noise), simplify=lambda e: sp.simplify(e.rewrite(sp.exp)))
    # far away tanh is bounded by 1, so that step/x -> rate; near 0 the slopes decide
    rate = sigma / noise
    slopes = [sp.diff(step(each, square), x).subs(x, 0) for each, square in ((rate, tau_square), (rate, noise))]
    times = sp.solve(sp.Eq(*slopes), tau_square)
    true(len(times) == 1, "one time is left")
    equal(times[0].subs(noise, s_square), square)


@noise_dependent_error.step(
    Status.PROVED,
    "normal directions, any data and any delta(sigma): the state goes as exp(-int_sigma^sigma_T)",
    claim=sigma / s_square,
    wrong={"1/sigma, no error": 1 / sigma, "sigma/s": sigma / sp.sqrt(s_square), "the sign": -sigma / s_square},
)
def normal_spread(integrand):
    # every point has coordinate 0 there, so has D*, and x - D_delta = x (1 - delta^2/s^2)
    step = (x - delta**2 / s_square * x) / sigma
    t = sp.Symbol("t", positive=True)
    state = x * sp.exp(-sp.Integral(integrand.subs(sigma, t), (t, sigma, start)))
    equal(step / x, sp.diff(state, sigma) / state)


@noise_dependent_error.step(
    Status.PROVED,
    "delta = c sigma^(1 - eps), any c, eps, sigma_T > 0: a spread remains",
    claim=start * (1 + start ** (2 * eps) / scale**2) ** (-1 / (2 * eps)),
    wrong={
        "that of a constant error, whatever eps": start / sp.sqrt(1 + start**2 / scale**2),
        "eps for 2 eps": start * (1 + start**eps / scale**2) ** (-1 / eps),
        "c for c^2": start * (1 + start ** (2 * eps) / scale) ** (-1 / (2 * eps)),
    },
)
def power_below_one(spread):
    inside = sigma ** (2 * eps) / scale**2
    primitive = sp.log(1 + inside) / (2 * eps)
    equal(sp.diff(primitive, sigma), sigma / (sigma**2 + (scale * sigma ** (1 - eps)) ** 2))
    true(sp.limit(sp.log(1 + x / scale**2), x, 0) == 0, "the integral converges at sigma = 0")  # x = sigma^(2 eps)
    left = start * sp.exp(-primitive.subs(sigma, start))
    equal(sp.log(left), sp.log(spread), simplify=lambda e: sp.simplify(sp.expand_log(e, force=True)))


@noise_dependent_error.step(
    Status.PROVED,
    "spread against sigma -> 0 as sigma^r, delta = c sigma^p: r for p < 1, p = 1, p > 1",
    claim=(sp.S.Zero, 1 / (1 + scale**2), sp.S.One),
    wrong={
        "p = 1 keeps a spread": (sp.S.Zero, sp.S.Zero, sp.S.One),
        "p > 1 keeps a spread": (sp.S.Zero, 1 / (1 + scale**2), sp.S.Zero),
        "p < 1 memorizes": (sp.S.One, 1 / (1 + scale**2), sp.S.One),
        "c for c^2 at p = 1": (sp.S.Zero, 1 / (1 + scale), sp.S.One),
    },
)
def powers(rates):
    # dln spread/dln sigma = sigma^2/(sigma^2 + delta^2): with a limit r > 0 at sigma = 0 the integral of r dln sigma diverges
    small = sp.Symbol("small", positive=True)  # sigma^(2|p - 1|) -> 0
    for sign, claimed in zip((-1, 0, 1), rates, strict=True):
        rate = sigma**2 / (sigma**2 + (scale * sigma ** (1 + sign * eps)) ** 2)
        found = 1 / (1 + scale**2 * small**sign)
        equal(rate, found.subs(small, sigma ** (2 * eps)))
        equal(1 + sp.limit(found, small, 0), 1 + claimed)


@noise_dependent_error.step(
    Status.PROVED,
    "comb, any delta(sigma), leading order in the amplitude of q: coefficient of int sigma q(s(sigma)) dsigma",
    claim=lambda d: 4 * sp.pi**2 / d**2,
    wrong={
        "half": lambda d: 2 * sp.pi**2 / d**2,
        "without the square of pi": lambda d: 4 * sp.pi / d**2,
        "the sign": lambda d: -4 * sp.pi**2 / d**2,
    },
)
def comb_leading_order(coefficient):
    d, u, amplitude = sp.symbols("d u a", positive=True)
    q = sp.Symbol("q", positive=True)
    # p(u) = 1 + 2 sum_m q^(m^2) cos(2 pi m u/d), and du/dsigma = -sigma d ln p/du; u_0 = u_inf + a * shift + O(a^2), q = a q
    log_density = sp.log(1 + 2 * amplitude * q * sp.cos(2 * sp.pi * u / d))
    first = sp.diff(log_density, u, amplitude).subs(amplitude, 0)
    shift = first  # times int sigma q dsigma/q: the integral from sigma = inf to 0 turns the sign once more
    moved = sp.diff(sp.cos(2 * sp.pi * u / d), u) * shift / q
    mean = sp.integrate(sp.expand(moved), (u, 0, d)) / d
    equal(mean, coefficient(d))


@noise_dependent_error.step(
    Status.PROVED,
    "comb: m is odd in the amplitude of q, so the remainder is of third order: u -> u + d/2 turns the harmonics q^(k^2) as "
    "a -> -a does, for any even and any odd k",
    claim=(1, -1),
    wrong={"all keep their sign": (1, 1), "the even ones turn": (-1, 1)},
)
def comb_parity(signs):
    u, d = sp.symbols("u d", positive=True)
    j = sp.Symbol("j", integer=True, positive=True)
    for k, sign in zip((2 * j, 2 * j + 1), signs, strict=True):
        moved = sp.expand_trig(sp.cos(sp.expand(2 * sp.pi * k * (u + d / 2) / d)))
        equal(moved, sign * sp.cos(sp.expand(2 * sp.pi * k * u / d)), simplify=lambda e: sp.expand(sp.expand_trig(e)))
        true(sp.simplify((-1) ** sp.expand(k**2) - sign) == 0, "the amplitude a^(k^2) turns by the same sign")


def comb_order_parameter(schedule, starts: int = 128, steps: int = 160) -> float:
    """m at sigma -> 0 of the tangential flow on the comb of spacing 1, by Runge and Kutta's rule in ln sigma."""
    orders = np.arange(1, 9.0)[:, None]

    def slope(log_sigma, u):
        square = np.exp(2 * log_sigma)
        q = np.exp(-2 * np.pi**2 * orders**2 * (square + schedule(np.exp(log_sigma)) ** 2))
        density = 1 + 2 * np.sum(q * np.cos(2 * np.pi * orders * u), axis=0)
        return square * 4 * np.pi * np.sum(orders * q * np.sin(2 * np.pi * orders * u), axis=0) / density

    u, place, step = (np.arange(starts) + 0.5) / starts, np.log(2.5), np.log(1e-4 / 2.5) / steps
    for _ in range(steps):
        one = slope(place, u)
        two = slope(place + step / 2, u + step / 2 * one)
        three = slope(place + step / 2, u + step / 2 * two)
        four = slope(place + step, u + step * three)
        u, place = u + step * (one + 2 * two + 2 * three + four) / 6, place + step
    return float(np.mean(np.cos(2 * np.pi * u)))


FAMILIES = {
    "falls with the noise": lambda f: lambda s: f * (1 + 4 / (1 + (s / 0.2) ** 4)),
    "rises with the noise": lambda f: lambda s: f * (1 - 0.5 * np.exp(-((s / 0.1) ** 2))),
    "grows without bound": lambda f: lambda s: f * (1 + 2 * s),
}


def largest_q(schedule) -> float:
    """Largest q(s(sigma)) at any noise, on a comb of spacing 1."""
    noise = np.geomspace(1e-4, 2.5, 500)
    return float(np.exp(-2 * np.pi**2 * np.min(noise**2 + schedule(noise) ** 2)))


@noise_dependent_error.step(
    Status.NUMERIC,
    "comb: range of the leading order, largest q(s(sigma)) up to which three families of schedules are within 1% and 5%",
    claim={0.01: 0.11, 0.05: 0.25},
    wrong={"1% up to q = 0.3": {0.01: 0.3, 0.05: 0.25}, "5% up to q = 0.8": {0.01: 0.11, 0.05: 0.8}},
)
def comb_range(range_of):
    law = resolve("theory.laws.order_parameter_schedule")
    for level, limit in range_of.items():
        for name, family in FAMILIES.items():
            low, high = 0.02, 0.6  # the amplitude of the family at which the largest q is the limit
            for _ in range(30):
                middle = (low + high) / 2
                low, high = (middle, high) if largest_q(family(middle)) > limit else (low, middle)
            schedule = family(high)
            error = abs(law(schedule, 1.0) / comb_order_parameter(schedule) - 1)
            true(error <= level, f"within {level} up to q = {limit} where the error {name}: {error:.3g}")


@noise_dependent_error.step(
    Status.NUMERIC,
    "comb: relative remainder of the leading order as the amplitude of q is lowered, order of its fall",
    claim=2,
    wrong={"first order": 1, "third order": 3},
)
def comb_remainder(order):
    law = resolve("theory.laws.order_parameter_schedule")
    base = FAMILIES["falls with the noise"](0.1)
    amplitudes = (0.1, 0.2)
    remainders = []
    for amplitude in amplitudes:
        # delta^2 + shift lowers q(s(sigma)) by the same factor at every noise
        shift = -np.log(amplitude) / (2 * np.pi**2)

        def schedule(noise, shift=shift):
            return np.sqrt(base(noise) ** 2 + shift)

        remainders.append(law(schedule, 1.0) / comb_order_parameter(schedule) - 1)
    remainder_order(amplitudes, remainders, order)


def _schedule(kind, size, power):
    """sigma -> delta for numbers of NumPy and of mpmath."""

    def delta_of(noise):
        tool = mpmath if isinstance(noise, mpmath.mpf) else np
        if kind == "power":
            return size * noise**power
        if kind == "floor":
            return size + 0 * noise
        return size * (1 + 4 / (1 + (noise / power) ** 4)) if kind == "step" else size * tool.exp(-power * noise)

    return delta_of


def _spread(kind, size, power, highest, lowest=0):
    """By quadrature of the equation in t = ln sigma, to an end where what is left out is below 1e-25."""
    schedule = _schedule(kind, size, power)
    if lowest == 0 and kind == "power" and power >= 1:
        return mpmath.mpf(0)
    # below the end (sigma/delta)^2 falls as e^(rate t)
    far = -60 / (2 * (1 - power)) - 5 if kind == "power" and lowest == 0 else -35
    ends = mpmath.linspace(mpmath.log(lowest) if lowest > 0 else far, mpmath.log(highest), 16)
    integral = mpmath.quad(lambda t: 1 / (1 + (schedule(mpmath.exp(t)) / mpmath.exp(t)) ** 2), ends, maxdegree=4)
    return highest * mpmath.exp(-integral)


_ENDS = [
    *[
        ("power", c, p, top, 0.0)
        for c, p, top, _ in random_inputs(0, 4, c=(0.1, 1.0), p=(0.1, 0.8), t=(0.5, 9.0), x=[0])
    ],
    *[("power", 0.4, p, 3.0, low) for p, low in ((1.0, 1e-3), (2.0, 1e-2), (0.5, 0.1), (0.0, 0.2), (1.0, 1e-6))],
    *[("power", 0.3, p, 5.0, 0.0) for p in (1.0, 1.5, 0.95)],
    *[("step", 0.02, 0.2, 4.0, low) for low in (0.0, 0.05)],
    ("floor", 0.2, 0.0, 3.0, 0.0),
    ("decay", 0.3, 2.0, 3.0),
    ("floor", 0.2, 0.0, 0.21, 0.2),
]
# rounding of an exponent of up to 70
noise_dependent_error.ships(
    "theory.laws.end_spread",
    _spread,
    _ENDS,
    rtol=2e-13,
    call=lambda kind, size, power, *levels: resolve("theory.laws.end_spread")(_schedule(kind, size, power), *levels),
)


def _order_parameter(kind, size, power, spacing):
    """In v = sigma^2: (2 pi^2/d^2) int_0^inf q dv, and its closed form for a constant error, [debye-waller]."""
    if kind == "floor":
        return mpmath.exp(-2 * mpmath.pi**2 * size**2 / spacing**2)
    schedule, factor = _schedule(kind, size, power), 2 * mpmath.pi**2 / spacing**2
    ends = [0, *(mpmath.mpf(2) ** k * spacing**2 for k in range(-28, 5, 2))]
    return factor * mpmath.quad(lambda v: mpmath.exp(-factor * (v + schedule(mpmath.sqrt(v)) ** 2)), ends, maxdegree=4)


_ORDERS = [
    *[("floor", c, 0.0, d) for c, d in random_inputs(1, 4, c=(0.05, 0.8), d=(0.5, 2.0))],
    *[("step", c, w, d) for c, w, d in random_inputs(2, 4, c=(0.01, 0.1), w=(0.1, 0.4), d=(0.7, 1.5))],
    *[("decay", c, k, 1.0) for c, k in random_inputs(3, 3, c=(0.1, 0.9), k=(0.5, 4.0))],
    ("floor", 0.0, 0.0, 1.7),
    ("floor", 1.5, 0.0, 1.0),
]
# what lies below 1e-9 d is 2e-17 of the whole
noise_dependent_error.ships(
    "theory.laws.order_parameter_schedule",
    _order_parameter,
    _ORDERS,
    rtol=1e-13,
    call=lambda kind, size, power, spacing: resolve("theory.laws.order_parameter_schedule")(
        _schedule(kind, size, power), spacing
    ),
)
