"""Linear response: gaps of stationary training sets and of lattices, to second order in the density fluctuation."""

import mpmath
import numpy as np
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, in_logarithms
from proofs_checks.iid.waves import PP, PQ, QQ, Waves, at, delta, order, pair, sigma

k, rho, t, wave = sp.symbols("k rho t p", positive=True)
jitter, spacing, noise = sp.symbols("j d s", positive=True)
TIME = sigma**2 + delta**2 / 2


gap_chi2 = Entry(
    "gap-chi2",
    "Linear response: G = -2 sigma^4 X'(t) and CE_val - CE_train = X(t), t = sigma^2 + delta^2/2, with X(t) the chi-square "
    "against uniform of the training set smoothed by sqrt(t); (1/rho) int S(p) e^(-p^2 t) dp/(2 pi)^k.",
    simulations=("generalization_gap",),
)


@gap_chi2.step(
    Status.PROVED,
    "any k: both gaps of a density with waves of any two wave vectors, to second order in their amplitudes; the mean of "
    "a square couples no more than two waves at a time",
    claim=(TIME, 2),
    wrong={
        "s^2 for sigma^2 + delta^2/2": (sigma**2 + delta**2, 2),
        "2 sigma^2 + delta^2 for its half": (2 * TIME, 2),
        "the factor 2": (TIME, 1),
    },
)
def second_order(claim):
    time, factor = claim
    waves, a, b = Waves(2), *sp.symbols("A B", positive=True)
    points = {**pair(a), **pair(b, (0, 1))}  # 2 A cos(p.x) + 2 B cos(q.x), any origin of either
    smoothed = waves.smoothed(points, sigma**2 + delta**2)
    errors, logs = waves.noisy_errors(smoothed), waves.noisy_log_density(smoothed)
    gap = waves.mean(errors, {}) - waves.mean(errors, points)
    likelihood_gap = waves.mean(logs, points) - waves.mean(logs, {})
    chi_square = 2 * order**2 * (a**2 * sp.exp(-PP * t) + b**2 * sp.exp(-QQ * t))  # mean square of the smoothed density
    equal(likelihood_gap, chi_square.subs(t, time), simplify=sp.expand)
    equal(gap, -factor * sigma**4 * sp.diff(chi_square, t).subs(t, time), simplify=sp.expand)


def _over_wave_vectors(power):
    """int |p|^power e^(-p^2 t) dp/(2 pi)^k over wave vectors in k dimensions, by shells."""
    shell = 2 * sp.pi ** (k / 2) / sp.gamma(k / 2)
    return shell / (2 * sp.pi) ** k * sp.integrate(wave ** (k - 1 + power) * sp.exp(-(wave**2) * t), (wave, 0, sp.oo))


@gap_chi2.step(
    Status.PROVED,
    "any k: independent points, S = 1, give [gap-iid], and X = 1/(rho (4 pi t)^(k/2))",
    claim=(2 * k, k / 2 + 1),
    wrong={"k for 2k": (k, k / 2 + 1), "the exponent k/2": (2 * k, k / 2)},
)
def independent_points(claim):
    factor, power = claim
    equal(_over_wave_vectors(0), (4 * sp.pi * t) ** (-k / 2), simplify=in_logarithms)
    gap = 2 * sigma**4 / rho * _over_wave_vectors(2)
    stated = factor * sigma**4 / (rho * (2 * sp.pi) ** (k / 2)) * (2 * sigma**2 + delta**2) ** -power
    equal(gap.subs(t, TIME), stated, simplify=in_logarithms)


@gap_chi2.step(
    Status.PROVED,
    "any k (coordinates factor): what jitter does to a pair of lattice points is to widen the kernel of their pair, "
    "K_2t to K_(2t + 2 j^2); a point and itself share their jitter",
    claim=2,
    wrong={"jitter of one of the two points": 1, "the amplitudes added": 4},
)
def jittered_pairs(factor):
    x, u, w = sp.symbols("x u w", real=True)
    kernel = -((x + u - w) ** 2) / (4 * t) - (u**2 + w**2) / (2 * jitter**2)
    norm = (2 * sp.pi * jitter**2) * sp.sqrt(4 * sp.pi * t)
    wider = 2 * t + factor * jitter**2
    pairs = _normal_integral(_normal_integral(sp.exp(kernel) / norm, u), w)
    equal(pairs, sp.exp(-(x**2) / (2 * wider)) / sp.sqrt(2 * sp.pi * wider))


