"""Samples of models of independent points: chi-square, the crossover, and the gap beside them.

Fourier modes of n independent uniform points have mean 0 and mean square 1/n, whatever n.
"""

from functools import cache

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, true
from theory import Circle, metrics

n = sp.Symbol("n", integer=True, positive=True)
k = sp.Symbol("k", integer=True, positive=True)
m = sp.Symbol("m", integer=True, nonzero=True)
L, R, delta, s, sigma, rho = sp.symbols("L R delta s sigma rho", positive=True)
S, t, z = sp.symbols("S t z", positive=True)
x = sp.Symbol("x", real=True)


def gathered(e):
    """Powers and gamma functions of k brought together."""
    return sp.simplify(
        sp.powsimp(sp.expand(sp.powdenest(sp.expand_power_base(sp.gammasimp(e), force=True), force=True)))
    )


chi2_iid = Entry(
    "chi2-iid",
    "E chi^2 of n independent points smoothed by delta against the truth: (1/n) sum over wave vectors p != 0 of "
    "e^(-p^2 delta^2) on flat closed curves and their products, (E I_0(2z)/I_0(z)^2 - 1)/n on the ring in the plane.",
    simulations=("phase_diagram",),
)


def kernel(x, width):
    """Gaussian of one dimension."""
    return sp.exp(-(x**2) / (2 * width**2)) / sp.sqrt(2 * sp.pi * width**2)


def pair_average(same, different):
    """(1/n^2) sum_jl of an average that is ``same`` for j = l and ``different`` for j != l."""
    j, other = sp.symbols("j l", integer=True, positive=True)
    diagonal = sp.Sum(same - different, (j, 1, n)).doit()
    return (diagonal + sp.Sum(different, (j, 1, n), (other, 1, n)).doit()) / n**2


@chi2_iid.step(
    Status.PROVED,
    "any n: a wave of the points has mean square 1/n, the kernel damps it, and different waves are orthogonal",
    claim=sp.exp(-4 * sp.pi**2 * m**2 * delta**2 / L**2) / n,
    wrong={
        "the kernel counted once": sp.exp(-2 * sp.pi**2 * m**2 * delta**2 / L**2) / n,
        "delta for delta^2": sp.exp(-4 * sp.pi**2 * m**2 * delta / L**2) / n,
        "n for n^2 pairs": sp.exp(-4 * sp.pi**2 * m**2 * delta**2 / L**2) / n**2,
    },
)
def over_waves(claim):
    mean, damping = _waves()
    true(mean == 0, "waves have mean 0 and are orthogonal")
    equal(pair_average(sp.Integer(1), mean**2) * damping**2, claim)


@cache
def _waves():
    p = 2 * sp.pi * m / L
    # the characteristic function of a uniform point; on a product of curves a factor of it, which is enough for 0
    mean = sp.integrate(sp.exp(sp.I * p * x) / L, (x, 0, L))
    return mean, sp.integrate(kernel(x, delta) * sp.cos(p * x), (x, -sp.oo, sp.oo))


@chi2_iid.step(
    Status.PROVED,
    "any n and k: the same from pairs of kernels in real space, a sum over windings; so by Poisson's sum",
    claim=((S * L / (sp.sqrt(4 * sp.pi) * delta)) ** k - 1) / n,
    wrong={
        "2 pi for 4 pi": ((S * L / (sp.sqrt(2 * sp.pi) * delta)) ** k - 1) / n,
        "without the mean": (S * L / (sp.sqrt(4 * sp.pi) * delta)) ** k / n,
    },
)
def over_windings(claim):
    w = sp.Symbol("w", integer=True)
    shape = sp.exp(-(w**2) * L**2 / (4 * delta**2))  # S is its sum over w
    one = sp.simplify(_overlap(w) / shape) * S
    # k dimensions: the overlap of a kernel with itself is a product; that of two independent ones is 1/V
    equal(L**k * pair_average(one**k, L**-k) - 1, claim, simplify=lambda e: sp.simplify(sp.powsimp(sp.expand(e))))


