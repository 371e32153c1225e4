"""What is measured where sampling stops, for states of which everything is known."""

import dataclasses

import jax
import numpy as np
import pytest

from sims.early_stopping_sampling import ENDS, POPULATIONS, _at, prepare, preset
from sims.learned.measure import Member
from sims.learned.quality import Quality
from sims.populations import population
from theory import ErrorProneDenoiser, laws

N, COUNT = 8, 3000
RING = population("circle", 0)
TRAIN = RING.train("even", N, None)
D = float(RING.manifold.spacing(N))


def test_noisy_training_points_are_met_and_denoised_to_recall():
    """States that are noisy training points: stopped, they recall as the model error sigma does; denoised, exactly."""
    quality = Quality.prepare(RING, COUNT, jax.random.key(1), None)
    validation = RING.validation("even", N, None, N)
    member = Member.prepare(RING, TRAIN, validation, None, (0.05, 0.1, 0.2), 80, quality, jax.random.key(0))
    noise = 0.1 * D
    states = np.tile(TRAIN, (COUNT // N, 1))
    states = states + noise * np.random.default_rng(0).normal(size=states.shape)
    found = _at(member, ErrorProneDenoiser(TRAIN, 0.0), states, noise, jax.random.key(2))
    of_end, of_population = (dict(zip(names, range(len(names)))) for names in (ENDS, POPULATIONS))
    stop, jump = of_end["stop"], of_end["jump"]
    exact = laws.order_parameter_ring(noise, N, 1.0)
    assert found["order_parameter"][stop] == pytest.approx(exact, abs=4 * found["order_parameter_error"][stop])
    assert found["order_parameter"][jump] == pytest.approx(1, abs=1e-3)
    assert found["memorization_ratio"][jump] == 1
    assert found["train_distance"][jump] < 1e-4 < 1e-2 < found["truth_distance"][jump]
    own, null, fresh = (of_population[name] for name in POPULATIONS)
    for name in ("nearest_distance", "nearest_weight", "states_distance"):
        spread = np.hypot(found[f"{name}_error"][own], found[f"{name}_error"][null])
        assert found[name][own] == pytest.approx(found[name][null], abs=4 * spread), name
    assert abs(found["states_distance"][own]) < 4 * found["states_distance_error"][own]
    assert found["states_distance"][fresh] > 10 * found["states_distance_error"][fresh]


def test_noise_above_the_start_of_sampling_is_refused_before_training():
    with pytest.raises(ValueError, match=r"noises must be at most 10\.8 for 6 points, where sampling begins, got 16"):
        prepare(dataclasses.replace(preset(), noises=(0.1, 1.0, 16.0)))
