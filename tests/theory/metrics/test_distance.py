"""Distances of denoisers from one another."""

import jax
import numpy as np
import pytest

from theory import Circle, EmpiricalDenoiser, FlatTorusDenoiser, GaussianDenoiser
from theory.metrics import denoiser_distance

KEY = jax.random.key(0)
SIGMAS = np.array([0.2, 1.0])
POINTS = np.random.default_rng(0).normal(size=(4000, 3))


def test_two_gaussian_denoisers():
    """(a I, b I about 0): D = x c/(c + sigma^2), so that the square is D (a + sigma^2)(difference of the factors)^2."""
    one, other = (GaussianDenoiser(np.zeros(3), c * np.eye(3)) for c in (1.0, 0.25))
    found = denoiser_distance(one, other, POINTS, SIGMAS, key=KEY, draws=4)
    factor = 1 / (1 + SIGMAS**2) - 0.25 / (0.25 + SIGMAS**2)
    exact = np.abs(factor) * np.sqrt(3 * (1 + SIGMAS**2))
    assert (np.abs(found.value - exact) < 4 * found.standard_error).all()
    assert (found.standard_error < 0.02 * exact).all()


def test_one_and_the_same_has_none():
    same = denoiser_distance(_shrunk, _shrunk, POINTS[:10], SIGMAS, key=KEY)
    assert same.value.tolist() == same.standard_error.tolist() == [0.0, 0.0]


def test_a_dense_set_nears_the_truth():
    ring = Circle(1.0)
    truth, fresh = FlatTorusDenoiser(ring), ring.sample(jax.random.key(1), 200)
    far, near = (denoiser_distance(EmpiricalDenoiser(ring.even(n)), truth, fresh, [0.1], key=KEY) for n in (10, 80))
    assert near.value[0] < 1e-6 < 1e-2 < far.value[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": POINTS[:1]}, "at least 2 points, got 1"),
        ({"sigmas": [0.0]}, "sigmas must be"),
        ({"draws": 0}, "draws must be"),
    ],
)
def test_bad_input(change, said):
    arguments = {"points": POINTS[:5], "sigmas": SIGMAS, "draws": 2} | change
    with pytest.raises(ValueError, match=said):
        denoiser_distance(_shrunk, _shrunk, key=KEY, **arguments)


def _shrunk(x, sigma):
    return x / 2
