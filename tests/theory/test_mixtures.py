"""Gaussian, Gaussian-mixture and label-conditional denoisers: what they have beside the properties of the table."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.mixtures import LABELS, WEIGHTS, blobs
from theory import (
    ConditionalDenoiser,
    EmpiricalDenoiser,
    ErrorProneDenoiser,
    GaussianDenoiser,
    GaussianMixtureDenoiser,
    GuidedDenoiser,
)

POINTS = np.random.default_rng(0).normal(size=(6, 3))
X = np.random.default_rng(1).normal(size=(5, 3))
COVARIANCE = np.cov(POINTS.T)
SIGMA, ERROR = 0.6, 0.4
NUMBERS = {"rtol": 1e-9, "atol": 1e-11}


@pytest.mark.parametrize("sigma", [0.01, 0.6, 20.0])
def test_covariances_of_zero_leave_the_points(sigma):
    """Far queries too, where the rounding of x must not reach the mean."""
    mixture, points = GaussianMixtureDenoiser(POINTS, np.zeros((3, 3)), WEIGHTS), EmpiricalDenoiser(POINTS, WEIGHTS)
    for x in (X, 1e6 * X):
        np.testing.assert_allclose(mixture(x, sigma), points(x, sigma), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(mixture.log_density(x, sigma), points.log_density(x, sigma), rtol=1e-12)


def test_gaussian_formula():
    """[gaussian-data]: D = mu + C (C + sigma^2 I)^{-1} (x - mu)."""
    mean = POINTS.mean(axis=0)
    solved = np.linalg.solve(COVARIANCE + SIGMA**2 * np.eye(3), (X - mean).T)
    np.testing.assert_allclose(GaussianDenoiser(mean, COVARIANCE)(X, SIGMA), mean + (COVARIANCE @ solved).T, **NUMBERS)


def test_gaussian_is_the_best_affine_denoiser(rng):
    """[gaussian-data]: of skewed, discrete data with those moments, by least squares on noisy samples."""
    data = np.concatenate([POINTS**3, [[2.0, -1.0, 5.0]]])
    y = data[rng.integers(len(data), size=400_000)]
    x = y + SIGMA * rng.normal(size=y.shape)
    fitted = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)[0]
    gaussian = GaussianDenoiser(data.mean(axis=0), np.cov(data.T, bias=True))
    affine = np.column_stack([X, np.ones(len(X))]) @ fitted
    # the fit errs by sigma over the root of the samples, and by leverage where x lies far from the data
    np.testing.assert_allclose(gaussian(X, SIGMA), affine, atol=0.01)
    assert np.abs(EmpiricalDenoiser(data)(X, SIGMA) - affine).max() > 0.3


def test_derivatives_in_a_covariance_of_equal_eigenvalues():
    """First and second, in the covariance and the noise, against differences; eigenvectors have no derivative there."""
    direction = POINTS[:3].T @ POINTS[:3]

    def slope(step, start):
        def total(step):
            denoiser, sigma = GaussianMixtureDenoiser(POINTS, start + step * direction), SIGMA + step
            return jnp.sum(jnp.sin(denoiser(X, sigma))) + jnp.sum(denoiser.log_density(X, sigma))

        value, found = jax.value_and_grad(total)(step)
        return found, (value, found)

    h = 1e-4
    starts = np.stack([np.diag(each) for each in ([0.5, 0.5, 0.5], [0.5, 0.5, 2.0], [0.5, 0.0, 0.0])])
    second, (value, first) = jax.jit(jax.vmap(jax.jacfwd(slope, has_aux=True)))(
        np.tile([0.0, h, -h], 3), np.repeat(starts, 3, axis=0)
    )
    second, value, first = (np.reshape(each, (3, 3)) for each in (second, value, first))
    regular = slice(0, 2)  # a step down from the singular one leaves the covariances
    np.testing.assert_allclose(first[regular, 0], (value[regular, 1] - value[regular, 2]) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(second[regular, 0], (first[regular, 1] - first[regular, 2]) / (2 * h), rtol=1e-5)
    np.testing.assert_allclose(first[2, 0], (value[2, 1] - value[2, 0]) / h, rtol=1e-2)


def test_padding_may_be_singular_where_the_noise_is_zero():
    weights, means, covariances = blobs(POINTS, ERROR)
    covariances = covariances.at[3].set(0)
    np.testing.assert_array_equal(GaussianMixtureDenoiser(means, covariances, weights)(X, 0.0), X)
    with pytest.raises(ValueError, match="sigma must be positive where a covariance is singular"):
        GaussianMixtureDenoiser(means, covariances)(X, 0.0)


def test_given_a_label_the_others_are_as_if_removed():
    denoiser = ConditionalDenoiser(POINTS, LABELS, ERROR)
    assert isinstance(denoiser, ErrorProneDenoiser)
    assert eqx.tree_equal(denoiser.given(1), ErrorProneDenoiser(POINTS, ERROR, np.equal(LABELS, 1)))
    by_label = jax.vmap(lambda label: denoiser.given(label)(X, SIGMA))(jnp.arange(4))
    s = np.hypot(SIGMA, ERROR)
    for label in range(3):
        points = POINTS[np.equal(LABELS, label)]
        weights = np.exp(-((X[:, None] - points) ** 2).sum(axis=-1) / (2 * s**2))
        mean = weights @ points / weights.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(by_label[label], X + (SIGMA / s) ** 2 * (mean - X), **NUMBERS)
    np.testing.assert_array_equal(denoiser.given(2.0).log_weights == 0, np.equal(LABELS, 2))
    assert np.isnan(by_label[3]).all()


def test_classifier_free_guidance():
    """[guidance]: from the unconditional denoiser through the one given the label and beyond; label and weight traced."""
    denoiser = ConditionalDenoiser(POINTS, LABELS, ERROR)
    guided = jax.jit(lambda label, weight: denoiser.guided(label, weight)(X, SIGMA))
    given = denoiser.given(1)(X, SIGMA)
    np.testing.assert_allclose(guided(1, -1.0), denoiser(X, SIGMA), **NUMBERS)
    np.testing.assert_allclose(guided(1, 0.0), given, **NUMBERS)
    np.testing.assert_allclose(guided(1, 2.0), given + 2 * (given - denoiser(X, SIGMA)), **NUMBERS)
    assert isinstance(denoiser.guided(1, 2.0), GuidedDenoiser)
