"""What is followed and compared, and the presets."""

import dataclasses
import pathlib

import diffrax
import numpy as np

from sims.experiment import Preset, StudyConfig, octaves, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_positive

SOLVERS = {"Euler": diffrax.Euler(), "Heun": diffrax.Heun(), "Tsit5": diffrax.Tsit5(), "Dopri8": diffrax.Dopri8()}
SIGMA_MAX = 40.0  # radii: Gaussian starts then miss the smoothed data by KL <= 1/3200 [early-stopping]


@dataclasses.dataclass(frozen=True)
class TrajectoriesConfig(StudyConfig):
    """Follow the flow of even points on a ring from noise to data.

    The end points of the error-prone flow, integrated for itself, against the optimal flow stopped at s = delta; four ways
    to stop at noise delta; and the error of solvers by their number of field evaluations. Lengths are in radii, model errors
    in units of the spacing d. Results go to OUT/trajectories.zarr, figures to OUT/*.png and OUT/*.pdf.
    """

    out: pathlib.Path = pathlib.Path("results/trajectories")
    points: int = 16
    """Number n of training points."""
    errors: tuple[float, ...] = ()
    """Model errors delta/d, which are also the noises delta/d at which the optimal flow is stopped."""
    path_errors: tuple[float, ...] = (0.0, 0.2, 0.4)
    """Model errors delta/d whose paths are kept."""
    trajectories: int = 1000
    """Starts, shared by all errors and variants of a replicate."""
    tolerance: float = 1e-8
    """Relative tolerance of the flows; the absolute one is this times the error."""
    solvers: tuple[str, ...] = tuple(SOLVERS)
    """Solvers whose error is measured by their number of field evaluations."""
    budget: int = 32
    """Field evaluations of the coarsest grid."""
    doublings: int = 6
    """How often that number is doubled; solvers that adapt are given one more tolerance, from 1e-2 to 1e-12."""
    cost_error: float = 0.25
    """Model error delta/d of the flow on which solvers are compared."""

    def __post_init__(self):
        super().__post_init__()
        require_count("points", self.points, 3)
        require_count("trajectories", self.trajectories, 3)
        require_levels("errors", self.errors)
        require_levels("path_errors", self.path_errors, positive=False)
        for name in ("errors", "path_errors", "solvers"):
            require_distinct(name, getattr(self, name))
        if 0.0 not in self.path_errors:
            raise ValueError(f"path_errors must hold 0, the optimal flow, got {self.path_errors}")
        for solver in self.solvers:
            require_choice("solvers", solver, tuple(SOLVERS))
        require_count("budget", self.budget, 26)  # two steps of Dopri8
        require_count("doublings", self.doublings)
        require_positive("tolerance", self.tolerance)
        require_positive("cost_error", self.cost_error)

    @property
    def spacing(self) -> float:
        """d, in radii."""
        return 2 * np.pi / self.points


def preset(preset: Preset = "quick") -> TrajectoriesConfig:
    """The configuration of a preset. Raises ``KeyError`` for names that are not known."""
    replicates, trajectories, per_octave = {"quick": (4, 1000, 2), "paper": (8, 4000, 4), "large": (16, 16000, 6)}[
        preset
    ]
    return TrajectoriesConfig(
        preset=preset, replicates=replicates, trajectories=trajectories, errors=octaves(-4.5, 0.0, per_octave)
    )
