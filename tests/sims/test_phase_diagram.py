"""The phase diagram: what its cells hold, against laws and against cells computed on their own."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.phase_diagram import preset, run
from sims.phase_diagram.measure import variables
from sims.phase_diagram.transition import _crossing, summary, transitions
from sims.plotting.phase_diagram import draw
from sims.populations import DigitsPopulation
from theory import Circle, ErrorProneDenoiser, laws, metrics, probability_flow
from theory.metrics import GapEstimate, gap_peak


def test_every_variable_is_there_with_its_error_and_nothing_failed(small_results):
    assert set(variables()) | {"done"} == set(small_results.data_vars)
    assert int(small_results["failed"].sum()) == 0
    defined = small_results.drop_vars(["collapse_error", "gap_peak_noise", "gap_peak_noise_error"])
    for name, values in defined.data_vars.items():
        wanted = values.sel(placement="even") if name.startswith("order_parameter") else values
        assert np.isfinite(wanted).all(), name
    assert small_results["order_parameter"].sel(placement="iid").isnull().all()


def test_cells_lie_on_the_laws(small_results):
    even = {"placement": "even"}
    order, order_error = (part.sel(even) for part in mean_and_error(small_results, "order_parameter"))
    off, off_error = (part.sel(even) for part in mean_and_error(small_results, "manifold_distance"))
    for n in small_results["points"].values:
        error = small_results["error"].values
        exact = laws.order_parameter_ring(error, n, 1.0)
        assert (abs(order.sel(points=n) - exact) < 4 * order_error.sel(points=n) + 1e-9).all()
    small = {"error": 0.1}
    # to first order in the curvature
    assert (abs(off.sel(small) / 0.1 - 1) < 4 * off_error.sel(small) / 0.1 + 0.01).all()


def test_a_column_equals_cells_that_are_integrated_on_their_own(small_results):
    """End points of a column are states of one optimal flow; here each error has a flow of its own."""
    ring, n = Circle(1.0), 4
    starts = 40 * jax.random.normal(jax.random.key(3), (4000, 2))
    for error in (0.2, 0.4):
        flow = probability_flow(ErrorProneDenoiser(ring.even(n), error), starts, sigma_max=40.0, sigma_min=0.0)
        single = metrics.order_parameter_estimate(flow.x, n)
        column, column_error = mean_and_error(small_results, "order_parameter")
        where = {"placement": "even", "points": n, "error": error}
        allowed = 4 * float(np.hypot(single.standard_error, column_error.sel(where)))
        assert abs(float(single.value) - float(column.sel(where))) < allowed


def test_a_crossing_is_found_between_grid_points_with_its_error():
    errors = 2.0 ** np.arange(-5, 1, 1 / 3)
    curve = np.exp(-2 * np.pi**2 * errors**2)
    crossing, error = _crossing(errors, curve, np.full_like(curve, 0.01), 0.5)
    exact = laws.critical_error_even(1.0)
    assert crossing == pytest.approx(exact, rel=5e-3)
    # dm/dlog delta = 2 m ln m = -ln 2 at m = 1/2
    assert error == pytest.approx(exact * 0.01 / np.log(2), rel=0.1)
    assert np.isnan(_crossing(errors, np.ones_like(errors), errors, 0.5)).all()


def test_the_summary_names_every_transition_and_law(small_results):
    text = summary(small_results)
    for each in transitions(small_results):
        assert each.criterion in text
    spacing = geometry(small_results).spacing(4)
    law = laws.critical_error_even(spacing) / spacing
    assert f"{law:.4f}" in text


def test_gap_peak_finds_the_vertex_of_a_parabola_in_log_noise():
    sigmas = np.array([0.4, 0.1, 0.2, 0.8])
    gap = 3 - np.log(sigmas / 0.25) ** 2
    peak = gap_peak(GapEstimate(jnp.asarray(gap), jnp.full(4, 0.01)), sigmas)
    assert float(peak.noise) == pytest.approx(0.25)
    assert float(peak.height) == pytest.approx(3.0)
    assert 0 < float(peak.noise_error) < 0.05
    assert np.isnan(gap_peak(GapEstimate(jnp.arange(4.0), jnp.ones(4)), np.arange(1.0, 5.0)).noise)


def test_digits_are_split_without_overlap_and_follow_the_seed():
    one, same, other = (DigitsPopulation(seed) for seed in (0, 0, 1))
    assert one.pool.shape == (1200, 64)
    assert one.held_out.shape == (597, 64)
    nearest = np.linalg.norm(np.asarray(one.pool)[:, None] - np.asarray(one.held_out)[None, :50], axis=-1)
    assert nearest.min() > 0
    np.testing.assert_array_equal(one.pool, same.pool)
    assert not np.array_equal(one.pool, other.pool)


def test_digits_condense_where_the_law_of_their_covariance_says(tmp_path):
    config = dataclasses.replace(
        preset("quick", "digits"),
        points=(40, 60),
        errors=(0.25, 0.5, 0.75, 1.0, 1.5),
        noises=(0.3, 0.6, 1.2),
        replicates=2,
        trajectories=64,
        draws=32,
        out=tmp_path,
    )
    results = run(config)
    (transition,) = transitions(results)
    np.testing.assert_allclose(transition.error, transition.law, rtol=0.2)
    assert draw(results, tmp_path)
    gap = mean_and_error(results, "gap")[0].sel(norm="euclidean", error=0.25, placement="iid")
    assert (gap.max("noise") > 0.3).all()


@pytest.mark.parametrize("manifold", ["circle", "torus", "digits"])
@pytest.mark.parametrize("name", ["quick", "paper", "large"])
def test_noises_of_a_preset_enclose_its_errors(manifold, name):
    config = preset(name, manifold)
    assert min(config.noises) < min(config.errors) < max(config.errors) < max(config.noises)
