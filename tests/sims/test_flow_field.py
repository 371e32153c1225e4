"""The flow field: stored places against the denoiser, symmetries of the basins, and the numbers of the summary."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from sims.estimates import mean_and_error
from sims.flow_field import EXPERIMENT, preset
from sims.flow_field.report import basin_range, order_and_ratio_laws, summary
from sims.plotting import flow_animation
from theory import Circle, ErrorProneDenoiser, probability_flow

RING, N = Circle(1.0), 4
SPACING = float(RING.spacing(N))


@pytest.fixture
def results(small):
    return small("flow_field")[1]


def test_stored_fields_are_those_of_the_denoiser(results):
    assert int(results["failed"].sum()) == 0
    for error, noise in ((0.0, 1.0), (0.3, 0.2)):
        denoiser = ErrorProneDenoiser(RING.even(N), error * SPACING)
        at = results.isel(replicate=1).sel(error=error, noise=noise)
        for x, y in ((-1.6, 1.6), (float(results["x"][7]), float(results["y"][2]))):
            state = np.array([x, y])
            place = at["field"].sel(x=x, y=y)
            np.testing.assert_allclose(place, denoiser(state, noise * SPACING) - state, rtol=1e-12)
        np.testing.assert_allclose(at["magnitude"], np.linalg.norm(at["field"], axis=-1), rtol=1e-12)
        denoised = denoiser(at["noisy"].values, noise * SPACING)
        np.testing.assert_allclose(at["denoised"], denoised, rtol=1e-12, atol=1e-15)
    frame = results["animated"].isel(replicate=0, frame=1).sel(error=0.3, coarse_x=1.6, coarse_y=-1.6)
    state, noise = np.array([1.6, -1.6]), float(frame["frame"]) * SPACING
    np.testing.assert_allclose(frame, ErrorProneDenoiser(RING.even(N), 0.3 * SPACING)(state, noise) - state, rtol=1e-12)


def test_each_of_even_points_owns_its_sector_of_the_plane(results):
    """By reflection: no trajectory crosses the ray midway between two points."""
    x, y = np.meshgrid(results["x"], results["y"])
    inside = ~np.isclose(np.abs(x), np.abs(y))
    angles = np.arctan2(y, x)[..., None] - 2 * np.pi * np.arange(N) / N
    sector = np.argmax(np.cos(angles), axis=-1)
    for basin in results["basin"].stack(each=("replicate", "basin_noise")).transpose("each", "y", "x").values:
        np.testing.assert_array_equal(basin[inside], sector[inside])
    for noise in results["basin_noise"].values:
        np.testing.assert_allclose(basin_range(results, noise), 1 / N, atol=0.1)


def test_trajectories_end_where_one_followed_alone_does_and_without_error_on_a_point(results):
    first = results.isel(replicate=0)
    points = RING.even(N)
    # in fixed steps of the nominal noise, where the study adapts steps of the effective one
    grid = np.append(np.geomspace(float(results["path_noise"][0]) * SPACING, 1e-4, 300), 0.0)
    for error in (0.0, 0.3):
        at = first.sel(error=error)
        start = at["path"].isel(path_noise=0, trajectory=[5, 60]).transpose("trajectory", "component").values
        alone = probability_flow(ErrorProneDenoiser(points, error * SPACING), start, grid=grid)
        np.testing.assert_allclose(at["end"].isel(trajectory=[5, 60]), alone.x, atol=1e-3)
        distance = np.linalg.norm(at["end"].values[:, None] - np.asarray(points), axis=-1)
        np.testing.assert_array_equal(at["nearest"], distance.argmin(axis=1))
        if error == 0:
            assert distance.min(axis=1).max() < 1e-6
    # the drawn starts are spread as a Gaussian is; independent ones would miss by 0.1
    start = first["path"].isel(error=0, path_noise=0).values / (float(results["path_noise"][0]) * SPACING)
    np.testing.assert_allclose(start.T @ start / len(start), np.eye(2), atol=0.06)


def test_order_ratio_and_shares_lie_on_their_laws(results):
    order, order_error = mean_and_error(results, "order")
    ratio, _ = mean_and_error(results, "memorization")
    for error in results["error"].values:
        law, _ = order_and_ratio_laws(results, error)
        assert abs(order.sel(error=error) - law) < 4 * order_error.sel(error=error) + 1e-9
    assert float(ratio.sel(error=0.0)) == 1.0
    share = results["share"].mean("replicate")
    assert float(abs(share - 1 / N).max()) < 4 * np.sqrt((1 / N) * (1 - 1 / N) / 500)
    np.testing.assert_allclose(share.sum("point"), 1, rtol=1e-12)
    assert f"{law:.4f}" in summary(results)


def test_the_animation_has_a_picture_for_every_frame(results, tmp_path):
    with Image.open(flow_animation.save(results, tmp_path / "flow.gif")) as picture:
        assert picture.n_frames == results.sizes["frame"]


def test_a_study_may_do_without_animation_and_refuses_what_it_cannot_compare(small):
    config = small("flow_field")[0]
    study = EXPERIMENT.prepare(dataclasses.replace(config, frames=0))
    assert "animated" not in study.variables
    assert "frame" not in study.axes
    for change, said in (
        ({"errors": (0.1,)}, "errors must hold at least 2"),
        ({"errors": (-0.1, 0.2)}, "errors must be finite and at least 0"),
        ({"noises": (0.0, 1.0)}, "noises must be finite and positive"),
        ({"basin_noises": (1.0, 1.0)}, "basin_noises must differ"),
        ({"placement": "odd"}, "placement must be one of 'even', 'iid'"),
        ({"points": 1}, "points must be at least 2"),
    ):
        with pytest.raises(ValueError, match=said):
            dataclasses.replace(preset(), **change)
