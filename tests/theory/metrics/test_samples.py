"""Measures of samples: their values on recall, their nulls and their standard errors."""

import jax
import numpy as np
import pytest

from theory import Circle, FlatTorus, laws
from theory.metrics import (
    chi_square,
    energy_distance,
    manifold_distance_estimate,
    memorization_ratio,
    memorization_ratio_estimate,
    order_parameter,
    order_parameter_estimate,
)

RING = Circle(2.0)
SEEDS = range(40)


def smoothed_ring(seed, count=400, n=6, width=0.15):
    """Samples of n even points, smoothed along the ring: neither recall nor perfect."""
    rng = np.random.default_rng(seed)
    angles = 2 * np.pi * rng.integers(n, size=count) / n + width * rng.normal(size=count)
    return 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ring(n, phase=0.0):
    angles = 2 * np.pi * (np.arange(400) + phase) / n
    return 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_order_parameter_on_recall_and_between():
    assert order_parameter(ring(8, 0.2), 8, 0.2) == pytest.approx(1)
    assert order_parameter(ring(8, 0.7), 8, 0.2) == pytest.approx(-1)
    assert order_parameter(ring(400), 8) == pytest.approx(0, abs=1e-12)
    torus = FlatTorus(2.0, 2)
    assert order_parameter(torus.even(49), 49) == pytest.approx(1)
    assert order_parameter(torus.even(49, 0.5), 49) == pytest.approx(-1)


def test_order_parameter_is_blind_to_the_radius_and_takes_a_traced_number():
    samples = np.random.default_rng(0).normal(size=(400, 2))
    expected = np.mean(np.cos(5 * np.arctan2(samples[:, 1], samples[:, 0])))
    assert order_parameter(3 * samples, 5) == pytest.approx(expected)
    compiled = jax.jit(order_parameter)
    assert compiled(samples, 5) == pytest.approx(expected)
    assert compiled(samples, 6) != pytest.approx(expected)


def test_memorization_ratio_by_definition():
    rng = np.random.default_rng(1)
    x, train, weights = rng.normal(size=(400, 2)), rng.normal(size=(50, 2)), np.arange(50) % 4.0

    def ratio(threshold, train):
        distance = np.sort(np.linalg.norm(x[:, None] - train, axis=-1), axis=1)
        return np.mean(distance[:, 0] < threshold * distance[:, 1])

    assert memorization_ratio(x, train) == pytest.approx(ratio(1 / 3, train))
    assert memorization_ratio(x, train, 0.8) == pytest.approx(ratio(0.8, train))
    padded = memorization_ratio(x, train, 0.8, weights=weights)
    assert padded == pytest.approx(ratio(0.8, train[weights > 0]))
    assert padded != pytest.approx(ratio(0.8, train))


def test_memorization_ratio_on_recall_and_its_null():
    train = ring(50)[:50]
    assert memorization_ratio(ring(50), train) == 1
    assert memorization_ratio(ring(50, 0.5), train) == 0
    fresh = memorization_ratio(RING.sample(jax.random.key(0), 400), train)
    assert abs(fresh - 0.5) <= 4 * 0.5 / np.sqrt(400)


def test_chi_square_on_recall():
    """2 floor(modes/n) for recall of n even points, less what a finite sample of recalls loses to its own pairs."""
    unbiased = (2 * 2 * 400**2 - 2 * 20 * 400) / (400 * 399)
    assert chi_square(ring(8), RING, 20).value == pytest.approx(unbiased, rel=1e-9)
    torus = FlatTorus(1.0, 2)
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(30, 2))
    waves = np.array([(a, b) for a in range(-2, 3) for b in range(-2, 3) if (a, b) != (0, 0)])
    power = np.abs(np.exp(1j * angles @ waves.T).sum(axis=0)) ** 2
    assert chi_square(torus.embed(angles), torus, 2).value == pytest.approx(np.sum(power - 30) / (30 * 29), rel=1e-9)


def test_energy_distance_by_definition():
    rng = np.random.default_rng(2)
    x, reference = rng.normal(size=(400, 2)), rng.normal(size=(100, 2)) + 1
    between, own, other = (
        np.linalg.norm(a[:, None] - b, axis=-1).sum() for a, b in ((x, reference), (x, x), (reference, reference))
    )
    exact = 2 * between / 40_000 - own / (400 * 399) - other / (100 * 99)
    assert energy_distance(x, reference).value == pytest.approx(exact, rel=1e-10)
    as_rule = 2 * between / 40_000 - own / (400 * 399) - other / 100**2
    assert energy_distance(x, reference, lattice=True).value == pytest.approx(as_rule, rel=1e-10)


def half_ring(seed):
    """Samples that prefer one side of the ring: far from the truth in every measure."""
    angles = 0.8 * np.random.default_rng(seed).normal(size=400)
    return 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)


MEASURES = {
    "chi-square": lambda x: chi_square(x, RING, 20),
    "energy": lambda x: energy_distance(x, RING.even(100), lattice=True),
    "energy from samples": lambda x: energy_distance(x, RING.sample(jax.random.key(7), 100)),
    "order parameter": lambda x: order_parameter_estimate(x, 2, 0.1),
    "memorization ratio": lambda x: memorization_ratio_estimate(x, ring(50)[:50]),
    "distance from the manifold": lambda x: manifold_distance_estimate(x * abs(x[:, :1]), RING),
}


@pytest.mark.parametrize("name", ["chi-square", "energy"])
def test_null_of_a_distance(name):
    """Perfect samples: 0 on average over seeds, and mostly within its own errors."""
    found = [MEASURES[name](RING.sample(jax.random.key(seed), 400)) for seed in SEEDS]
    values = np.array([each.value for each in found])
    assert abs(values.mean()) <= 4 * values.std(ddof=1) / np.sqrt(len(values))
    assert values.min() < 0 < values.max()
    assert np.mean(np.abs(values) <= 3 * np.array([each.standard_error for each in found])) >= 0.9


@pytest.mark.parametrize("name", MEASURES)
def test_standard_error_is_the_spread_over_seeds(name):
    found = [MEASURES[name](half_ring(seed)) for seed in SEEDS]
    spread = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.3)


def test_a_distance_is_unbiased():
    values = np.array([MEASURES["chi-square"](smoothed_ring(seed)).value for seed in SEEDS])
    exact = laws.chi_square_even(0.15 * 2, 2 * np.pi * 2 / 6)
    assert abs(values.mean() - exact) <= 4 * values.std(ddof=1) / np.sqrt(len(values))
    assert values.std() < exact