def _normal_integral(integrand, u):
    """int du over the line of c exp(-a u^2 + b u + ...)."""
    constant, exponent = integrand.as_independent(sp.exp)
    square = sp.Poly(sp.expand(sum(e.args[0] for e in exponent.atoms(sp.exp))), u)
    a, b, c = square.coeff_monomial(u**2), square.coeff_monomial(u), square.coeff_monomial(1)
    return constant * sp.sqrt(sp.pi / sp.factor(-a)) * sp.exp(sp.factor(c - b**2 / (4 * a)))


@gap_chi2.step(
    Status.PROVED,
    "any X of the form of a local power law: k its slope in ln sqrt(t) and c its value",
    claim=t,
    wrong={"2 sigma^2 + delta^2 for its half": 2 * t},
)
def local_dimension(divisor):
    c = sp.Function("c", positive=True)
    root = sp.Symbol("r", positive=True)
    slope = -root * sp.diff(c(root), root) / c(root)  # of -ln c in ln r
    gap = -2 * sigma**4 * sp.diff(c(root), root) / (2 * root)  # dr/dt = 1/(2 r)
    equal(gap, slope * sigma**4 * c(root) / divisor.subs(t, root**2), simplify=sp.expand)


@gap_chi2.step(
    Status.PROVED,
    "any k: third order, in the likelihood gap, for three waves whose vectors sum to zero",
    claim=-2,
    wrong={"the factor 2": -1, "the sign": 2},
)
def third_order(factor):
    waves, (a, b, c) = Waves(3), sp.symbols("A B C", positive=True)
    points = {**pair(a), **pair(b, (0, 1)), **pair(c, (1, 1))}
    logs = waves.noisy_log_density(waves.smoothed(points, noise**2))
    gap = sp.expand(waves.mean(logs, points) - waves.mean(logs, {})).coeff(order, 3)
    squares = [PP, QQ, PP + QQ + 2 * PQ]
    # one wave of the points against the product of two smoothed ones, seen through the noise
    terms = [sp.exp(-sum(squares) * noise**2 / 2 + each * (noise**2 - sigma**2) / 2) for each in squares]
    equal(gap, factor * a * b * c * sum(terms), simplify=lambda e: sp.expand(sp.expand(e), power_exp=True))


def _root_of_order_parameter(length):
    return sp.exp(-((2 * sp.pi / spacing) ** 2) * length**2 / 4)


@gap_chi2.step(
    Status.PROVED,
    "k = 1: the third order of a jittered comb from its mean ripple and the fluctuations that vary within a cell, "
    "shortest wave number: of order sqrt(q(s)) q(sigma) q(j)^(3/2) c(s)",
    claim=(1, 2, 3),
    wrong={"q(s) for its root": (2, 2, 3), "sqrt(q(sigma))": (1, 1, 3), "q(j)^(1/2)": (1, 2, 1)},
)
def jittered_remainder(claim):
    at_s, at_sigma, at_jitter = claim
    g, p = 2 * sp.pi / spacing, sp.Symbol("r", real=True)
    one, other = (g / 2 + p) ** 2, (g / 2 - p) ** 2  # two waves that sum to g
    ripple = sp.exp(-(g**2) * (jitter**2 + sigma**2) / 2)  # E e^(igy), seen through the noise
    # E xi_p xi_q per point: sum_i {E e^(i(p+q)y_i) - E e^(ipy_i) E e^(iqy_i)}
    shared = _normal_integral(sp.exp(sp.expand(-(one + other) * noise**2 / 2 - g**2 * jitter**2 / 2)), p)
    apart = _normal_integral(sp.exp(sp.expand(-(one + other) * (noise**2 + jitter**2) / 2)), p)
    found = -ripple * spacing * (shared - apart) / (2 * sp.pi)  # -(1/2) for each of g and -g
    width = spacing / (sp.sqrt(4 * sp.pi) * noise)  # c(s)
    bracket = _root_of_order_parameter(jitter) - noise / sp.sqrt(noise**2 + jitter**2)
    scale = (
        _root_of_order_parameter(noise) ** at_s
        * _root_of_order_parameter(sigma) ** at_sigma
        * _root_of_order_parameter(jitter) ** at_jitter
    )
    equal(found, -scale * width * bracket)


def chi_square_of_pairs(time, jitter, spacing, dim=1):
    """X(t) = (1/rho) sum over pairs with one point at the origin of E K_2t, minus 1, summed over lattice points."""

    def kernel(variance, x):
        return mpmath.exp(-(x**2) / (2 * variance)) / mpmath.sqrt(2 * mpmath.pi * variance)

    wider = 2 * time + 2 * jitter**2
    reach = int(mpmath.sqrt(260 * wider) / spacing) + 2
    line = spacing * mpmath.fsum(kernel(wider, m * spacing) for m in range(-reach, reach + 1))
    return spacing**dim * (kernel(2 * time, 0) ** dim - kernel(wider, 0) ** dim) + line**dim - 1


