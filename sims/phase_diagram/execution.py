"""Executing a phase diagram, and its command line."""

import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from sims import command_line
from sims.phase_diagram.config import PhaseDiagramConfig, preset
from sims.phase_diagram.measure import NORMS, Column, measure_column, variables
from sims.phase_diagram.transition import summary
from sims.populations import Population, population
from sims.store import Store, config_of
from sims.sweep import run_serially

_NAME = "phase_diagram"


def run(config: PhaseDiagramConfig) -> xr.Dataset:
    """Compute what ``config.out`` lacks of the diagram and return all of it.

    Works in float64 whatever JAX is set to. Raises ``ValueError`` for sizes that the manifold does not have and for an
    output that is no folder or holds another configuration.
    """
    with jax.enable_x64(True):
        people = population(config.manifold, config.seed)
        for n in config.points:
            people.require_size(n)
        store = _open(config, people)
        shape = store.done.shape

        def compute(index):
            placement, points, _ = index
            # the seed of a group is its place in the grid, so that a resumed run repeats it
            key = jax.random.fold_in(jax.random.key(config.seed), int(np.ravel_multi_index(index, shape)))
            return _compute_group(config, people, people.placements[placement], config.points[points], key)

        run_serially(store, compute, cells=len(config.errors))
        return store.read()


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for bad input, 130 when interrupted."""
    arguments = sys.argv[1:] if argv is None else argv

    def job():
        config = command_line.parse(
            f"python -m sims.{_NAME}", PhaseDiagramConfig, preset, ("preset", "manifold"), arguments
        )
        # matplotlib is loaded only where something is drawn
        from sims.plotting.phase_diagram import draw

        path = _path(config.out)
        if config.redraw:
            config_of(path)
            results = Store(path).read()
        else:
            results = run(config)
        print(summary(results))
        figures = draw(results, config.out)
        print("results  " + str(path))
        print("figures  " + " ".join(str(figure) for figure in figures))

    return command_line.execute(job, resume="Run the same command again to go on.")


def _path(out) -> pathlib.Path:
    return pathlib.Path(out) / f"{_NAME}.zarr"


def _open(config: PhaseDiagramConfig, people: Population) -> Store:
    errors, noises = sorted(config.errors), sorted(config.noises)
    return Store.open(
        _path(config.out),
        config=config.science(),
        grid={
            "placement": people.placements,
            "points": config.points,
            "replicate": range(config.replicates),
        },
        axes={"norm": NORMS, "error": errors, "noise": noises},
        variables=variables(),
    )


def _compute_group(
    config: PhaseDiagramConfig, people: Population, placement: str, n: int, key
) -> dict[str, np.ndarray]:
    train_key, validation_key, fresh_key, measure_key = jax.random.split(key, 4)
    train = people.train(placement, n, train_key)
    padding = max(config.points) - n
    column = Column(
        points=jnp.pad(train, ((0, padding), (0, 0)), mode="edge"),
        weights=jnp.pad(jnp.ones(n), (0, padding)),
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
        # the Gaussian starts then miss the smoothed data by KL <= |y|^2/(2 s_max^2) [early-stopping]
        jnp.asarray(40.0) * jnp.sqrt(jnp.mean(jnp.sum(people.reference**2, axis=1))),
        jnp.asarray(config.tolerance),
        jnp.asarray(placement == "even"),
    )
    law = {"collapse_error": people.collapse_error(n)}
    return {name: np.asarray(value) for name, value in (measured | law).items()}
