"""Early stopping as model error, the ways to stop, and the order of a solver, in a small run."""

import numpy as np
import pytest

from sims.estimates import mean_and_error
from sims.trajectories import TrajectoriesConfig, preset
from sims.trajectories.costs import orders
from theory import laws


@pytest.fixture(scope="module")
def results(small):
    return small("trajectories")[1]


def test_model_error_is_early_stopping(results):
    """[early-stopping]: two independent integrations end on the same points, which are not the training points."""
    assert int(results["failed"].sum()) == 0
    assert float(results["stopping_difference"].max()) <= 1e-6
    assert float(results["displacement"].min()) > 1e-3


def test_ways_to_stop(results):
    """[debye-waller] where the state is kept; a last step moves samples to the training points; one step is the mean."""
    mean, error = mean_and_error(results, "order_parameter")
    law = laws.order_parameter_ring(results["error"].values * 2 * np.pi / 8, 8, 1.0)
    kept = mean.sel(variant="keep the state")
    assert np.all(np.abs(kept - law) <= 4 * error.sel(variant="keep the state"))
    assert np.all(mean.sel(variant="jump to the data")[:2] > kept[:2] + 0.05)
    assert np.all(mean.sel(variant="half a step")[:2] > kept[:2])
    scatter = results["manifold_distance"].mean("replicate")
    np.testing.assert_allclose(scatter.sel(variant="one step"), 1.0, atol=0.05)
    kept_scatter = scatter.sel(variant="keep the state")
    np.testing.assert_allclose(kept_scatter, results["error"] * 2 * np.pi / 8, rtol=0.2)


def test_displacement(results):
    """[pfd-comb] up to the curvature of a ring of 8 points and the sampling error."""
    mean, error = mean_and_error(results, "displacement")
    law = laws.displacement_even(results["error"].values, 1.0)
    assert np.all(np.abs(mean - law) <= 4 * error + 0.05 * law)


def test_paths_start_together_and_end_apart(results):
    path = results["path"].isel(replicate=0)
    np.testing.assert_array_equal(path.isel(level=0, path_error=0), path.isel(level=0, path_error=1))
    assert np.abs(path.isel(level=-1, path_error=0) - path.isel(level=-1, path_error=1)).max() > 0.1
    assert np.abs(np.hypot(*path.isel(level=-1, path_error=0).transpose("coordinate", ...)) - 1).max() < 1e-3


def test_order_of_a_solver(results):
    assert orders(results)["Heun"] == pytest.approx(2, abs=0.15)
    assert np.all(results["median_error"] <= results["largest_error"])
    evaluations = results["evaluations"].isel(replicate=0).values
    assert evaluations.tolist() == [[32, 64, 128, 256]]


BAD = {
    "a solver that is not known": ({"solvers": ("Ralston",)}, "solvers must be one of"),
    "no optimal path": ({"path_errors": (0.2,)}, "path_errors must hold 0"),
    "error zero": ({"errors": (0.0, 0.1)}, "errors must be .* positive"),
    "a repeated error": ({"errors": (0.1, 0.1)}, "errors must differ"),
    "too small a budget": ({"budget": 10}, "budget must be at least 26"),
    "two points": ({"points": 2}, "points must be at least 3"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_raise(case):
    fields, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        TrajectoriesConfig(**({"errors": preset().errors} | fields))
