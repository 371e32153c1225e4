"""The main job: the phase diagram of memorization against generalization, ``python -m sims.phase_diagram``."""

from sims.experiment import Experiment
from sims.phase_diagram.config import PhaseDiagramConfig, preset
from sims.phase_diagram.execution import prepare
from sims.phase_diagram.transition import summary

EXPERIMENT = Experiment("phase_diagram", PhaseDiagramConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

__all__ = ["EXPERIMENT", "PhaseDiagramConfig", "main", "preset", "run"]
