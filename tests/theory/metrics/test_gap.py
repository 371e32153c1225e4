"""The generalization gap by draws, by quadrature and by leaving one out, with its errors and its null."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, EmpiricalDenoiser, ErrorProneDenoiser
from theory.metrics import (
    GapEstimate,
    gap_peak,
    generalization_gap,
    generalization_gap_estimate,
    generalization_gap_quadrature,
    leave_one_out_gap,
)

RING = Circle(1.0)
TRAIN, VALIDATION = np.asarray(RING.even(8)), np.asarray(RING.even(8, phase=0.5))
DENOISER = ErrorProneDenoiser(TRAIN, 0.15)
SIGMAS = np.array([0.05, 0.15, 0.5])
DRAWS = 50
norms = pytest.mark.parametrize("norm", ["euclidean", "squared"])


@norms
def test_definition(norm):
    """Mean over all draws and points first, then the ratio, with the same draws at every level."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(DRAWS, 8, 2)), rng.normal(size=(DRAWS, 8, 2))
    found = generalization_gap(DENOISER, TRAIN, VALIDATION, SIGMAS, noise=noise, norm=norm)
    for level, gap in zip(SIGMAS, found):
        means = []
        for points, draws in zip((TRAIN, VALIDATION), noise):
            error = np.linalg.norm(DENOISER(points + level * draws, level) - points, axis=-1)
            means.append(np.mean(error**2 if norm == "squared" else error))
        assert gap == pytest.approx(means[1] / means[0] - 1, rel=1e-11)


@norms
def test_draws_agree_with_quadrature(norm):
    exact = generalization_gap_quadrature(DENOISER, TRAIN[:1], VALIDATION[:1], SIGMAS, norm=norm)
    # the Euclidean norm has a kink where D meets y
    assert np.all(exact.error <= (1e-6 if norm == "squared" else 1e-3))
    found = generalization_gap_estimate(
        DENOISER, TRAIN, VALIDATION, SIGMAS, key=jax.random.key(0), draws=DRAWS, norm=norm
    )
    assert np.all(np.abs(found.gap - exact.gap) <= 4 * found.standard_error)
    assert np.all(found.standard_error < 0.2 * (1 + np.abs(exact.gap)))
    same = generalization_gap(DENOISER, TRAIN, VALIDATION, SIGMAS, key=jax.random.key(0), draws=DRAWS, norm=norm)
    np.testing.assert_allclose(same, found.gap, rtol=1e-12)


@norms
def test_standard_error_is_the_spread_over_keys(norm):
    found = [
        generalization_gap_estimate(
            DENOISER, TRAIN, VALIDATION, SIGMAS, key=jax.random.key(seed), draws=DRAWS, norm=norm
        )
        for seed in range(60)
    ]
    spread = np.std([each.gap for each in found], axis=0, ddof=1)
    predicted = np.mean([each.standard_error for each in found], axis=0)
    np.testing.assert_allclose(predicted, spread, rtol=0.3)


def test_null():
    """No gap for a field that does not know its training points, and none between a set and itself."""
    blind = generalization_gap_estimate(
        EmpiricalDenoiser(jnp.zeros((1, 2))), TRAIN, VALIDATION, SIGMAS, key=jax.random.key(1), draws=DRAWS
    )
    assert np.all(np.abs(blind.gap) <= 4 * blind.standard_error + 1e-12)
    itself = generalization_gap_quadrature(DENOISER, TRAIN[:1], TRAIN[:1], SIGMAS)
    np.testing.assert_allclose(itself.gap, 0, atol=1e-12)


def test_any_callable_old_keys_and_dtype():
    def denoiser(x, sigma):
        return x / (1 + sigma[..., None] ** 2)

    old, new = (
        generalization_gap(denoiser, TRAIN, 2 * VALIDATION, SIGMAS, key=key)
        for key in (jax.random.PRNGKey(2), jax.random.key(2))
    )
    np.testing.assert_array_equal(old, new)
    assert old[-1] > 0.1
    single = [np.float32(array) for array in (TRAIN, VALIDATION, SIGMAS)]
    noise = np.ones((2, DRAWS, 8, 2), np.float32)
    assert generalization_gap(lambda x, sigma: x / 2, *single, noise=tuple(noise)).dtype == jnp.float32


def test_inside_jit():
    compiled = jax.jit(
        lambda error, level: generalization_gap(
            ErrorProneDenoiser(TRAIN, error), TRAIN, VALIDATION, level, key=jax.random.key(0)
        )
    )
    expected = generalization_gap(DENOISER, TRAIN, VALIDATION, SIGMAS, key=jax.random.key(0))
    np.testing.assert_allclose(compiled(0.15, SIGMAS), expected, rtol=1e-10)


@norms
def test_leave_one_out(norm):
    """At the same noisy states, the model without the point against the model with it."""
    points, key = np.random.default_rng(3).normal(size=(8, 2)), jax.random.key(4)
    found = leave_one_out_gap(points, 0.1, SIGMAS, key=key, draws=7, norm=norm)
    noise = np.asarray(jax.random.normal(key, (8, 7, 2)))

    def distance(x, level, i, others):
        square = level**2 + 0.1**2
        w = others * np.exp(-((x[:, None] - points) ** 2).sum(axis=-1) / (2 * square))
        optimal = w @ points / w.sum(axis=1, keepdims=True)
        return np.linalg.norm((0.1**2 * x + level**2 * optimal) / square - points[i], axis=-1)

    difference = np.zeros((8, 3))
    for i, point in enumerate(points):
        for j, level in enumerate(SIGMAS):
            x = point + level * noise[i]
            one, full = (distance(x, level, i, others) for others in (np.arange(8) != i, np.ones(8)))
            difference[i, j] = np.mean(one**2 - full**2 if norm == "squared" else one - full)
    np.testing.assert_allclose(found.difference, difference.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.standard_error, difference.std(axis=0, ddof=1) / np.sqrt(8), rtol=1e-9)
    assert np.all(found.training_error > 0)


@jax.jit
@jax.vmap
def peaks(gap, sigmas):
    return gap_peak(GapEstimate(gap, jnp.full(5, 0.01)), sigmas)


def test_peak_of_a_parabola():
    """Exact on a parabola in ln sigma, levels in any order, with the errors of its coefficients by propagation."""
    place = np.log(0.3)
    offsets = np.tile([0.9, -0.6, 0.1, -1.2, 0.4], (401, 1))
    noise = 0.01 * np.random.default_rng(0).normal(size=offsets.shape)
    noise[0] = 0
    found = jax.tree.map(np.asarray, peaks(0.7 - 0.5 * offsets**2 + noise, np.exp(place + offsets)))
    assert found.height[0] == pytest.approx(0.7)
    assert found.noise[0] == pytest.approx(0.3)
    assert found.height_error[0] == pytest.approx(found.height[1:].std(), rel=0.2)
    assert found.noise_error[0] == pytest.approx(found.noise[1:].std(), rel=0.2)


def test_no_peak_at_the_edge():
    levels = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    found = peaks(np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [9.0, 2.0, 3.0, 4.0, 5.0]]), np.stack([levels, levels]))
    assert found.height.tolist() == [5.0, 9.0]
    assert found.height_error.tolist() == pytest.approx([0.01, 0.01])
    assert np.isnan(found.noise).all()
    with pytest.raises(ValueError, match="at least 3 levels"):
        gap_peak(GapEstimate(jnp.ones(2), jnp.ones(2)), [0.1, 0.2])
