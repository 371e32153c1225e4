"""Derivatives of the denoisers in the state and in the noise, for any n and D."""

import jax
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true
from proofs_checks.identities.cases import corners, ordinary
from proofs_checks.identities.points import (
    D,
    a,
    b,
    c,
    delta,
    exact_covariance,
    exact_jacobian,
    exact_mean,
    exact_weights,
    i,
    mean,
    n,
    s,
    settled,
    sigma,
    squares,
    total,
)

t, h, x, y, g = sp.symbols("t h x y g", real=True)

jacobian = Entry(
    "jacobian",
    "dD*/dx = Cov[y|x]/sigma^2, symmetric and positive semi-definite, with trace tr Cov/sigma^2; with model error "
    "(delta^2 I + (sigma^2/s^2) Cov_s)/s^2.",
    simulations=("phase_diagram",),
)


def _covariance(one, other, noise):
    return mean(one * other, noise) - mean(one, noise) * mean(other, noise)


@jacobian.step(
    Status.PROVED,
    "any n and D, any two directions u and v: derivative of u.D* along v",
    claim=1 / sigma**2,
    wrong={"1/sigma": 1 / sigma, "twice": 2 / sigma**2, "the sign": -1 / sigma**2},
)
def slope_of_the_mean(factor):
    # a_i = u.y_i, c_i = v.(y_i - x): moving x by t v changes |x - y_i|^2 to b_i - 2 t c_i + t^2
    moved = mean(a[i], sigma, -(b[i] - 2 * t * c[i] + t**2) / (2 * sigma**2))
    equal(sp.diff(moved, t).subs(t, 0), factor * _covariance(a[i], c[i], sigma), simplify=settled)


@jacobian.step(
    Status.PROVED,
    "any n and D: u.Cov u = (1/2) sum_ij w_i w_j (u.(y_i - y_j))^2, a sum of squares",
    claim=sp.Rational(1, 2),
    wrong={"without the half": sp.Integer(1), "the sign": -sp.Rational(1, 2)},
)
def sum_of_squares(factor):
    j = sp.Symbol("j", integer=True, positive=True)
    weight = sp.exp(-b[i] / (2 * sigma**2))
    pairs = sp.Sum(weight * weight.subs(i, j) * (a[i] - a[j]) ** 2, (i, 1, n), (j, 1, n))
    found = _covariance(a[i], a[i], sigma)
    equal(found, factor * pairs / total(weight) ** 2, simplify=lambda e: _same_index(settled(e), j))
    true((factor * (weight * weight.subs(i, j)).subs({b[i]: x, b[j]: y})).is_positive, "each term is positive")


def _same_index(expression, other):
    """Sums over ``other`` are sums over i."""
    renamed = {found: total(found.function.subs(other, i)) for found in expression.atoms(sp.Sum)}
    return sp.simplify(expression.xreplace(renamed))


@jacobian.step(
    Status.PROVED,
    "any n and D: the divergence, coordinate by coordinate, is tr Cov/sigma^2 = E[|y - D*|^2 | x]/sigma^2",
    claim=sigma**-2,
    wrong={"1/sigma": 1 / sigma, "per dimension": 1 / (D * sigma**2), "the sign": -(sigma**-2)},
)
def divergence(factor):
    # a_i = the coordinate of y_i - x along which x moves
    moved = mean(a[i], sigma, -(b[i] - 2 * t * a[i] + t**2) / (2 * sigma**2))
    square = mean((a[i] - h) ** 2, sigma)
    equal(sp.diff(moved, t).subs(t, 0), factor * square.subs(h, mean(a[i], sigma)), simplify=settled)


@jacobian.step(
    Status.PROVED,
    "any n and D, any two directions, with model error",
    claim=(delta**2 * g + sigma**2 / s**2 * _covariance(a[i], c[i], s)) / s**2,
    wrong={
        "sigma/s for its square": (delta**2 * g + sigma / s * _covariance(a[i], c[i], s)) / s**2,
        "delta for delta^2": (delta * g + sigma**2 / s**2 * _covariance(a[i], c[i], s)) / s**2,
        "without the error's share": sigma**2 / s**4 * _covariance(a[i], c[i], s),
    },
)
def with_error(claimed):
    # g = u.v, x = u.x
    moved = mean(a[i], s, -(b[i] - 2 * t * c[i] + t**2) / (2 * s**2))
    denoised = (delta**2 * (x + t * g) + sigma**2 * moved) / s**2
    equal(sp.diff(denoised, t).subs(t, 0), claimed, simplify=settled)


noise_derivative = Entry(
    "noise-derivative",
    "dD*/dsigma = Cov(y, |x - y|^2 | x)/sigma^3 = {E[z |z|^2] - 2 Cov[y|x] (x - D*)}/sigma^3, z = y - D*; with model error "
    "(2 sigma delta^2/s^4)(D*(x, s) - x) + (sigma/s)^3 (dD*/ds)(x, s).",
)


