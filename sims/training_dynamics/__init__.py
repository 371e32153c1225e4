"""What training does to the gap and to the samples, ``python -m sims.training_dynamics``."""

from sims.experiment import Experiment
from sims.training_dynamics.config import TrainingDynamicsConfig, preset
from sims.training_dynamics.execution import prepare
from sims.training_dynamics.report import summary

EXPERIMENT = Experiment("training_dynamics", TrainingDynamicsConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "TrainingDynamicsConfig", "main", "preset", "run"]
