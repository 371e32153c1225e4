"""Where states stand among the training points: definition, nulls and standard errors."""

import jax
import numpy as np
import pytest
import scipy.special

from theory.metrics import state_measures

RNG = np.random.default_rng(0)
POINTS, STATES = RNG.normal(size=(9, 3)), 2 * RNG.normal(size=(400, 3))
WEIGHTS = np.arange(9) % 4.0
FIELDS = ("nearest_distance", "nearest_weight", "entropy")


def by_definition(points, states, noise, weights):
    square = ((states[:, None] - points) ** 2).sum(axis=-1)
    logits = np.log(weights) - square / (2 * noise**2)
    posterior = np.exp(logits - scipy.special.logsumexp(logits, axis=1, keepdims=True))
    nearest = square.argmin(axis=1)
    rows = np.arange(len(states))
    entropy = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1)
    return np.sqrt(square[rows, nearest]) / noise, posterior[rows, nearest], entropy


def test_definition():
    """Means with their errors; a point of weight 0 is never the nearest."""
    used = WEIGHTS > 0
    for noise in (0.05, 0.5, 5.0):
        found = state_measures(POINTS, STATES, noise, weights=WEIGHTS)
        for name, expected in zip(FIELDS, by_definition(POINTS[used], STATES, noise, WEIGHTS[used])):
            measure = getattr(found, name)
            assert measure.value == pytest.approx(expected.mean(), rel=1e-10, abs=1e-12), name
            assert measure.standard_error == pytest.approx(expected.std(ddof=1) / 20, rel=1e-8, abs=1e-12), name


def test_noise_of_each_state():
    levels = np.linspace(0.3, 1.0, 400)
    found = state_measures(POINTS, STATES, levels)
    one = state_measures(POINTS, STATES[:200], levels[:200])
    assert one.entropy.value == pytest.approx(
        np.mean([by_definition(POINTS, s[None], t, np.ones(9))[2][0] for s, t in zip(STATES[:200], levels)]), rel=1e-9
    )
    assert found.entropy.value != pytest.approx(one.entropy.value)


def test_nulls():
    """Noisy training data far below the distances: a chi of D degrees, weight 1, entropy 0; recall itself: distance 0."""
    noise = 1e-3
    states = POINTS[RNG.integers(9, size=400)] + noise * RNG.normal(size=(400, 3))
    found = state_measures(POINTS, states, noise)
    mean = np.sqrt(2) * scipy.special.gamma(2) / scipy.special.gamma(1.5)
    assert abs(found.nearest_distance.value - mean) <= 4 * found.nearest_distance.standard_error
    assert found.nearest_weight.value == pytest.approx(1, abs=1e-12)
    assert found.entropy.value == pytest.approx(0, abs=1e-12)
    assert state_measures(POINTS, POINTS, noise).nearest_distance.value == 0
    # where noise exceeds all distances, the posterior is the prior
    wide = state_measures(POINTS, STATES, 1e4)
    assert wide.nearest_weight.value == pytest.approx(1 / 9, rel=1e-3)
    assert wide.entropy.value == pytest.approx(np.log(9), rel=1e-6)


def test_scale_and_compilation():
    found = jax.jit(state_measures)(POINTS, STATES, 0.5)
    scaled = state_measures(1e3 * POINTS + 5, 1e3 * STATES + 5, 500.0)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(scaled, name).value, getattr(found, name).value, rtol=1e-9)