@noise_derivative.step(
    Status.PROVED,
    "any n and D: derivative of u.D*, any direction u",
    claim=sigma**-3,
    wrong={"sigma^-2": sigma**-2, "half": sigma**-3 / 2, "the sign": -(sigma**-3)},
)
def as_a_covariance(factor):
    equal(sp.diff(mean(a[i], sigma), sigma), factor * _covariance(a[i], b[i], sigma), simplify=settled)


@noise_derivative.step(
    Status.PROVED,
    "any n and D: the same by the third moment about D*",
    claim=2,
    wrong={"Cov once": 1, "the sign": -2, "without the covariance": 0},
)
def by_the_third_moment(times):
    # a_i = u.(y_i - x); with e = x - D* and c_i = e.(y_i - x): |e|^2 = -E c and |z_i|^2 = |y_i - x + e|^2
    square = b[i] + 2 * c[i] - mean(c[i], sigma)
    centred = a[i] - mean(a[i], sigma)
    third = mean(a[i] * square, sigma) - mean(a[i], sigma) * mean(square, sigma)  # E[u.z |z|^2]
    along = mean(centred * c[i], sigma)  # u.Cov e
    equal(
        sp.diff(mean(a[i], sigma), sigma),
        (third - times * along) / sigma**3,
        simplify=settled,
    )


@noise_derivative.step(
    Status.PROVED,
    "any n and D, with model error; D*(x, s) a generic function of s",
    claim=(2 * sigma * delta**2 / (sigma**2 + delta**2) ** 2, (sigma**2 + delta**2) ** sp.Rational(-3, 2) * sigma**3),
    wrong={
        "delta for delta^2": (
            2 * sigma * delta / (sigma**2 + delta**2) ** 2,
            (sigma / sp.sqrt(sigma**2 + delta**2)) ** 3,
        ),
        "(sigma/s)^2": (2 * sigma * delta**2 / (sigma**2 + delta**2) ** 2, sigma**2 / (sigma**2 + delta**2)),
        "without the change of the share": (sp.Integer(0), (sigma / sp.sqrt(sigma**2 + delta**2)) ** 3),
    },
)
def with_error_in_noise(claimed):
    share, slope = claimed
    optimal = sp.Function("m")
    effective = sp.sqrt(sigma**2 + delta**2)
    field = (delta**2 * x + sigma**2 * optimal(s)) / s**2
    # total derivative, ds/dsigma = sigma/s
    found = sp.diff(field.subs(s, effective), sigma).doit()
    claimed = share * (optimal(effective) - x) + slope * sp.diff(optimal(s), s).subs(s, effective)
    place = {sp.Subs(sp.Derivative(optimal(s), s), s, effective): y, optimal(effective): h}

    def known(expression):
        return expression.replace(lambda e: isinstance(e, sp.Subs), lambda e: y).xreplace(place)

    equal(known(found), known(claimed))


def _ratio(points, x, noise):
    return [[each / noise**2 for each in row] for row in exact_covariance(points, x, noise)]


# in units of s^2, to 1e-12 of the largest
jacobian.ships(
    "theory.posterior",
    _ratio,
    [(points, x, float(np.hypot(sigma, error))) for points, x, sigma, error in ordinary() + corners()],
    rtol=1e-12,
    atol=1e-12,
    call=lambda points, x, noise: theory.posterior(points, x, noise).covariance / noise**2,
)
jacobian.ships(
    "theory.ErrorProneDenoiser.jacobian",
    exact_jacobian,
    ordinary(few=True) + corners(many=True),
    rtol=1e-12,
    atol=1e-12,
    call=lambda points, x, sigma, error: theory.ErrorProneDenoiser(points, error).jacobian(x, sigma),
)
# the derivative that JAX takes of the denoiser itself
jacobian.ships(
    "theory.ErrorProneDenoiser",
    exact_jacobian,
    ordinary(),
    rtol=1e-12,
    atol=1e-12,
    call=lambda points, x, sigma, error: jax.jacfwd(lambda x: theory.ErrorProneDenoiser(points, error)(x, sigma))(x),
)


def _by_moments(points, x, sigma, error):
    """The stated form, with the covariance of y and |x - y|^2 as a sum over points."""
    square = sigma**2 + error**2
    s = mpmath.sqrt(square)
    weights, centre, distances = exact_weights(points, x, s), exact_mean(points, x, s), squares(points, x)
    mean_distance = sum(w * q for w, q in zip(weights, distances))
    found = []
    for j in range(len(x)):
        covariance = sum(w * y[j] * (q - mean_distance) for w, y, q in zip(weights, points, distances))
        found.append(2 * sigma * error**2 / square**2 * (centre[j] - x[j]) + (sigma / s) ** 3 * covariance / s**3)
    return found


noise_derivative.ships(
    "theory.ErrorProneDenoiser",
    _by_moments,
    ordinary() + corners()[3:],
    rtol=1e-12,
    atol=1e-12,
    call=lambda points, x, sigma, error: jax.jvp(
        lambda sigma: theory.ErrorProneDenoiser(points, error)(x, sigma), (sigma,), (1.0,)
    )[1],
)
