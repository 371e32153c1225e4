"""Sliced Wasserstein and Frechet distances: closed forms, definitions, nulls and standard errors."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from theory.metrics import frechet_distance, sliced_wasserstein

KEY = jax.random.key(0)
SPREAD = np.array([2.0, 1.0, 0.5])


def normal(key, count):
    return jax.random.normal(key, (count, 3)) * SPREAD


@functools.cache
def program(distance, counts):
    def one(key, shift, factor):
        keys = jax.random.split(key, 3)
        return distance(normal(keys[0], counts[0]) * factor + shift, normal(keys[1], counts[1]), keys[2])

    return jax.jit(jax.vmap(one, in_axes=(0, None, None)))


def of_seeds(distance, counts=(200, 150), shift=0.0, factor=1.0):
    """The distance of normal samples, scaled and shifted, from others, for 40 seeds."""
    return program(distance, counts)(jax.random.split(KEY, 40), jnp.broadcast_to(shift, 3) * 1.0, factor)


def sliced(x, reference, key):
    return sliced_wasserstein(x, reference, key=key, directions=12)


def frechet(x, reference, key):
    return frechet_distance(x, reference)


def test_sliced_wasserstein_by_definition():
    """One dimension has one direction: the mean square of sorted differences, and of samples repeated to equal number."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 1)), rng.normal(size=(4, 1)) + 1
    repeated = np.sort(np.repeat(x[:, 0], 2)), np.sort(np.repeat(y[:, 0], 3))
    exact = np.mean((repeated[0] - repeated[1]) ** 2)
    assert float(sliced_wasserstein(x, y, key=KEY).value) == pytest.approx(exact, rel=1e-12)
    assert float(sliced_wasserstein(y, x, key=KEY).value) == pytest.approx(exact, rel=1e-12)


def test_sliced_wasserstein_of_a_shift_and_a_scaling():
    """A shift gives |shift|^2/D for every rotation; lengths enter squared."""
    x = np.asarray(normal(KEY, 50))
    shift = np.array([1.0, -2.0, 0.5])
    found = sliced_wasserstein(x + shift, x, key=KEY, directions=30)
    assert float(found.value) == pytest.approx(shift @ shift / 3, rel=1e-12)
    larger = sliced_wasserstein(7 * (x + shift), 7 * x, key=KEY, directions=30)
    assert float(larger.value) == pytest.approx(49 * float(found.value), rel=1e-12)


def test_sliced_wasserstein_of_gaussians():
    """Scaling by f: (f - 1)^2 tr C/D beside the bias of the same samples without it, which scales as f."""
    found, null = of_seeds(sliced, factor=2.0), of_seeds(sliced)
    exact = np.sum(SPREAD**2) / 3 + 2 * float(null.value.mean())
    assert abs(found.value.mean() - exact) < 4 * found.value.std() / np.sqrt(40) + 0.01 * exact


def test_frechet_closed_form():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)), rng.normal(size=(30, 3)) + 2
    one, other = np.cov(x.T), np.cov(y.T)
    exact = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)
    exact += np.trace(one + other - 2 * scipy.linalg.sqrtm(one @ other).real)
    assert float(frechet_distance(x, y).value) == pytest.approx(exact, rel=1e-9)
    # on a plane, with diagonal covariances 9/39 and 4/39
    flat = np.linalg.qr(np.concatenate([np.ones((40, 1)), x], axis=1))[0][:, 1:] * np.array([3.0, 2.0, 0.0])
    found = frechet_distance(flat * [2.0, 0.5, 1.0], flat)
    assert float(found.value) == pytest.approx((9 + 1) / 39, rel=1e-9)
    assert np.isfinite(found.standard_error)


def test_nulls():
    """Perfect samples: the bias of the Frechet distance as stated, that of the sliced one by its order of size."""
    eigenvalues, number = SPREAD**2, 1 / 200 + 1 / 150
    pairs = np.outer(eigenvalues, eigenvalues) / (2 * np.add.outer(eigenvalues, eigenvalues))
    expected = number * (1.5 * eigenvalues.sum() + pairs.sum() - np.trace(pairs))
    found = of_seeds(frechet)
    assert abs(found.value.mean() - expected) < 4 * found.value.std() / np.sqrt(40) + 0.03 * expected
    null = of_seeds(sliced).value
    assert null.min() > 0
    assert 0.5 < null.mean() / (number * eigenvalues.sum() / 3) < 5


@pytest.mark.parametrize("distance", [sliced, frechet])
def test_standard_error_is_the_spread_over_seeds(distance):
    found = of_seeds(distance, shift=jnp.array([0.5, 0.0, 1.0]), factor=0.6)
    assert float(found.standard_error.mean()) == pytest.approx(float(found.value.std(ddof=1)), rel=0.3)
