"""What the denoisers do when data, state and noise are scaled, moved or turned, and at infinite noise; for any n and D."""

import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true
from proofs_checks.identities.cases import ordinary
from proofs_checks.identities.points import (
    D,
    a,
    b,
    c,
    delta,
    exact_error_prone,
    i,
    mean,
    n,
    s,
    settled,
    sigma,
    squares,
    total,
)

t, h, x, y = sp.symbols("t h x y", real=True)

scaling = Entry(
    "scaling",
    "D(lambda x; lambda sigma, lambda delta, lambda Y) = lambda D; translations, rotations and permutations of data and state "
    "carry over; D* lies in the hull of the data, D_delta in that of data and x; at fixed x, sigma -> infinity gives the mean "
    "and delta -> infinity gives x.",
    simulations=(
        "phase_diagram",
        "flow_field",
    ),
)


def _error_prone(place, noise, error, exponent, coordinate):
    """One coordinate of D_delta, by exponents and that coordinate of the points."""
    square = noise**2 + error**2
    return (error**2 * place + noise**2 * mean(coordinate, noise, exponent)) / square


@scaling.step(
    Status.PROVED,
    "any n and D: homogeneity of degree one",
    claim=1,
    wrong={"degree two": 2, "degree zero": 0},
)
def homogeneity(degree):
    scale = sp.Symbol("lambda", positive=True)
    square = sigma**2 + delta**2
    base = _error_prone(x, sigma, delta, -b[i] / (2 * square), a[i])
    exponent = -(scale**2 * b[i]) / (2 * scale**2 * square)
    scaled = _error_prone(scale * x, scale * sigma, scale * delta, exponent, scale * a[i])
    equal(scaled, scale**degree * base, simplify=settled)


@scaling.step(
    Status.PROVED,
    "any n and D: translation of points and state, which leaves every x - y_i as it is",
    claim=h,
    wrong={"by the share of the data": sigma**2 / (sigma**2 + delta**2) * h, "the sign": -h},
)
def translation(shift):
    exponent = -b[i] / (2 * (sigma**2 + delta**2))
    moved = _error_prone(x + h, sigma, delta, exponent, a[i] + h)
    equal(moved, _error_prone(x, sigma, delta, exponent, a[i]) + shift, simplify=settled)


@scaling.step(
    Status.PROVED,
    "any n and D: reflections v - 2 k (k.v)/|k|^2, at most D of which make any rotation",
    claim=2,
    wrong={"a projection": 1, "a stretch": 3},
)
def reflection(times):
    j = sp.Symbol("j", integer=True, positive=True)
    v, k, m = (sp.IndexedBase(name, real=True) for name in "vkm")
    along, square = (total(k[j] * other[j], j, D) for other in (v, k))
    # it keeps |x - y_i|, v = x - y_i, and with it the weights
    mirrored = total((v[j] - times * k[j] * t) ** 2, j, D).subs(t, along / square)
    equal(mirrored, total(v[j] ** 2, j, D), simplify=settled)
    # and commutes with x -> D_delta where the weights are given: one coordinate, k.x = x, k.y_i = c_i
    weights = -b[i] / (2 * (sigma**2 + delta**2))
    before = _error_prone(t - times * m[1] * x / h, sigma, delta, weights, a[i] - times * m[1] * c[i] / h)
    after = _error_prone(t, sigma, delta, weights, a[i]) - times * m[1] / h * _error_prone(
        x, sigma, delta, weights, c[i]
    )
    equal(before, after, simplify=settled)


@scaling.step(
    Status.PROVED,
    "any n and D: D_delta is a mean of x and the points with positive weights, and permuting the points only reorders a sum",
    claim=(delta**2, sigma**2),
    wrong={"weights that do not sum to one": (delta, sigma), "the sign": (-(delta**2), 2 * sigma**2 + delta**2)},
)
def hull(shares):
    of_state, of_data = (share / (sigma**2 + delta**2) for share in shares)
    weight = sp.exp(-b[i] / (2 * (sigma**2 + delta**2)))
    equal(of_state + of_data * total(weight) / total(weight), sp.Integer(1))
    equal(
        sp.diff(_error_prone(x, sigma, delta, sp.log(weight), a[i]), x),
        of_state,
        simplify=settled,
    )
    true(of_state.is_positive and (of_data * weight.subs(b[i], y)).is_positive, "every weight is positive")
    # an exchange of any two points, which generate all permutations; the rest stays as it is
    one, other = ((sp.exp(-b[k] / (2 * s**2)), a[k]) for k in (1, 2))
    rest, rest_mean = sp.symbols("W M")

    def denoised(first, second):
        return (rest_mean + first[0] * first[1] + second[0] * second[1]) / (rest + first[0] + second[0])

    equal(denoised(one, other), denoised(other, one))


