"""States of trajectories: distributed as the data under the shifted noise, and overlaps between their bounds."""

import dataclasses

import numpy as np
import pytest

from sims.trajectory_states import EXPERIMENT, preset
from sims.trajectory_states.discriminator import isolated, largest_gap, summary
from theory import laws


def test_trajectories_are_the_training_data_under_the_shifted_noise(small):
    """[marginal-shift]: at nominal sigma every measure is that of y + s eps, and not that of y + sigma eps."""
    _, results = small("trajectory_states")
    assert int(results["failed"].sum()) == 0

    def apart(name, other):
        one, two = (results.sel(population=each) for each in ("trajectories", other))
        spread = np.hypot(one[f"{name}_error"], two[f"{name}_error"])
        return (abs(one[name] - two[name]) / (spread + 1e-9)).values

    for name in ("nearest_distance", "nearest_weight", "entropy"):
        assert np.sqrt(np.mean(apart(name, "shifted training") ** 2)) < 1.5
        assert apart(name, "shifted training").max() < 5
    assert apart("nearest_distance", "noisy training")[..., 0].min() > 20
    shift = results["shift_distance"].mean(("error", "ratio")).values
    assert abs(shift.mean()) < 4 * shift.std(ddof=1) / np.sqrt(shift.size)


def test_overlaps_are_between_their_bounds(small):
    _, results = small("trajectory_states")
    ratio = results["ratio"].values
    s = np.hypot(1, ratio)
    lower, mass = isolated(results, ratio)
    for way in ("sampling", "quadrature"):
        found = results.sel(evaluation=way)
        slack = {
            name: 5 * found[f"{name}_error"] + 1e-9 for name in ("bhattacharyya", "common_mass", "kl", "reverse_kl")
        }
        assert (found["bhattacharyya"] >= lower - slack["bhattacharyya"]).all()
        assert (found["bhattacharyya"] <= results["bhattacharyya_upper"] + slack["bhattacharyya"]).all()
        assert (found["common_mass"] >= mass - slack["common_mass"]).all()
        assert (found["common_mass"] <= found["bhattacharyya"] + slack["common_mass"]).all()
        assert (found["kl"] <= laws.kl_bound(s, ratio, 2) + slack["kl"]).all()
        assert (found["reverse_kl"] <= laws.kl_bound(ratio, s, 2) + slack["reverse_kl"]).all()
    one, two = (results["bhattacharyya"].sel(evaluation=way) for way in ("sampling", "quadrature"))
    np.testing.assert_allclose(one, two, atol=0.02)
    assert (results["wasserstein"] <= 1 + 1e-9).all()
    assert (results["wasserstein"] >= results["wasserstein_lower"] - 4 * results["wasserstein_error"]).all()
    # far apart, for even points and the smaller error
    far = results.sel(placement="even", error=0.1, ratio=0.125)
    np.testing.assert_allclose(far["bhattacharyya"], lower[0], rtol=1e-3)
    np.testing.assert_allclose(far["wasserstein"], 1, rtol=1e-2)


def test_the_gap_is_large_where_the_overlap_is_not_complete(small):
    """Even points close to recall: the gap beside its law, its peak, and the discriminator there."""
    _, results = small("trajectory_states")
    cell = results.sel(placement="even", error=0.1, points=6)
    law = laws.relative_gap_even(0.1 * results["ratio"].values, 0.1, 1.0)
    # the comb's law holds to the curvature of six points
    np.testing.assert_allclose(cell["gap"].mean("replicate")[1:], law[1:], rtol=0.35)
    assert largest_gap(results.sel(points=6), "even", 0.1) == int(law.argmax())
    text = summary(results)
    assert "discriminator" in text
    assert "quadrature" in text


def test_noise_beyond_the_start_of_the_flow(tmp_path):
    config = dataclasses.replace(preset(), ratios=(1.0, 1e4), out=tmp_path / "out")
    with pytest.raises(ValueError, match="ratios must keep sigma below 40"):
        EXPERIMENT.run(config)
    assert not config.out.exists()