@cache
def _overlap(w):
    return sp.integrate(sp.expand(kernel(x, delta) * kernel(x + w * L, delta)), (x, -sp.oo, sp.oo))


@chi2_iid.step(
    Status.PROVED,
    "any n and k: relative error x/(1 - x) of 1/(rho (4 pi)^(k/2) delta^k), x = (4 pi)^(k/2) (delta/L)^k, up to "
    "windings e^(-L^2/(4 delta^2))",
    claim=1 / (rho * (4 * sp.pi) ** (k / 2) * delta**k),
    wrong={
        "(2 pi)^(k/2)": 1 / (rho * (2 * sp.pi) ** (k / 2) * delta**k),
        "delta for delta^k": 1 / (rho * (4 * sp.pi) ** (k / 2) * delta),
    },
)
def endless(claim):
    y = sp.Symbol("y", positive=True)
    exact = ((L / (sp.sqrt(4 * sp.pi) * delta)) ** k - 1) / n
    # both as functions of x
    width = {delta: L * y ** (1 / k) / sp.sqrt(4 * sp.pi)}
    ratio = claim.subs(rho, n / L**k).subs(width) / exact.subs(width)
    equal(ratio - 1, y / (1 - y), simplify=lambda e: sp.simplify(sp.powdenest(sp.expand_power_base(e), force=True)))


@chi2_iid.step(
    Status.PROVED,
    "any n: the ring in the plane, both forms, from the Laurent series of e^(z cos phi)",
    claim=lambda i_0, i_2z: (i_2z / i_0**2 - 1) / n,
    wrong={
        "I_0(z) once": lambda i_0, i_2z: (i_2z / i_0 - 1) / n,
        "without the mean": lambda i_0, i_2z: i_2z / i_0**2 / n,
    },
)
def ring(claim):
    j, order = sp.symbols("j m", integer=True, nonnegative=True)

    def coefficient(z, order):
        # of t^order in e^(z (t + 1/t)/2), t = e^(i phi)
        terms = (z / 2) ** (j + order) / sp.factorial(j + order) * (z / 2) ** j / sp.factorial(j)
        return sp.simplify(sp.summation(terms, (j, 0, sp.oo)))

    equal(coefficient(z, order), sp.besseli(order, z))
    phi, r = sp.symbols("phi r", real=True)
    square = (r * sp.cos(phi) - R) ** 2 + (r * sp.sin(phi)) ** 2
    # kernel over the density of the ring: the angle enters through e^(z cos phi), z = r R/delta^2, alone
    slope = sp.diff(-square / (2 * delta**2), phi)
    equal(slope, sp.diff(r * R / delta**2 * sp.cos(phi), phi))
    # (K/p)^2 = e^(2 z cos phi)/I_0(z)^2: its mean over the angle is the coefficient of t^0; K/p alone has mean 1
    square_of_ratio = coefficient(2 * z, 0) / coefficient(z, 0) ** 2
    equal(pair_average(square_of_ratio, 1) - 1, claim(sp.besseli(0, z), sp.besseli(0, 2 * z)))


def _chi_square(error, n, length, dim=1):
    ratio = error / length
    if ratio < mpmath.mpf("0.2"):  # over windings, else over waves
        total = mpmath.fsum(mpmath.exp(-((w / ratio) ** 2) / 4) for w in range(-9, 10)) / mpmath.sqrt(4 * mpmath.pi)
        return ((total / ratio) ** dim - 1) / n
    with mpmath.workdps(120):  # the sum cancels against 1 for a kernel that is wider than the curve
        waves = mpmath.fsum(mpmath.exp(-4 * (mpmath.pi * w * ratio) ** 2) for w in range(-40, 41))
        return (waves**dim - 1) / n


