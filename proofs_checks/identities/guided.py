"""Guidance, D_w = D_pos + w (D_pos - D_neg): what kind of field it is, and autoguidance of one point."""

import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, true
from proofs_checks.identities.cases import ordinary
from proofs_checks.identities.points import exact_error_prone, exact_mean

sigma, delta, other, w = sp.symbols("sigma delta delta' w", positive=True)  # delta' is the error of the guide
x, h = sp.symbols("x h", real=True)
D, k = sp.symbols("D k", integer=True, positive=True)
GAIN = (1 + w) * delta**2 / (sigma**2 + delta**2) - w * other**2 / (sigma**2 + other**2)

guidance = Entry(
    "guidance",
    "D_w = D_pos + w (D_pos - D_neg) is a gradient field but no posterior mean: its Jacobian may be negative and it may leave "
    "the hull of the data. Autoguidance of one point makes the spread of end points delta (delta/delta')^w.",
    simulations=("guidance",),
)


@guidance.step(
    Status.PROVED,
    "any two densities and any D: the field along any direction is the slope of a potential",
    claim=lambda positive, negative: sigma**2 * ((1 + w) * positive - w * negative),
    wrong={
        "w for 1 + w": lambda positive, negative: sigma**2 * (w * positive - w * negative),
        "the sign": lambda positive, negative: sigma**2 * ((1 + w) * positive + w * negative),
        "sigma for sigma^2": lambda positive, negative: sigma * ((1 + w) * positive - w * negative),
    },
)
def gradient(potential):
    positive, negative = (sp.Function(name)(x) for name in ("p", "q"))

    # each part is x + sigma^2 times the slope of its log density, also with model error
    def part(density):
        return x + sigma**2 * sp.diff(sp.log(density), x)

    field = part(positive) + w * (part(positive) - part(negative))
    equal(field - x, sp.diff(potential(sp.log(positive), sp.log(negative)), x))


def _one_point(noise, error):
    """D_error of a single point at 0, along one coordinate, by the slope of its log density."""
    return x + noise**2 * sp.diff(-(x**2) / (2 * (noise**2 + error**2)), x)


def _guided_one_point():
    return (1 + w) * _one_point(sigma, delta) - w * _one_point(sigma, other)


@guidance.step(
    Status.PROVED,
    "one point, any D and w > 0: where the Jacobian g I of autoguidance is negative, the field beyond the point as seen from x",
    claim=lambda excess: delta**2 * other**2 / excess,
    wrong={
        "delta^2 alone": lambda excess: delta**2 * sp.Integer(1),
        "the product of errors": lambda excess: delta * other / sp.sqrt(excess),
    },
)
def negative_jacobian(square):
    # g = 0 at sigma^2 = delta^2 delta'^2/excess, excess = w delta'^2 - (1 + w) delta^2 > 0; above it g < 0
    excess, more = sp.symbols("excess more", positive=True)
    guide = sp.sqrt((excess + (1 + w) * delta**2) / w)  # the delta' of that excess
    gain = sp.diff(_guided_one_point(), x)
    root = square(excess)
    equal(1 + gain.subs(sigma, sp.sqrt(root)).subs(other, guide), sp.Integer(1))
    above = gain.subs(sigma, sp.sqrt(root + more)).subs(other, guide)
    true((-sp.factor(sp.simplify(above))).is_positive, "g < 0 at every larger noise")


@guidance.step(
    Status.PROVED,
    "two labels with one point each, at +-a, any w > 0: midway the field leaves the hull of the data",
    claim=lambda scale: (1 + w) * scale,
    wrong={"w": lambda scale: w * scale, "in the hull": lambda scale: scale},
)
def leaves_the_hull(where):
    scale = sp.Symbol("a", positive=True)
    kernel = sp.exp(-((x - scale) ** 2) / (2 * sigma**2))
    all_points = sp.log(kernel + kernel.subs(scale, -scale))
    positive, negative = (x + sigma**2 * sp.diff(log, x) for log in (sp.log(kernel), all_points))
    guided = sp.simplify((positive + w * (positive - negative)).subs(x, 0))
    equal(guided, where(scale))
    true(sp.expand(guided - scale).is_positive, "it lies beyond the point with the label")


