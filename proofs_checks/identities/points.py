"""Sums over training points: symbolic ones, of any number n of points, and those of given points in mpmath.

Along a direction u the state x + t u enters the exponents -|x + t u - y_i|^2/(2 sigma^2) only through a_i = u.(y_i - x)
and b_i = |y_i - x|^2, so that sums over i = 1..n of free sequences a, b, c stand for any points in any dimension.
"""

import mpmath
import sympy as sp

n = sp.Symbol("n", integer=True, positive=True)
i = sp.Symbol("i", integer=True, positive=True)
D = sp.Symbol("D", integer=True, positive=True)
sigma, delta, s = sp.symbols("sigma delta s", positive=True)
a, b, c = (sp.IndexedBase(name, real=True) for name in "abc")


def total(term, index=i, number=n):
    """sum_i term."""
    return sp.Sum(term, (index, 1, number))


def mean(term, noise, exponent=None):
    """Posterior mean of a term in i: its weights are softmax(-b_i/(2 noise^2)), or of another exponent."""
    weight = sp.exp(-b[i] / (2 * noise**2) if exponent is None else exponent)
    return total(weight * term) / total(weight)


def settled(expression):
    """The same with every sum split into its terms and factors that do not depend on its index taken out of it."""

    def split(found):
        (index, low, high), *outer = found.limits
        terms = sp.Add.make_args(sp.expand(settled(found.function)))
        parts = []
        for term in terms:
            outside, inside = term.as_independent(index, as_Add=False)
            parts.append(outside * sp.Sum(inside, (index, low, high)) if inside != 1 else outside * (high - low + 1))
        return split(sp.Sum(sp.Add(*parts), *outer)) if outer else sp.Add(*parts)

    expression = sp.sympify(expression)
    sums = {found: split(found) for found in _outermost(expression)}
    return sp.cancel(sp.together(sp.expand(expression.xreplace(sums))))


def _outermost(expression):
    if isinstance(expression, sp.Sum):
        return {expression}
    return set().union(*map(_outermost, expression.args)) if expression.args else set()


def squares(points, x):
    """|x - y_i|^2 of each point."""
    return [sum((xj - yj) ** 2 for xj, yj in zip(x, y)) for y in points]


def exact_weights(points, x, s, prior=None):
    """Posterior weights; prior, those of the points, equal by default."""
    terms = [p * mpmath.exp(-q / (2 * s**2)) for p, q in zip(prior or [1] * len(points), squares(points, x))]
    whole = sum(terms)
    return [term / whole for term in terms]


def exact_mean(points, x, s, prior=None):
    """E[y|x]."""
    weights = exact_weights(points, x, s, prior)
    return [sum(w * y[j] for w, y in zip(weights, points)) for j in range(len(x))]


def exact_covariance(points, x, s, prior=None):
    """Cov[y|x]."""
    weights, centre = exact_weights(points, x, s, prior), exact_mean(points, x, s, prior)
    dims = range(len(x))
    return [
        [sum(w * (y[j] - centre[j]) * (y[k] - centre[k]) for w, y in zip(weights, points)) for k in dims] for j in dims
    ]


def exact_log_density(points, x, s, prior=None):
    """ln of the density of the points smoothed with s."""
    prior = prior or [1] * len(points)
    kernels = sum(p * mpmath.exp(-q / (2 * s**2)) for p, q in zip(prior, squares(points, x)))
    return mpmath.log(kernels / sum(prior)) - len(x) * mpmath.log(2 * mpmath.pi * s**2) / 2


def exact_error_prone(points, x, sigma, error, prior=None):
    """(error^2 x + sigma^2 E_s[y|x])/s^2."""
    square = sigma**2 + error**2
    centre = exact_mean(points, x, mpmath.sqrt(square), prior)
    return [(error**2 * xj + sigma**2 * mj) / square for xj, mj in zip(x, centre)]


def exact_jacobian(points, x, sigma, error):
    """(error^2 I + (sigma^2/s^2) Cov_s)/s^2."""
    square = sigma**2 + error**2
    spread = exact_covariance(points, x, mpmath.sqrt(square))
    return [
        [(error**2 * (j == k) + sigma**2 / square * spread[j][k]) / square for k in range(len(x))]
        for j in range(len(x))
    ]
