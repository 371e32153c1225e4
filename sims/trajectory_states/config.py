"""What the comparison of states is made of, and the presets."""

import dataclasses
import pathlib
from typing import Literal

from sims.experiment import Preset, StudyConfig, octaves, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_positive

ManifoldName = Literal["circle", "torus", "digits"]


@dataclasses.dataclass(frozen=True)
class TrajectoryStatesConfig(StudyConfig):
    """Compare the states that sampling visits with the noisy training data, at every noise level, for exact models.

    At nominal noise sigma the trajectories under model error delta are distributed as the training points smoothed with
    s = sqrt(sigma^2 + delta^2), the noisy training data with sigma [marginal-shift]. Beside the overlap of the two stand the
    measures of single states and the generalization gap. Model errors are in units of the spacing d = (volume/n)^(1/k)
    on a manifold, in the image's [0, 1] for digits. Results go to OUT/trajectory_states.zarr, figures to OUT/*.png and *.pdf.
    """

    manifold: ManifoldName = "circle"
    """Where the data live: circle (k = 1), torus (k = 2, in 4 dimensions), or the real images of digits."""
    out: pathlib.Path = pathlib.Path("results/trajectory_states")
    points: tuple[int, ...] = ()
    """Numbers of training points n (on the torus perfect squares)."""
    errors: tuple[float, ...] = ()
    """Model errors delta."""
    ratios: tuple[float, ...] = ()
    """Nominal noise levels sigma/delta."""
    trajectories: int = 512
    """Trajectories of each model, and as many noisy training and validation points."""
    draws: int = 4096
    """Noisy training points, and as many validation points, for the gap; and states for each overlap."""
    tolerance: float = 1e-5
    """Relative tolerance of the flow; the absolute one is this times the error."""

    def __post_init__(self):
        super().__post_init__()
        require_choice("manifold", self.manifold, ("circle", "torus", "digits"))
        if not self.points:
            raise ValueError("points must name at least one number of training points")
        for n in self.points:
            require_count("points", n, 2)
        for name in ("errors", "ratios"):
            require_levels(name, getattr(self, name))
        for name in ("points", "errors", "ratios"):
            require_distinct(name, getattr(self, name))
        require_count("trajectories", self.trajectories, 8)
        require_count("draws", self.draws, 8)
        require_positive("tolerance", self.tolerance)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> TrajectoryStatesConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    about = {
        "circle": {"errors": (0.1, 0.25, 0.5), "quick": (8, 16), "paper": (8, 16, 64), "large": (8, 16, 64, 128)},
        "torus": {"errors": (0.1, 0.25, 0.5), "quick": (16, 64), "paper": (16, 64, 256), "large": (16, 64, 256, 1024)},
        "digits": {"errors": (0.25, 0.5, 1.0), "quick": (64, 256), "paper": (75, 300, 1200), "large": (75, 300, 1200)},
    }[manifold]
    replicates, trajectories, draws, per_octave = {
        "quick": (4, 512, 4096, 2),
        "paper": (8, 2048, 16384, 3),
        "large": (16, 4096, 65536, 4),
    }[preset]
    if manifold != "circle":
        per_octave //= 2
    if manifold == "digits":
        trajectories, draws = trajectories // 4, draws // 8
    return TrajectoryStatesConfig(
        preset=preset,
        manifold=manifold,
        points=about[preset],
        errors=about["errors"],
        ratios=octaves(-4.0, 3.0, per_octave),
        replicates=replicates,
        trajectories=trajectories,
        draws=draws,
    )
