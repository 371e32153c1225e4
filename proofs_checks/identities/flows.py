"""The probability flow of a denoiser, and the model error as early stopping; any data and any D.

The flux p v of the empirical denoiser is a sum over training points of kernels times x - y_i, so that the divergence of
one radial term, r^(1-D) d(r^(D-1) .)/dr with D a symbol, is that of any points in any dimension. Claims about a field along
coordinate axes are shown for the term of one axis, generic functions of it; the divergence is the sum of such terms.
"""

import math

import equinox as eqx
import jax.numpy as jnp
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true
from proofs_checks.identities.line import mass_below, quantile
from proofs_checks.identities.points import a, b, i, mean, settled, total

sigma, delta, s, r, D = sp.symbols("sigma delta s r D", positive=True)
x, t = sp.symbols("x t", real=True)
TIGHT = {"rtol": 1e-12, "atol": 1e-12}  # of the solver; its errors add up to some 1e-11 over a trajectory


def normal_mean(polynomial, z):
    """E over z ~ N(0, 1), by moments: 0 of odd powers, (m - 1)!! of even ones."""
    terms = sp.Poly(sp.expand(polynomial), z).terms()
    return sum(factor * sp.factorial2(power - 1) for (power,), factor in terms if power % 2 == 0)


pf_ode = Entry(
    "pf-ode",
    "The flow dx/dsigma = (x - D)/sigma of the optimal denoiser carries p_sigma from noise to noise; under any denoiser "
    "d ln p/dsigma = -(D_amb - div D)/sigma along trajectories.",
    simulations=("flow_field", "trajectories"),
)


@pf_ode.step(
    Status.PROVED,
    "any n and D, any direction u: density times velocity is the sum over points of kernels times u.(x - y_i)/sigma",
    claim=-a[i] / sigma,
    wrong={"the sign": a[i] / sigma, "sigma^2 for sigma": -a[i] / sigma**2, "half of it": -a[i] / (2 * sigma)},
)
def flux(term):
    kernels = sp.exp(-b[i] / (2 * sigma**2))  # a_i = u.(y_i - x), so that u.(D* - x) is the posterior mean of a
    equal(total(kernels) * -mean(a[i], sigma) / sigma, total(kernels * term), simplify=settled)


@pf_ode.step(
    Status.PROVED,
    "any points and weights, D a symbol: dp/dsigma + div(p v) = 0, and the flux is -sigma grad p",
    claim=r / sigma,
    wrong={"sigma^2 for sigma": r / sigma**2, "the sign": -r / sigma, "half the speed": r / (2 * sigma)},
)
def continuity(speed):
    # speed: of one term of the flux, along x - y_i
    kernel = (2 * sp.pi * sigma**2) ** (-D / 2) * sp.exp(-(r**2) / (2 * sigma**2))
    divergence = sp.diff(r ** (D - 1) * kernel * speed, r) / r ** (D - 1)
    equal(-sp.diff(kernel, sigma), divergence)
    equal(-sigma * sp.diff(kernel, r), kernel * speed)


@pf_ode.step(
    Status.PROVED,
    "any denoiser, D a symbol: volume of a small parcel, by the eigenvalues of the denoiser's Jacobian",
    claim=lambda divergence: -(D - divergence) / sigma,
    wrong={
        "the sign": lambda divergence: (D - divergence) / sigma,
        "D_amb left out": lambda divergence: divergence / sigma,
        "1/sigma left out": lambda divergence: -(D - divergence),
    },
)
def change_of_log_density(rate):
    number = sp.Symbol("D", integer=True, positive=True)
    step = sp.Symbol("h")
    eigenvalue = sp.IndexedBase("lambda")
    # det(I + h dv/dx), v = (x - D)/sigma, by the eigenvalues of dD/dx; mass is conserved, so density falls as volume grows
    log_volume = sp.Sum(sp.log(1 + step * (1 - eigenvalue[i]) / sigma), (i, 1, number))
    derived = -sp.diff(log_volume, step).subs(step, 0)
    claimed = rate(sp.Sum(eigenvalue[i], (i, 1, number))).subs(D, number)
    equal(derived, claimed, simplify=lambda e: sp.simplify(sp.expand(e.doit())))


