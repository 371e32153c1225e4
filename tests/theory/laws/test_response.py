"""Linear response of the gap to the structure of the training set, against limits and simulation."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.laws.test_even import comb_error
from theory import ErrorProneDenoiser, laws

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
