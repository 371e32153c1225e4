"""Guidance on labelled rings, against the laws of its limits and against models that are built without labels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.estimates import mean_and_error
from sims.guidance import GuidanceConfig
from sims.guidance.execution import prepare
from sims.guidance.labelled import LabelledSet
from theory import Circle, laws

RING, COUNT = Circle(1.0), 8
SPACING = 2 * np.pi / COUNT


@pytest.fixture
def even(small):
    return small("guidance")[1].sel(placement="even")


MEASURES = ("gap", "memorization_ratio", "energy_distance", "diversity", "manifold_distance", "outside")


def test_nothing_failed_and_measures_are_finite(even):
    assert int(even["failed"].sum()) == 0
    for name in MEASURES:
        assert np.isfinite(even[name]).all(), name
        assert np.isfinite(even[f"{name}_error"]).all(), name


def group(small, placement, error):
    """Another group of the small study, by the same program."""
    with jax.enable_x64(True):
        cell = {"replicate": 0, "placement": placement, "error": error}
        return prepare(small("guidance")[0]).compute(cell, jax.random.key(2))


def test_independent_points_and_their_nulls(small):
    found = group(small, "iid", 0.3)
    assert not found["failed"]
    for name in MEASURES:
        assert np.isfinite(found[name]).all(), name
    assert np.isnan(found["order_parameter"]).all()
    assert (abs(found["energy_distance_null"]) < 4 * found["energy_distance_null_error"]).all()
    assert (found["energy_distance_recall"] > 4 * found["energy_distance_recall_error"]).all()
    # the finest labels are one point each, and one label cannot be left
    assert float(found["diversity_recall"][-1]) < 1e-6
    assert (found["outside"][:, 0] == 0).all()


def test_without_guidance_the_samples_of_all_labels_together_do_not_see_the_labels(even):
    """The mixture of the models given their labels is the unconditional one: its law holds for every granularity."""
    order, error = (part.sel(weight=0, error=0.3) for part in mean_and_error(even, "order_parameter"))
    law = laws.order_parameter_ring(0.3 * SPACING, COUNT, 1.0)
    assert (abs(order - law) < 4 * error + 1e-3).all()


def test_one_label_without_guidance_is_the_unconditional_model(even):
    gap, error = (part.sel(weight=0, labels=1, error=0.3, norm="squared") for part in mean_and_error(even, "gap"))
    law = laws.relative_gap_even(even["noise"].values, 0.3, 1.0)
    assert (abs(gap - law) < 4 * error).all()
    # at a noise above the spacing the points cannot be told apart, and an error bar leaves no doubt
    assert (error.sel(noise=[1.0, 4.0]) < 0.1).all()


def test_classifier_free_guidance_does_nothing_with_one_label(even):
    states = even["state"].sel(kind="classifier-free", labels=1, error=0.3)
    np.testing.assert_allclose(states.sel(weight=1), states.sel(weight=0), atol=1e-12)
    autoguided = even["state"].sel(kind="autoguidance", labels=1, error=0.3)
    assert abs(autoguided.sel(weight=1) - autoguided.sel(weight=0)).max() > 0.01


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_one_label_for_each_point_follows_its_laws(even, weight):
    """[one-point], [guidance]: the gap at every noise, and end points that scatter by delta 2^-w."""
    finest = even.sel(kind="autoguidance", labels=COUNT, weight=weight, error=0.3)
    gap, error = (part.sel(norm="squared") for part in mean_and_error(finest, "gap"))
    distance = 2 * np.sin(SPACING / 4)
    law = laws.relative_gap_guided_one_point(
        SPACING * finest["noise"].values, 0.3 * SPACING, 0.6 * SPACING, weight, distance
    )
    assert (abs(gap - law) < 4 * error + 0.01 * law).all()
    scatter = laws.guided_spread_one_point(0.3 * SPACING, 0.6 * SPACING, weight)
    order, order_error = mean_and_error(finest, "order_parameter")
    assert abs(order - laws.order_parameter_ring(scatter, COUNT, 1.0)) < 4 * order_error + 1e-3
    of_point = np.arange(finest.sizes["sample"]) * COUNT // finest.sizes["sample"]
    moved = finest["state"].transpose("replicate", "sample", "coordinate").values - finest["train"].values[:, of_point]
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(scatter, rel=4 / np.sqrt(2 * moved.size))


def test_one_label_for_each_point_and_hardly_any_error_recalls_each_point(small):
    found = group(small, "even", 1e-4)
    states, train = (np.asarray(found[name]) for name in ("state", "train"))
    of_point = np.arange(states.shape[-2]) * COUNT // states.shape[-2]
    finest, without = -1, 0
    assert abs(states[:, finest, without] - train[of_point]).max() < 6e-4 * SPACING
    assert (found["memorization_ratio"][:, finest] == 1).all()
    assert (found["outside"][:, finest] == 0).all()
    assert (found["diversity"][:, finest, without] < 1e-3).all()


def test_finer_labels_raise_the_gap_at_the_error_at_which_coarse_ones_generalize(even):
    gap, error = (part.sel(weight=0, error=0.3, norm="squared") for part in mean_and_error(even, "gap_peak"))
    assert (gap.sel(labels=COUNT) > 10 * gap.sel(labels=1) + 4 * error.sel(labels=COUNT)).all()


PLACES = (1e-6, 0.5, 1 - 1e-6, 1 + 1e-6)


@jax.jit
def arcs(angles, count):
    """Length and spread of the arc of each point; whether the points, and places along their arcs, are outside; a lattice."""
    labelled, of_point = LabelledSet(RING, angles, count), jnp.arange(len(angles))
    places = [labelled.on_arcs(RING, of_point, jnp.full(len(angles), place)) for place in PLACES]
    outside = [labelled.outside(RING, x, of_point) for x in (labelled.points, *places)]
    lattice = labelled.on_arcs(RING, jnp.zeros(4000, int), (jnp.arange(4000) + 0.5) / 4000)
    return labelled.length, labelled.arc_spread, jnp.stack(outside), lattice


@pytest.mark.parametrize("count", [1, 2, 4, 12])
def test_arcs_tile_the_ring_and_hold_their_points(rng, count):
    length, spread, outside, lattice = map(np.asarray, arcs(np.sort(rng.uniform(0, 2 * np.pi, 12)), count))
    assert length[:: 12 // count].sum() == pytest.approx(2 * np.pi)
    assert not outside[:-1].any()
    assert outside[-1].all() or count == 1
    assert spread[0] == pytest.approx(np.sqrt(np.sum(np.var(lattice, axis=0))), rel=1e-5)


BAD = {
    "labels that do not divide": ({"labels": (3,)}, "labels must divide the number of points 16, got 3"),
    "no labels": ({"labels": ()}, "labels must not be empty"),
    "too few samples": ({"trajectories": 20}, "trajectories must be at least 48, got 20"),
    "samples that do not divide": ({"draws": 50}, "draws must be a multiple of the number of points"),
    "negative weight": ({"weights": (-1.0,)}, "weights must be finite and at least 0"),
    "no error": ({"errors": (0.0,)}, "errors must be finite and positive"),
    "two noises": ({"noises": (0.1, 0.2)}, "noises must hold at least 3 levels"),
    "placement by another name": ({"placements": ("random",)}, "placements must be one of 'even', 'iid'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    changes, said = BAD[case]
    with pytest.raises(ValueError, match=said):
        GuidanceConfig(**changes)
