"""The next order in c(s) of the gap in the mean Euclidean error of independent points."""

import dataclasses
import itertools

import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true, within
from proofs_checks.gap_norm import oracles
from proofs_checks.gap_norm.leading import INPUTS
from proofs_checks.gap_norm.symbols import (
    A,
    B,
    cut,
    density,
    k,
    kernel,
    leading,
    m,
    narrow,
    once,
    s,
    sigma,
    tilted,
    twice,
    with_logs,
)
from theory import laws

next_order = Entry(
    "gap-norm-next-order",
    "The next order in c(s) of the gap of independent points, for any function of the error vector, from its mean M(A) and two "
    "slopes of that; for the squared norm it is the factor of [gap-iid].",
    simulations=("generalization_gap",),
)


@next_order.step(
    Status.PROVED,
    "any k: fluctuations of the others, E h^2 = c(s), E[h grad h] = 0, E[d_i h d_j h] = delta_ij c(s)/(2 s^2)",
    claim=(kernel, kernel / (2 * s**2)),
    wrong={"k directions at once": (kernel, k * kernel / (2 * s**2)), "s^2 for 2 s^2": (kernel, kernel / s**2)},
)
def fluctuations(claimed):
    # independent points: E[a b] = (1/rho) int of the product of the two functions of one point, a product over directions
    x = sp.Symbol("x", real=True)
    bump = sp.exp(-(x**2) / (2 * s**2)) / sp.sqrt(2 * sp.pi * s**2)
    over = lambda function: sp.integrate(sp.simplify(function), (x, -sp.oo, sp.oo))  # noqa: E731
    plain, cross, steep = over(bump**2), over(bump * sp.diff(bump, x)), over(sp.diff(bump, x) ** 2)
    true(cross == 0, "h and its slope are uncorrelated, and so are slopes in two directions")
    equal(plain**k / density, claimed[0])
    equal(steep * plain ** (k - 1) / density, claimed[1])


def _terms(c, phi, f):
    """The gap to second order at one noise, from f's derivatives there; phi is the own kernel over rho."""
    return [
        (1 + c) * sigma**2 / s**2 * phi * f.radial,
        -(sigma**2) / s**2 * phi**2 * f.radial,
        c * sigma**4 / (2 * s**2) * phi * f.laplace,
        c * sigma**6 / (4 * s**4) * phi * f.drift,
        -(sigma**4) / (2 * s**4) * phi**2 * f.square,
    ]


@dataclasses.dataclass(frozen=True)
class _Derivatives:
    """u.grad f, Laplace f, u.grad Laplace f and u u:grad grad f."""

    radial: sp.Expr
    laplace: sp.Expr
    drift: sp.Expr
    square: sp.Expr


_zeta, _h, _c, _phi = sp.symbols("zeta h c phi", positive=True)


def _of_f(*indices):
    """A derivative of f at the noise u, by its directions."""
    return sp.Symbol("f" + "".join(map(str, sorted(indices))))


def _error(own, dim):
    """f(error) - f(u) to third order: the others' h and its slopes g are of order zeta, the own kernel of zeta^2 = 1/rho."""
    u, g = sp.symbols(f"u:{dim}"), sp.symbols(f"g:{dim}")
    total = _zeta * _h + own * _zeta**2 * _phi
    inverse = cut(1 - total + total**2 - total**3, _zeta, 3)
    slope = [_zeta * g[i] - own * _zeta**2 * u[i] * _phi / s**2 for i in range(dim)]
    shift = [sigma**2 * cut(each * inverse, _zeta, 4) for each in slope]
    indices = [index for order in (1, 2, 3) for index in itertools.combinations_with_replacement(range(dim), order)]
    result = sp.Integer(0)
    for index in indices:
        repeats = sp.prod(sp.factorial(index.count(i)) for i in range(dim))
        result += _of_f(*index) / repeats * cut(sp.prod(shift[i] for i in index), _zeta, 4)
    return sp.expand(result)


