"""The study of the gap: its points lie on the laws."""

import numpy as np

from sims.estimates import mean_and_error
from sims.generalization_gap.config import GUIDE
from sims.generalization_gap.peaks import gap_law
from theory import laws


def test_gaps_of_even_points_lie_on_the_law(small):
    _, results = small("generalization_gap")
    noise = results["noise"].values
    for norm in ("euclidean", "squared"):
        where = {"placement": "even", "norm": norm, "points": 16}
        mean, bar = (part.sel(where | {"validation": "midway"}) for part in mean_and_error(results, "gap"))
        for error in results["error"].values:
            law = gap_law(results, "even", noise, error, norm)
            assert np.all(np.abs(mean.sel(error=error) - law) < 4 * bar.sel(error=error) + 0.02 * law)
    # random validation sees less of it than validation midway
    random = mean_and_error(results, "gap")[0].sel(where | {"validation": "random"})
    assert np.all(random.sel(error=0.2) < 0.8 * mean.sel(error=0.2))


def test_guidance_and_places_lie_on_their_laws(small):
    config, results = small("generalization_gap")
    where = {"placement": "even", "norm": "squared", "points": 16}
    mean, bar = (part.sel(placement="even", points=16) for part in mean_and_error(results, "guided_gap"))
    for weight in results["weight"].values:
        guided = config.guided_error, GUIDE * config.guided_error, weight
        law = laws.relative_gap_guided(results["noise"].values, *guided, 1.0)
        assert np.all(np.abs(mean.sel(weight=weight) - law) < 4 * bar.sel(weight=weight) + 0.05 * law)
    mean, bar = (part.sel(where) for part in mean_and_error(results, "gap_by_position"))
    midway = laws.relative_gap_even(config.angle_noise, results["error"].values, 1.0)
    places = mean["position"].values.tolist()
    assert np.all(np.abs(mean.sel(position=0.5) - midway) < 4 * bar.sel(position=0.5) + 0.02 * midway)
    assert np.all(np.abs(mean.sel(position=[0.0, 1.0])) < 4 * bar.sel(position=[0.0, 1.0]))
    assert places == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_what_is_not_defined_is_missing(small):
    _, results = small("generalization_gap")
    assert results["gap"].sel(placement="iid", validation="midway").isnull().all()
    assert results["gap_by_position"].sel(placement="iid").isnull().all()
    assert results["gap"].sel(placement="iid", validation="random").notnull().all()
    assert results.sel(placement="even").notnull().all()["gap"]
