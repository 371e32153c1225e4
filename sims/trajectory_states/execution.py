"""How the comparison of states is computed, training set by training set."""

import jax
import jax.numpy as jnp
import numpy as np

from sims.experiment import Study
from sims.populations import Population, padded, population, start_noise, unit
from sims.trajectory_states.config import TrajectoryStatesConfig
from sims.trajectory_states.measure import POPULATIONS, TrainingSet, measure, variables
from theory import laws
from theory.metrics import wasserstein_estimate

_BATCHES = 4  # of the optimal assignment


def prepare(config: TrajectoryStatesConfig) -> Study:
    people = population(config.manifold, config.seed, config.points)
    top = float(start_noise(people))
    if any(max(config.ratios) * max(config.errors) * unit(people, n) >= top for n in config.points):
        raise ValueError(f"ratios must keep sigma below {top:g}, where trajectories start, got {max(config.ratios):g}")
    exact = people.reference.shape[1] <= 2
    return Study(
        grid={"placement": people.placements, "points": config.points, "replicate": range(config.replicates)},
        axes={
            "population": POPULATIONS,
            "evaluation": ("sampling", "quadrature") if exact else ("sampling",),
            "error": sorted(config.errors),
            "ratio": sorted(config.ratios),
        },
        variables=variables(),
        compute=lambda cell, key: _compute(config, people, exact, cell["placement"], cell["points"], key),
        cells=len(config.errors) * len(config.ratios),
    )


def _compute(config: TrajectoryStatesConfig, people: Population, exact: bool, placement: str, n: int, key) -> dict:
    train_key, validation_key, measure_key, transport_key = jax.random.split(key, 4)
    train = people.train(placement, n, train_key)
    data = TrainingSet(
        *padded(train, max(config.points)),
        jnp.asarray(n),
        train[jnp.arange(config.draws) % n],
        people.validation(placement, n, validation_key, config.draws),
    )
    errors, ratios = float(unit(people, n)) * np.sort(config.errors), np.sort(config.ratios)
    measured = measure(
        data,
        jnp.asarray(errors),
        jnp.asarray(ratios),
        float(start_noise(people)),
        config.tolerance,
        measure_key,
        config.trajectories,
        exact,
    )
    return measured | _transport(train, errors[:, None], errors[:, None] * ratios, transport_key, config)


def _transport(train, errors, sigmas, key, config: TrajectoryStatesConfig) -> dict:
    """Wasserstein distance in units of its upper bound, and the bounds that depend on the points, ``(error, ratio)``."""
    s = np.hypot(sigmas, errors)
    lower, upper = laws.wasserstein_bounds(s, sigmas, np.cov(np.asarray(train).T, bias=True))
    samples = min(config.trajectories, 256)
    found = [
        wasserstein_estimate(train, one, two, key=jax.random.fold_in(key, place), samples=samples, batches=_BATCHES)
        for place, (one, two) in enumerate(zip(s.ravel(), sigmas.ravel()))
    ]
    return {
        "wasserstein": np.array([each.value for each in found]).reshape(s.shape) / upper,
        "wasserstein_error": np.array([each.standard_error for each in found]).reshape(s.shape) / upper,
        "wasserstein_lower": lower / upper,
        "bhattacharyya_upper": laws.bhattacharyya_bounds(s, sigmas, train)[1],
    }
