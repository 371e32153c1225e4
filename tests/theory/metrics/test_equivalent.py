"""The gap-equivalent error: recovered from the error-prone model, its interval and its flags."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, ErrorProneDenoiser
from theory.metrics import GapEstimate, GapFlag, gap_equivalent_error, generalization_gap_estimate

KEY = jax.random.key(0)
TRAIN, VALIDATION = (Circle(1.0).sample(jax.random.key(seed), 40) for seed in (1, 2))
LEVELS = np.array([0.05, 0.15])
NOISE = tuple(np.random.default_rng(seed).normal(size=(10, 40, 2)) for seed in (0, 1))


def equivalent(gap, spread):
    return gap_equivalent_error(
        GapEstimate(jnp.asarray(gap), jnp.asarray(spread)), TRAIN, VALIDATION, LEVELS, noise=NOISE
    )


def measured(error, noise=NOISE):
    return generalization_gap_estimate(ErrorProneDenoiser(TRAIN, error), TRAIN, VALIDATION, LEVELS, noise=noise)


@pytest.mark.parametrize("error", [0.002, 0.02, 0.1])
def test_error_is_recovered(error):
    """[gap-equivalent-error]: with the same draws D_delta returns delta, within the interval."""
    estimate = measured(error)
    found = equivalent(estimate.gap, estimate.standard_error)
    np.testing.assert_allclose(found.error, error, rtol=1e-2)
    exact = equivalent(estimate.gap, 0 * estimate.gap)
    np.testing.assert_allclose(exact.error, error, rtol=1e-6)
    np.testing.assert_allclose(exact.interval, error, rtol=1e-6)
    assert np.all(exact.flag == GapFlag.FOUND)
    assert np.all((found.interval[:, 0] <= error) & (found.interval[:, 1] >= error))


def test_a_gap_below_what_the_draws_leave_is_flagged():
    """An error of half the ring's radius has hardly a gap, and chance takes or gives more."""
    estimate = measured(0.5)
    found = equivalent(estimate.gap, estimate.standard_error)
    assert np.all(found.flag == GapFlag.INFINITE)
    assert np.all(np.isinf(found.interval[:, 1]))
    assert np.all(found.interval[:, 0] < 0.5)


def test_interval_is_where_the_model_shows_the_ends_of_the_gap():
    estimate = measured(0.05)
    found = equivalent(estimate.gap, 0.02 * estimate.gap)
    assert np.all(found.flag == GapFlag.FOUND)
    for place in range(2):
        for end, sign in zip(found.interval[place], (1, -1), strict=True):
            shown = measured(float(end)).gap[place]
            assert shown == pytest.approx(float(estimate.gap[place]) * (1 + sign * 1.96 * 0.02), rel=1e-6)


def test_flags():
    """Recall, more than recall, no gap, no number, and a gap that is known to nothing."""
    recall, none = measured(0.0).gap, measured(1e6).gap
    small = 1e-3 * recall
    for gap, spread, error, flag in (
        (recall, small, 0, GapFlag.ZERO),
        (2 * recall, small, 0, GapFlag.ABOVE_OPTIMAL),
        (jnp.full(2, jnp.inf), jnp.full(2, jnp.nan), 0, GapFlag.ABOVE_OPTIMAL),
        (none - 0.1, small, np.inf, GapFlag.INFINITE),
        (jnp.full(2, jnp.nan), small, np.nan, GapFlag.NOT_IDENTIFIED),
        ((recall + none) / 2, 10 * recall, None, GapFlag.NOT_IDENTIFIED),
    ):
        found = equivalent(gap, spread)
        assert np.all(found.flag == flag)
        if error is not None:
            np.testing.assert_array_equal(found.error, error)


def test_other_draws_agree_within_the_interval():
    others = tuple(np.random.default_rng(seed).normal(size=(10, 40, 2)) for seed in (2, 3))
    estimate = measured(0.05, others)
    found = equivalent(estimate.gap, estimate.standard_error * np.sqrt(2))
    assert np.all((found.interval[:, 0] <= 0.05) & (found.interval[:, 1] >= 0.05))
