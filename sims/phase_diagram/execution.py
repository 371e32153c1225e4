"""How a phase diagram is computed, column by column."""

import jax
import jax.numpy as jnp

from sims.experiment import Study
from sims.gaps import NORMS
from sims.phase_diagram.config import PhaseDiagramConfig
from sims.phase_diagram.measure import Column, measure_column, variables
from sims.populations import Population, padded, population, start_noise


def prepare(config: PhaseDiagramConfig) -> Study:
    """The grid of a diagram and how one column is computed. ``ValueError`` for sizes that the manifold does not have."""
    people = population(config.manifold, config.seed, config.points)
    errors, noises = sorted(config.errors), sorted(config.noises)
    return Study(
        grid={"placement": people.placements, "points": config.points, "replicate": range(config.replicates)},
        axes={"norm": NORMS, "error": errors, "noise": noises},
        variables=variables(),
        compute=lambda cell, key: _compute_column(config, people, cell["placement"], cell["points"], key),
        cells=len(errors),
    )


def _compute_column(config: PhaseDiagramConfig, people: Population, placement: str, n: int, key) -> dict:
    train_key, validation_key, fresh_key, measure_key = jax.random.split(key, 4)
    train = people.train(placement, n, train_key)
    points, weights = padded(train, max(config.points))
    column = Column(
        points=points,
        weights=weights,
        count=jnp.asarray(n),
        train=train[jnp.arange(config.draws) % n],
        validation=people.validation(placement, n, validation_key, config.draws),
        fresh=people.fresh(fresh_key, config.trajectories),
        reference=people.reference,
    )
    measured = measure_column(
        column,
        people.manifold,
        measure_key,
        jnp.asarray(sorted(config.errors)),
        jnp.asarray(sorted(config.noises)),
        start_noise(people),
        jnp.asarray(config.tolerance),
        jnp.asarray(placement == "even"),
    )
    return measured | {"collapse_error": people.collapse_error(n)}
