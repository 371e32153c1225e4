"""Linear response of the gap to the structure of the training set, against limits and simulation."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.laws.test_even import comb_error
from theory import Circle, ErrorProneDenoiser, GuidedDenoiser, laws
from theory.metrics import generalization_gap_quadrature

SIGMA, ERROR, SPACING = np.array([0.15, 0.3, 0.5]), np.array([[0.2], [0.4]]), 1.3


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_limits_of_the_jitter(dim):
    """Half the comb without jitter, independent points with much of it, at density d^-k."""
    density = SPACING**-dim
    many = laws.gap_jittered(SIGMA, ERROR, 300 * SPACING, SPACING, dim)
    np.testing.assert_allclose(many, laws.gap_iid(SIGMA, ERROR, density, dim), rtol=1e-5)
    chi = laws.chi_square_jittered(ERROR, 1e9, SPACING, dim)
    np.testing.assert_allclose(chi, 1 / (density * (4 * np.pi) ** (dim / 2) * ERROR**dim), rtol=1e-8)
    np.testing.assert_allclose(
        laws.chi_square_jittered(ERROR, 0.0, SPACING, dim), laws.chi_square_even(ERROR, SPACING, dim), rtol=1e-12
    )
    wide = laws.gap_jittered(0.5 * SPACING, 0.4 * SPACING, 0.0, SPACING, dim)
    assert wide == pytest.approx(dim * laws.gap_even_leading(0.5, 0.4, 1.0) * SPACING**2 / 2, rel=1e-5)


@pytest.mark.parametrize("dim", [1, 2])
def test_gap_is_the_slope_of_the_chi_square(dim):
    """[gap-chi2], across both series, by automatic differentiation of the other law."""
    slope = jax.jit(jax.grad(lambda time, jitter: laws.chi_square_jittered(jnp.sqrt(time), jitter, SPACING, dim)))
    for jitter, sigma in itertools.product((0.0, 0.1, 0.5), (0.1, 0.25, 0.5)):
        expected = -2 * sigma**4 * float(slope(sigma**2 + 0.2**2 / 2, jitter))
        assert laws.gap_jittered(sigma, 0.2, jitter, SPACING, dim) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("jitter", "error"), [(0.1, 0.1), (0.1, 0.3), (0.4, 0.2)])
def test_chi_square_of_jittered_combs(jitter, error):
    """Mean over combs of int (p_hat - 1)^2, in wave numbers of a closed line of 64 points."""
    n, waves = 64, np.arange(1, 480)
    y = np.arange(n) + jitter * np.random.default_rng(0).normal(size=(200, n))
    phases = 2 * np.pi / n * waves
    modes = np.abs(np.exp(-1j * phases[:, None, None] * y).sum(axis=-1) / n) ** 2
    chi = 2 * np.sum(modes * np.exp(-((phases * error) ** 2))[:, None], axis=0)
    spread = chi.std(ddof=1) / np.sqrt(len(chi))
    exact = laws.chi_square_jittered(3 * error, 3 * jitter, 3.0)
    assert spread < 0.04 * exact
    assert abs(chi.mean() - exact) <= 4 * spread


def test_structure_factor():
    """Independent points, S = 1, and the part of the jitter beside the Bragg peaks."""
    p = np.linspace(0, 60, 4001)
    for dim in (1, 2, 3):
        found = laws.gap_from_structure(SIGMA, 0.2, p, np.ones_like(p), 2.0, dim)
        np.testing.assert_allclose(found, laws.gap_iid(SIGMA, 0.2, 2.0, dim), rtol=1e-6)
        time = SIGMA**2 + 0.2**2 / 2
        local = laws.gap_local(SIGMA, 0.2, dim, 1 / (2.0 * (4 * np.pi * time) ** (dim / 2)))
        np.testing.assert_allclose(local, laws.gap_iid(SIGMA, 0.2, 2.0, dim), rtol=1e-12)
    smooth = 1 - np.exp(-((0.25 * p) ** 2))
    wide = laws.gap_from_structure(1.2, 0.4, p, smooth, 1.0)
    assert wide == pytest.approx(laws.gap_jittered(1.2, 0.4, 0.25, 1.0), rel=1e-6)
    with pytest.raises(ValueError, match="one value for each"):
        laws.gap_from_structure(0.2, 0.2, p, smooth[1:], 1.0)
    with pytest.raises(ValueError, match="wave_numbers must ascend"):
        laws.gap_from_structure(0.2, 0.2, p[::-1], smooth, 1.0)


def test_lattice():
    """[gap-lattice]: the comb at the centre of the cell and off it, the uniform mean over offsets, and directions."""
    for error in (0.25, 0.35):
        q = laws.order_parameter_even(np.hypot(0.25, error), 1.0)
        ratio = laws.gap_lattice(0.5, 2 * error, 2.0, 1.0, 1) / laws.gap_even(0.5, 2 * error, 2.0)
        assert abs(ratio - 1) < 2.2 * q**2
        ratio = laws.gap_lattice(0.25, error, 1.0, 0.2, 1) / (comb_error(0.25, error, 0.2) - comb_error(0.25, error, 0))
        assert abs(ratio - 1) < q
    v = (np.arange(64) + 0.5) / 64
    uniform = np.mean([laws.gap_lattice(0.25, 0.3, 1.0, each, 1) for each in v])
    assert uniform == pytest.approx(laws.gap_jittered(0.25, 0.3, 0.0, 1.0), rel=1e-10)
    one, other = (laws.gap_lattice(SIGMA, ERROR, 1.0, each, 1) for each in (0.2, 0.35))
    np.testing.assert_allclose(laws.gap_lattice(SIGMA, ERROR, 1.0, [0.2, 0.35], 2), one + other, rtol=1e-12)
    with pytest.raises(ValueError, match="offset must be a length"):
        laws.gap_lattice(0.2, 0.2, 1.0, [0.1, 0.2], 3)


def test_guided_gap_on_a_ring():
    """Autoguidance of an even ring, by quadrature; without weight the leading order of the unguided gap."""
    ring = Circle(100 / (2 * np.pi))  # spacing 1
    train, validation = ring.even(100), ring.even(100, 0.5)
    for weight in (0.0, 1.0, 2.5):
        guided = GuidedDenoiser(ErrorProneDenoiser(train, 0.4), ErrorProneDenoiser(train, 0.7), weight)
        found = generalization_gap_quadrature(guided, train[:1], validation[:1], [0.25], norm="squared", nodes=61)
        law = laws.relative_gap_guided(0.25, 0.4, 0.7, weight, 1.0)
        assert law == pytest.approx(float(found.gap[0]), rel=0.01)
    exact = laws.relative_gap_even(SIGMA, 0.5, 1.0, 2, 4)
    np.testing.assert_allclose(laws.relative_gap_guided(SIGMA, 0.5, 0.7, 0.0, 1.0, 2, 4), exact, rtol=5e-3)


N = 64  # points on a closed line of spacing 1, seen with their images
NODES = np.linspace(-8.5, 8.5, 33)
RULE = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()


@jax.jit
def simulated(train, validation, sigma, error):
    """Likelihood gap and squared denoising gap of one set, the noise by quadrature."""
    denoiser = ErrorProneDenoiser(jnp.concatenate([train - N, train, train + N])[:, None], error)

    def means(points):
        states = (points[:, None] + sigma * NODES)[..., None]
        error = jnp.mean((denoiser(states, sigma)[..., 0] - points[:, None]) ** 2 @ RULE)
        return jnp.stack([-jnp.mean(denoiser.log_density(states, sigma) @ RULE), error])

    return means(validation) - means(train)


@pytest.mark.parametrize(
    ("jitter", "sigma", "error"), [(0.0, 0.25, 0.35), (0.1, 0.3, 0.5), (0.25, 0.5, 0.8), (None, 1.5, 1.5)]
)
def test_gaps_of_simulated_sets(jitter, sigma, error):
    """[gap-chi2]: both gaps for even, jittered and independent points; validation uniform."""
    rng, sets = np.random.default_rng(7), []
    for _ in range(2 if jitter == 0 else 80):
        places = N * rng.uniform(size=N) if jitter is None else np.arange(N) + jitter * rng.normal(size=N)
        sets.append(simulated(places % N, (np.arange(4 * N) + rng.uniform()) / 4, sigma, error))
    width, noise = 1e6 if jitter is None else jitter, np.hypot(sigma, error)
    law = [
        laws.chi_square_jittered(np.sqrt(sigma**2 + error**2 / 2), width, 1.0),
        laws.gap_jittered(sigma, error, width, 1.0),
    ]
    # the next order: that of the fluctuations, and how they vary within a cell, which is of order sqrt(q)
    remainder = 1.5 * laws.chi_square_jittered(noise, width, 1.0) + np.sqrt(laws.order_parameter_even(noise, 1.0))
    spread = np.std(sets, axis=0, ddof=1) / np.sqrt(len(sets))
    assert np.all(np.abs(np.mean(sets, axis=0) - law) <= 4 * spread + remainder * np.array(law))
    assert np.all(4 * spread + remainder * np.array(law) < 0.5 * np.array(law))
    if jitter:
        # the law of independent points is several times too large
        assert laws.gap_iid(sigma, error, 1.0, 1) > 3 * law[1]
