"""Noise levels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import edm_schedule, log_uniform_schedule

SCHEDULES = {"edm": edm_schedule, "log-uniform": log_uniform_schedule}
every = pytest.mark.parametrize("name", SCHEDULES)


@every
def test_descends_from_end_to_end(name):
    levels = SCHEDULES[name](40, 0.002, 80.0)
    assert levels.shape == (40,)
    assert levels[0] == 80.0
    assert levels[-1] == 0.002
    assert np.all(np.diff(levels) < 0)


@every
def test_one_level_is_the_largest(name):
    assert SCHEDULES[name](1, 0.002, 80.0).tolist() == [80.0]


@every
def test_transforms_and_dtype(name):
    compiled = jax.jit(lambda low, high: SCHEDULES[name](5, low, high))
    np.testing.assert_allclose(compiled(0.1, 2.0), SCHEDULES[name](5, 0.1, 2.0), rtol=1e-13)
    assert np.isnan(compiled(2.0, 0.1)).all()
    single = SCHEDULES[name](5, np.float32(0.1), np.float32(2.0))
    assert single.dtype == jnp.float32
    assert single[0] == np.float32(2.0)


def test_formulas():
    """Karras et al. with rho = 7 and rho = 1, which is linear; the other in geometric progression."""
    fraction = np.linspace(0, 1, 9)
    expected = (80 ** (1 / 7) + fraction * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    np.testing.assert_allclose(edm_schedule(9, 0.002, 80.0), expected, rtol=1e-12)
    np.testing.assert_allclose(edm_schedule(9, 1.0, 9.0, rho=1.0), np.arange(9.0, 0.0, -1.0), rtol=1e-12)
    np.testing.assert_allclose(log_uniform_schedule(4, 0.01, 10.0), [10.0, 1.0, 0.1, 0.01], rtol=1e-12)
