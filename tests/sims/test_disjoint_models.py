"""Two models of disjoint training sets: the law of their fields, and their samples from shared starts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from sims.disjoint_models import field_disagreement, field_law, law_ratios, prepare, preset, two_sets
from sims.populations import ManifoldPopulation
from tests.sims.conftest import experiment
from theory import FlatTorus, laws

PROGRAM = jax.jit(field_disagreement)


@pytest.mark.parametrize(
    ("dim", "n", "noise", "states", "pairs"), [(1, 400, 1.0, 150, 30), (2, 1600, 0.6, 300, 5), (3, 4096, 0.5, 200, 3)]
)
def test_fields_part_as_the_law_says(dim, n, noise, states, pairs):
    """[disjoint-iid] where the leading order is 6% to 100% off; at two model errors that share s."""
    people = ManifoldPopulation(FlatTorus(1.0, dim))
    spacing = float(people.manifold.spacing(n))
    found = []
    for seed in range(pairs):
        train, truth, noise_key = jax.random.split(jax.random.key(seed), 3)
        sets = two_sets(people, "iid", n, train)
        levels = spacing * jnp.asarray([0.3, noise])
        found.append(PROGRAM(sets, people.fresh(truth, states), levels, levels[1:], noise_key).value[:, 0])
    errors = np.array([0.3, noise])
    law = field_law(dim, noise, errors)
    ratio = np.array(found) / law
    leading = field_law(dim, noise, errors, laws.disagreement_iid)
    assert np.all(np.abs(law / leading - 1) > 0.06)
    spread = ratio.std(axis=0, ddof=1) / np.sqrt(pairs)
    assert np.all(spread < 0.1)
    assert np.all(np.abs(ratio.mean(axis=0) - 1) < 0.06 + 3 * spread)


def test_even_sets_interleave_and_random_ones_are_disjoint():
    people = ManifoldPopulation(FlatTorus(1.0, 2))
    even = two_sets(people, "even", 16, jax.random.key(0))
    gap = jnp.linalg.norm(even[0][:, None] - even[1], axis=-1).min(axis=1)
    # half a spacing along both circles, as chords
    np.testing.assert_allclose(gap, np.sqrt(2) * 2 * np.sin(np.pi / 8), rtol=1e-9)
    random = two_sets(people, "iid", 16, jax.random.key(0))
    assert jnp.linalg.norm(random[0][:, None] - random[1], axis=-1).min() > 0
    digits = prepare(preset("quick", "digits"))
    assert max(digits.grid["points"]) == 600


def test_digits_refuse_sets_that_overlap(tmp_path, capsys):
    flags = ["--manifold", "digits", "--points", "700", "--out", str(tmp_path / "out")]
    assert experiment("disjoint_models").main(flags) == 2
    assert "two disjoint sets of 700 need 1400" in capsys.readouterr().err


def test_samples_from_shared_starts(small):
    """Even sets agree where the error blurs their spacing, random ones not yet; recall sits on the own points alone."""
    _, results = small("disjoint_models")
    assert int(results["failed"].sum()) == 0
    share = (results["sample_disagreement"] / results["sample_null"]).mean("replicate")
    even, iid = share.sel(placement="even"), share.sel(placement="iid")
    assert (even.sel(error=1.0) < 1e-3 * even.sel(error=0.05)).all()
    assert (even < iid).all()
    assert (iid < 1).all()
    # quantiles of the two sets [transport]: apart by half a spacing, less what the blur of each point moves inwards
    place = (np.arange(1000) + 0.5) / 2000
    apart = np.mean((0.5 + 0.05 * (scipy.stats.norm.ppf(place) - scipy.stats.norm.ppf(place + 0.5))) ** 2)
    spacing = 2 * np.pi / results["points"]
    np.testing.assert_allclose(2 * even.sel(error=0.05) / spacing**2, apart, rtol=0.05)
    own, other = results["nearest_own"], results["nearest_other"]
    assert (own.sel(error=0.05) < 0.06 * spacing).all()
    assert (other.sel(error=0.05, placement="iid") > 3 * own.sel(error=0.05, placement="iid")).all()
    np.testing.assert_allclose(results["sample_null"], 2.0, rtol=0.1)


def test_the_summary_shows_the_law(small):
    """Measured over law at every noise, which one law for all errors needs [disjoint-iid]."""
    _, results = small("disjoint_models")
    found = law_ratios(results, 8)
    assert [row[0] for row in found] == [0.3, 1.0, 3.0]
    noise, _, kernel, ratio, bar = found[1]
    measured = results["field_disagreement"].sel(placement="iid", points=8, error=0.05, noise=noise)
    square = noise**2 + 0.05**2
    assert kernel == pytest.approx(1 / np.sqrt(4 * np.pi * square))
    assert ratio == pytest.approx(float(measured.mean()) * square / laws.disagreement_poisson(noise, 0.05, 1.0, 1))
    assert f"{ratio:.3f} +- {bar:.3f}" in experiment("disjoint_models").summary(results)
