"""The posterior over training points and the denoisers that it makes, for any n and D.

Structural proofs: along a direction u the state x + t u enters the exponents -|x + t u - y_i|^2/(2 sigma^2) only through
a_i = u.(y_i - x) and b_i = |y_i - x|^2, so that sums over i = 1..n of functions of these stand for any points in any
dimension.
"""

import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal

n = sp.Symbol("n", integer=True, positive=True)
i = sp.Symbol("i", integer=True, positive=True)
sigma = sp.Symbol("sigma", positive=True)
t = sp.Symbol("t", real=True)
a, b = sp.IndexedBase("a", real=True), sp.IndexedBase("b", real=True)


def over_points(term):
    """sum_i term."""
    return sp.Sum(term, (i, 1, n))


tweedie = Entry(
    "tweedie",
    "The optimal denoiser is D* = x + sigma^2 grad log p_hat_sigma.",
    simulations=("flow_field",),
)


@tweedie.step(
    Status.PROVED,
    "any n and D: slope of log p_hat along any direction u",
    claim=sigma**2,
    wrong={"sigma for sigma^2": sigma, "the sign": -(sigma**2)},
)
def along_a_direction(factor):
    kernel = sp.exp(-(b[i] - 2 * t * a[i] + t**2) / (2 * sigma**2))  # |x + t u - y_i|^2, u of length 1
    log_density = sp.log(over_points(kernel))
    slope = sp.diff(log_density, t).subs(t, 0)
    weight = sp.exp(-b[i] / (2 * sigma**2))
    mean_shift = over_points(weight * a[i]) / over_points(weight)  # u.(D* - x)
    equal(factor * slope, mean_shift, simplify=lambda e: sp.simplify(e.doit()))


def _log_density(points, x, s):
    dim = len(x)
    squares = [sum((xj - yj) ** 2 for xj, yj in zip(x, y)) for y in points]
    return mpmath.log(
        sum(mpmath.exp(-q / (2 * s**2)) for q in squares)
        / len(points)
        / (2 * mpmath.pi * s**2) ** (mpmath.mpf(dim) / 2)
    )


def _by_tweedie(points, x, s):
    slopes = [
        mpmath.diff(lambda u, j=j: _log_density(points, [*x[:j], u, *x[j + 1 :]], s), x[j]) for j in range(len(x))
    ]
    return [xj + s**2 * slope for xj, slope in zip(x, slopes)]


def _states(seed, count):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(4, 3)), rng.normal(size=3), float(s)) for s in rng.uniform(0.3, 2.0, count)]


tweedie.ships(
    "theory.EmpiricalDenoiser",
    _by_tweedie,
    _states(0, 5),
    rtol=1e-12,
    call=lambda points, x, s: theory.EmpiricalDenoiser(points)(x, s),
)
