"""The kernel for GPUs: what it computes, step by step on any device, and what a GPU makes of it where there is one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory.empirical import dense, fused
from theory.empirical.tiles import nearest_in_box

GPU = jax.default_backend() == "gpu"
DRAWN = np.random.default_rng(20261127)


def cloud(dim, number, queries, dtype, noise=0.3, offset=0.0, even=False):
    """Points, log weights, queries and one noise for each of them; the last program's queries lie far outside."""
    points = DRAWN.normal(size=(number, dim)) + offset
    x = points[DRAWN.integers(number, size=queries)] + noise * DRAWN.normal(size=(queries, dim))
    x[512:] += 100 * noise
    log_weights = np.full(number, -np.log(number)) if even else np.log(DRAWN.dirichlet(np.ones(number)))
    if not even:
        log_weights[1::7] = -np.inf
    spread = noise * DRAWN.uniform(0.5, 2, size=queries)
    return tuple(jnp.asarray(each, dtype) for each in (points, log_weights, x, spread))


def differs(found, expected, noise, scale):
    """The largest errors of the log sum, relative to 1 or to itself, and of the offset, in noise levels or of ``scale``."""
    log_error = jnp.abs(found[0] - expected[0]) / jnp.maximum(1, jnp.abs(expected[0]))
    offset_error = jnp.linalg.norm(found[1] - expected[1], axis=1) / jnp.maximum(noise, scale)
    return float(jnp.max(log_error)), float(jnp.max(offset_error))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize(("dim", "number", "queries"), [(1, 1, 3), (2, 2500, 700), (3, 30, 513)])
def test_the_kernel_is_the_dense_evaluator(dtype, even, dim, number, queries):
    case = cloud(dim, number, queries, dtype, even=even)
    expected = dense.moments(*(each.astype(np.float64) for each in case))
    far = jnp.arange(queries) >= 512  # there a logit, which is thousands, rounds to 1e-4
    log_error, _ = differs(fused.kernel_moments(*case, interpret=not GPU), expected, case[3], 1.0)
    near = [
        tuple(each[~far] for each in values) for values in (fused.kernel_moments(*case, interpret=not GPU), expected)
    ]
    _, offset_error = differs(*near, case[3][~far], 0.0)
    bound = {4: 1e-5, 8: 1e-12}[np.dtype(dtype).itemsize]
    assert log_error < bound
    assert offset_error < bound


@pytest.mark.parametrize("noise", [2e-3, 0.05, 80.0])
def test_contract_far_from_the_origin(noise):
    """Float32, data at 1000: one point after the other wins, or all count."""
    case = cloud(2, 40, 200, np.float32, noise, offset=1000.0)
    expected = dense.moments(*(each.astype(np.float64) for each in case))
    log_error, offset_error = differs(fused.kernel_moments(*case, interpret=not GPU), expected, case[3], 0.0)
    assert log_error < 1e-5
    assert offset_error < 1e-5 + 2 * np.finfo(np.float32).eps * 1005 / noise


def test_lengths_that_have_no_square():
    """Scaled by a power of two, so that only the ratio of lengths to noise counts, and to the last digit."""
    points, log_weights, x, noise = cloud(2, 20, 30, np.float32)
    expected = fused.kernel_moments(points, log_weights, x, noise, interpret=not GPU)
    for factor in (2.0**-90, 2.0**90):
        found = fused.kernel_moments(points * factor, log_weights, x * factor, noise * factor, interpret=not GPU)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1] / factor, expected[1])


def test_a_bad_query_spoils_no_other():
    points, log_weights, x, noise = cloud(2, 20, 30, np.float32)
    spoiled = fused.kernel_moments(
        points, log_weights, x.at[3].set(jnp.nan), noise.at[5].set(jnp.nan), interpret=not GPU
    )
    expected = fused.kernel_moments(points, log_weights, x, noise, interpret=not GPU)
    for bad, good in zip(spoiled, expected):
        assert jnp.all(jnp.isnan(bad[jnp.array([3, 5])]))
        others = jnp.array([i for i in range(30) if i not in (3, 5)])
        np.testing.assert_array_equal(bad[others], good[others])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_lowered_for_a_gpu(dtype):
    """Triton's restrictions are checked without a GPU; float32 takes the hardware's 2^x and fused multiply-add."""
    traced = fused.kernel_moments.trace(*cloud(2, 3000, 700, dtype))
    try:
        text = traced.lower(lowering_platforms=("cuda",)).as_text()
    except RuntimeError as error:  # jax from 0.11 on
        pytest.skip(f"this jax lowers for no GPU that it does not see: {error}")
    assert "triton" in text
    assert ("ex2.approx.ftz.f32" in text) == (dtype is np.float32)
    assert "tf32" not in text.lower()


@pytest.mark.skipif(not GPU, reason="needs an NVIDIA GPU")
def test_transforms_on_a_gpu():
    points, log_weights, x, noise = cloud(2, 500, 300, np.float32)
    value, gradient = jax.value_and_grad(lambda x: jnp.sum(fused.log_normalizer(points, log_weights, x, noise)))(x)
    log_total, offset = dense.moments(points, log_weights, x, noise)
    shift = offset + nearest_in_box(points, x) - x
    np.testing.assert_allclose(value, jnp.sum(log_total), rtol=1e-5)
    np.testing.assert_allclose(gradient, shift / noise[:, None] ** 2, atol=1e-3)
    shifted = jnp.stack([points, points + 1])
    found = jax.vmap(lambda points: fused.moments(points, log_weights, x, noise)[1])(shifted)
    np.testing.assert_allclose(found[1], fused.moments(points + 1, log_weights, x, noise)[1], atol=1e-5)
