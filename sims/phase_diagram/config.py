"""What a phase diagram is made of, and the presets."""

import dataclasses
import pathlib
from typing import Literal

from sims.experiment import Preset, StudyConfig, octaves, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_positive

ManifoldName = Literal["circle", "torus", "digits"]


@dataclasses.dataclass(frozen=True)
class PhaseDiagramConfig(StudyConfig):
    """Map memorization against generalization: model error by number of training points.

    Every cell is the exact error-prone model of one training set: its samples come from the probability flow, its gap
    from noisy training and validation points. Lengths are in radii (circle, torus) or in the image's [0, 1] (digits).
    Results go to OUT/phase_diagram.zarr, figures to OUT/*.png and OUT/*.pdf. An interrupted run resumes.
    """

    manifold: ManifoldName = "circle"
    """Where the data live: circle (k = 1), torus (k = 2, in 4 dimensions), or the real images of digits."""
    out: pathlib.Path = pathlib.Path("results/phase_diagram")
    points: tuple[int, ...] = ()
    """Numbers of training points n (on the torus perfect squares)."""
    errors: tuple[float, ...] = ()
    """Model errors delta."""
    noises: tuple[float, ...] = ()
    """Noise levels sigma at which the gap is measured."""
    trajectories: int = 1000
    """Samples of each model."""
    draws: int = 512
    """Noisy training points, and as many validation points, for the gap."""
    tolerance: float = 1e-5
    """Relative tolerance of the flow; the absolute one is this times the smallest error."""

    def __post_init__(self):
        super().__post_init__()
        require_choice("manifold", self.manifold, ("circle", "torus", "digits"))
        for name in ("errors", "noises"):
            require_levels(name, getattr(self, name))
            require_distinct(name, getattr(self, name))
        if len(self.noises) < 3:
            raise ValueError(f"noises must hold at least 3 levels to locate a peak, got {len(self.noises)}")
        if not self.points:
            raise ValueError("points must name at least one number of training points")
        for n in self.points:
            require_count("points", n, 2)
        require_distinct("points", self.points)
        require_count("trajectories", self.trajectories, 3)
        require_count("draws", self.draws, 2)
        require_positive("tolerance", self.tolerance)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> PhaseDiagramConfig:
    """The configuration of a preset for a manifold; ``dataclasses.replace`` changes single fields.

    Raises ``KeyError`` for names that are not known.
    """
    points, (lowest, highest), trajectories, draws = {
        ("circle", "quick"): ((8, 16, 32, 64, 128), (-7.25, -1.25), 1000, 384),
        ("circle", "paper"): ((8, 16, 32, 64, 128, 256), (-8.5, -1.0), 4000, 2048),
        ("circle", "large"): ((8, 16, 32, 64, 128, 256, 512, 1024), (-10.5, -1.0), 10000, 8192),
        ("torus", "quick"): ((16, 36, 64, 144), (-4.5, 0.0), 600, 384),
        ("torus", "paper"): ((16, 36, 64, 144, 256, 576), (-5.5, 0.0), 2000, 2048),
        ("torus", "large"): ((16, 64, 144, 256, 576, 1024, 2304), (-6.5, 0.0), 4000, 8192),
        ("digits", "quick"): ((64, 128, 256, 512), (-3.0, 1.0), 200, 128),
        ("digits", "paper"): ((75, 150, 300, 600, 1200), (-3.5, 1.0), 500, 512),
        ("digits", "large"): ((75, 150, 300, 600, 1200), (-4.0, 1.0), 2000, 2048),
    }[manifold, preset]
    per_octave = {"quick": 2 if manifold == "digits" else 3, "paper": 4, "large": 6}[preset]
    return PhaseDiagramConfig(
        preset=preset,
        manifold=manifold,
        points=points,
        errors=octaves(lowest, highest, per_octave),
        noises=octaves(lowest - 0.5, highest + 1.5, per_octave),
        replicates={"quick": 3 if manifold == "digits" else 4, "paper": 8, "large": 16}[preset],
        trajectories=trajectories,
        tolerance=1e-4 if preset == "quick" else 1e-5,
        draws=draws,
    )
