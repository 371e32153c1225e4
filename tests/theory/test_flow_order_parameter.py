"""Simulated flows against the exact order parameter of the ring [debye-waller]."""

import jax
import numpy as np
import pytest

from theory import ErrorProneDenoiser, laws, probability_flow
from theory.metrics import order_parameter

pytestmark = pytest.mark.optimized

SAMPLES, LARGEST = 8_000, 128


def padded(n):
    """n even points and as many points of weight zero as make one compiled program serve every n."""
    angles = 2 * np.pi * np.arange(LARGEST) / n
    return np.stack([np.cos(angles), np.sin(angles)], axis=1), (np.arange(LARGEST) < n).astype(float)


@pytest.mark.parametrize(("n", "fraction"), [(5, 0.25), (32, 0.2), (64, 0.25), (128, 0.3)])
def test_flows_agree_with_theory(n, fraction):
    error = fraction * 2 * np.pi / n
    starts = 40 * jax.random.normal(jax.random.key(n), (SAMPLES, 2))
    points, weights = padded(n)
    flow = probability_flow(
        ErrorProneDenoiser(points, error, weights), starts, sigma_max=40.0, sigma_min=0.0, rtol=1e-4, atol=1e-4
    )
    assert not flow.failed.any()
    spread = np.std(np.cos(n * np.arctan2(flow.x[:, 1], flow.x[:, 0]))) / np.sqrt(SAMPLES)
    exact = laws.order_parameter_ring(error, n, 1.0)
    assert abs(order_parameter(flow.x, n) - exact) <= 3 * spread
    # theory is told apart from its neighbours: the starts alone, and full recall
    assert min(abs(order_parameter(starts, n) - exact), 1 - exact) > 10 * spread