early_stopping = Entry(
    "early-stopping",
    "In s = sqrt(sigma^2 + delta^2) the flow under error delta is the optimal flow, stopped at s = delta: samples of the "
    "kernel density of bandwidth delta, up to the start's divergence.",
    simulations=("phase_diagram", "trajectory_states"),
)


@early_stopping.step(
    Status.PROVED,
    "any data and D: dx/ds of the error-prone denoiser is that of the optimal one at s",
    claim=sigma / s,
    wrong={"s/sigma": s / sigma, "ds = dsigma": sp.Integer(1), "delta for sigma": delta / s},
)
def change_of_time(slope):
    optimal = sp.Function("D_star")(x, s)
    error_prone = (delta**2 * x + sigma**2 * optimal) / s**2
    effective = sp.sqrt(sigma**2 + delta**2)
    equal(sp.diff(effective, sigma), slope.subs(s, effective))
    along_s = ((x - error_prone) / sigma / slope).subs(delta, sp.sqrt(s**2 - sigma**2))
    equal(along_s, (x - optimal) / s)


@early_stopping.step(
    Status.PROVED,
    "any field and D: density of any f-divergence of two transported distributions moves with the field, so that its integral, "
    "the Kullback-Leibler divergence for f = ln, is conserved; term of one axis",
    claim=lambda v, q, p, f: v * q * f,
    wrong={
        "the sign": lambda v, q, p, f: -v * q * f,
        "p for q": lambda v, q, p, f: v * p * f,
        "without f": lambda v, q, p, f: v * q,
    },
)
def conserved_divergence(flux):
    q, p, v = (sp.Function(name, positive=True)(x, t) for name in "qpv")
    F, G = sp.symbols("f f'")  # f(q/p) and its derivative there

    def differentiate(expression, variable):
        """By the chain rule for F; the densities change by their continuity equation, linearly, so that axes add up."""
        total = sp.diff(expression, variable) + sp.diff(expression, F) * G * sp.diff(q / p, variable)
        return total.subs({sp.diff(q, t): -sp.diff(v * q, x), sp.diff(p, t): -sp.diff(v * p, x)})

    equal(differentiate(q * F, t), -differentiate(flux(v, q, p, F), x))


@early_stopping.step(
    Status.PROVED,
    "any n, weights and D: divergence of a Gaussian start from each kernel, and the convexity that makes their mean a bound",
    claim=1 / (2 * s**2),
    wrong={"2 left out": 1 / s**2, "s for s^2": 1 / (2 * s), "half of it": 1 / (4 * s**2)},
)
def bound_of_the_start(factor):
    # ln N(x; 0, s^2 I) - ln N(x; y, s^2 I) depends on the component z of x along y alone
    length, z = sp.Symbol("ell", positive=True), sp.Symbol("z", real=True)
    log_ratio = ((s * z - length) ** 2 - (s * z) ** 2) / (2 * s**2)
    equal(normal_mean(log_ratio, z), factor * length**2)
    # -ln sum_i w_i k_i <= -sum_i w_i ln k_i, by the tangent of the logarithm at the mean m: ln k <= ln m + (k - m)/m
    k, m = sp.symbols("k m", positive=True)
    above = sp.log(m) + (k - m) / m - sp.log(k)
    true(above.subs(k, m) == 0 and sp.diff(above, k).subs(k, m) == 0, "the tangent touches the logarithm")
    true(sp.diff(above, k, 2).is_positive, "the logarithm is concave")


second = sp.Symbol("tr(C^2)", positive=True)


