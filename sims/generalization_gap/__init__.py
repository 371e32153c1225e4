"""The generalization gap against all that it depends on, ``python -m sims.generalization_gap``."""

from sims.experiment import Experiment
from sims.generalization_gap.config import GeneralizationGapConfig, preset
from sims.generalization_gap.execution import prepare
from sims.generalization_gap.peaks import summary

EXPERIMENT = Experiment("generalization_gap", GeneralizationGapConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "GeneralizationGapConfig", "main", "preset", "run"]
