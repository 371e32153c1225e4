"""Where the gap of independent points peaks, any k."""

import mpmath
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import agree, equal, in_logarithms, true
from proofs_checks.iid.gap_orders import GAP, both_orders, delta, k, ranges, rho, sigma
from theory import laws

gap_iid_peak = Entry(
    "gap-iid-peak",
    "Relative to the tangential error k sigma^2 the gap of independent points peaks at sigma* = delta/sqrt(k), height "
    "(2/k)(1 + 2/k)^-(k/2+1)/(rho (2 pi)^(k/2) delta^k); the absolute gap at delta sqrt(2/(k-2)), k > 2 only; the normal "
    "error is (D-k) sigma^2 delta^4/s^4.",
    simulations=("generalization_gap",),
)


def _slope(expression, of):
    """d ln(expression)/d ln(of)."""
    return sp.simplify(of * sp.diff(sp.expand_log(sp.log(expression), force=True), of))


@gap_iid_peak.step(
    Status.PROVED,
    "any k: place and height; the slope is positive before and negative behind it",
    claim=(1, 2 / k),
    wrong={"delta/k": (k ** sp.Rational(-1, 2), 2 / k), "1/k for 2/k in the front": (1, 1 / k)},
)
def relative_peak(claim):
    place, front = claim
    relative = GAP / (k * sigma**2)
    ratio = sp.Symbol("r", positive=True)  # sigma over the stated place
    place = place * delta / sp.sqrt(k)
    slope = _slope(relative, sigma).subs(sigma, ratio * place)
    equal(slope, 2 * k * (1 - ratio**2) / (k + 2 * ratio**2))  # of the sign of 1 - r
    height = front * (1 + 2 / k) ** -(k / 2 + 1) / (rho * (2 * sp.pi) ** (k / 2) * delta**k)
    equal(relative.subs(sigma, place), height, simplify=in_logarithms)


@gap_iid_peak.step(
    Status.PROVED,
    "any k: the absolute gap rises with sigma everywhere for k <= 2, and peaks for k > 2",
    claim=2,
    wrong={"delta sqrt(1/(k-2))": 1, "delta sqrt(4/(k-2))": 4},
)
def absolute_peak(square):
    ratio, more = sp.symbols("r m", positive=True)
    slope = _slope(GAP, sigma)
    above = slope.subs(k, 2 + more).subs(sigma, ratio * delta * sp.sqrt(sp.sympify(square) / more))
    equal(above, 4 * more * (1 - ratio**2) / (more + 4 * ratio**2))  # of the sign of 1 - r
    less = sp.Symbol("l", nonnegative=True)
    below = sp.together(slope.subs(k, 2 - less))
    equal(below, 2 * (2 * delta**2 + less * sigma**2) / (delta**2 + 2 * sigma**2))
    true((2 * delta**2 + less * sigma**2).is_positive, "the gap rises at every noise for k = 2 - l")


@gap_iid_peak.step(
    Status.PROVED,
    "one normal coordinate, along which all points are at 0: the density is normal with variance s^2",
    claim=4,
    wrong={"delta^2/s^2": 2},
)
def normal_directions(power):
    x, eps = sp.symbols("x eps", real=True)
    square = sigma**2 + delta**2
    log_density = sp.log(sp.exp(-(x**2) / (2 * square)) / sp.sqrt(2 * sp.pi * square))
    error = (x + sigma**2 * sp.diff(log_density, x)).subs(x, sigma * eps)
    weight = sp.exp(-(eps**2) / 2) / sp.sqrt(2 * sp.pi)
    mean = sp.factor(error / eps) ** 2 * sp.integrate(eps**2 * weight, (eps, -sp.oo, sp.oo))
    equal(mean, sigma**2 * delta**power / sp.sqrt(square) ** power)


_u, _D = sp.symbols("u D", positive=True)


def _quartic(factor):
    return (1 - k * _u) * (1 + _u) * (k * (1 + _u) ** 2 + _D - k) + factor * (_D - k) * _u * (1 + 2 * _u)


@gap_iid_peak.step(
    Status.PROVED,
    "any k and D, relative to the total squared error: the peak solves (1 - k u)(1 + u)(k (1+u)^2 + D-k) + 2 (D-k) u (1 + 2u) "
    "= 0, u = (sigma*/delta)^2, which has one positive root (Descartes' rule, by the signs of the coefficients)",
    claim=2,
    wrong={"half the last term": 1, "its sign": -2, "no normal error": 0},
)
def slope_of_the_total_error(factor):
    total = k * sigma**2 + (_D - k) * sigma**2 * delta**4 / (sigma**2 + delta**2) ** 2
    slope = _slope((GAP / total).subs(sigma, delta * sp.sqrt(_u)), _u)
    below = (1 + 2 * _u) * (1 + _u) * (k * (1 + _u) ** 2 + _D - k)
    equal(slope, _quartic(factor) / below)
    # signs of 1, u, ..., u^4: +, (3 - k)(D), c_2, -, -; one change for k <= 3 whatever c_2, and for k > 3, where c_2 < 0
    normal, more = sp.Symbol("m", nonnegative=True), sp.Symbol("j", integer=True, nonnegative=True)
    for dim in (1, 2, 3, 4 + more):
        signs = [sp.expand(e) for e in sp.Poly(_quartic(factor).subs(_D, k + normal).subs(k, dim), _u).all_coeffs()]
        true(signs[0].is_negative and signs[1].is_negative and signs[4].is_positive, "the ends of the row of signs")
        true(signs[3].is_nonnegative or (signs[3].is_negative and signs[2].is_negative), "the signs change once")


