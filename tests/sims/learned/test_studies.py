"""What the studies of trained networks share: labels, conditions, memorization time, quality of images, configuration."""

import dataclasses

import jax
import numpy as np
import pytest
import xarray as xr

from sims.condition_granularity import preset as granular
from sims.learned.classifier import Classifier
from sims.learned.clusters import clusters
from sims.learned.config import LearnedConfig
from sims.learned.measure import Member
from sims.learned.memorization_time import growth, memorization_time
from sims.learned.quality import Quality, require_samples
from sims.populations import population
from sims.training_dynamics import TrainingDynamicsConfig
from theory import ConditionalDenoiser
from theory.metrics import generalization_gap

RING = population("circle", 0)
KEY = jax.random.key(0)


def test_the_gap_of_a_conditional_denoiser_is_that_given_the_label_of_each_point():
    """Two halves of a ring far apart: given its label, each point sees its half alone."""
    train, validation = RING.train("even", 8, None), RING.validation("even", 8, None, 8)
    labels = np.repeat([0, 1], 4), np.repeat([0, 1], 4)[::-1]
    noises = np.array([0.2, 0.4, 0.6])
    quality = Quality.prepare(RING, 10, KEY, None)
    member = Member.prepare(RING, train, validation, labels, noises, 80, quality, KEY)
    conditional = ConditionalDenoiser(train, labels[0], 0.3)

    def given(labels, x, sigma):
        """By a loop: each point of a set given its own label."""
        return np.stack([conditional.given(int(k))(x[:, i], sigma) for i, k in enumerate(labels)], axis=1)

    def error(points, noise, labels, sigma):
        states = points + sigma * noise
        return np.mean(np.sum((given(labels, states, sigma) - points) ** 2, axis=-1))

    class OfEachState:
        def given(self, labels):
            def denoiser(x, sigma):
                one, other = (conditional.given(k)(x, sigma) for k in (0, 1))
                return jax.numpy.where((labels == 0)[..., None], one, other)

            return denoiser

    found = member.gaps(OfEachState())["gap"][0]
    for sigma, gap in zip(member.noises, found):
        seen, unseen = (
            error(points, noise, own, sigma) for points, noise, own in zip((train, validation), member.noise, labels)
        )
        np.testing.assert_allclose(gap, unseen / seen - 1, rtol=1e-9)
    plain = generalization_gap(
        conditional.given(0), train, validation, member.noises, noise=member.noise, norm="squared"
    )
    assert not np.allclose(found, plain)


def test_clusters_are_neighbours_and_validation_points_join_the_nearest():
    train, validation = RING.train("even", 12, None), RING.validation("even", 12, None, 12)
    labels, others = clusters(train, validation, 3, KEY)
    assert sorted(np.bincount(labels)) == [4, 4, 4] or np.bincount(labels).min() >= 2
    assert np.count_nonzero(labels != np.roll(labels, 1)) == 3  # arcs
    assert all(others[i] in (labels[i], labels[(i + 1) % 12]) for i in range(12))
    np.testing.assert_array_equal(labels, clusters(train, validation, 3, KEY)[0])


def test_as_many_conditions_as_points_are_the_points():
    train = RING.train("even", 5, None)
    labels, others = clusters(train, train[::-1], 5, KEY)
    assert labels.tolist() == [0, 1, 2, 3, 4]
    assert others.tolist() == [4, 3, 2, 1, 0]
    with pytest.raises(ValueError, match="conditions must be at most the number of training points, 5, got 6"):
        clusters(train, train, 6, KEY)


def recall(values, steps, placement="even"):
    """Results of a study that hold a recall ``(points, replicate, step)``."""
    dims = ("points", "replicate", "step")
    data = {"order_parameter": (dims, values), "order_parameter_error": (dims, np.zeros_like(values))}
    points = np.arange(4, 4 + len(values))
    return xr.Dataset(data, {"points": points, "step": steps}, {"config": {"placement": placement}})


def test_memorization_time_is_where_half_is_recalled():
    steps = [10, 100, 1000]
    values = np.array([[[0.0, 0.25, 0.75], [0.0, 0.1, 0.2], [0.6, 0.8, 0.9], [0.0, 0.5, 0.4]]])
    found = memorization_time(recall(values, steps)).values[0]
    np.testing.assert_allclose(found, [100 * np.sqrt(10), np.inf, 0.0, 100.0])


def test_growth_is_the_power_of_n_where_every_replicate_is_known():
    points, seeds = np.arange(4, 10), np.array([0.9, 1.0, 1.1])
    values = 3.0 * points[:, None] ** 1.7 * seeds
    values[-1, 0] = np.inf
    times = xr.DataArray(values, {"points": points}, ("points", "replicate"))
    fit = growth(times)
    assert fit.exponent == pytest.approx(1.7, abs=1e-9)
    assert fit.points.tolist() == [4, 5, 6, 7, 8]
    assert 0 < fit.half_width < 0.5
    np.testing.assert_allclose(fit.at(5), 3 * 5**1.7 * np.prod(seeds) ** (1 / 3))
    assert growth(times[:2]) is None


def test_the_classifier_knows_digits_and_its_features_are_repeatable():
    people = population("digits", 0)
    one, other = (Classifier(people.pool, people.pool_labels, 0) for _ in range(2))
    assert one.accuracy(people.held_out, people.held_out_labels) > 0.95
    features = one.features(people.pool)
    np.testing.assert_array_equal(features, other.features(people.pool))
    assert np.mean(np.sum(features**2, axis=1)) == pytest.approx(1, rel=1e-6)


def test_perfect_images_are_not_in_the_reference_and_are_near_it():
    people = population("digits", 0)
    quality = Quality.prepare(people, 200, KEY, lambda images: images[:, :5])
    assert len(quality.perfect) + len(quality.reference) == len(people.held_out)
    assert not (quality.perfect[:, None] == quality.reference).all(axis=-1).any()
    near, far = quality(quality.perfect), quality(people.pool[:200] * 0.5)
    assert set(near) == {
        f"{name}{kind}" for name in ("energy_distance", "frechet_distance") for kind in ("", "_features")
    }
    assert all(float(near[name].value) < 0.5 * float(far[name].value) for name in near)
    with pytest.raises(ValueError, match="samples must be between 65 and 298 for digits, got 299"):
        require_samples(people, 299)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"placement": "even", "manifold": "digits"}, "placement must be iid"),
        ({"points": ()}, "at least one number"),
        ({"stops": ()}, "at least one number"),
        ({"widths": ()}, "at least one width"),
        ({"stops": (10, 10)}, "differ"),
        ({"rate": 0.0}, "rate must be"),
        ({"average": -1.0}, "average must be"),
        ({"noises": (0.0, 1.0, 2.0)}, "noises must be"),
        ({"noises": (0.1, 1.0)}, "noises must be at least 3"),
    ],
)
def test_bad_configurations(change, said):
    fields = {"points": (4,), "widths": (8,), "stops": (10,), "noises": (0.1, 0.2, 0.4)} | change
    with pytest.raises(ValueError, match=said):
        LearnedConfig(**fields)


def test_what_a_study_does_not_vary_is_one_number():
    fields = {"points": (4,), "stops": (10,), "noises": (0.1, 0.2, 0.4)}
    with pytest.raises(ValueError, match=r"widths must be one number, got \(8, 16\): sims.model_size varies it"):
        TrainingDynamicsConfig(**fields, widths=(8, 16))
    with pytest.raises(ValueError, match="conditions must be at most the number of points, 32, got 33"):
        dataclasses.replace(granular(), conditions=(1, 33))