_CURVES = [(0.01, 1, 1.0), (0.28, 3, 1.0, 2), (0.2801, 3, 1.0, 2), (0.56, 7, 2.0, 3), (3.0, 2, 2.0), (1e-6, 50, 4.0, 3)]
chi2_iid.ships(
    "theory.laws.chi_square_iid",
    _chi_square,
    [*_CURVES, *random_inputs(1, 12, error=(0.003, 1.0), n=[1, 2, 40], length=(0.5, 2.0), dim=[1, 2, 3])],
)


def _chi_square_ring(error, n, radius):
    def mass(r):
        return r * mpmath.exp(-((r - radius) ** 2) / (2 * error**2) - r * radius / error**2)

    def value(r):
        w = r * radius / error**2
        return mass(r) * (mpmath.besseli(0, 2 * w) / mpmath.besseli(0, w) - mpmath.besseli(0, w))

    cuts = sorted({max(radius + j * error, mpmath.mpf(0)) for j in (-11, -4, 0, 4, 11)})
    with mpmath.workdps(20):
        norm = mpmath.quad(lambda r: mass(r) * mpmath.besseli(0, r * radius / error**2), cuts, maxdegree=4)
        return mpmath.quad(value, cuts, maxdegree=4) / norm / n


chi2_iid.ships(
    "theory.laws.chi_square_ring",
    _chi_square_ring,
    [(0.01, 20, 1.0), (0.3, 7, 1.0), (0.5, 2, 0.7), (2.0, 1, 1.0)],
    rtol=1e-12,  # of the quadrature
)


def _unbiased(points, modes):
    """sum over waves 0 < |m| <= modes of the mean over pairs i != j of e^(i m (a_i - a_j))."""
    angles = [mpmath.atan2(q, p) for p, q in points]
    pairs = [a - b for i, a in enumerate(angles) for j, b in enumerate(angles) if i != j]
    return mpmath.fsum(2 * mpmath.cos(w * p) for w in range(1, int(modes) + 1) for p in pairs) / len(pairs)


def samples(seed, count, dim=2):
    return np.random.default_rng(seed).normal(size=(count, dim))


chi2_iid.ships(
    "theory.metrics.chi_square",
    _unbiased,
    [(samples(3, 12), 4.0), (samples(4, 12), 9.5)],
    rtol=1e-11,  # of differences between sums of pairs
    call=lambda points, modes: metrics.chi_square(points, Circle(1.0), modes).value,
)

critical_error_iid = Entry(
    "critical-error-iid",
    "chi^2 = 1 at delta_c = rho^(-1/k)/sqrt(4 pi), up to a factor (1 + 1/n)^(-1/k); the asymptote of the effective "
    "number of points is 1 at rho^(-1/k)/sqrt(2 pi e).",
    simulations=("phase_diagram",),
)


@critical_error_iid.step(
    Status.PROVED,
    "any k and n: root of the chi-square over windings, w = 0, on k closed curves of length L",
    claim=rho ** (-1 / k) / sp.sqrt(4 * sp.pi) * (1 + 1 / n) ** (-1 / k),
    wrong={
        "sqrt(2 pi)": rho ** (-1 / k) / sp.sqrt(2 * sp.pi) * (1 + 1 / n) ** (-1 / k),
        "rho for rho^(1/k)": 1 / rho / sp.sqrt(4 * sp.pi) * (1 + 1 / n) ** (-1 / k),
        "1 - 1/n": rho ** (-1 / k) / sp.sqrt(4 * sp.pi) * (1 - 1 / (n + 1)) ** (1 / k) * (1 + 1 / n),
    },
)
def by_chi_square(claim):
    chi_square = ((L / (sp.sqrt(4 * sp.pi) * delta)) ** k - 1) / n
    found = chi_square.subs(delta, claim.subs(rho, n / L**k))
    equal(found, 1, simplify=lambda e: sp.simplify(sp.powdenest(sp.expand_power_base(e, force=True), force=True)))


def entropy_of_kernel():
    """-int g ln g of a Gaussian in one dimension: coordinates are independent, so k times it in k."""
    log_density = -(x**2) / (2 * s**2) - sp.log(2 * sp.pi * s**2) / 2
    return sp.simplify(sp.integrate(-kernel(x, s) * log_density, (x, -sp.oo, sp.oo)))


