"""Posteriors over independent points at any density: averages over shot noise give the entropy and the disagreement of models.

X = (1/N) sum_j e^(-v_j), v = |x - y|^2/(2 s^2), is the smoothed density over its mean, N = rho (2 pi s^2)^(k/2) =
2^(-k/2)/c(s). Two derivations of every second order: by the generating function of X, and by moments of n points.
"""

import math
from functools import cache

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal
from proofs_checks.iid.inference import entropy_of_kernel, gathered, k, n, rho, s, sigma
from theory import laws

c, t, u, v = sp.symbols("c t u v", positive=True)
N = 2 ** (-k / 2) / c  # points inside the kernel

# Averages over shot noise. X = (1/N) sum_j e^(-v_j) over independent points of an endless flat manifold: n of them in a
# volume n/rho, n -> infinity. The measure of v is N v^(k/2 - 1) dv/Gamma(k/2), since d^k x = (2 pi s^2)^(k/2) of that.


@cache
def over_distances(power=0, rate=1):
    """(1/Gamma(k/2)) int_0^inf v^(k/2 - 1) v^power e^(-rate v) dv."""
    b = sp.Symbol("b", positive=True)
    integral = sp.integrate(v ** (k / 2 - 1 + power) * sp.exp(-b * v), (v, 0, sp.oo))
    return sp.gammasimp(integral / sp.gamma(k / 2)).subs(b, rate)


def in_powers(integrand, order):
    """int_0^inf integrand e^(-N u) du to that order in 1/N, from the powers of u and N."""
    total = sp.Integer(0)
    count = sp.Symbol("N", positive=True)
    for (power,), factor in sp.Poly(sp.expand(integrand(count)), u).terms():
        total += factor * sp.factorial(power) / count ** (power + 1)
    series = sp.series(sp.expand(total).subs(count, 1 / t), t, 0, order + 1).removeO()
    return series.subs(t, 1 / N)


def exponent(terms):
    """A(u) = int (1 - exp(-u e^-v)), the exponent of E e^(-N u X), to that many powers of u."""
    return sum((-1) ** (j + 1) * u**j / sp.factorial(j) * over_distances(rate=j) for j in range(1, terms + 1))


entropy_iid = Entry(
    "entropy-iid",
    "exp(E H) = (2 pi e)^(k/2) rho s^k exp(E KL) over x ~ p_hat_s, E KL = c/2 + c^2 (1/4 - (4/3)^(k/2)/6) + O(c^3); for any "
    "c an integral over the generating function of shot noise.",
    simulations=("trajectory_states", "phase_diagram"),
)


@entropy_iid.step(
    Status.PROVED,
    "any points, n and k: E H = -int g ln g + ln rho + KL, point by point under p_hat",
    claim=k * sp.log(2 * sp.pi * sp.E * s**2) / 2 + sp.log(rho),
    wrong={
        "without e": k * sp.log(2 * sp.pi * s**2) / 2 + sp.log(rho),
        "the volume for the density": k * sp.log(2 * sp.pi * sp.E * s**2) / 2 - sp.log(rho),
    },
)
def by_divergence(claim):
    g, total, volume = sp.symbols("g S V", positive=True)  # g_i(x), sum_j g_j(x) and the volume
    weight = g / total
    # p_hat times the term of point i in H: (S/n) (-w ln w) = (g/n) (ln S - ln g), whose parts are averages over g and p_hat
    part = sp.expand_log(total / n * -weight * sp.log(weight), force=True)
    equal(part, g / n * (sp.log(total) - sp.log(g)), simplify=lambda e: sp.simplify(sp.expand(e)))
    # ln S = ln(n p_hat) = ln(n/V) + ln(p_hat V), and KL is the mean of the last
    density = sp.Symbol("f", positive=True)
    level = sp.expand_log(sp.log(n * density), force=True) - sp.expand_log(sp.log(density * volume), force=True)
    equal(
        k * entropy_of_kernel() + level.subs(volume, n / rho),
        claim,
        simplify=lambda e: sp.simplify(sp.expand_log(e, force=True)),
    )


