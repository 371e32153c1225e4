"""Symbols and pieces that the proofs of the gap in the Euclidean norm share.

A function f of the error vector enters as F(|e_t|^2, |e_n|^2), by its derivatives or as a Fourier mode along its wave vector,
so that what is proved of it holds for any f and any k unless a step says otherwise. density: points per unit volume.
"""

import sympy as sp

k, m, p, j = sp.symbols("k m p j", positive=True)
sigma, s, r, density = sp.symbols("sigma s r rho", positive=True)
A, B = sp.symbols("A B", positive=True)
tilted = sigma**2 * s**2 / (s**2 + sigma**2)
narrow = sigma**2 * s**2 / (s**2 + 2 * sigma**2)
once = (2 * sp.pi * (s**2 + sigma**2)) ** (-k / 2)
twice = (4 * sp.pi**2 * s**2 * (s**2 + 2 * sigma**2)) ** (-k / 2)
kernel = 1 / (density * (4 * sp.pi * s**2) ** (k / 2))  # c(s)


def leading(slope):
    """The law to leading order, from M'(A) as a function of A."""
    return once / density * sigma**2 / s**2 * 2 * tilted * slope(tilted)


def with_logs(expression):
    """A difference of logarithms of products is brought to zero."""
    return sp.simplify(sp.expand_log(expression.replace(sp.log, lambda a: sp.log(sp.factor(a))), force=True))


def cut(expression, zeta, order: int):
    """Powers of zeta above that order left out."""
    found = sp.Poly(sp.expand(expression), zeta)
    return sum(value * zeta**n for (n,), value in found.terms() if n <= order)
