"""What places a network on the diagram: for an exact model every error is its own, and the ends are recall and the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.learned.measure import Member
from sims.learned.placement import PARTS, Place, sample_equivalent
from sims.learned.quality import Quality
from sims.populations import population
from theory import ErrorProneDenoiser, FlatTorusDenoiser, probability_flow
from theory.metrics import Estimate, FitFlag, GapFlag

N, SHARE, START = 12, 0.25, 14.0
PEOPLE = population("circle", 0)
RING = PEOPLE.manifold
TRAIN = PEOPLE.train("even", N, None)
D = float(RING.spacing(N))
NOISES = np.array([0.1, 0.2, 0.3])


@pytest.fixture(scope="module")
def place():
    quality = Quality.prepare(PEOPLE, 1500, jax.random.key(1), None)
    validation = PEOPLE.validation("even", N, None, N)
    member = Member.prepare(PEOPLE, TRAIN, validation, None, NOISES, 1200, quality, jax.random.key(0))
    starts = START * jax.random.normal(jax.random.key(2), (1500, 2))
    return Place.prepare(member, "even", START, starts, jax.random.key(3)), starts


def placed(place, denoiser):
    place, starts = place
    flow = probability_flow(
        denoiser, starts, sigma_max=START, sigma_min=0.0, sigma_floor=1e-3 * D, rtol=1e-4, atol=1e-4
    )
    return place.measure(denoiser, flow.x, place.member.gaps(denoiser))


def test_an_exact_model_is_placed_at_its_error_by_gap_field_and_samples(place):
    found = placed(place, ErrorProneDenoiser(TRAIN, SHARE * D))
    np.testing.assert_allclose(found["gap_equivalent"][:, 0], SHARE, rtol=1e-3)
    assert found["gap_equivalent_flag"].tolist() == [GapFlag.FOUND] * 3
    for part in PARTS:
        np.testing.assert_allclose(found[part][:, 0], SHARE, rtol=1e-2, err_msg=part)
        assert found[f"{part}_flag"].tolist() == [FitFlag.FITTED] * 3
        assert (found[f"{part}_residual"] < 1e-6).all()
    value, low, high = found["sample_equivalent"]
    assert low < SHARE < high
    assert value == pytest.approx(SHARE, rel=1e-2)  # the same starts: the sampling error cancels


def test_the_truth_is_placed_with_the_generalizers(place):
    found = placed(place, FlatTorusDenoiser(RING))
    assert found["sample_equivalent"][2] == np.inf
    assert set(found["gap_equivalent_flag"].tolist()) <= {GapFlag.INFINITE, GapFlag.NOT_IDENTIFIED}
    # it projects perfectly, and along the ring it shows no trace of the points
    assert found["normal_flag"][0] == FitFlag.ZERO
    assert found["tangential_flag"][0] == FitFlag.INFINITE
    np.testing.assert_array_equal(found["distance_truth"], 0)
    nulls = place[0].nulls()
    np.testing.assert_allclose(found["distance_memorizer"], nulls["memorizer_distance_truth"], rtol=1e-12)
    np.testing.assert_allclose(found["linearity"], nulls["linearity_truth"], rtol=1e-12)


def test_recall_is_placed_at_no_error(place):
    found = placed(place, ErrorProneDenoiser(TRAIN, 0.0))
    assert found["sample_equivalent"].tolist() == [0.0, 0.0, found["sample_equivalent"][2]]
    # at the least noise its training error is lost in rounding, and so is that of other models
    assert found["gap_equivalent_flag"].tolist()[1:] == [GapFlag.ZERO] * 2
    assert (found["effective_flag"] == FitFlag.ZERO).all()
    np.testing.assert_array_equal(found["distance_memorizer"], 0)


def test_perfect_samples_and_recall_are_the_ends_of_the_sample_equivalent_error():
    exact = np.linspace(0.0, 0.99, 40), 0.01
    recall = sample_equivalent(Estimate(jnp.asarray(1.0), jnp.asarray(0.0)), *exact)
    none = sample_equivalent(Estimate(jnp.asarray(-0.1), jnp.asarray(0.01)), *exact)
    assert recall[0] == 0
    assert none[0] == none[2] == np.inf
