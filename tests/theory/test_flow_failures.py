"""What the flow does when something goes wrong: it says which trajectories failed, and raises nothing."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, ErrorProneDenoiser, GuidedDenoiser, probability_flow

POINTS = Circle(1.0).even(6)
STARTS = 10 * np.random.default_rng(0).normal(size=(4, 2))


@eqx.filter_jit
def compiled_flow(starts, error, sigma_max, sigma_min):
    return probability_flow(ErrorProneDenoiser(POINTS, error), starts, sigma_max=sigma_max, sigma_min=sigma_min)


def flow(starts, error=0.3, sigma_max=10.0, sigma_min=0.0):
    """One compiled program in which everything is traced."""
    return compiled_flow(*(jnp.asarray(value) for value in (starts, error, sigma_max, sigma_min)))


@pytest.fixture(scope="module")
def half_plane():
    """A denoiser that breaks down left of the line x_0 = -2, and a batch with two starts on either side."""

    def denoiser(x, sigma):
        return jnp.where(x[..., :1] < -2, jnp.nan, jnp.array([0.0, 1.0]))

    starts = jnp.array([[5.0, 1.0], [-6.0, 0.5], [8.0, -3.0], [-3.0, 2.0]])
    return starts, probability_flow(denoiser, starts, sigma_max=10.0, sigma_min=0.1, save_at=[10.0, 0.1])


def test_nan_fails_only_the_trajectories_that_meet_it(half_plane):
    starts, flow = half_plane
    assert flow.failed.tolist() == [False, True, False, True]
    assert np.isnan(flow.x[flow.failed]).all()
    assert np.isnan(flow.path[-1][flow.failed]).all()
    assert np.array_equal(flow.path[0], starts)
    exact = np.array([0.0, 1.0]) + (starts - np.array([0.0, 1.0])) * 0.01
    assert np.max(np.abs(flow.x - exact)[~flow.failed]) <= 1e-4
    assert flow.result == diffrax.RESULTS.successful


def test_nan_start_fails_alone():
    """Compared with the same batch in which the bad start is the copy of another, so that the steps are the same."""
    good = STARTS.copy()
    good[1] = good[0]
    bad = STARTS.copy()
    bad[1] = [np.nan, 1.0]
    expected, found = flow(good), flow(bad)
    assert not expected.failed.any()
    assert found.failed.tolist() == [False, True, False, False]
    assert np.isnan(found.x[1]).all()
    others = np.array([0, 2, 3])
    assert np.array_equal(found.x[others], expected.x[others])


@pytest.mark.parametrize(
    "bad",
    [
        {"error": -0.3},
        {"error": np.nan},
        {"sigma_max": np.nan},
        {"sigma_max": -1.0},
        {"sigma_min": np.nan},
        {"sigma_min": -0.1},
    ],
    ids=str,
)
def test_traced_bad_values_fail_every_trajectory(bad):
    found = flow(STARTS, **bad)
    assert found.failed.all()
    assert np.isnan(found.x).all()


def test_too_few_steps():
    found = probability_flow(
        ErrorProneDenoiser(POINTS, 0.3), STARTS, sigma_max=10.0, sigma_min=0.0, rtol=1e-9, atol=1e-9, max_steps=5
    )
    assert found.failed.all()
    assert np.isnan(found.x).all()
    assert found.result == diffrax.RESULTS.max_steps_reached
    assert int(found.stats["num_steps"]) == 5


def test_nan_on_a_grid_fails_alone():
    def denoiser(x, sigma):
        return jnp.where(x[..., :1] < -2, jnp.nan, 0.0) * x

    starts = np.array([[5.0, 1.0], [-6.0, 0.5]])
    found = probability_flow(denoiser, starts, grid=[10.0, 5.0, 1.0, 0.0])
    assert found.failed.tolist() == [False, True]
    assert np.isnan(found.x[1]).all()
    assert np.max(np.abs(found.x[0])) <= 1e-14


def test_guided_field_may_be_followed():
    """A guided field has no constant error to integrate in; it is followed like any other callable."""
    pair = ErrorProneDenoiser(POINTS, 0.2), ErrorProneDenoiser(POINTS, 0.4)
    alone = probability_flow(GuidedDenoiser(*pair, 0.0), STARTS, sigma_max=10.0, sigma_min=0.0)
    pushed = probability_flow(GuidedDenoiser(*pair, 2.0), STARTS, sigma_max=10.0, sigma_min=0.0)
    assert np.max(np.abs(alone.x - flow(STARTS, error=0.2).x)) <= 2e-4
    assert not pushed.failed.any()
    distance = [np.linalg.norm(ends[:, None] - POINTS, axis=-1).min(axis=1).mean() for ends in (alone.x, pushed.x)]
    assert distance[1] < distance[0]


def test_zero_noise_and_zero_error_end_on_training_points():
    found = flow(STARTS, error=0.0)
    nearest = jnp.linalg.norm(found.x[:, None] - POINTS, axis=-1).min(axis=1)
    assert np.max(nearest) <= 1e-4


def test_a_field_that_is_not_differentiable_by_name_is_left_alone():
    """The flow of a callable that ignores the noise level, exactly linear in sigma."""
    target = jnp.array([1.0, -1.0])
    found = jax.jit(lambda x: probability_flow(lambda x, s: jnp.broadcast_to(target, x.shape), x, grid=[4.0, 2.0, 1.0]))
    starts = jnp.array([[4.0, 4.0], [0.0, 1.0]])
    assert np.allclose(found(starts).x, target + (starts - target) / 4, rtol=0, atol=1e-14)
