"""Trace and norm of the Jacobian, of denoisers that know theirs and of plain callables."""

import jax
import numpy as np
import pytest

from theory import Circle, EmpiricalDenoiser, ErrorProneDenoiser
from theory.metrics import smoothness

X = np.random.default_rng(0).normal(size=(5, 2))
DENOISER = ErrorProneDenoiser(Circle(1.0).even(6), 0.2)


def test_plain_callable_is_differentiated():
    def denoiser(x, sigma):
        return np.array([[1.0, 2.0], [0.0, -3.0]]) @ x[..., None] @ np.ones((1,)) * 1.0 + sigma[..., None] * x**2

    jacobian = jax.vmap(jax.jacfwd(lambda x: denoiser(x, np.array(0.3))))(X)
    found = smoothness(denoiser, X, 0.3)
    np.testing.assert_allclose(found.trace, np.trace(jacobian, axis1=1, axis2=2), rtol=1e-12)
    np.testing.assert_allclose(found.norm, np.linalg.norm(jacobian, axis=(1, 2)), rtol=1e-12)


def test_its_own_jacobian_is_the_derivative():
    levels = np.array([0.1, 0.2, 0.5, 1.0, 3.0])
    own = smoothness(DENOISER, X, levels)
    differentiated = smoothness(lambda x, sigma: DENOISER(x, sigma), X, levels)
    np.testing.assert_allclose(own.trace, differentiated.trace, rtol=1e-9)
    np.testing.assert_allclose(own.norm, differentiated.norm, rtol=1e-9)


def test_between_and_beside_two_points():
    """Midway between points at distance d the norm is (d/2 sigma)^2; next to one it vanishes."""
    pair = EmpiricalDenoiser([[0.0, 1.0], [0.0, -1.0]])
    found = smoothness(pair, [[0.0, 0.0], [0.0, 1.0]], 0.2)
    np.testing.assert_allclose(found.norm, [(2 / (2 * 0.2)) ** 2, 0.0], atol=1e-8)
    np.testing.assert_allclose(found.trace, [25.0, 0.0], atol=1e-8)


def test_null_of_a_flat_manifold():
    """The posterior mean of a line has trace and norm 1, at noise that does not resolve its points."""
    line = np.stack([np.arange(-200, 201) / 10, np.zeros(401)], axis=1)
    found = smoothness(EmpiricalDenoiser(line), [[0.03, 0.2]], 0.5)
    np.testing.assert_allclose([found.trace[0], found.norm[0]], 1.0, rtol=1e-6)


def test_noise_of_another_shape():
    with pytest.raises(ValueError, match="sigma must be a scalar or have shape"):
        smoothness(DENOISER, X, np.ones(4))