@entropy_iid.step(
    Status.PROVED,
    "any k: second order in c, from ln X = int (e^-t - e^(-t X)) dt/t and the generating function",
    claim=c / 2 + c**2 * (sp.Rational(1, 4) - sp.Rational(4, 3) ** (k / 2) / 6),
    wrong={
        "c for c/2": c + c**2 * (sp.Rational(1, 4) - sp.Rational(4, 3) ** (k / 2) / 6),
        "Gaussian fluctuations": c / 2 + c**2 / 4,
        "4/3 for (4/3)^(k/2)": c / 2 + c**2 * (sp.Rational(1, 4) - sp.Rational(2, 9)),
    },
)
def entropy_by_generating_function(claim):
    # ln X, by its slope and its value at X = 1
    y = sp.Symbol("X", positive=True)
    equal(sp.integrate(sp.exp(-t * y), (t, 0, sp.oo)), sp.diff(sp.log(y), y))
    # E X e^(-t X) = A'(u) e^(-N A(u)) at t = N u, so E X ln X = int (e^(-N u) - A' e^(-N A)) du/u
    smooth = exponent(4)
    excess = smooth - u

    def integrand(count):
        growth = sum((-count * excess) ** j / sp.factorial(j) for j in range(4))
        return sp.expand((1 - sp.diff(smooth, u) * growth) / u)

    equal(in_powers(integrand, 2), claim, simplify=gathered)


@entropy_iid.step(
    Status.PROVED,
    "any k: the same from the moments of n independent points in a volume n/rho, n -> infinity",
    claim=c / 2 + c**2 * (sp.Rational(1, 4) - sp.Rational(4, 3) ** (k / 2) / 6),
    wrong={
        "without the third moment": c / 2 + c**2 / 4,
        "the third moment of k = 2": c / 2 + c**2 / 36,
    },
)
def entropy_by_moments(claim):
    second, third, fourth, h = sp.symbols("mu_2 mu_3 mu_4 h", positive=True)
    # E (mean of n)^j for centred terms, from the logarithm of their generating function
    one = 1 + second * t**2 / 2 + third * t**3 / 6 + fourth * t**4 / 24
    log_one = sp.series(sp.log(one), t, 0, 5).removeO()
    whole = sp.series(sp.exp(sp.expand(n * log_one.subs(t, t / n))), t, 0, 5).removeO()
    moments = [sp.factorial(j) * sp.expand(whole).coeff(t, j) for j in range(5)]
    terms = sp.series((1 + h) * sp.log(1 + h), h, 0, 5).removeO()
    divergence = sum(terms.coeff(h, j) * moments[j] for j in range(5))
    # terms V K - 1 with V = n/rho; E (V K)^j = V^(j - 1) int K^j = (n/N)^(j - 1) j^(-k/2)
    powers = [(n / N) ** (j - 1) * over_distances(rate=j) for j in range(1, 5)]
    centred = [sum(sp.binomial(j, i) * (-1) ** (j - i) * ([1, *powers])[i] for i in range(j + 1)) for j in (2, 3, 4)]
    divergence = sp.expand(divergence.subs(dict(zip((second, third, fourth), centred))))
    endless = sp.limit(divergence, n, sp.oo)
    equal(sp.series(sp.expand(endless), c, 0, 3).removeO(), claim, simplify=gathered)


def _entropy(noise, density, dim, next_order=False):
    """Each coordinate of the kernel apart; c = rho int g^2/rho^2."""
    overlap = mpmath.exp(-dim * mpmath.log(2 * noise * mpmath.sqrt(mpmath.pi))) / density
    third = mpmath.exp(-dim * mpmath.log(2 * mpmath.pi * noise**2 * mpmath.sqrt(3))) / density**2
    second = overlap / 2 + (overlap**2 / 4 - third / 6 if next_order else 0)
    return dim * (mpmath.log(2 * mpmath.pi * noise**2) + 1) / 2 + mpmath.log(density) + second


_ORDERS = random_inputs(3, 10, noise=(0.2, 3.0), density=(0.5, 20.0), dim=[1, 2, 3, 5], next_order=[True, False])
entropy_iid.ships(
    "theory.laws.entropy_iid",
    _entropy,
    [*_ORDERS, (0.242, 1.0, 1), (5.0, 1.0, 1, True)],
    atol=1e-14,
    call=lambda noise, density, dim, order=False: laws.entropy_iid(noise, density, dim, next_order=order),
)


def _smooth(u):
    """A(u) for k = 2, where the integral has a closed form."""
    return mpmath.e1(u) + mpmath.log(u) + mpmath.euler


