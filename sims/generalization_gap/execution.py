"""How the study of the gap is computed, training set by training set."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from sims.estimates import with_errors
from sims.experiment import Study
from sims.gaps import NORMS
from sims.generalization_gap.config import GUIDE, GeneralizationGapConfig
from sims.generalization_gap.measure import (
    gaps_by_guidance,
    gaps_by_leaving_out,
    gaps_by_position,
    gaps_by_validation,
)
from sims.populations import Population, population, unit
from sims.store import Variable


def prepare(config: GeneralizationGapConfig) -> Study:
    """The grid of the study. ``ValueError`` for sizes that the manifold does not have."""
    people = population(config.manifold, config.seed, config.points)
    axes = {
        "norm": NORMS,
        "validation": ("random",),
        "weight": sorted(config.weights),
        "error": sorted(config.errors),
        "noise": sorted(config.noises),
    }
    if people.manifold is not None:
        axes |= {"validation": ("random", "midway"), "position": np.linspace(0, 1, config.positions)}
    return Study(
        grid={"placement": people.placements, "points": config.points, "replicate": range(config.replicates)},
        axes=axes,
        variables=_variables(people.manifold is not None),
        compute=lambda cell, key: _compute(config, people, cell["placement"], cell["points"], key),
        cells=len(config.errors),
    )


def _variables(on_manifold: bool) -> dict[str, Variable]:
    gaps = {
        "gap": Variable(("norm", "validation", "error", "noise"), "1", "relative generalization gap (null 0)"),
        "left_out_gap": Variable(("error", "noise"), "1", "relative squared leave-one-out gap (null 0)"),
        "guided_gap": Variable(("weight", "noise"), "1", "relative squared gap of a guided model (null 0)"),
    }
    if on_manifold:
        about = "denoising error between even training points relative to that at one, less 1 (null 0)"
        gaps["gap_by_position"] = Variable(("norm", "error", "position"), "1", about)
    return with_errors(gaps)


def _compute(config: GeneralizationGapConfig, people: Population, placement: str, n: int, key) -> dict[str, Array]:
    train_key, own_key, random_key, *keys = jax.random.split(key, 7)
    even, manifold = placement == "even", people.manifold
    scale = unit(people, n)
    errors, noises = (scale * jnp.asarray(sorted(values)) for values in (config.errors, config.noises))
    train = people.train(placement, n, train_key)
    own = people.validation(placement, n, own_key, config.draws)
    sets = jnp.stack([people.fresh(random_key, config.draws), own][: 1 if manifold is None else 2])
    error, weights = scale * jnp.asarray(config.guided_error), jnp.asarray(sorted(config.weights))
    measured = {
        "gap": gaps_by_validation(train, sets, errors, noises, keys[0]),
        "left_out_gap": gaps_by_leaving_out(train, errors, noises, keys[1], max(1, config.draws // n)),
        "guided_gap": gaps_by_guidance(train, own, error, GUIDE * error, weights, noises, keys[2]),
    }
    if manifold is not None:
        between = jnp.stack([manifold.even(n, phase) for phase in jnp.linspace(0, 1, config.positions)])
        noise = scale * jnp.asarray(config.angle_noise)
        by_position = gaps_by_position(between[0], between, errors, noise, keys[3], -(-config.draws // n))
        # random points have no middle and no cell
        defined = 1.0 if even else jnp.nan
        measured["gap"] = jax.tree.map(lambda value: value.at[:, 1].multiply(defined), measured["gap"])
        measured["gap_by_position"] = jax.tree.map(lambda value: defined * value, by_position)
    parts = {"": "gap", "_error": "standard_error"}
    return {f"{name}{end}": getattr(gap, part) for name, gap in measured.items() for end, part in parts.items()}