def _gap_jittered(sigma, error, jitter, spacing, dim=1):
    def chi_square(time):
        return chi_square_of_pairs(time, jitter, spacing, dim)

    with mpmath.workdps(90):  # of which half go to the difference quotient
        return -2 * sigma**4 * mpmath.diff(chi_square, sigma**2 + error**2 / 2)


def _gap_local(sigma, error, dimension, inverse_count):
    time = sigma**2 + error**2 / 2
    return -2 * sigma**4 * mpmath.diff(lambda u: inverse_count * (u / time) ** (-dimension / 2), time)


def _trapezoid(sigma, error, p, structure, density, dim=1):
    """The rule on the given wave numbers, with the solid angle of the sphere by its recurrence in k."""
    angle = [2, 2 * mpmath.pi]
    while len(angle) < dim:
        angle.append(angle[-2] * 2 * mpmath.pi / (len(angle) - 1))
    time = sigma**2 + error**2 / 2
    values = [s * w ** (dim + 1) * mpmath.exp(-(w**2) * time) for w, s in zip(p, structure, strict=True)]
    integral = mpmath.fsum((v + u) / 2 * (q - w) for v, u, w, q in zip(values, values[1:], p, p[1:]))
    return 2 * sigma**4 / density * angle[dim - 1] / (2 * mpmath.pi) ** dim * integral


def gap_of_waves(sigma, error, density, dim):
    """G of independent points by quadrature over wave vectors, in units of sqrt(t)."""
    time = sigma**2 + error**2 / 2
    shell = 2 * mpmath.pi ** (mpmath.mpf(dim) / 2) / mpmath.gamma(mpmath.mpf(dim) / 2)
    integral = mpmath.quad(lambda p: p ** (dim + 1) * mpmath.exp(-(p**2)), [0, 1, 3, 6, 14])
    return 2 * sigma**4 / density * shell / (2 * mpmath.pi) ** dim * integral / time ** (mpmath.mpf(dim) / 2 + 1)


_grid, _rng = np.linspace(0, 60, 601), np.random.default_rng(0)
_uneven = np.sort(_rng.uniform(0.0, 12.0, 40))
_structures = [(_uneven, _rng.uniform(0.0, 2.0, 40), 2.5, dim) for dim in (1, 2, 3, 4, 5)]
gap_chi2.ships(
    "theory.laws.gap_from_structure",
    _trapezoid,
    [
        (0.4, 0.3, *_structures[0]),
        *((0.3, 0.0, *case) for case in _structures),
        (0.3, 0.1, *_structures[0][:3]),
        (0.02, 2.0, *_structures[1]),
    ],
)
# odd k: the integrand is even in p, so that the rule converges faster than any power
gap_chi2.ships(
    "theory.laws.gap_from_structure",
    lambda sigma, error, p, structure, density, dim: gap_of_waves(sigma, error, density, dim),
    [(0.3, 0.25, _grid, np.ones(601), 2.0, 1), (0.5, 0.0, _grid, np.ones(601), 0.7, 3)],
)
gap_chi2.ships(
    "theory.laws.gap_local",
    _gap_local,
    [
        *random_inputs(1, 8, sigma=(0.01, 10.0), error=(0.01, 10.0), dimension=(0.2, 8.0), inverse_count=(1e-6, 0.5)),
        (0.3, 0.0, 2.0, 0.1),
        (1e-3, 1.0, 1.5, 1e-9),
    ],
)
_corners = [(0.0, 1.0), (1e-3, 1.0), (0.2, 1.0), (3.0, 0.5), (40.0, 1.0)]
# an exponent of 90 multiplies the rounding of the arguments by 90
gap_chi2.ships(
    "theory.laws.chi_square_jittered",
    lambda error, *others: chi_square_of_pairs(error**2, *others),
    [
        *(
            (e, j, d, dim)
            for e, dim in ((0.02, 1), (0.279, 2), (0.281, 1), (0.6, 3), (1.5, 1), (1.5, 2))
            for j, d in _corners
        ),
        (0.2, 0.1, 1.0),
        *random_inputs(2, 10, error=(0.03, 3.0), jitter=(1e-4, 3.0), spacing=(0.3, 3.0), dim=[1, 2, 3]),
    ],
    rtol=1e-12,
)
gap_chi2.ships(
    "theory.laws.gap_jittered",
    _gap_jittered,
    [
        *((s, 0.3, j, d, dim) for s, dim in ((0.05, 1), (0.187, 2), (0.192, 2), (0.7, 1)) for j, d in _corners),
        (0.3, 0.0, 0.1, 1.0),
        (1.5, 0.2, 0.01, 1.0, 2),
        *random_inputs(
            3, 8, sigma=(0.03, 1.5), error=(0.03, 1.5), jitter=(1e-4, 3.0), spacing=(0.3, 3.0), dim=[1, 2, 3]
        ),
    ],
)


