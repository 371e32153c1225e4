"""The collapse in many dimensions: where the law says, for Gaussian data and for images."""

import numpy as np

from sims.estimates import mean_and_error
from sims.high_dimension import DIGITS, crossing
from theory import laws


def test_the_posterior_condenses_at_the_law(small):
    _, results = small("high_dimension")
    weight, bar = (part.squeeze("points") for part in mean_and_error(results, "source_weight"))
    assert np.all(weight.sel(noise=0.5) > 0.9)
    assert np.all(weight.sel(noise=2.0) < 0.2)
    assert np.all(np.abs(weight.sel(noise=1.0) - 0.58) < 0.08 + 4 * bar.sel(noise=1.0))
    place, _ = crossing(results)
    assert np.all(np.abs(place - 1) < 0.25)
    gaussian = results["collapse_noise"].sel(data="8").values
    np.testing.assert_allclose(gaussian, laws.collapse_noise(64, 8, 1.0))


def test_images_have_a_dimension_and_a_gap(small):
    _, results = small("high_dimension")
    images = results.sel(data=DIGITS, points=64).mean("replicate")
    # recalled at little noise, Gaussian at much, and below Gaussian data of their covariance in between
    assert float(images["dimension"].sel(noise=0.5)) < 0.2 * float(images["gaussian_dimension"].sel(noise=0.5))
    assert np.all(images["dimension"] < images["gaussian_dimension"])
    assert np.all(np.diff(images["entropy"]) > 0)
    assert np.all(images["entropy"] < np.log(64))
    assert np.all(images["gap"] > 0)
    assert results["dimension"].sel(data="8").isnull().all()
