"""What places a network on the diagram: for an exact model both errors are its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.populations import population
from sims.training_dynamics import TrainingDynamicsConfig
from sims.training_dynamics.measure import Measured, Member, measure, sample_equivalent
from theory import ErrorProneDenoiser
from theory.metrics import Estimate

N, SHARE = 12, 0.25
PEOPLE = population("circle", 0)
TRAIN = PEOPLE.train("even", N, None)
D = float(PEOPLE.manifold.spacing(N))
ABOUT = Measured(PEOPLE, "even", N, D * np.array([0.1, 0.2, 0.3]), start=14.0, samples=1500, draws=1200)


def test_an_exact_model_is_placed_at_its_error_by_gap_and_by_samples():
    member = Member.prepare(ABOUT, TRAIN, PEOPLE.validation("even", N, None, N), jax.random.key(0))
    found = measure(member, ErrorProneDenoiser(TRAIN, SHARE * D))
    np.testing.assert_allclose(found["gap_equivalent"][:, 0], SHARE, rtol=1e-3)
    assert found["gap_equivalent_flag"].tolist() == [0, 0, 0]
    value, low, high = found["sample_equivalent"]
    assert low < SHARE < high
    assert high - low < 0.05
    assert value == pytest.approx(SHARE, abs=0.02)
    assert int(found["failed"]) == 0
    assert float(found["manifold_distance"]) == pytest.approx(SHARE * D, rel=0.15)


def test_perfect_samples_and_recall_are_the_ends():
    exact = np.linspace(0.0, 0.99, 40), 0.01
    recall = sample_equivalent(Estimate(jnp.asarray(1.0), jnp.asarray(0.0)), *exact)
    none = sample_equivalent(Estimate(jnp.asarray(-0.1), jnp.asarray(0.01)), *exact)
    assert recall[0] == 0
    assert none[0] == none[2] == np.inf


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"placement": "even", "manifold": "digits"}, "placement must be iid"),
        ({"points": ()}, "at least one number"),
        ({"stops": ()}, "at least one number"),
        ({"stops": (10, 10)}, "differ"),
        ({"rate": 0.0}, "rate must be"),
        ({"average": -1.0}, "average must be"),
        ({"noises": (0.0, 1.0, 2.0)}, "noises must be"),
        ({"noises": (0.1, 1.0)}, "noises must be at least 3"),
    ],
)
def test_bad_configurations(change, said):
    fields = {"points": (4,), "stops": (10,), "noises": (0.1, 0.2, 0.4)} | change
    with pytest.raises(ValueError, match=said):
        TrainingDynamicsConfig(**fields)