@critical_error_iid.step(
    Status.PROVED,
    "any k: where the entropy of the kernel is that of one point, -ln rho",
    claim=rho ** (-1 / k) / sp.sqrt(2 * sp.pi * sp.E),
    wrong={
        "without e": rho ** (-1 / k) / sp.sqrt(2 * sp.pi),
        "sqrt(4 pi)": rho ** (-1 / k) / sp.sqrt(4 * sp.pi),
    },
)
def by_entropy(claim):
    number = sp.exp(k * entropy_of_kernel()) * rho
    equal(number.subs(s, claim), 1, simplify=lambda e: sp.simplify(sp.expand_log(sp.log(e + 1), force=True)))


def _critical(density, dim, criterion):
    """The root in ln delta of ln chi^2, or of the entropy of the kernel and ln rho."""

    def edge(y):
        return (
            dim * (y + mpmath.log(4 * mpmath.pi) / 2)
            if criterion == "chi-square"
            else dim * (y + mpmath.log(2 * mpmath.pi) / 2 + mpmath.mpf(1) / 2)
        )

    return mpmath.exp(mpmath.findroot(lambda y: mpmath.log(density) + edge(y), (-1, 1)))


critical_error_iid.ships(
    "theory.laws.critical_error_iid",
    _critical,
    random_inputs(2, 10, density=(1e-3, 1e4), dim=[1, 2, 3, 7], criterion=["chi-square", "entropy"]),
)

gap_vs_inference = Entry(
    "gap-vs-inference",
    "The height of the peak of the gap, relative to the tangential training error, over chi^2 at inference is "
    "(2/k)(1 + 2/k)^(-(k/2+1)) 2^(k/2): .5443, .5, .5258 for k = 1, 2, 3.",
    simulations=("phase_diagram",),
)


@gap_vs_inference.step(
    Status.PROVED,
    "any k: G = -2 sigma^4 X'(t), X the chi-square at t = sigma^2 + delta^2/2; its peak over k sigma^2",
    claim=2 / k * (1 + 2 / k) ** (-(k / 2 + 1)) * 2 ** (k / 2),
    wrong={
        "without 2^(k/2)": 2 / k * (1 + 2 / k) ** (-(k / 2 + 1)),
        "k/2 for k/2 + 1": 2 / k * (1 + 2 / k) ** (-k / 2) * 2 ** (k / 2),
        "4 for 2": 4 / k * (1 + 2 / k) ** (-(k / 2 + 1)) * 2 ** (k / 2),
    },
)
def ratio_of_peak_and_chi_square(claim):
    chi_square = 1 / (rho * (4 * sp.pi * t) ** (k / 2))  # [chi2-iid] at delta^2 = t
    relative = -2 * sigma**4 * sp.diff(chi_square, t).subs(t, sigma**2 + delta**2 / 2) / (k * sigma**2)
    slope = sp.diff(sp.log(relative), sigma)
    equal(sp.solve(sp.together(slope), sigma)[0] ** 2, delta**2 / k)
    true(sp.simplify(sp.diff(slope, sigma).subs(sigma, delta / sp.sqrt(k))).is_negative, "the gap is largest there")
    ratio = relative.subs(sigma, delta / sp.sqrt(k)) / chi_square.subs(t, delta**2)
    equal(
        sp.simplify(sp.expand_log(sp.log(ratio), force=True)),
        sp.expand_log(sp.log(claim), force=True),
        simplify=gathered,
    )


gap_vs_inference.ships(
    "theory.laws.gap_over_chi_square_iid",
    lambda dim: mpmath.exp(
        mpmath.log(2) * (1 + mpmath.mpf(dim) / 2)
        + mpmath.mpf(dim) / 2 * mpmath.log(dim)
        - (1 + mpmath.mpf(dim) / 2) * mpmath.log(dim + 2)
    ),
    [(1,), (2,), (3,), (8,), (40,)],
)