@guidance.step(
    Status.PROVED,
    "one point, any D: end points from starts of standard deviation sigma_T -> infinity",
    claim=delta * (delta / other) ** w,
    wrong={
        "1 + w for w": delta * (delta / other) ** (1 + w),
        "no guidance": delta,
        "the guide's error": other * (delta / other) ** w,
    },
)
def spread_of_one_point(claimed):
    # d ln x/dsigma = (1 - D_w/x)/sigma; one coordinate
    start = sp.Symbol("sigma_T", positive=True)
    rate = sp.simplify((x - _guided_one_point()) / x / sigma)
    integral = sum(sp.integrate(term, sigma) for term in sp.Add.make_args(sp.apart(rate, sigma)))
    growth = sp.expand_log(sp.log(start) - (integral.subs(sigma, start) - integral.subs(sigma, 0)), force=True)
    # ln(sigma_T^2 + e^2) = ln(1 + e^2/sigma_T^2) + 2 ln sigma_T, whose last part drops out
    inverse = sp.Symbol("h", positive=True)
    tails = {sp.log(start**2 + e**2): sp.log(1 + (e * inverse) ** 2) + 2 * sp.log(start) for e in (delta, other)}
    limit = sp.expand(sp.expand(growth).xreplace(tails)).subs(inverse, 0)
    equal(sp.expand_log(limit, force=True), sp.expand_log(sp.log(claimed), force=True))


@guidance.step(
    Status.PROVED,
    "one point, any D: the flow ends narrower than p^(1+w)/q^w, at first order in w, which bounds all w > 0",
    claim=lambda ratio: sp.log(ratio) + 1 - ratio,
    wrong={"equal variances": lambda ratio: 0 * ratio, "the sign": lambda ratio: ratio - 1 - sp.log(ratio)},
)
def power_is_not_carried(difference):
    # at sigma = 0: ln of the variance that the flow ends with, less that of the Gaussian p^(1+w)/q^w
    log_power = (1 + w) * -(x**2) / (2 * delta**2) - w * -(x**2) / (2 * other**2)
    ends = sp.log((delta * (delta / other) ** w) ** 2)
    power = sp.log(-1 / sp.diff(log_power, x, 2))
    found = sp.diff(sp.expand_log(ends, force=True) - power, w).subs(w, 0)
    ratio = sp.Symbol("r", positive=True)  # delta^2/delta'^2
    equal(sp.expand_log(found.subs(other, delta / sp.sqrt(ratio)), force=True), difference(ratio))
    # beyond first order ln(1 + w (1 - r)) is less than w (1 - r); the bound is strictly concave, with maximum 0 at r = 1
    equal(sp.solve(sp.diff(difference(ratio), ratio), ratio)[0], sp.Integer(1))
    true(sp.diff(difference(ratio), ratio, 2).is_negative, "the difference is below zero for different errors")


def _second_moment(expression, eps):
    """Mean over one normal number eps of a polynomial of degree two in it."""
    polynomial = sp.Poly(sp.expand(expression), eps)
    return polynomial.coeff_monomial(1) + polynomial.coeff_monomial(eps**2)


@guidance.step(
    Status.PROVED,
    "one point, any D, a validation point at distance h: the gap over the training error",
    claim=(1 - GAIN) ** 2 * h**2 / (D * GAIN**2 * sigma**2),
    wrong={
        "g for 1 - g": GAIN**2 * h**2 / (D * GAIN**2 * sigma**2),
        "without D": (1 - GAIN) ** 2 * h**2 / (GAIN**2 * sigma**2),
        "h for h^2": (1 - GAIN) ** 2 * h / (D * GAIN**2 * sigma**2),
    },
)
def gap_of_one_point(claimed):
    # one coordinate towards the validation point, at h, and D - 1 across; the training point at 0
    eps = sp.Symbol("epsilon", real=True)
    field = _guided_one_point()

    def error(place):
        along = _second_moment((field.subs(x, place + sigma * eps) - place) ** 2, eps)
        return along + (D - 1) * _second_moment(field.subs(x, sigma * eps) ** 2, eps)

    equal((error(h) - error(0)) / error(0), claimed)


def _leading_gap(weight_own, weight_other, spacing):
    """32 pi^2 sigma^4/d^2 e^-b times the combination of q(s)."""
    own, guide = (sp.exp(-2 * sp.pi**2 * (sigma**2 + e**2) / spacing**2) for e in (delta, other))
    shared = 32 * sp.pi**2 * sigma**4 / spacing**2 * sp.exp(-2 * sp.pi**2 * sigma**2 / spacing**2)
    return shared * (weight_own * own + weight_other * guide)