gap_lattice = Entry(
    "gap-lattice",
    "Lattice with reciprocal vectors g, validation at offset v, to first order: G = 2 sigma^4 sum_g |g|^2 (1 - cos g.v) "
    "e^(-|g|^2 (2 sigma^2 + delta^2)/2), E cos g.u = e^(-|g|^2 delta^2/2); the square lattice is a product of combs.",
    simulations=("generalization_gap",),
)
phase, other = sp.symbols("phi psi", real=True)  # g.v and g'.v


def _gap_at(waves, density, phases):
    """Error at that place beyond the one at a training point, exactly in the noise."""
    errors = waves.noisy_errors(density)
    return sp.expand(at(errors, phases) - at(errors, (0, 0)))


@gap_lattice.step(
    Status.PROVED,
    "any lattice and k: first order in any reciprocal vector; the displacement of a sample from its point",
    claim=(2, TIME),
    wrong={"one of g and -g": (1, TIME), "s^2/2": (2, (sigma**2 + delta**2) / 2), "s^2": (2, sigma**2 + delta**2)},
)
def first_order(claim):
    factor, time = claim
    waves = Waves(1)
    # Poisson summation: the smoothed lattice over its mean is sum_g e^(-g^2 s^2/2) cos g.x
    gap = _gap_at(waves, waves.smoothed(pair(1), sigma**2 + delta**2), (phase, 0))
    stated = factor * sigma**4 * 2 * PP * (1 - sp.cos(phase)) * sp.exp(-PP * time)  # g and -g
    equal(gap, order * stated, simplify=sp.expand)
    u = sp.Symbol("u", real=True)
    displaced = sp.exp(-(u**2) / (2 * delta**2)) / sp.sqrt(2 * sp.pi * delta**2)
    mean = sp.integrate(displaced * sp.cos(sp.sqrt(PP) * u), (u, -sp.oo, sp.oo))
    equal(mean, sp.exp(-PP * (time - sigma**2)))


@gap_lattice.step(
    Status.PROVED,
    "any lattice and k: second order, for any pair of reciprocal vectors g, g': -sigma^4 (|g+g'|^2 - g.g') "
    "(1 - cos (g+g').v) e^(-|g+g'|^2 sigma^2/2) times e^(-(g^2+g'^2) s^2/2)",
    claim=-1,
    wrong={"without the part of the gradient squared": 0, "its sign": 1},
)
def pairs_of_vectors(of_dot):
    waves, (a, b) = Waves(2), sp.symbols("A B", positive=True)
    gap = _gap_at(waves, {**pair(a), **pair(b, (0, 1))}, (phase, other)).coeff(order, 2)
    stated = 0
    for sign in (1, -1):
        whole = PP + QQ + 2 * sign * PQ
        # two orders of the pair, and the pair of the opposite vectors
        weight = -(sigma**4) * 4 * (whole + of_dot * sign * PQ) * sp.exp(-whole * sigma**2 / 2)
        stated += weight * a * b * (1 - sp.cos(phase + sign * other))
    found = gap.coeff(a, 1).coeff(b, 1) * a * b
    equal(found, stated, simplify=lambda e: sp.expand(sp.expand(sp.expand(e), trig=True), power_exp=True))


@gap_lattice.step(
    Status.PROVED,
    "any k: a density that is a product of a function of one coordinate and one of the others; by induction the errors "
    "of the square lattice are those of k combs, at each order",
    claim=lambda f, g: f,
    wrong={"a field along one coordinate that knows the others": lambda f, g: f * g},
)
def product_of_combs(claim):
    x, y = sp.symbols("x y", real=True)
    f, g = (sp.Function(name, positive=True)(of) for name, of in (("f", x), ("g", y)))
    along = sp.diff(sp.log(f * g), x)
    equal(along, sp.diff(claim(f, g), x) / f, simplify=sp.expand)
    equal(sp.diff(sp.log(f * g), x) ** 2 + sp.diff(sp.log(f * g), y) ** 2, along**2 + (sp.diff(g, y) / g) ** 2)


