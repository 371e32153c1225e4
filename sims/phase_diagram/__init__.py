"""The main job: the phase diagram of memorization against generalization, ``python -m sims.phase_diagram``."""

from sims.phase_diagram.config import PhaseDiagramConfig, preset
from sims.phase_diagram.execution import main, run

__all__ = ["PhaseDiagramConfig", "main", "preset", "run"]