def _relative(gap_of, normal):
    def claimed(spacing):
        gap = k * gap_of(spacing)
        return gap / (k * sigma**2 + (D - k) * (sigma * normal) ** 2 - gap / 2)

    return claimed


@guidance.step(
    Status.PROVED,
    "even points on a flat k-torus in D dimensions, to first order in q of the model and of its guide: the relative gap",
    claim=_relative(lambda d: _leading_gap(1 + w, -w, d), GAIN),
    wrong={
        "w for 1 + w": _relative(lambda d: _leading_gap(w, -w, d), GAIN),
        "no guidance along the manifold": _relative(lambda d: _leading_gap(1, 0, d), GAIN),
        "no guidance across it": _relative(lambda d: _leading_gap(1 + w, -w, d), delta**2 / (sigma**2 + delta**2)),
        "half the gap": _relative(lambda d: _leading_gap(1 + w, -w, d) / 2, GAIN),
    },
)
def gap_of_even_points(claimed):
    d, t = sp.symbols("d t", positive=True)
    eps, order, wave = sp.Symbol("epsilon", real=True), sp.Symbol("order"), 2 * sp.pi / d
    # along the manifold the smoothed comb is 1 + 2 q cos(2 pi u/d) + O(q^4) of its mean, u from a training point
    field = x
    for weight, error in ((1 + w, delta), (-w, other)):
        q = order * sp.exp(-(wave**2) * (sigma**2 + error**2) / 2)
        slope = sp.diff(sp.log(1 + 2 * q * sp.cos(wave * x)), x)
        field += weight * sigma**2 * sp.diff(slope, order).subs(order, 0) * order
    # E eps sin(t eps) = t e^(-t^2/2), by the derivative of the characteristic function e^(-t^2/2) of eps
    sine = -sp.diff(sp.exp(-(t**2) / 2), t)

    def error_at(place):
        """E(D_w(place + sigma eps) - place)^2 to first order: sigma^2 and twice the mean of sigma eps times the shift."""
        shift = sp.diff(field, order).subs(x, place + sigma * eps)
        amplitude = sp.simplify(sp.expand_trig(shift) / sp.sin(wave * sigma * eps))
        return sigma**2 + 2 * sigma * amplitude * sine.subs(t, wave * sigma)

    train, validation = error_at(0), error_at(d / 2)
    # across it a Gaussian about the manifold, as about one point; every one of the k directions alike
    normal = _second_moment(_guided_one_point().subs(x, sigma * eps) ** 2, eps)
    found = k * (validation - train) / (k * train + (D - k) * normal)
    equal(found, claimed(d), simplify=lambda e: sp.powsimp(sp.expand(sp.numer(sp.together(e)))))


def _guided(points, x, sigma, error):
    """Autoguidance with weight 1.5 by the model of twice the error and 0.1."""
    own = exact_error_prone(points, x, sigma, error)
    guide = exact_error_prone(points, x, sigma, 2 * error + mpmath.mpf(0.1))
    return [a + mpmath.mpf(1.5) * (a - b) for a, b in zip(own, guide)]


def _build(points, error):
    return theory.GuidedDenoiser(
        theory.ErrorProneDenoiser(points, error), theory.ErrorProneDenoiser(points, 2 * error + 0.1), 1.5
    )


CLOSE = {"rtol": 1e-12, "atol": 1e-13}
guidance.ships(
    "theory.GuidedDenoiser",
    _guided,
    ordinary(),
    **CLOSE,
    call=lambda points, x, sigma, error: _build(points, error)(x, sigma),
)
guidance.ships(
    "theory.GuidedDenoiser.score",
    lambda points, x, sigma, error: [(g - xj) / sigma**2 for g, xj in zip(_guided(points, x, sigma, error), x)],
    ordinary(),
    **CLOSE,
    call=lambda points, x, sigma, error: _build(points, error).score(x, sigma),
)


def _halved(points, x, sigma, _):
    """By weight 2 away from a denoiser that halves the state."""
    return [(3 * m - xj) / sigma**2 - xj / sigma**2 for m, xj in zip(exact_mean(points, x, sigma), x)]


