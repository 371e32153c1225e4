"""Paths and end points of the flow: early stopping, its variants, and accuracy by cost, ``python -m sims.trajectories``."""

import jax

from sims.experiment import Experiment, Study
from sims.trajectories import costs, flows
from sims.trajectories.config import SIGMA_MAX, TrajectoriesConfig, preset
from sims.trajectories.tables import summary


def _prepare(config: TrajectoriesConfig) -> Study:
    def compute(_, key):
        start_key, fresh_key = jax.random.split(key)
        starts = SIGMA_MAX * jax.random.normal(start_key, (config.trajectories, 2))
        return flows.compute(config, starts, fresh_key) | costs.compute(config, starts[:256])

    return Study(
        grid={"replicate": range(config.replicates)},
        axes={
            "error": sorted(config.errors),
            "variant": flows.VARIANTS,
            "path_error": sorted(config.path_errors),
            "level": list(flows.levels(config) / config.spacing),
            "trajectory": range(min(flows.SHOWN, config.trajectories)),
            "coordinate": ("x", "y"),
            "solver": costs.rows(config),
            "work": range(config.doublings + 1),
        },
        variables=flows.VARIABLES | costs.VARIABLES,
        compute=compute,
        cells=len(config.errors),
    )


EXPERIMENT = Experiment("trajectories", TrajectoriesConfig, preset, _prepare, summary)
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "TrajectoriesConfig", "main", "preset", "run"]
