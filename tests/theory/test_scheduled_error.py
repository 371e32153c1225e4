"""An error that depends on noise: at every noise the field of the error-prone denoiser of that error."""

import numpy as np
import pytest

from theory import ErrorProneDenoiser, ScheduledErrorDenoiser

POINTS = np.random.default_rng(0).normal(size=(6, 3))
X = np.random.default_rng(1).normal(size=(5, 3))
LEVELS = np.array([0.1, 0.3, 1.0, 2.0, 5.0])


def schedule(sigma):
    return 0.3 * sigma**0.5


@pytest.mark.parametrize("method", ["__call__", "jacobian"])
def test_every_state_has_the_error_of_its_own_noise(method):
    """[noise-dependent-error]."""
    found = getattr(ScheduledErrorDenoiser(POINTS, schedule), method)(X, LEVELS)
    for i, sigma in enumerate(LEVELS):
        expected = getattr(ErrorProneDenoiser(POINTS, schedule(sigma)), method)(X, sigma)
        np.testing.assert_allclose(found[i], expected[i], rtol=1e-12)


def test_a_constant_schedule_is_the_error_prone_denoiser():
    found = ScheduledErrorDenoiser(POINTS, lambda sigma: 0.3)(X, LEVELS)
    np.testing.assert_allclose(found, ErrorProneDenoiser(POINTS, 0.3)(X, LEVELS), rtol=1e-12)