@early_stopping.step(
    Status.PROVED,
    "any centred data and D, by cumulants: KL(N(0, s^2 I) || p_s) has no order 1/s^2, and tr(C^2)/4 at order 1/s^4",
    claim=second / 4,
    wrong={"tr(C^2)/2": second / 2, "the sign": -second / 4, "tr(C^2)/8": second / 8},
)
def divergence_of_the_start(coefficient):
    # x = s z: ln p_s(x) - ln N(x) = ln E_y exp(A), A = h z.y - h^2 |y|^2/2, h = 1/s: joint cumulants of z.y and |y|^2, then E_z
    h, trace, fourth = sp.symbols("h tr(C) E|y|^4", positive=True)
    z, length, u = sp.symbols("z ell u", real=True)
    number = sp.Symbol("D", integer=True, positive=True)
    c = sp.IndexedBase("c")  # eigenvalues of C
    # E_z (z'Cz)^2, from ln E exp(u z'Cz) = -sum_i ln(1 - 2 u c_i)/2: a mean tr C and a variance 2 tr C^2
    generating = -sp.Sum(sp.log(1 - 2 * u * c[i]), (i, 1, number)) / 2
    sums = {sp.Sum(c[i], (i, 1, number)): trace, sp.Sum(c[i] ** 2, (i, 1, number)): second}
    expected, spread = (sp.simplify(sp.diff(generating, u, order).subs(u, 0)).subs(sums) for order in (1, 2))
    fourth_power = normal_mean((z * length) ** 4, z).coeff(length, 4) * fourth  # E_z (z.y)^4 = 3 |y|^4
    # E_z of the joint cumulants of z.y and |y|^2, of p and q of them; those of odd p vanish
    joint = {
        (0, 1): trace,
        (2, 0): expected,
        (0, 2): fourth - trace**2,
        (2, 1): fourth - trace**2,
        (4, 0): fourth_power - 3 * (spread + expected**2),
    }
    factorials = {powers: sp.factorial(powers[0]) * sp.factorial(powers[1]) for powers in joint}
    derived = -sp.expand(sum(h**p * (-(h**2) / 2) ** q / factorials[p, q] * k for (p, q), k in joint.items()))
    true(derived.coeff(h, 2) == 0, "order 1/s^2 cancels")
    equal(derived.coeff(h, 4), coefficient)


class Opaque(eqx.Module):
    """The field of a denoiser as any callable: solvers see neither the points nor the error."""

    denoiser: theory.ErrorProneDenoiser

    def __call__(self, states, noise):
        return self.denoiser(states, noise)


class Linear(eqx.Module):
    """f(x) = A x with any A: a field that is no gradient."""

    matrix: jnp.ndarray

    def __call__(self, states, _):
        return states @ self.matrix.T


def _starts(cases):
    """Three points on a line, two starts, and (error, sigma_max, sigma_min) of each case."""
    rng = np.random.default_rng(5)
    return [(rng.normal(size=3), rng.uniform(-2, 2, size=2), *case) for case in cases]


def _by_rank(points, starts, error, high, low):
    """On a line no two trajectories cross: a state keeps the mass below it."""
    s_high, s_low = mpmath.hypot(high, error), mpmath.hypot(low, error)
    return [quantile(points, mass_below(points, state, s_high), s_low, state) for state in starts]


def _flow(points, starts, error, high, low, wrap=lambda denoiser: denoiser):
    denoiser = wrap(theory.ErrorProneDenoiser(points[:, None], error))
    found = theory.probability_flow(denoiser, starts[:, None], sigma_max=high, sigma_min=low, **TIGHT)
    return found.x[:, 0]


def _recalled(points, starts, error, high, low):
    """Without error and at zero noise each point is where its n-th of the mass ends, in their order."""
    return [sorted(points)[int(mass_below(points, state, high) * len(points))] for state in starts]


def _product(one, other):
    return np.stack(np.meshgrid(one, other, indexing="ij"), axis=-1).reshape(-1, 2)


def _flow_of_product(one, other, start, error, high, low, wrap=lambda denoiser: denoiser):
    denoiser = wrap(theory.ErrorProneDenoiser(_product(one, other), error))
    return theory.probability_flow(denoiser, start, sigma_max=high, sigma_min=low, **TIGHT).x


def _by_rank_of_axes(one, other, start, error, high, low):
    """Points at all pairs of coordinates: their density is a product, so that each coordinate moves by itself."""
    return [_by_rank(axis, [place], error, high, low)[0] for axis, place in zip((one, other), start)]


def _log_density(points, state, s):
    return mpmath.log(sum(mpmath.npdf(state, y, s) for y in points) / len(points))


