"""The likelihood gap, and that the denoising gap is its slope."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, ErrorProneDenoiser
from theory.metrics import generalization_gap_quadrature, likelihood_gap, likelihood_gap_quadrature

RING, KEY = Circle(1.0), jax.random.key(3)
ANGLES = 2 * np.pi * np.arange(7) / 7
PLACEMENTS = {
    "even": (RING.even(7), RING.even(7, 0.5)),
    "jittered": (RING.embed((ANGLES + 0.2 * np.random.default_rng(1).normal(size=7))[:, None]), RING.sample(KEY, 7)),
    "iid": (RING.sample(jax.random.key(1), 7), RING.sample(jax.random.key(2), 7)),
}
SIGMAS = jnp.array([0.12, 0.3, 0.8])
ERROR = 0.15


@jax.jit
def by_quadrature(train, validation):
    """Both gaps, and the slopes in ln sigma of the likelihood gap and of the training cross entropy."""
    denoiser = ErrorProneDenoiser(train, ERROR)

    def cross_entropies(log_sigmas):
        # the states move with sigma under the nodes of the rule: the slope is that of the whole expectation
        found = likelihood_gap_quadrature(denoiser, train, validation, jnp.exp(log_sigmas), nodes=81)
        return found.gap, found.training, found.error

    values, slopes = jax.jvp(cross_entropies, (jnp.log(SIGMAS),), (jnp.ones(3),))
    relative = generalization_gap_quadrature(denoiser, train, validation, SIGMAS, norm="squared", nodes=81)
    return values, slopes, relative.gap


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_the_denoising_gap_is_the_slope_of_the_likelihood_gap(placement):
    """[gap-likelihood]: E|D - v|^2 = D sigma^2 - 2 sigma^4 dCE_v/d(sigma^2), for train and validation, to 9 digits."""
    values, (slope, training_slope, _), relative = by_quadrature(*PLACEMENTS[placement])
    assert np.all(values[2] <= 1e-7)
    # d/d(sigma^2) = (2 sigma^2)^-1 d/dln sigma
    gap = -(SIGMAS**2) * slope
    training_error = 2 * SIGMAS**2 - SIGMAS**2 * training_slope
    assert np.all(training_error > 0)
    np.testing.assert_allclose(gap, relative * training_error, rtol=1e-9)


def test_draws_agree_with_quadrature():
    train, validation = PLACEMENTS["iid"]
    found = likelihood_gap(ErrorProneDenoiser(train, ERROR), train, validation, SIGMAS, key=KEY, draws=400)
    exact = by_quadrature(train, validation)[0][0]
    assert np.all(np.abs(found.gap - exact) <= 4 * found.standard_error)
    assert np.all(found.standard_error < 0.2)
    assert exact[0] > 10 * found.standard_error[0]


def test_nulls():
    """No gap for a density that does not know its points; distance^2/(2 s^2) where each is recalled."""

    class Blind:
        def log_density(self, x, sigma):
            return -jnp.sum(x**2, axis=-1) / (2 * (1 + sigma**2))

    train, validation = PLACEMENTS["even"]
    blind = likelihood_gap(Blind(), train, validation, SIGMAS, key=KEY)
    assert np.all(np.abs(blind.gap) <= 4 * blind.standard_error)
    recalled = likelihood_gap(ErrorProneDenoiser(train, 0.0), train, 2 * train, jnp.array([0.02]), key=KEY)
    assert recalled.gap[0] == pytest.approx(1 / (2 * 0.02**2), rel=0.02)