def _derivatives(dim):
    u, axes = sp.symbols(f"u:{dim}"), range(dim)
    pairs = list(itertools.product(axes, axes))
    return _Derivatives(
        sum(u[i] * _of_f(i) for i in axes),
        sum(_of_f(i, i) for i in axes),
        sum(u[i] * _of_f(i, n, n) for i, n in pairs),
        sum(u[i] * u[n] * _of_f(i, n) for i, n in pairs),
    )


def _mean_over_others(expression, dim):
    """By `fluctuations`; the third moment is of higher order, and so is a mean of four."""
    mean = sp.Integer(0)
    for powers, value in sp.Poly(expression, _h, *sp.symbols(f"g:{dim}")).terms():
        if sum(powers) not in (0, 2):
            raise ValueError("a fluctuation of this order does not belong to 1/rho^2")
        moment = 1 if sum(powers) == 0 else 0 if max(powers) == 1 else _c if powers[0] == 2 else _c / (2 * s**2)
        mean += value * moment
    return sp.expand(mean)


@next_order.step(
    Status.CHECKED,
    "k = 1, 2, any f: the next order in 1/rho of the gap at given noise, by expansion of f and of the logarithm of the density",
    claim=_terms,
    wrong={
        "the others do not fluctuate": lambda c, phi, f: _terms(0, phi, f),
        "the own kernel squared twice": lambda c, phi, f: [*_terms(c, phi, f), _terms(c, phi, f)[1]],
        "the sign of the curvature": lambda c, phi, f: [*_terms(c, phi, f)[:4], -_terms(c, phi, f)[4]],
    },
)
def expansion(terms):
    for dim in (1, 2):
        fourth = (_error(0, dim) - _error(1, dim)).coeff(_zeta, 4)
        derivatives = _derivatives(dim)
        first_order = sigma**2 / s**2 * _phi * derivatives.radial  # that of [gap-norm], in zeta^2
        claimed = sp.expand(sum(terms(_c, _phi, derivatives)) - first_order)
        equal(_mean_over_others(fourth, dim), claimed, simplify=sp.expand)


@next_order.step(
    Status.CHECKED,
    "k = 1, 2, any f: to first order in c(s) the validation error gains c(s) sigma^4/(4 s^2) times the mean of Laplace f",
    claim=sigma**4 / (4 * s**2),
    wrong={"sigma^2": sigma**2 / (4 * s**2), "1/2 for 1/4": sigma**4 / (2 * s**2)},
)
def validation_error(factor):
    for dim in (1, 2):
        second = _mean_over_others(_error(0, dim).coeff(_zeta, 2), dim)
        equal(second, _c * factor * _derivatives(dim).laplace, simplify=sp.expand)


def _next_order(first, second):
    """`_terms` averaged over the noise by `tilt` and `slopes`, from M' and M'': parts with the own kernel and its square."""

    def averages(a):
        means = 2 * a * first(a), 2 * first(a), 4 * a * second(a), 2 * a * (first(a) + 2 * a * second(a))
        return _terms(kernel, 1 / density, _Derivatives(*means))

    linear, quadratic = averages(tilted), averages(narrow)
    return once * (linear[0] + linear[2] + linear[3]), twice * (quadratic[1] + quadratic[4])


@next_order.step(
    Status.PROVED,
    "any k: for the squared norm the next order is [gap-iid]'s factor 1 + c(s) A",
    claim=1 + (s**2 + sigma**2) / (2 * s**2),
    wrong={"1 left out": (s**2 + sigma**2) / (2 * s**2), "s^2 for 2 s^2": 1 + (s**2 + sigma**2) / s**2},
)
def next_order_of_the_square(first_part):
    square = k * A + m * B
    linear, quadratic = _next_order(lambda a: sp.diff(square, A), lambda a: sp.diff(square, A, 2))
    law = leading(lambda a: sp.diff(square, A))
    equal(linear / law, 1 + kernel * first_part)
    own_part = ((s**2 + sigma**2) / (sigma**2 + s**2 / 2)) ** (k / 2 + 1) * (1 + sigma**2 / (2 * s**2)) / 2
    equal(sp.log(-quadratic / law), sp.log(kernel * own_part), simplify=with_logs)


