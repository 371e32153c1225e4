"""Modes of the comb in sympy: symbols, the normal characteristic function, means over a period."""

import functools

import sympy as sp

d, s, delta, w = sp.symbols("d s delta w", positive=True)
q = sp.Symbol("q", positive=True)
u, x = sp.symbols("u x", real=True)
m, k, n = sp.symbols("m k n", integer=True, positive=True)
LINE = (-sp.oo, sp.oo)


def debye(noise):
    """q(noise)."""
    return sp.exp(-2 * sp.pi**2 * noise**2 / d**2)


def normal(position, width):
    return sp.exp(-(position**2) / (2 * width**2)) / (sp.sqrt(2 * sp.pi) * width)


@functools.cache
def characteristic(power=0):
    """E eps^power times cos(w eps), or sin for odd powers, over normal eps: one integral and its slopes in w."""
    value = sp.integrate(normal(u, 1) * sp.cos(w * u), (u, *LINE))
    for count in range(power):
        value = sp.diff(value, w) * (-1) ** (count + 1)  # cos' = -sin, sin' = cos
    return sp.simplify(value)


def period_mean(expression):
    """Its mean over x from 0 to 2 pi, for a sum of products of cos and sin of whole multiples of x."""

    def mean(term):
        wave = sp.simplify(sp.diff(term, x) / (sp.I * term))
        return (
            term if wave == 0 else term.subs(x, 0) * (sp.exp(2 * sp.pi * sp.I * wave) - 1) / (2 * sp.pi * sp.I * wave)
        )

    halves = expression.replace(sp.cos, lambda t: (sp.exp(sp.I * t) + sp.exp(-sp.I * t)) / 2)
    halves = halves.replace(sp.sin, lambda t: (sp.exp(sp.I * t) - sp.exp(-sp.I * t)) / (2 * sp.I))
    exponentials = sp.powsimp(sp.expand(halves))
    return sp.simplify(sum(mean(term) for term in sp.Add.make_args(exponentials)))
