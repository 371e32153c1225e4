"""The window-restricted denoiser of images between its two ends, and how far gradients reach."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.learned.window import WindowDenoiser, gradient_range
from theory import EmpiricalDenoiser

SIDE = 4
IMAGES = np.random.default_rng(0).uniform(size=(6, SIDE**2))
STATES = IMAGES[:5] + 0.3 * np.random.default_rng(1).normal(size=(5, SIDE**2))


@pytest.mark.parametrize("sigma", [0.05, 0.4])
def test_the_whole_image_is_the_optimal_denoiser(sigma):
    np.testing.assert_allclose(
        WindowDenoiser(IMAGES, SIDE - 1)(STATES, sigma), EmpiricalDenoiser(IMAGES)(STATES, sigma), rtol=1e-10
    )


def test_one_pixel_is_the_optimal_denoiser_of_each_pixel():
    found = WindowDenoiser(IMAGES, 0)(STATES, 0.2)
    for pixel in range(SIDE**2):
        alone = EmpiricalDenoiser(IMAGES[:, [pixel]])(STATES[:, [pixel]], 0.2)[:, 0]
        np.testing.assert_allclose(found[:, pixel], alone, rtol=1e-10)


def test_a_window_of_three_pixels_by_loops():
    found = WindowDenoiser(IMAGES, 1)(STATES, np.full(5, 0.3))
    images, states = IMAGES.reshape(-1, SIDE, SIDE), STATES.reshape(-1, SIDE, SIDE)
    for row, column in ((0, 0), (1, 2), (3, 1)):
        near = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
        square = np.sum((states[:, None, *near] - images[None, :, *near]) ** 2, axis=(2, 3))
        weights = np.exp(-square / (2 * 0.3**2))
        weights /= weights.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found[:, SIDE * row + column], weights @ images[:, row, column], rtol=1e-10)


def test_gradients_reach_no_further_than_the_window():
    reach = [float(gradient_range(WindowDenoiser(IMAGES, radius), STATES, 0.3).mean()) for radius in (0, 1, 3)]
    assert reach[0] == 0
    assert 0 < reach[1] < min(1, reach[2])
    # a map that looks everywhere alike: the mean distance of two pixels, by a loop
    places = [divmod(pixel, SIDE) for pixel in range(SIDE**2)]
    mean = np.mean([max(abs(a - c), abs(b - d)) for a, b in places for c, d in places])
    everywhere = gradient_range(lambda x, sigma: jnp.broadcast_to(x.sum(-1, keepdims=True), x.shape), STATES, 0.3)
    np.testing.assert_allclose(everywhere, mean)


def test_bad_input():
    with pytest.raises(ValueError, match="square images, got 5 pixels"):
        WindowDenoiser(np.zeros((3, 5)), 1)
    with pytest.raises(ValueError, match="radius must be"):
        WindowDenoiser(IMAGES, -1)
    with pytest.raises(ValueError, match="sigma must be"):
        WindowDenoiser(IMAGES, 1)(STATES, 0.0)
    assert np.isnan(jax.jit(lambda sigma: WindowDenoiser(IMAGES, 1)(STATES, sigma))(-1.0)).all()