def _entropy_in_two(noise, density, dim):
    count = density * 2 * mpmath.pi * noise**2

    def integrand(y):
        u = mpmath.exp(y)
        return mpmath.exp(-count * u) + mpmath.expm1(-u) / u * mpmath.exp(-count * _smooth(u))

    with mpmath.workdps(25):
        low = -mpmath.log(count)
        cuts = sorted({min(low, 0) - 40, low - 4, low, low + 4, mpmath.mpf(0), mpmath.mpf(10), mpmath.mpf(50)})
        return mpmath.log(count) + 1 + mpmath.quad(integrand, cuts)


def _by_sums(noise, density, dim):
    """A, u A' and u^2 J of odd k, from their definitions by the trapezoidal rule in x = sqrt v, at e^y."""
    y, x = np.linspace(-60, 60, 1201), np.linspace(0, 10.5, 2101)
    gauss, grown = np.exp(-(x**2)), np.exp(y)[:, None]
    measure = 2 * x ** (dim - 1) / math.gamma(dim / 2) * (x[1] - x[0]) * np.where(x == 0, 0.5, 1.0)
    smooth = -np.expm1(-grown * gauss) @ measure
    falls = gauss * np.exp(-grown * gauss)
    count = float(density) * (2 * np.pi * float(noise) ** 2) ** (dim / 2)
    return y, np.exp(-count * smooth), falls @ measure, (falls * gauss * x**2) @ measure, count


def _entropy_of_shot_noise(noise, density, dim):
    if dim == 2:
        return _entropy_in_two(noise, density, dim)
    y, decay, slope, _, count = _by_sums(noise, density, dim)
    integral = np.sum(np.exp(-count * np.exp(y)) - slope * decay) * (y[1] - y[0])
    return mpmath.mpf(np.log(count) + dim / 2 + integral)


entropy_iid.ships(
    "theory.laws.entropy_poisson",
    _entropy_of_shot_noise,
    [(0.7, 0.3, 2), (0.1, 0.2, 2), (2.0, 100.0, 2), (1.0, 0.5, 1), (3.0, 4.0, 1), (0.4, 1.0, 3), (0.1, 1.0, 3)],
    rtol=1e-11,  # of the quadratures of law and oracle
)

disjoint_iid = Entry(
    "disjoint-iid",
    "Models of disjoint sets of n independent points: E|D_A - D_B|^2 = (sigma^4/s^2) k c (1 + c (3 - (4/3)^(k/2+1)) + O(c^2)) "
    "at states of p_s; for any c an integral over the generating function of shot noise.",
    simulations=("disjoint_models",),
)


@disjoint_iid.step(
    Status.PROVED,
    "any n and k: leading order, the mean square slope of two independent chi-squares",
    claim=sigma**4 / s**2 * k * c,
    wrong={
        "one model's share": sigma**4 / s**2 * k * c / 2,
        "without k": sigma**4 / s**2 * c,
        "sigma^2 for sigma^4": sigma**2 / s**2 * k * c,
    },
)
def leading_disagreement(claim):
    # D - x = (sigma^2/s^2)(D* - x) [error-prone] and D* - x = s^2 grad ln p_hat [tweedie]
    factor = sigma**2 / s**2 * s**2
    p = sp.Symbol("p", positive=True)  # |p|, any k: grad h has modes i p a_p e^(-p^2 s^2/2)
    wave = sp.exp(-(p**2) * t)  # at t = s^2
    equal(p**2 * wave, -sp.diff(wave, t))  # so that E|grad h|^2 = -dc/d(s^2)
    inverse_number = c * (s**2 / t) ** (k / 2)  # c(sqrt t), c its value at s
    slope = -sp.diff(inverse_number, t).subs(t, s**2)
    equal(factor**2 * 2 * slope, claim)


