"""The local dimension: the slope of the posterior entropy, and its nulls."""

import jax
import numpy as np
import pytest

from theory import Circle, FlatTorus, posterior
from theory.metrics import local_dimension

KEY = jax.random.key(0)
POINTS = np.random.default_rng(5).normal(size=(6, 2))
LINE = np.linspace(-8.5, 8.5, 81)
NODES = np.stack(np.meshgrid(LINE, LINE), axis=-1).reshape(-1, 1, 2)
RULE = np.exp(-(NODES**2).sum(axis=(1, 2)) / 2)


@pytest.mark.parametrize("weights", [np.ones(6), np.array([1.0, 2.0, 0.0, 1.0, 3.0, 1.0])])
def test_dimension_is_the_slope_of_the_entropy(weights):
    """[gap-likelihood]: by quadrature over the noise, finite difference against error, and both against the draws."""
    sigmas, step = np.array([0.2, 0.6, 1.5]), 1e-4
    found = local_dimension(POINTS, sigmas, key=KEY, draws=500, weights=weights)
    share = weights / weights.sum()
    for index, sigma in enumerate(sigmas):
        levels = sigma * np.exp(step * np.array([-1.0, 0.0, 1.0]))[:, None, None]
        given = posterior(POINTS, POINTS + levels[..., None] * NODES, levels, weights=weights)
        low, entropy, high = np.einsum("lrp,r,p->l", given.entropy, RULE / RULE.sum(), share)
        error = np.einsum("rpd,r,p->", (given.mean[1] - POINTS) ** 2, RULE / RULE.sum(), share)
        assert (high - low) / (2 * step) == pytest.approx(error / sigma**2, rel=1e-6)
        assert abs(found.dimension[index] - error / sigma**2) <= 4 * found.standard_error[index]
        assert abs(found.entropy[index] - entropy) <= 4 * found.entropy_error[index]
    assert np.all(found.standard_error < 0.06)
    assert np.all(found.entropy_error < 0.02)


def test_standard_error_is_the_spread_over_keys():
    runs = [local_dimension(POINTS, [0.6], key=jax.random.key(seed), draws=20) for seed in range(60)]
    for value, error in (("dimension", "standard_error"), ("entropy", "entropy_error")):
        spread = np.std([getattr(run, value) for run in runs], ddof=1)
        assert np.mean([getattr(run, error) for run in runs]) == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize(
    ("points", "sigmas", "dimensions"),
    [
        (Circle(1.0).even(200), [0.001, 0.06, 30.0], [0.0, 1.0, 1 / 900]),
        (FlatTorus(1.0, 2).even(900), [0.01, 0.16], [0.0, 2.0]),
    ],
)
def test_nulls(points, sigmas, dimensions):
    """0 where points are recalled, k between spacing and curvature, the trace of the covariance over sigma^2 beyond."""
    found = local_dimension(points, sigmas, key=KEY, draws=8)
    np.testing.assert_allclose(found.dimension, dimensions, rtol=0.05, atol=1e-6)
    assert abs(found.entropy[0]) < 1e-6
