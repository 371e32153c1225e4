"""A metric beside perfect samples and exact recall, each of the same number."""

import jax
import numpy as np

from theory import Circle
from theory.metrics import Estimate, beside_nulls, memorization_ratio_estimate

RING = Circle(1.0)
TRAIN, FRESH = np.asarray(RING.even(20)), np.asarray(RING.sample(jax.random.key(1), 500))


def test_a_ratio_beside_its_nulls():
    samples = np.asarray(RING.sample(jax.random.key(0), 400))
    found = beside_nulls(lambda x: memorization_ratio_estimate(x, TRAIN), samples, fresh=FRESH, train=TRAIN)
    assert isinstance(found.perfect, Estimate)
    assert found.recall.value == 1
    assert abs(found.perfect.value - 0.5) < 4 * found.perfect.standard_error
    assert abs(found.value.value - found.perfect.value) < 4 * 2**0.5 * found.perfect.standard_error


def test_all_three_have_the_same_number():
    seen = []
    beside_nulls(lambda x: seen.append(np.asarray(x)), FRESH[:45], fresh=FRESH[45:], train=TRAIN)
    assert [len(x) for x in seen] == [45, 45, 45]
    np.testing.assert_array_equal(seen[1], FRESH[45:90])
    np.testing.assert_array_equal(seen[2], np.concatenate([TRAIN, TRAIN, TRAIN[:5]]))
