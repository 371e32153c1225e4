"""How a claim is shown, or refuted by a counterexample.

A proof calls these with what it derived and what is claimed. `Disproved` says that the claim is false and where; anything
else that goes wrong, `Undecided` included, is a fault of the proof, never taken for a refutation.
"""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

DIGITS = 50
_SMALL = mpmath.mpf(10) ** -25


class Disproved(Exception):
    """A claim is false: what was claimed, what was found, and where."""


class Undecided(Exception):
    """Two expressions agree in numbers, but were not shown to be equal: the proof needs another simplification."""


def equal(derived, claimed, simplify: Callable[[sp.Expr], Any] = sp.simplify) -> None:
    """derived = claimed, and not both 0, as expressions or matrices in general symbols.

    ``simplify`` must bring the difference to 0. Raises `Disproved` with numbers for which they differ, `Undecided` where
    there are none and the difference is not brought to 0, and `Disproved` for 0 = 0, which shows nothing.
    """
    derived, claimed = sp.sympify(derived), sp.sympify(claimed)
    matrices = isinstance(derived, sp.MatrixBase)
    pairs = list(zip(derived, claimed, strict=True)) if matrices else [(derived, claimed)]
    if not any(_sampled([left], seed=0)[0] != 0 for left, _ in pairs):
        raise Disproved("both sides are zero, which shows nothing")
    for left, right in pairs:
        for seed in range(3):
            one, other = _sampled([left, right], seed)
            if abs(one - other) > _SMALL * max(1, abs(one), abs(other)):
                raise Disproved(
                    f"{right} was claimed; at a random place it is {_short(other)}, derived is {_short(one)}"
                )
        difference = left - right
        if difference != 0 and simplify(difference) != 0:
            raise Undecided(f"no counterexample found, but {simplify(difference)} was not brought to zero")


def in_logarithms(difference):
    """For `equal`: brings the difference of two products of powers to zero, by their logarithms."""
    left, right = difference.as_two_terms()
    return sp.simplify(sp.expand_log(sp.log(sp.gammasimp(left / -right)), force=True))


def agree(found, claimed, digits: float, where: str = "") -> None:
    """Two numbers (or sequences of them) agree to that many digits, relative to the larger; not both 0."""
    found, claimed = ([mpmath.mpmathify(x) for x in np.ravel(np.asarray(each, object))] for each in (found, claimed))
    if not any(x != 0 for x in found):
        raise Disproved("both sides are zero, which shows nothing")
    for one, other in zip(found, claimed, strict=True):
        if not abs(one - other) <= mpmath.mpf(10) ** -digits * max(abs(one), abs(other)):
            raise Disproved(f"{_short(other)} was claimed, {_short(one)} is found {where}".strip())


def within(estimate, standard_error, claimed, errors: float = 4.0, *, systematic: float = 0.0) -> None:
    """Sampled values agree with claimed ones within that many standard errors plus a stated systematic part (relative)."""
    for value, spread, claim in zip(
        *map(np.ravel, np.broadcast_arrays(estimate, standard_error, claimed)), strict=True
    ):
        if not abs(value - claim) <= errors * spread + systematic * abs(claim):
            raise Disproved(f"{claim:.6g} was claimed, {value:.6g} +- {spread:.2g} is found")


def remainder_order(
    parameters: Sequence[float], remainders: Sequence[Any], order: float, tolerance: float = 0.1
) -> None:
    """Remainders fall as parameter^order, by the slope between the two smallest parameters."""
    (p, small), (q, large) = sorted(zip(parameters, (abs(mpmath.mpf(r)) for r in remainders)))[:2]
    slope = float(mpmath.log(large / small) / mpmath.log(mpmath.mpf(q) / p))
    if abs(slope - order) > tolerance:
        raise Disproved(f"a remainder of order {order} was claimed, {slope:.4g} is found")


def true(condition, claim: str) -> None:
    """A decidable statement, such as a sign or an inequality between exact numbers, holds."""
    if not bool(condition):
        raise Disproved(f"{claim} does not hold")


def valid_range(exact, approximate, parameters, level: float) -> tuple[float, float]:
    """Longest run of parameters, its ends, in which an approximate form is within ``level`` (relative) of the exact one.

    exact, approximate: values ``(m,)`` at the ascending parameters ``(m,)``; NaN for both ends where it never is.
    """
    parameters = np.asarray(parameters, float)
    good = np.abs(np.asarray(approximate, float) / np.asarray(exact, float) - 1) <= level
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    if len(edges) == 0:
        return float("nan"), float("nan")
    starts, ends = edges[::2], edges[1::2]
    longest = np.argmax(ends - starts)
    return float(parameters[starts[longest]]), float(parameters[ends[longest] - 1])


def _sampled(expressions, seed):
    """Values of expressions at one random place: numbers for symbols, elements of sequences and unknown functions."""
    rng = np.random.default_rng(seed)
    lengths = {
        limit: sp.Integer(3)
        for e in expressions
        for s in e.atoms(sp.Sum, sp.Product)
        for limits in s.limits
        for limit in limits[2].free_symbols
    }
    expressions = [e.subs(lengths).doit() if lengths else e for e in expressions]
    # derivatives first, then the functions inside them, then plain symbols
    for kind in (sp.Derivative, AppliedUndef, sp.Indexed, sp.Symbol):
        atoms = sorted({a for e in expressions for a in e.atoms(kind)}, key=sp.default_sort_key)
        values = {a: _value(a, rng) for a in atoms}
        expressions = [e.xreplace(values) for e in expressions]
    return [mpmath.mpmathify(sp.N(e, DIGITS)) for e in expressions]


def _value(atom, rng):
    if atom.is_integer:
        return sp.Integer(int(rng.integers(1, 6)))
    value = sp.Rational(int(rng.integers(20, 200)), 97)
    return value if atom.is_positive or atom.is_nonnegative or rng.random() < 0.5 else -value


def _short(value) -> str:
    return mpmath.nstr(value, 8)
