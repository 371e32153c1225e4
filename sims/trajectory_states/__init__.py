"""States of trajectories against the noisy data a network is trained on, ``python -m sims.trajectory_states``."""

from sims.experiment import Experiment
from sims.trajectory_states.config import TrajectoryStatesConfig, preset
from sims.trajectory_states.discriminator import summary
from sims.trajectory_states.execution import prepare

EXPERIMENT = Experiment("trajectory_states", TrajectoryStatesConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "TrajectoryStatesConfig", "main", "preset", "run"]
