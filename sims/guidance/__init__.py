"""Autoguidance and classifier-free guidance, by weight and granularity of labels, ``python -m sims.guidance``."""

from sims.experiment import Experiment
from sims.guidance.config import GuidanceConfig, preset
from sims.guidance.execution import prepare, summary

EXPERIMENT = Experiment("guidance", GuidanceConfig, preset, prepare, summary)
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "GuidanceConfig", "main", "preset", "run"]