# a denoiser without a score
guidance.ships(
    "theory.GuidedDenoiser.score",
    _halved,
    ordinary(errors=(0.0,)),
    **CLOSE,
    call=lambda points, x, sigma, _: theory.GuidedDenoiser(
        theory.EmpiricalDenoiser(points), lambda x, sigma: x / 2, 2.0
    ).score(x, sigma),
)
LABELS = np.array([1, 0, 1, 1])
guidance.ships(
    "theory.ConditionalDenoiser.guided",
    lambda points, x, sigma, error: [
        3 * own - 2 * every
        for own, every in zip(
            exact_error_prone([points[j] for j in (0, 2, 3)], x, sigma, error),
            exact_error_prone(points, x, sigma, error),
        )
    ],
    ordinary(),
    **CLOSE,
    call=lambda points, x, sigma, error: theory.ConditionalDenoiser(points, LABELS, error).guided(1, 2.0)(x, sigma),
)


def _gain(noise, error, guide_error, weight):
    own, guide = (e**2 / (noise**2 + e**2) for e in (error, guide_error))
    return (1 + weight) * own - weight * guide


def _spread_by_flow(error, guide_error, weight):
    """Along the flow, by quadrature: what the gain has more than without guidance, where the end is ``error``."""

    def integrand(log_noise):
        noise = mpmath.exp(log_noise)
        return _gain(noise, error, guide_error, weight) - error**2 / (noise**2 + error**2)

    nodes = mpmath.linspace(mpmath.log(min(error, guide_error)) - 30, mpmath.log(max(error, guide_error)) + 30, 61)
    with mpmath.workdps(22):  # the tails beyond e^-60 are left out
        return error * mpmath.exp(mpmath.quad(integrand, nodes))


guidance.ships(
    "theory.laws.guided_spread_one_point",
    _spread_by_flow,
    [
        *random_inputs(1, 4, error=(0.01, 3.0), guide_error=(0.01, 3.0), weight=(0.1, 5.0)),
        (0.3, 0.7, 0.0),
        (0.5, 0.5, 2.0),
    ],
)


def _gap_one_point(noise, error, guide_error, weight, distance, dim=2):
    gain = _gain(noise, error, guide_error, weight)
    train = dim * (gain * noise) ** 2
    validation = (dim - 1) * (gain * noise) ** 2 + ((gain - 1) * distance) ** 2 + (gain * noise) ** 2
    return (validation - train) / train


# g is the difference of two terms up to 6, here at least 1e-2
guidance.ships(
    "theory.laws.relative_gap_guided_one_point",
    _gap_one_point,
    [
        (0.3, 0.2, 0.5, 1.0, 0.8),
        (1.5, 0.2, 0.5, 2.0, 0.8, 3),
        (1e-3, 0.1, 0.2, 4.0, 1.0, 1),
        (0.4, 0.3, 0.9, 0.0, 0.5, 2),
    ],
    rtol=1e-12,
)


def _gap_by_quadrature(sigma, error, guide_error, weight, spacing, dim=1, ambient_dim=2):
    """The gap of the field of first order from its definition, the mean over eps by quadrature."""
    wave = 2 * mpmath.pi / spacing
    q = [mpmath.exp(-(wave**2) * (sigma**2 + e**2) / 2) for e in (error, guide_error)]
    amplitude = -2 * sigma**2 * wave * ((1 + weight) * q[0] - weight * q[1])

    def mean_shift(place):
        return mpmath.quad(
            lambda z: sigma * z * amplitude * mpmath.sin(wave * (place + sigma * z)) * mpmath.npdf(z),
            mpmath.linspace(-12, 12, 13),
        )

    with mpmath.workdps(25):
        train, validation = (sigma**2 + 2 * mean_shift(place) for place in (0, spacing / 2))
    normal = (sigma * _gain(sigma, error, guide_error, weight)) ** 2
    return dim * (validation - train) / (dim * train + (ambient_dim - dim) * normal)


guidance.ships(
    "theory.laws.relative_gap_guided",
    _gap_by_quadrature,
    [
        (0.22, 0.3, 0.6, 1.0, 1.0),
        (0.2, 0.35, 0.5, 2.0, 1.1, 1, 3),
        (0.4, 0.5, 1.0, 0.0, 2.0, 2, 2),
        (0.01, 0.3, 0.4, 3.0, 1.0, 2, 5),
    ],
)
