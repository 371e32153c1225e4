"""Gaussian data and Gaussian mixtures, in any dimension: along the eigenvectors of the covariance all is one-dimensional."""

import jax
import mpmath
import numpy as np
import sympy as sp

import theory
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import equal, true

sigma, delta = sp.symbols("sigma delta", positive=True)
l = sp.Symbol("l", positive=True)  # noqa: E741, an eigenvalue of C
x, mu, z = sp.symbols("x mu z", real=True)

gaussian_data = Entry(
    "gaussian-data",
    "Data N(mu, C): D = mu + C (C + sigma^2 I)^-1 (x - mu); along an eigenvector of C the flow goes as "
    "sqrt(l_j + delta^2 + sigma^2); D is the best affine denoiser of any data with that mean and covariance.",
    simulations=("high_dimension",),
)


def _gaussian(value, centre, variance):
    return sp.exp(-((value - centre) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


@gaussian_data.step(
    Status.PROVED,
    "any D: one coordinate along an eigenvector of C, by Bayes' rule and by Tweedie's formula",
    claim=l / (l + sigma**2),
    wrong={
        "sigma for sigma^2": l / (l + sigma),
        "the other share": sigma**2 / (l + sigma**2),
        "root": sp.sqrt(l / (l + sigma**2)),
    },
)
def field(share):
    denoised = mu + share * (x - mu)
    whole = l + sigma**2
    joint = _gaussian(z, mu, l) * _gaussian(x, z, sigma**2)
    given = _gaussian(x, mu, whole) * _gaussian(z, denoised, l * sigma**2 / whole)
    equal(*(sp.expand_log(sp.log(density), force=True) for density in (joint, given)))
    equal(x + sigma**2 * sp.diff(sp.log(_gaussian(x, mu, whole)), x), denoised)


@gaussian_data.step(
    Status.PROVED,
    "any D: the flow along an eigenvector from sigma_T down, with model error, as the solution of its differential equation",
    claim=lambda noise: sp.sqrt(l + delta**2 + noise**2),
    wrong={
        "without the error": lambda noise: sp.sqrt(l + noise**2),
        "without the root": lambda noise: l + delta**2 + noise**2,
        "deviations for variances": lambda noise: sp.sqrt(l) + delta + noise,
    },
)
def flow(growth):
    # D_delta = x + sigma^2 d ln p/dx, p of variance l + delta^2 + sigma^2, and dx/dsigma = (x - D_delta)/sigma
    noise = sp.Symbol("sigma_T", positive=True)
    slope = sp.diff(sp.log(_gaussian(x, mu, l + delta**2 + sigma**2)), x)
    rate = sp.simplify(-sigma * slope / (x - mu))
    integral = sp.integrate(rate, sigma)
    found = sp.exp(integral - integral.subs(sigma, noise))
    equal(found, growth(sigma) / growth(noise))


@gaussian_data.step(
    Status.PROVED,
    "any data with these moments, any D: what another affine map loses, entry by entry of its matrix",
    claim=l / (l + sigma**2),
    wrong={"no shrinkage": sp.Integer(1), "sigma for sigma^2": l / (l + sigma)},
)
def best_affine(share):
    # row j of E|A (z + sigma eps) + c - z|^2 in the eigenbasis, E z_k z_m = l_k delta_km: a sum over k of these and c_j^2
    entry, diagonal = sp.symbols("A I", real=True)  # I = 1 for k = j, else 0

    def risk(value):
        noisy, noise = value - diagonal, value * sigma
        return noisy**2 * l + noise**2

    equal(risk(entry) - risk(share * diagonal), (l + sigma**2) * (entry - share * diagonal) ** 2)


@gaussian_data.step(
    Status.PROVED,
    "any D: the local dimension, least error over sigma^2 and trace of the Jacobian",
    claim=lambda eigenvalue: eigenvalue / (eigenvalue + sigma**2),
    wrong={
        "sigma for sigma^2": lambda eigenvalue: eigenvalue / (eigenvalue + sigma),
        "without the noise": lambda eigenvalue: sp.Integer(1),
        "square root": lambda eigenvalue: sp.sqrt(eigenvalue / (eigenvalue + sigma**2)),
    },
)
def local_dimension(term):
    k, D = sp.symbols("k D", integer=True, positive=True)
    eigenvalues = sp.IndexedBase("l", positive=True)
    share = sp.Symbol("A", real=True)
    risk = (share - 1) ** 2 * l + share**2 * sigma**2
    best = sp.solve(sp.diff(risk, share), share)[0]
    least = sp.factor(risk.subs(share, best) / sigma**2)
    total = sp.Sum(least.subs(l, eigenvalues[k]), (k, 1, D))
    equal(total, sp.Sum(term(eigenvalues[k]), (k, 1, D)))
    true(sp.simplify(best - least) == 0, "tr dD/dx is the least error over sigma^2")


def _inverse(matrix):
    return mpmath.inverse(mpmath.matrix(matrix))


def _smoothed(covariance, sigma):
    return mpmath.matrix(covariance) + sigma**2 * mpmath.eye(len(covariance))


def _parts(means, covariances, weights, x, sigma):
    """For each component: posterior weight, S^-1, S^-1 (mu - x); and ln p."""
    parts = []
    for mean, covariance, weight in zip(means, covariances, weights):
        whole = _smoothed(covariance, sigma)
        inverse = mpmath.inverse(whole)
        to_mean = mpmath.matrix(mean) - mpmath.matrix(x)
        square = (to_mean.T * inverse * to_mean)[0]
        density = weight * mpmath.exp(-square / 2) / mpmath.sqrt(mpmath.det(2 * mpmath.pi * whole))
        parts.append((density, inverse, inverse * to_mean))
    total = sum(part[0] for part in parts)
    return [(density / total, *rest) for density, *rest in parts], mpmath.log(total / sum(weights))


def _log_density(*mixture):
    return _parts(*mixture)[1]


def _score(*mixture):
    parts = _parts(*mixture)[0]
    return list(sum((w * slope for w, _, slope in parts), mpmath.zeros(len(mixture[3]), 1)))


def _denoised(*mixture):
    *_, x, sigma = mixture
    return [xj + sigma**2 * each for xj, each in zip(x, _score(*mixture))]


def _jacobian(*mixture):
    """I + sigma^2 times the second derivative of ln p."""
    *_, x, sigma = mixture
    dim, slope = len(x), mpmath.matrix(_score(*mixture))
    second = -slope * slope.T
    for weight, inverse, each in _parts(*mixture)[0]:
        second += weight * (each * each.T - inverse)
    return mpmath.eye(dim) + sigma**2 * second


def _noise_slope(function):
    """Derivative in sigma, by differences at 50 digits."""

    def slope(*mixture):
        *rest, sigma = mixture
        step = sigma * mpmath.mpf(10) ** -15
        sides = (np.ravel(np.asarray(function(*rest, sigma + k * step), object)).tolist() for k in (1, -1))
        above, below = map(mpmath.matrix, sides)
        found = list((above - below) / (2 * step))
        return found if len(found) > 1 else found[0]

    return slope


def _covariance_slope(*mixture):
    """d ln p/dC_j = w_j (r r^T - S^-1)/2, r = S^-1 (mu - x): of a Gaussian's logarithm by its covariance."""
    return [(weight * (each * each.T - inverse) / 2).tolist() for weight, inverse, each in _parts(*mixture)[0]]


def _covariance(rng, dim, smallest=0.05):
    axes = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    spread = (axes * np.geomspace(smallest, 2.0, dim)) @ axes.T
    return (spread + spread.T) / 2


def _mixtures():
    """(means, covariances, weights, x, sigma): noise below and above the narrowest axis, far states."""
    rng = np.random.default_rng(3)
    found = []
    for sigma, offset in ((0.1, 0.0), (0.3, 0.0), (1.5, 0.0), (2.0, 40.0), (1e-3, 0.0)):
        covariances = np.stack([_covariance(rng, 2), _covariance(rng, 2, 0.3)])
        found.append((rng.normal(size=(2, 2)), covariances, np.array([0.5, 1.5]), rng.normal(size=2) + offset, sigma))
    return found


def _gaussians():
    rng = np.random.default_rng(4)
    cases = ((0.1, 0.0), (0.7, 0.0), (3.0, 20.0), (1e-3, 1.0))
    return [(rng.normal(size=3), _covariance(rng, 3), rng.normal(size=3) + offset, sigma) for sigma, offset in cases]


# the condition of S_j, up to 40, and cancellation between components of a score
CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def _of_one(oracle):
    return lambda mean, covariance, x, sigma: oracle([mean], [covariance], [1], x, sigma)


for method, oracle in {"": _denoised, ".score": _score, ".log_density": _log_density, ".jacobian": _jacobian}.items():
    gaussian_data.ships(
        f"theory.GaussianMixtureDenoiser{method}",
        oracle,
        _mixtures(),
        **CLOSE,
        call=lambda means, covariances, weights, x, sigma, method=method[1:] or "__call__": getattr(
            theory.GaussianMixtureDenoiser(means, covariances, weights), method
        )(x, sigma),
    )
for method, oracle in {"": _denoised, ".jacobian": _jacobian}.items():
    gaussian_data.ships(
        f"theory.GaussianDenoiser{method}",
        _of_one(oracle),
        _gaussians(),
        **CLOSE,
        call=lambda mean, covariance, x, sigma, method=method[1:] or "__call__": getattr(
            theory.GaussianDenoiser(mean, covariance), method
        )(x, sigma),
    )
# the rules of differentiation that the denoiser has of its own, for the determinant, the solution and the mean
gaussian_data.ships(
    "theory.GaussianMixtureDenoiser.log_density",
    _noise_slope(_log_density),
    _mixtures()[:3],
    **CLOSE,
    call=lambda means, covariances, weights, x, sigma: jax.grad(
        theory.GaussianMixtureDenoiser(means, covariances, weights).log_density, argnums=1
    )(x, sigma),
)
gaussian_data.ships(
    "theory.GaussianMixtureDenoiser.log_density",
    _covariance_slope,
    _mixtures()[:2],
    **CLOSE,
    call=lambda means, covariances, weights, x, sigma: jax.grad(
        lambda covariances: theory.GaussianMixtureDenoiser(means, covariances, weights).log_density(x, sigma)
    )(covariances),
)
gaussian_data.ships(
    "theory.GaussianMixtureDenoiser",
    _noise_slope(_denoised),
    _mixtures()[:3],
    **CLOSE,
    call=lambda means, covariances, weights, x, sigma: jax.jvp(
        lambda sigma: theory.GaussianMixtureDenoiser(means, covariances, weights)(x, sigma), (sigma,), (1.0,)
    )[1],
)
gaussian_data.ships(
    "theory.GaussianMixtureDenoiser",
    _jacobian,
    _mixtures()[:3],
    **CLOSE,
    call=lambda means, covariances, weights, x, sigma: jax.jacfwd(
        theory.GaussianMixtureDenoiser(means, covariances, weights)
    )(x, sigma),
)


def _flow(x, mean, covariance, sigma, sigma_max, error=0):
    """(C + error^2 + sigma^2)^(1/2) (C + error^2 + sigma_max^2)^(-1/2) (x - mean), by roots of matrices."""
    low, high = (mpmath.sqrtm(_smoothed(covariance, mpmath.sqrt(noise**2 + error**2))) for noise in (sigma, sigma_max))
    moved = low * mpmath.inverse(high) * (mpmath.matrix(x) - mpmath.matrix(mean))
    return [m + mpmath.re(each) for m, each in zip(mean, moved)]  # sqrtm may leave an imaginary rounding


gaussian_data.ships(
    "theory.laws.gaussian_flow",
    _flow,
    [
        (x, mean, covariance, sigma, sigma_max, error)
        for (mean, covariance, x, sigma), sigma_max, error in zip(
            _gaussians(), (1.0, 5.0, 80.0, 2.0), (0, 0.4, 0.1, 3.0)
        )
    ]
    + [
        (np.ones(2), np.zeros(2), np.diag([0.5, 2.0]), 0.0, 10.0, 0.0),
        (np.ones(1), np.zeros(1), np.eye(1), 0.0, 1.0, 1e-6),
        (np.ones(1), np.zeros(1), np.eye(1), 0.5, 2.0),
    ],
    atol=1e-15,
)
gaussian_data.ships(
    "theory.laws.dimension_gaussian",
    lambda noise, covariance: sum(
        (mpmath.matrix(covariance) * _inverse(_smoothed(covariance, noise)))[k, k] for k in range(len(covariance))
    ),
    [(sigma, covariance) for _, covariance, _, sigma in _gaussians()] + [(1e3, np.eye(1)), (0.5, np.diag([0.0, 2.0]))],
)