@gap_lattice.step(
    Status.PROVED,
    "the comb and so the square lattice: relative remainder -3 q e^(-3b) (1 + cos g.v) at offset v, and "
    "2 q^2 (1 + e^(-8b)) at the centre of the cell, b = g^2 sigma^2/2, q = q(s); to q^2",
    claim=(-3, 2, 8),
    wrong={"the sign off centre": (3, 2, 8), "2 q^2 without e^(-8b)": (-3, 2, sp.oo), "q^2": (-3, 1, 8)},
)
def remainder_of_the_comb(claim):
    off_centre, factor, decay = claim
    b = sp.Symbol("b", positive=True)
    waves, density = Waves(3, (2 * b / sigma**2, QQ, PQ)), pair(1)  # the next wave is of order q^4
    first = 8 * b * sigma**2 * (1 - sp.cos(phase)) * sp.exp(-b)
    gap = _gap_at(waves, density, (phase, 0))
    equal(gap.coeff(order, 1), first, simplify=sp.expand)
    second = first * off_centre * sp.exp(-3 * b) * (1 + sp.cos(phase))
    equal(gap.coeff(order, 2), second, simplify=lambda e: sp.expand(sp.expand(e, trig=True)))
    centre = _gap_at(waves, density, (sp.pi, 0))
    third = first.subs(phase, sp.pi) * factor * (1 + sp.exp(-decay * b))
    equal(centre.coeff(order, 3), third, simplify=sp.expand)
    equal(centre, order * first.subs(phase, sp.pi) + order**3 * third, simplify=sp.expand)


@gap_lattice.step(
    Status.PROVED,
    "triangular lattice: relative remainder of first order in q = e^(-g^2 s^2/2), -(3/2) q (1 + e^(-3b)) at the centre of "
    "a triangle of points, the farthest place from them; of it -(3/2) q at any place, from g + g' = g''",
    claim=sp.Rational(-3, 2),
    wrong={"the sign": sp.Rational(3, 2), "one of the two pairs with that sum": sp.Rational(-3, 4)},
)
def remainder_of_the_triangular_lattice(factor):
    b = sp.Symbol("b", positive=True)
    waves = Waves(2, (2 * b / sigma**2, 2 * b / sigma**2, -b / sigma**2))
    density = {**pair(1), **pair(1, (0, 1)), **pair(1, (1, 1))}
    centre = _gap_at(waves, density, (2 * sp.pi / 3, 2 * sp.pi / 3))
    first = centre.coeff(order, 1)
    equal(centre.coeff(order, 2), first * factor * (1 + sp.exp(-3 * b)), simplify=sp.expand)
    # any place: waves that decay as the shortest ones do
    anywhere = _gap_at(waves, density, (phase, other))
    slowest = anywhere.coeff(order, 2).coeff(sp.exp(-b))
    equal(slowest, factor * anywhere.coeff(order, 1).coeff(sp.exp(-b)), simplify=lambda e: sp.expand(e, trig=True))


def _gap_lattice(sigma, error, spacing, offset, dim):
    """-2 sigma^4 d/dt of the smoothed lattice at a point less that at the offset, summed over its points, not waves."""
    offsets = offset if isinstance(offset, list) else [offset] * dim

    def line(time, v):
        reach = int(mpmath.sqrt(520 * time) / spacing + v / spacing) + 3
        images = (mpmath.exp(-((v + m * spacing) ** 2) / (4 * time)) for m in range(-reach, reach + 1))
        return spacing * mpmath.fsum(images) / mpmath.sqrt(4 * mpmath.pi * time)

    with mpmath.workdps(90):
        difference = mpmath.diff(lambda u: sum(line(u, 0) - line(u, v) for v in offsets), sigma**2 + error**2 / 2)
        return -2 * sigma**4 * difference


gap_lattice.ships(
    "theory.laws.gap_lattice",
    _gap_lattice,
    [
        *random_inputs(
            4, 8, sigma=(0.06, 1.0), error=(0.03, 1.0), spacing=(0.5, 2.0), offset=(0.01, 2.0), dim=[1, 2, 3]
        ),
        (0.06, 0.0, 1.0, 0.5, 1),
        (0.3, 0.2, 1.0, 1e-4, 1),
        (1.5, 0.1, 1.0, 0.5, 2),
        (0.25, 0.3, 1.3, np.array([0.2, 0.65]), 2),
    ],
    rtol=1e-12,  # an exponent of 90 multiplies the rounding of the arguments by 90
)