@scaling.step(
    Status.PROVED,
    "any n and D: limits at fixed x, with the rate at which they are reached",
    claim=lambda data_mean, data_covariance: (data_mean - data_covariance * t, sigma**2 * (data_mean - x)),
    wrong={
        "twice the rate": lambda data_mean, data_covariance: (
            data_mean - 2 * data_covariance * t,
            sigma**2 * (data_mean - x),
        ),
        "the sign": lambda data_mean, data_covariance: (
            data_mean + data_covariance * t,
            sigma**2 * (data_mean - x),
        ),
        "sigma for sigma^2": lambda data_mean, data_covariance: (
            data_mean - data_covariance * t,
            sigma * (data_mean - x),
        ),
    },
)
def limits(claimed):
    # t = 1/(2 s^2) -> 0: D* = mean - t Cov_data(y, |x - y|^2) + O(t^2), D_delta = x + sigma^2 (mean - x)/delta^2 + ...
    optimal = mean(a[i], s, -b[i] * t)
    data_mean = total(a[i]) / n
    data_covariance = total(a[i] * b[i]) / n - data_mean * total(b[i]) / n
    by_noise, by_error = claimed(data_mean, data_covariance)
    first = optimal.subs(t, 0) + t * sp.diff(optimal, t).subs(t, 0)
    equal(first, by_noise, simplify=settled)
    prone = 2 * t * sigma**2 * (optimal - x)  # D_delta - x at t = 1/(2 s^2), whose limit is 0
    equal(sp.diff(prone, t).subs(t, 0) / 2, by_error, simplify=settled)


ROTATION = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]


def _moved(transform, back):
    """The denoiser of transformed points at the transformed state, transformed back, is the denoiser itself."""

    def call(points, x, sigma, error):
        denoiser = theory.ErrorProneDenoiser(transform(points), transform(error))
        return back(np.asarray(denoiser(transform(x), transform(sigma))))

    return call


def _in_space(transform):
    return lambda value: transform(value) if np.ndim(value) else value


# powers of two scale without rounding; a rotation rounds the data
for forward, back, tolerance in (
    (lambda v: 2.0**40 * v, lambda v: v / 2.0**40, 1e-13),
    (lambda v: v / 2.0**40, lambda v: 2.0**40 * v, 1e-13),
    (_in_space(lambda v: v + 8.0), _in_space(lambda v: v - 8.0), 1e-13),
    (_in_space(lambda v: v @ ROTATION.T), _in_space(lambda v: v @ ROTATION), 1e-13),
    (_in_space(lambda v: v[::-1] if v.ndim == 2 else v), lambda v: v, 1e-13),
):
    scaling.ships(
        "theory.ErrorProneDenoiser",
        exact_error_prone,
        ordinary(errors=(0.0, 1.0)),
        rtol=tolerance,
        atol=tolerance,
        call=_moved(forward, back),
    )


def _limit(points, x, sigma, error):
    """The mean plus (x - mean) delta^2/s^2 less Cov_data(y, |x - y|^2) sigma^2/(2 s^4), whose remainder is as s^-4."""
    square, count = sigma**2 + error**2, len(points)
    distances = squares(points, x)
    found = []
    for j in range(len(x)):
        centre = sum(y[j] for y in points) / count
        covariance = sum((y[j] - centre) * q for y, q in zip(points, distances)) / count
        found.append((error**2 * x[j] + sigma**2 * centre) / square - sigma**2 * covariance / (2 * square**2))
    return found


scaling.ships(
    "theory.ErrorProneDenoiser",
    _limit,
    [
        (p, x, *noise)
        for p, x, _, _ in ordinary(errors=(0.0,), few=True)
        for noise in ((3e4, 0.0), (1.0, 3e4), (3e4, 2e4))
    ],
    rtol=1e-12,
    atol=1e-12,
    call=lambda points, x, sigma, error: theory.ErrorProneDenoiser(points, error)(x, sigma),
)
