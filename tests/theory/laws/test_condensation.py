"""Where the posterior condenses and where the flow commits: laws against the posterior of explicit points."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from theory import Circle, ErrorProneDenoiser, laws

RADIUS, ERROR = 2.0, 0.4
RING = Circle(RADIUS).even(128)


@pytest.mark.parametrize("error", [0.0, 0.9])
@pytest.mark.parametrize(
    ("points", "weights", "law"),
    [
        (np.asarray(RING), np.ones(128), RADIUS / np.sqrt(2)),
        # two Gaussians at +-1.5 of variance 0.6, as weighted points dense against every noise of the search
        (np.linspace(-6, 6, 241)[:, None], None, laws.speciation_two_gaussians(1.5, 0.6)),
    ],
    ids=["ring", "two Gaussians"],
)
def test_speciation(points, weights, law, error):
    """[speciation]: the Jacobian at the fixed point crosses 1 at the law's noise, or at its nominal one with error."""
    if weights is None:
        weights = np.exp(-((np.abs(points[:, 0]) - 1.5) ** 2) / 1.2) + np.exp(
            -((np.abs(points[:, 0]) + 1.5) ** 2) / 1.2
        )
    denoiser = ErrorProneDenoiser(points, error, weights)
    centre = np.zeros(points.shape[1])

    def excess(sigma):
        return np.linalg.eigvalsh(denoiser.jacobian(centre, sigma))[-1] - 1

    found = scipy.optimize.brentq(excess, 0.3, 3.0, xtol=1e-12)
    assert found == pytest.approx(laws.nominal_noise(law, error), rel=1e-9)
    assert excess(0.9 * found) > 0 > excess(1.1 * found)


def test_no_speciation():
    """Gaussians too wide for their distance never part, nor does a flow whose error exceeds the law's noise."""
    assert laws.speciation_two_gaussians(1.0, 1.0) == 0
    assert laws.speciation_two_gaussians(1.0, 3.0) == 0
    np.testing.assert_allclose(laws.speciation_two_gaussians([2.0, 1.0], [0.0, 2.0]), [2.0, 0.0])
    np.testing.assert_allclose(laws.nominal_noise(0.5, [0.3, 0.5, 0.7]), [0.4, np.nan, np.nan])


@pytest.mark.parametrize("s", [0.2, 0.6, 1.0, 1.3, 1.6])
def test_ridge_of_dense_points(s):
    """[ridge]: the radius where the density of the smoothed ring, on a ray, is largest."""
    denoiser = ErrorProneDenoiser(RING, ERROR)
    sigma = laws.nominal_noise(s, ERROR) if s > ERROR else s
    denoiser = denoiser if s > ERROR else ErrorProneDenoiser(RING, 0.0)
    radii = np.linspace(0, 2.4, 4801)
    density = denoiser.log_density(np.stack([radii, 0 * radii], axis=1), sigma)
    assert radii[int(jnp.argmax(density))] == pytest.approx(laws.ridge_radius(s, RADIUS), abs=3e-4)
