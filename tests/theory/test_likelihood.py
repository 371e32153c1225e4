"""The log-likelihood along the flow against densities that are known, and its failures."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, ErrorProneDenoiser, GaussianDenoiser, log_likelihood

POINTS = np.asarray(Circle(1.0).even(3)) + np.array([0.2, -0.1])
STEP = 0.24
GRID = np.stack(np.meshgrid(*[STEP * np.arange(-13, 14)] * 2, indexing="ij"), axis=-1)
LEVELS = np.array([8.0, 1.0, 0.3])


@eqx.filter_jit
def both_priors(x, error, sigma_max, sigma_min):
    """Likelihoods of three points: with the default prior, and with that of the smoothed data."""
    denoiser = ErrorProneDenoiser(POINTS, error)
    found = log_likelihood(denoiser, x, sigma_max=sigma_max, sigma_min=sigma_min, save_at=LEVELS, rtol=1e-9, atol=1e-9)
    prior = -jnp.sum(found.latent**2, axis=-1) / (2 * (sigma_max**2 + error**2))
    prior -= jnp.log(2 * jnp.pi * (sigma_max**2 + error**2))
    exact = denoiser.log_density(found.latent, sigma_max)
    return found, found.log_density - prior + exact, found.path_log_density - prior + exact


def ring(x=GRID, error=0.3, sigma_max=8.0, sigma_min=0.0):
    return both_priors(*(jnp.asarray(value) for value in (x, error, sigma_max, sigma_min)))


@pytest.mark.parametrize("sigma_min", [0.0, 0.2])
def test_density_of_an_error_prone_model(sigma_min):
    """[pf-ode]: it integrates to 1 whatever the prior, and is p_hat_s where the start is."""
    found, exact, path = ring(sigma_min=sigma_min)
    smoothed = ErrorProneDenoiser(POINTS, 0.3)
    assert not found.failed.any()
    np.testing.assert_allclose(exact, smoothed.log_density(GRID, sigma_min), atol=1e-7)
    for log_density in (found.log_density, exact):
        assert np.exp(log_density).sum() * STEP**2 == pytest.approx(1, abs=1e-7)
    assert np.abs(exact - found.log_density).max() > 0.01  # the two starts differ
    assert found.latent.shape == GRID.shape
    assert path.shape == (3, *GRID.shape[:-1])
    np.testing.assert_allclose(path[0], smoothed.log_density(found.latent, 8.0), atol=1e-12)


def test_prior_given_by_name():
    """The density of the smoothed data for a prior, a state alone and single precision; levels named on the path."""
    denoiser = ErrorProneDenoiser(POINTS.astype(np.float32), np.float32(0.3))
    x = np.array([0.5, 0.5], np.float32)
    found = log_likelihood(
        denoiser,
        x,
        sigma_max=8.0,
        sigma_min=0.1,
        log_prior=lambda y: denoiser.log_density(y, 8.0),
        save_at=[8.0, 0.1],
        rtol=1e-5,
        atol=1e-5,
    )
    assert found.log_density.shape == found.failed.shape == ()
    assert found.log_density.dtype == found.path_log_density.dtype == jnp.float32
    assert found.log_density == pytest.approx(float(denoiser.log_density(x, 0.1)), abs=1e-3)
    assert found.path_log_density[1] == found.log_density
    assert found.path_log_density[0] == pytest.approx(float(denoiser.log_density(found.latent, 8.0)), abs=1e-5)


def test_gaussian_data_and_a_callable_without_a_jacobian():
    """[gaussian-data]: the density of Gaussian data, from its Jacobian and by differentiation, beside a broken state."""
    gaussian = GaussianDenoiser([0.3, -0.2], [[0.5, 0.2], [0.2, 0.3]])

    def broken(x, sigma):
        return jnp.where(x[..., :1] < -2, jnp.nan, gaussian(x, sigma))

    x = np.array([[0.4, 0.4], [-3.0, 1.0], [1.5, -1.0], [0.3, -0.2]])
    options = {"sigma_max": 5.0, "sigma_min": 0.05, "rtol": 1e-10, "atol": 1e-10}
    exact = np.asarray(gaussian.log_density(x, 0.05))
    good = np.array([True, False, True, True])
    for denoiser in (gaussian, broken):
        found = log_likelihood(denoiser, x, log_prior=lambda y: gaussian.log_density(y, 5.0), **options)
        used = np.ones(4, bool) if denoiser is gaussian else good
        assert found.failed.tolist() == (~used).tolist()
        assert np.isnan(found.log_density[~used]).all()
        assert np.isnan(found.latent[~used]).all()
        np.testing.assert_allclose(found.log_density[used], exact[used], atol=1e-8)
        assert found.result == diffrax.RESULTS.successful


@pytest.mark.parametrize(
    "bad",
    [
        {"error": -0.3},
        {"error": 0.0},
        {"error": np.nan},
        {"sigma_max": np.nan},
        {"sigma_max": 0.0},
        {"sigma_min": -0.1},
    ],
    ids=str,
)
def test_traced_bad_values_fail_every_state(bad):
    found = ring(**bad)[0]
    assert found.failed.all()
    assert np.isnan(found.log_density).all()
    assert np.isnan(found.path_log_density).all()


def test_nan_state_fails_alone():
    states = np.where(np.arange(27)[:, None, None] == 7, np.nan, GRID)
    found = ring(states)[0]
    assert found.failed.all(axis=1).tolist() == found.failed.any(axis=1).tolist() == [i == 7 for i in range(27)]


DENOISER = ErrorProneDenoiser(POINTS, 0.3)


def test_prior_of_another_shape():
    with pytest.raises(ValueError, match=r"log_prior must return one value for each state, shape \(27, 27\)"):
        jax.eval_shape(lambda x: log_likelihood(DENOISER, x, sigma_max=8.0, sigma_min=0.1, log_prior=lambda y: y), GRID)