# k, D, sigma, delta, c(s)
_SAMPLED = [
    (1, 2, 1.5, 1.0, 0.05),
    (1, 2, 0.7, 1.0, 0.05),
    (1, 3, 2.0, 1.0, 0.05),
    (2, 3, 1.0, 1.0, 0.05),
    (2, 4, 0.8, 1.0, 0.03),
]


@next_order.step(
    Status.NUMERIC,
    "points at random, validation and training error from the same noise with and without the own point: gap and training "
    "error to the next order, within 4 standard errors of about 0.4% and 2 c(s)^2",
    claim=1.0,
    wrong={"leading order alone": 0.0, "the correction twice": 2.0},
)
def sampled(portion):
    rng = np.random.default_rng(6)
    for dim, ambient, noise, error, c in _SAMPLED:
        rho = 1 / (c * (4 * np.pi * (noise**2 + error**2)) ** (dim / 2))
        gap, training = _sample(rng, noise, error, rho, dim, ambient, 40_000 if dim == 1 else 16_000)
        args = noise, error, rho, dim, ambient
        before, relative = laws.gap_euclidean_iid(*args), laws.relative_gap_euclidean_iid(*args)
        following = laws.gap_euclidean_iid(*args, next_order=True)
        next_relative = laws.relative_gap_euclidean_iid(*args, next_order=True)
        within(*gap, before + portion * (following - before), systematic=2 * c**2)
        first, second = before / relative, following / next_relative
        within(*training, first + portion * (second - first), systematic=2 * c**2)


def _sample(rng, noise, error, rho, dim, ambient, draws):
    """(mean, standard error) of the gap and of the training error over draws of points and noise."""
    square = noise**2 + error**2
    reach = 4.5 * noise + 5 * np.sqrt(square)
    gaps, trainings = [], []
    for _ in range(draws // 1000):
        counts = rng.poisson(rho * (2 * reach) ** dim, 1000)
        points = rng.uniform(-reach, reach, (1000, counts.max(), dim))
        draw = noise * rng.normal(size=(1000, ambient))
        state, normal = draw[:, :dim], error**2 / square * draw[:, dim:]
        weights = np.exp(-np.sum((points - state[:, None]) ** 2, axis=-1) / (2 * square))
        weights *= np.arange(counts.max()) < counts[:, None]
        own = np.exp(-np.sum(state**2, axis=-1) / (2 * square))
        pull = np.einsum("bi,bij->bj", weights, points)
        lengths = []
        for total in (weights.sum(axis=1), weights.sum(axis=1) + own):
            along = (error**2 * state + noise**2 * pull / total[:, None]) / square
            lengths.append(np.sqrt(np.sum(along**2, axis=1) + np.sum(normal**2, axis=1)))
        gaps.append(lengths[0] - lengths[1])
        trainings.append(lengths[1])
    return [(np.mean(each), np.std(each) / np.sqrt(np.size(each))) for each in (gaps, trainings)]


# density high enough that the correction does not cancel the law
_DENSE = [(a, b, 3.0 + d / max(a, b) ** dim, dim, ambient + (ambient == 1)) for a, b, d, dim, ambient in INPUTS]
next_order.ships(
    "theory.laws.gap_euclidean_iid",
    lambda *args: oracles.next_order_iid(*args)[0],
    _DENSE,
    rtol=1e-12,
    call=lambda *args: laws.gap_euclidean_iid(*args, next_order=True),
)
next_order.ships(
    "theory.laws.relative_gap_euclidean_iid",
    lambda *args: oracles.next_order_iid(*args)[1],
    _DENSE,
    rtol=1e-12,
    call=lambda *args: laws.relative_gap_euclidean_iid(*args, next_order=True),
)