def _by_conservation(points, ends, error, high, low):
    """p_s with the ratio of start density and p_hat at sigma_max, which trajectories keep, for Gaussian starts."""
    s_high, s_low = mpmath.hypot(high, error), mpmath.hypot(low, error)
    latent = _by_rank(points, ends, 0, s_low, s_high)
    return [
        _log_density(points, end, s_low) + mpmath.log(mpmath.npdf(z, 0, s_high)) - _log_density(points, z, s_high)
        for end, z in zip(ends, latent)
    ]


def _likelihood(points, ends, error, high, low, own=False):
    denoiser = theory.ErrorProneDenoiser(points[:, None], error)
    prior = (lambda latent: denoiser.log_density(latent, high)) if own else None
    return theory.log_likelihood(
        denoiser, ends[:, None], sigma_max=high, sigma_min=low, log_prior=prior, **TIGHT
    ).log_density


def _by_exponential(matrix, end, high, low):
    """x = exp((I - A) ln(sigma/sigma_T)) x_T: the Gaussian density at x_T, and the volume tr(I - A) ln(sigma_T/sigma)."""
    A, dim = mpmath.matrix(matrix), len(end)
    growth = (mpmath.eye(dim) - A) * mpmath.log(high / low)
    latent = mpmath.expm(growth) * mpmath.matrix(end)
    prior = -mpmath.fsum(z**2 for z in latent) / (2 * high**2) - dim * mpmath.log(2 * mpmath.pi * high**2) / 2
    return prior + mpmath.fsum(growth[j, j] for j in range(dim))


_SHEAR = np.random.default_rng(7).normal(size=(3, 3)) / math.sqrt(12)

_AXES = (np.array([-1.0, 0.2, 0.5]), np.array([0.0, 0.7]), np.array([0.9, -1.3]))

pf_ode.ships("theory.probability_flow", _by_rank, _starts([(0.0, 4.0, 0.5), (0.0, 2.0, 0.2)]), rtol=1e-10, call=_flow)
pf_ode.ships("theory.probability_flow", _by_rank_of_axes, [(*_AXES, 0.0, 4.0, 0.3)], rtol=1e-10, call=_flow_of_product)
pf_ode.ships("theory.probability_flow", _recalled, _starts([(0.0, 4.0, 0.0), (0.0, 1.0, 0.0)]), call=_flow)
pf_ode.ships(
    "theory.log_likelihood",
    lambda points, ends, error, high, low: [_log_density(points, x, mpmath.hypot(low, error)) for x in ends],
    _starts([(0.0, 4.0, 0.5), (0.3, 3.0, 0.2)]),
    rtol=1e-10,
    call=lambda *case: _likelihood(*case, own=True),
)
pf_ode.ships(
    "theory.log_likelihood",
    _by_exponential,
    [(_SHEAR, np.array([0.3, -0.2, 0.5]), 5.0, 1.0)],
    rtol=1e-10,
    call=lambda matrix, end, high, low: (
        theory.log_likelihood(Linear(jnp.asarray(matrix)), end, sigma_max=high, sigma_min=low, **TIGHT).log_density
    ),
)
early_stopping.ships(
    "theory.probability_flow",
    _by_rank,
    _starts([(0.4, 4.0, 0.0), (0.2, 3.0, 0.1), (1.5, 10.0, 0.0)]),
    rtol=1e-10,
    call=_flow,
)
early_stopping.ships(
    "theory.probability_flow",
    _by_rank,
    _starts([(0.4, 4.0, 0.05), (1.5, 10.0, 0.3)]),
    rtol=1e-10,
    call=lambda *case: _flow(*case, wrap=Opaque),
)
early_stopping.ships(
    "theory.probability_flow",
    _by_rank_of_axes,
    [(*_AXES, 0.25, 4.0, 0.1)],
    rtol=1e-10,
    call=lambda *case: _flow_of_product(*case, wrap=Opaque),
)
early_stopping.ships(
    "theory.log_likelihood",
    _by_conservation,
    _starts([(0.4, 4.0, 0.0), (0.8, 2.0, 0.1)]),
    rtol=1e-10,
    call=_likelihood,
)
