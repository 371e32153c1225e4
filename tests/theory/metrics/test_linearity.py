"""The linearity score against its definition and the figures quoted for it."""

import jax
import jax.numpy as jnp
import numpy as np

from theory import Circle, ErrorProneDenoiser
from theory.metrics import linearity_score

KEY = jax.random.key(0)
LEVELS = np.array([0.02, 0.05, 0.1, 0.2, 0.5, 1.0])


def test_figures_of_the_ring():
    """[linearity]: exact recall of 10 even points, and the optimal denoiser of the uniform ring."""
    ring = Circle(1.0).even(400)
    ten = (np.arange(400) % 40 == 0) * 1.0
    for weights, noised, quoted in (
        (ten, ring[::40], [0.979, 0.981, 0.949, 0.941, 0.955, 0.993]),
        (np.ones(400), ring[::40], [0.963, 0.964, 0.961, 0.946, 0.956, 0.993]),
    ):
        found = linearity_score(ErrorProneDenoiser(ring, 0.0, weights), noised, LEVELS, key=KEY, pairs=4096)
        assert np.all(np.abs(found.score - np.array(quoted)) <= 4 * found.standard_error + 6e-4)
        assert np.all(found.standard_error < 4e-3)


def test_linear_maps_of_centred_data_score_one_and_affine_ones_do_not():
    points = np.random.default_rng(0).normal(size=(30, 3)) + 5
    matrix, mean = jnp.diag(jnp.array([1.0, 0.5, 0.0])), points.mean(axis=0)

    def shifted(x, sigma):
        return (x - mean) @ matrix + mean + jnp.where(sigma < 0.5, 0.0, 3.0)

    found = linearity_score(shifted, points, [0.1, 1.0], key=KEY, pairs=200)
    np.testing.assert_allclose(found.score[0], 1, rtol=1e-12)
    assert found.score[1] < 0.999


def test_vanishing_vectors_are_dropped_and_counted():
    """A denoiser that gives the mean on one side of it."""
    points = np.random.default_rng(1).normal(size=(50, 2))
    mean = points.mean(axis=0)

    def half(x, sigma):
        return jnp.where((x[..., :1] > mean[0]) & (sigma < 1), x, mean)

    found = linearity_score(half, points, [0.1, 2.0], key=KEY, pairs=1000)
    assert 400 < found.dropped[0] < 600
    assert 0 < found.score[0] <= 1
    assert found.dropped[1] == 1000
    assert np.isnan(found.score[1])


def test_standard_error_is_the_spread_over_keys():
    def bent(x, sigma):
        return x + sigma * jnp.sin(3 * x)

    points = np.random.default_rng(1).normal(size=(50, 2))
    found = jax.vmap(lambda key: linearity_score(bent, points, [0.5, 1.0], key=key, pairs=64))(
        jax.random.split(KEY, 40)
    )
    np.testing.assert_allclose(found.standard_error.mean(axis=0), found.score.std(axis=0, ddof=1), rtol=0.3)