@disjoint_iid.step(
    Status.PROVED,
    "any k: next order, from 1/X^2 = int t e^(-t X) dt and the generating function of X and its slope",
    claim=k * c * (1 + c * (3 - sp.Rational(4, 3) ** (k / 2 + 1))),
    wrong={
        "3/2 for every k": k * c * (1 + sp.Rational(3, 2) * c),
        "Gaussian fluctuations": k * c * (1 + 3 * c),
        "exponent k/2": k * c * (1 + c * (3 - sp.Rational(4, 3) ** (k / 2))),
    },
)
def next_order_of_disagreement(claim):
    # grad X = -(1/N) sum (x - y)/s^2 e^-v, so E|grad X|^2 e^(-N u X) = (2/(N s^2)) J(u) e^(-N A(u)): the terms of different
    # points vanish by symmetry; and E grad ln X = 0, so that the two models' parts add: 2 s^2 E|grad ln X|^2
    spread = sum((-u) ** j / sp.factorial(j) * over_distances(1, 2 + j) for j in range(3))
    smooth = exponent(3)

    def integrand(count):
        growth = sum((-count * (smooth - u)) ** j / sp.factorial(j) for j in range(3))
        return 4 * count * u * spread * growth

    equal(in_powers(integrand, 2), claim, simplify=gathered)


@disjoint_iid.step(
    Status.PROVED,
    "any k: next order again, from the second and third moments of the fluctuations",
    claim=3 - sp.Rational(4, 3) ** (k / 2 + 1),
    wrong={"the sign of the third moment": 3 + sp.Rational(4, 3) ** (k / 2 + 1), "1.5": sp.Rational(3, 2)},
)
def disagreement_by_moments(claim):
    h = sp.Symbol("h")
    weights = sp.series((1 + h) ** -2, h, 0, 3).removeO()  # |grad ln(1 + h)|^2 = |grad h|^2/(1 + h)^2
    # sums over one point of |grad|^2 = 2 v e^(-2 v)/s^2 times powers of e^-v, in units of 1/(N^j s^2)
    single = [over_distances(1, 2 + j) * 2 * c ** (j + 1) * 2 ** (k / 2 * (j + 1)) for j in range(2)]
    # Gaussian part of E|grad h|^2 h^2; h and its slope are uncorrelated
    pairs = single[0] * c
    second = weights.coeff(h, 1) * single[1] + weights.coeff(h, 2) * pairs
    equal(second / (single[0] * c), claim, simplify=gathered)


def _disagreement(sigma, error, density, dim, next_order=False):
    noise = mpmath.sqrt(sigma**2 + error**2)
    overlap = mpmath.exp(-dim * mpmath.log(2 * noise * mpmath.sqrt(mpmath.pi))) / density
    bracket = 3 - mpmath.mpf(4) / 3 * mpmath.sqrt(mpmath.mpf(4) / 3) ** dim
    return dim * overlap * (sigma**2 / noise) ** 2 * (1 + overlap * bracket if next_order else 1)


disjoint_iid.ships(
    "theory.laws.disagreement_iid",
    _disagreement,
    [
        (0.3, 0.0, 2.0, 1),
        *random_inputs(
            4, 10, sigma=(0.1, 2.0), error=(0.01, 2.0), density=(0.5, 20.0), dim=[1, 2, 3, 6], order=[True, False]
        ),
    ],
    call=lambda sigma, error, density, dim, order=False: laws.disagreement_iid(
        sigma, error, density, dim, next_order=order
    ),
)


def _disagreement_of_shot_noise(sigma, error, density, dim):
    noise = mpmath.sqrt(sigma**2 + error**2)
    factor = 4 * sigma**4 / noise**2
    if dim == 2:
        count = density * 2 * mpmath.pi * noise**2

        def integrand(y):
            u = mpmath.exp(y)
            spread = (_smooth(u) - 1 + mpmath.exp(-u)) / u**2  # J, by parts from A
            return u**2 * spread * mpmath.exp(-count * _smooth(u))

        with mpmath.workdps(25):
            low = -mpmath.log(count)
            cuts = sorted({low - 25, low, low + 4, mpmath.mpf(3), mpmath.mpf(20), 30 + 60 / count})
            return factor * count * mpmath.quad(integrand, cuts)
    y, decay, _, spread, count = _by_sums(noise, density, dim)
    return factor * count * mpmath.mpf(np.sum(np.exp(2 * y) * spread * decay) * (y[1] - y[0]))


disjoint_iid.ships(
    "theory.laws.disagreement_poisson",
    _disagreement_of_shot_noise,
    [
        (0.5, 0.5, 0.3, 2),
        (0.1, 0.1, 0.15, 2),
        (0.1, 0.0, 2.0, 2),
        (1.0, 2.0, 50.0, 2),
        (1.5, 1.0, 2.5, 1),
        (3.0, 0.0, 4.0, 1),
        (0.8, 0.1, 0.8, 3),
    ],
    rtol=1e-11,  # of the quadratures of law and oracle
)
