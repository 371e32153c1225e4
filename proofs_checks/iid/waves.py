"""Weak fluctuations of a smoothed density as plane waves in any number of dimensions, by algebra alone.

A field is sum_m a_m exp(i kappa_m.x) with kappa_m = m_1 p + m_2 q. Nothing is said of the dimension: wave vectors enter
through |p|^2, |q|^2 and p.q, and noise through the characteristic function of the normal distribution.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

sigma = sp.Symbol("sigma", positive=True)
delta = sp.Symbol("delta", positive=True)
PP, QQ = sp.symbols("P_2 Q_2", positive=True)
PQ = sp.Symbol("pq", real=True)
order = sp.Symbol("lambda", positive=True)  # counts the powers of the fluctuation

Field = dict[tuple[int, int], sp.Expr]


@dataclass(frozen=True)
class Waves:
    """Algebra of fields to the power ``orders`` of the fluctuation; ``dots`` are |p|^2, |q|^2 and p.q."""

    orders: int
    dots: tuple = (PP, QQ, PQ)

    def dot(self, m, j):
        """kappa_m . kappa_j."""
        pp, qq, pq = self.dots
        return m[0] * j[0] * pp + m[1] * j[1] * qq + (m[0] * j[1] + m[1] * j[0]) * pq

    def combine(self, one: Field, other: Field, weight: Callable = lambda m, j: 1) -> Field:
        """sum over pairs of a_m b_j weight(m, j) exp(i (kappa_m + kappa_j).x), higher orders dropped."""
        result: Field = {}
        for m, a in one.items():
            for j, b in other.items():
                key = (m[0] + j[0], m[1] + j[1])
                result[key] = result.get(key, 0) + weight(m, j) * a * b
        return self.cut(result)

    def cut(self, field: Field) -> Field:
        """Without the powers of the fluctuation beyond ``orders``."""
        kept = {
            key: sum(e.coeff(order, j) * order**j for j in range(self.orders + 1))
            for key, e in ((key, sp.expand(e)) for key, e in field.items())
        }
        return {key: e for key, e in kept.items() if e != 0}

    def smoothed(self, field: Field, variance) -> Field:
        """The convolution with a normal density of that variance."""
        return {m: a * sp.exp(-self.dot(m, m) * variance / 2) for m, a in field.items()}

    def log(self, fluctuation: Field) -> Field:
        """ln(1 + fluctuation)."""
        power, result = {(0, 0): sp.Integer(1)}, {}
        for j in range(1, self.orders + 1):
            power = self.combine(power, fluctuation)
            result = add(result, power, sp.Rational((-1) ** (j + 1), j))
        return result

    def noisy_errors(self, density: Field) -> Field:
        """E|D - y|^2 - D sigma^2 over the noise as a field of the clean point y; density: p_hat_s/rho - 1.

        D - y = sigma eps + sigma^2 grad ln p_hat_s(y + sigma eps), so that the square beyond sigma^2 |eps|^2 is
        2 sigma^3 eps.grad ln p + sigma^4 |grad ln p|^2, and E eps e^(i sigma kappa.eps) = i sigma kappa e^(-...).
        """
        log = self.log(density)
        linear = {m: 2 * sigma**3 * sp.I * (sp.I * sigma * self.dot(m, m)) * a for m, a in log.items()}
        square = self.combine(log, log, lambda m, j: -self.dot(m, j))
        return self.smoothed(add(linear, square, sigma**4), sigma**2)

    def noisy_log_density(self, density: Field) -> Field:
        """E ln(p_hat_s/rho) over the noise as a field of the clean point."""
        return self.smoothed(self.log(density), sigma**2)

    def mean(self, field: Field, measure: Field) -> sp.Expr:
        """Spatial mean of the field over points of density 1 + measure."""
        return add(field, self.combine(field, measure), 1).get((0, 0), sp.Integer(0))


def add(one: Field, other: Field, factor) -> Field:
    """one + factor * other."""
    return {m: one.get(m, 0) + factor * other.get(m, 0) for m in {**one, **other}}


def at(field: Field, phases) -> sp.Expr:
    """Value of a real field where p.x and q.x are those phases."""
    waves = sum(a * sp.exp(sp.I * (m[0] * phases[0] + m[1] * phases[1])) for m, a in field.items())
    return sp.expand(sp.sympify(waves), complex=True)


def pair(amplitude, m=(1, 0)) -> Field:
    """2 amplitude cos(kappa_m.x), of first order in the fluctuation."""
    return {m: order * amplitude, (-m[0], -m[1]): order * amplitude}
