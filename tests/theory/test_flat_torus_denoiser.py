"""The denoiser of uniform circles against a dense lattice of points, and its limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, EmpiricalDenoiser, FlatTorus, FlatTorusDenoiser

RADIUS = 2.0
TORUS = FlatTorusDenoiser(FlatTorus(RADIUS, 2))
RING = FlatTorusDenoiser(Circle(RADIUS))
LATTICE = EmpiricalDenoiser(Circle(RADIUS).even(400))
STATES = 2 * np.random.default_rng(0).normal(size=(7, 4))


@pytest.mark.parametrize("sigma", [0.1, 0.7, 5.0])
def test_each_circle_is_a_dense_lattice(sigma):
    planes = STATES.reshape(-1, 2, 2)
    np.testing.assert_allclose(
        TORUS(STATES, sigma).reshape(planes.shape), LATTICE(planes, sigma), rtol=1e-11, atol=1e-12
    )
    np.testing.assert_allclose(
        TORUS.log_density(STATES, sigma), LATTICE.log_density(planes, sigma).sum(axis=1), rtol=1e-11
    )


def test_score_is_the_gradient_of_the_log_density():
    gradient = jax.grad(lambda x: TORUS.log_density(x, 0.6).sum())(jnp.asarray(STATES))
    np.testing.assert_allclose(TORUS.score(STATES, 0.6), gradient, rtol=1e-9, atol=1e-12)


def test_little_noise_and_much():
    """On the ring D is shorter by sigma^2/(2 R) and keeps the angle; far noise sees the mean; the centre stays."""
    angle, sigma = 0.3, 1e-3
    x = RADIUS * np.array([np.cos(angle), np.sin(angle)])
    found = RING(x, sigma)
    assert np.linalg.norm(x) - np.linalg.norm(found) == pytest.approx(sigma**2 / (2 * RADIUS), rel=1e-5)
    assert np.arctan2(found[1], found[0]) == pytest.approx(angle, abs=1e-14)
    np.testing.assert_allclose(RING(x, 1e5), x * RADIUS**2 / 2e10, rtol=1e-6)
    assert RING(np.zeros(2), 0.1).tolist() == [0.0, 0.0]
    assert np.isfinite(jax.jacobian(lambda x: RING(x, 0.1))(jnp.zeros(2))).all()


@pytest.mark.parametrize("sigma", [2e-3, 0.1, 80.0])
def test_single_precision_keeps_the_contract(sigma):
    """|mean error| <= 1e-5 sigma + 4 eps R; |log-density error| <= 1e-5 max(1, |log density|) + eps R |r - R|/sigma^2."""
    rng = np.random.default_rng(1)
    angles = rng.uniform(0, 2 * np.pi, 500)
    x = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1) + sigma * rng.normal(size=(500, 2))
    x, sigma = x.astype(np.float32), np.float32(sigma)
    single = FlatTorusDenoiser(Circle(np.float32(RADIUS)))
    found, log = single(x, sigma), single.log_density(x, sigma)
    assert found.dtype == log.dtype == jnp.float32
    exact = RING(x.astype(float), float(sigma))
    error = np.linalg.norm(found - exact, axis=1).max()
    assert error <= 1e-5 * sigma + 4 * np.finfo(np.float32).eps * RADIUS
    density = RING.log_density(x.astype(float), float(sigma))
    rounding = np.finfo(np.float32).eps * RADIUS * np.abs(np.linalg.norm(x, axis=1) - RADIUS) / sigma**2
    assert (np.abs(log - density) <= 1e-5 * np.maximum(1, np.abs(density)) + rounding).all()
