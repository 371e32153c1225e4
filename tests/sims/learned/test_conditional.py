"""Conditional models at states that have a label each."""

import jax.numpy as jnp
import numpy as np

from sims.learned.conditional import Guided, OfEachState
from sims.learned.trainees import given
from sims.learning import Ensemble
from theory import ConditionalDenoiser, ErrorProneDenoiser, GuidedDenoiser

POINTS = np.random.default_rng(0).normal(size=(6, 2))
LABELS = np.array([0, 0, 1, 1, 2, 2])
X = np.random.default_rng(1).normal(size=(3, 4, 2))
OF_STATES = np.array([1, 0, -1, 2])
SIGMA = 0.7


def one_by_one(error):
    """The states' denoiser in a loop; a label below 0 is none."""
    conditional, whole = ConditionalDenoiser(POINTS, LABELS, error), ErrorProneDenoiser(POINTS, error)
    each = [whole if label < 0 else conditional.given(label) for label in OF_STATES]
    return np.stack([np.asarray(model(X[:, i], SIGMA)) for i, model in enumerate(each)], axis=1)


def test_each_state_sees_the_points_of_its_label():
    found = OfEachState(POINTS, jnp.asarray(LABELS), 0.3).given(OF_STATES)(X, SIGMA)
    np.testing.assert_allclose(found, one_by_one(0.3), rtol=1e-10)


def test_guidance_by_label_and_by_a_worse_model():
    good, bad = (OfEachState(POINTS, jnp.asarray(LABELS), error) for error in (0.3, 0.6))
    label = jnp.asarray(1)
    conditional = ConditionalDenoiser(POINTS, LABELS, 0.3)
    free = Guided(good, good, False, 0.8).given(label)(X, SIGMA)
    np.testing.assert_allclose(free, conditional.guided(1, 0.8)(X, SIGMA), rtol=1e-10)
    auto = Guided(good, bad, True, 0.8).given(label)(X, SIGMA)
    worse = ConditionalDenoiser(POINTS, LABELS, 0.6).given(1)
    np.testing.assert_allclose(auto, GuidedDenoiser(conditional.given(1), worse, 0.8)(X, SIGMA), rtol=1e-10)


def test_members_have_their_own_points_and_labels():
    errors = jnp.asarray([0.3, 0.6, 0.9])
    models = OfEachState(jnp.stack([POINTS] * 3), jnp.stack([LABELS] * 3), errors)
    found = given(Ensemble(models), jnp.stack([OF_STATES] * 3))(X, SIGMA)
    for i, error in enumerate((0.3, 0.6, 0.9)):
        np.testing.assert_allclose(found[i], one_by_one(error)[i], rtol=1e-10)