@gap_iid_peak.step(
    Status.CHECKED,
    "(k, D) = (1, 2), (1, 3), (2, 3): sigma*/delta to 17 digits, from the root in exact isolation",
    claim={(1, 2): "1.291445180262018623", (1, 3): "1.487634242435014734", (2, 3): "0.7996323515116448527"},
    wrong={"delta/sqrt(k), as without normal error": {(1, 2): "1.0"}, "in sigma^2": {(1, 2): "1.6678306536"}},
)
def peak_of_the_total_error(places):
    for dims, place in places.items():
        roots = sp.Poly(_quartic(2).subs({k: dims[0], _D: dims[1]}), _u).real_roots()
        (root,) = [r for r in roots if r > 0]
        agree(mpmath.mpf(str(sp.N(sp.sqrt(root), 30))), mpmath.mpf(place), len(place) - 2)


def _relative(sigma, error, density, dim, ambient_dim, next_order):
    """Validation less training error over training error, of the linear denoiser normal to the manifold and of w, eta."""
    square = sigma**2 + error**2
    leading, following = both_orders(sigma, error, density, dim)
    # D of one normal coordinate: x -> x error^2/s^2
    validation = dim * sigma**2 + (ambient_dim - dim) * sigma**2 * (1 - sigma**2 / square) ** 2
    if not next_order:
        return sigma**4 * leading / validation
    width = (4 * mpmath.pi * square) ** (-mpmath.mpf(dim) / 2) / density
    validation += sigma**4 * dim * width / (2 * square)
    gap = sigma**4 * (leading + following)
    return gap / (validation - gap)


def _peak_of(relative, guess):
    """Place and value of the maximum of a function of ln sigma/delta, to the digits in use."""
    with mpmath.workdps(60):
        place = mpmath.findroot(lambda u: mpmath.diff(relative, u), mpmath.log(guess))
        return mpmath.exp(place), relative(place)


def _relative_tangential(dim):
    return lambda log_noise: (
        mpmath.exp(-2 * log_noise) * mpmath.exp(4 * log_noise) * _fourier(mpmath.exp(2 * log_noise), dim) / dim
    )


def _fourier(square, dim):
    """G/(sigma^4 rho^-1) at delta = 1 as a Gaussian integral over wave vectors, |p|^2 in place of the first moment."""
    t = square + mpmath.mpf(1) / 2
    return dim / t * (4 * mpmath.pi * t) ** (-mpmath.mpf(dim) / 2)


def _euclidean(log_noise):
    """Paper's norm on a curve in the plane at delta = rho = 1, by quadrature over the angle of (eps_t, eps_n)."""
    square = mpmath.exp(2 * log_noise)
    b, a = 1 / (1 + square), square / (1 + square)

    # the trapezoidal rule over a period, by symmetry a quarter, to 50 digits
    own = lengths = mpmath.mpf(0)
    for i in range(101):
        cosine = mpmath.cos(mpmath.pi * i / 200) ** 2
        length = mpmath.sqrt(cosine + b**2 * (1 - cosine))
        weight = 1 if 0 < i < 100 else mpmath.mpf(1) / 2
        own += weight * cosine * (1 + a * cosine) ** mpmath.mpf(-1.5) / length
        lengths += weight * length
    return a / mpmath.sqrt(2 * mpmath.pi * (1 + square)) * own / lengths


gap_iid_peak.ships(
    "theory.laws.gap_peak_noise_iid",
    lambda error, dim: error * _peak_of(_relative_tangential(dim), 1 / mpmath.sqrt(dim))[0],
    [(e, dim) for e, dim in ((0.3, 1), (2.0, 2), (1e-3, 3), (50.0, 7))],
)
gap_iid_peak.ships(
    "theory.laws.gap_peak_height_iid",
    lambda error, density, dim: _peak_of(_relative_tangential(dim), 1 / mpmath.sqrt(dim))[1] / (density * error**dim),
    [(0.3, 40.0, 1), (2.0, 0.7, 2), (1e-3, 5.0, 3), (50.0, 1e4, 7)],
)
gap_iid_peak.ships(
    "theory.laws.gap_peak_euclidean_ring",
    lambda error, density: [x * y for x, y in zip(_peak_of(_euclidean, 1.5), (error, 1 / (density * error)))],
    [(0.2, 30.0), (7.0, 1e-2)],
)
gap_iid_peak.ships(
    "theory.laws.normal_error",
    lambda sigma, error, codimension: codimension * sigma**2 * (1 - sigma**2 / (sigma**2 + error**2)) ** 2,
    [
        *random_inputs(7, 6, sigma=(1e-3, 10.0), error=(1e-3, 10.0), codimension=[1, 2, 7]),
        (1e-9, 1.0, 1),
        (1.0, 1e-8, 3),
    ],
)
gap_iid_peak.ships(
    "theory.laws.relative_gap_iid",
    lambda *case: _relative(*case, False),
    [(*case, d) for case, d in zip(random_inputs(8, 6, **ranges()), (5, 5, 6, 7, 8, 9))]
    + [(0.3, 0.2, 40.0, 1, 1), (0.3, 0.0, 40.0, 1, 2), (1e-4, 1.0, 5.0, 2, 3)],
)
gap_iid_peak.ships(
    "theory.laws.relative_gap_iid",
    lambda *case: _relative(*case, True),
    [
        (0.3, 0.2, 40.0, 1, 1),
        (0.3, 0.0, 40.0, 1, 2),
        (0.5, 0.7, 3.0, 2, 3),
        (1e-4, 1.0, 5.0, 2, 3),
        (2.0, 0.4, 1.5, 3, 3),
        (4.0, 5.0, 0.2, 1, 4),
    ],
    call=lambda *case: laws.relative_gap_iid(*case, next_order=True),
)
