"""Where the denoiser points: fields, trajectories and basins in the plane, ``python -m sims.flow_field``."""

from sims.experiment import Experiment
from sims.flow_field.config import FlowFieldConfig, preset
from sims.flow_field.measure import prepare
from sims.flow_field.report import summary

EXPERIMENT = Experiment("flow_field", FlowFieldConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "FlowFieldConfig", "main", "preset", "run"]
