"""What is measured of the generalization gap, and the presets."""

import dataclasses
import pathlib
from typing import Literal

from sims.experiment import Preset, StudyConfig, octaves, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_nonnegative, require_positive

GUIDE = 2.0  # error of the guide over that of the model that it guides
ManifoldName = Literal["circle", "torus", "digits"]


@dataclasses.dataclass(frozen=True)
class GeneralizationGapConfig(StudyConfig):
    """Measure the generalization gap of exact models against noise, model error, number and placement of points.

    Every model is the exact error-prone one of its training set. Validation points are midway between even training points,
    random, or each training point for the model that lacks it. Guidance is by a model of larger error. Lengths are in
    units of the spacing d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits.
    """

    manifold: ManifoldName = "circle"
    """Where the data live: circle (k = 1), torus (k = 2, in 4 dimensions), or the real images of digits."""
    out: pathlib.Path = pathlib.Path("results/generalization_gap")
    points: tuple[int, ...] = ()
    """Numbers of training points n (on the torus perfect squares)."""
    errors: tuple[float, ...] = ()
    """Model errors delta."""
    noises: tuple[float, ...] = ()
    """Noise levels sigma."""
    weights: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    """Weights w of autoguidance; 0 is the model alone."""
    guided_error: float = 0.35
    """Model error of the guided model; its guide has twice that."""
    angle_noise: float = 0.22
    """Noise at which the error is measured along the manifold, between two even training points."""
    positions: int = 17
    """Number of places between them, both included."""
    draws: int = 1024
    """Noisy training points, and as many validation points of each kind, for every gap."""

    def __post_init__(self):
        super().__post_init__()
        require_choice("manifold", self.manifold, ("circle", "torus", "digits"))
        if not self.points or not self.weights:
            raise ValueError("points and weights must each hold at least one value")
        for n in self.points:
            require_count("points", n, 2)
        for name in ("errors", "noises"):
            require_levels(name, getattr(self, name))
        require_nonnegative("weights", self.weights)
        for name in ("points", "errors", "noises", "weights"):
            require_distinct(name, getattr(self, name))
        for name in ("guided_error", "angle_noise"):
            require_positive(name, getattr(self, name))
        require_count("positions", self.positions, 2)
        require_count("draws", self.draws, 2)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> GeneralizationGapConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    sizes = {
        ("circle", "quick"): (16, 64),
        ("circle", "paper"): (16, 64, 256),
        ("circle", "large"): (16, 64, 256, 1024),
        ("torus", "quick"): (36, 144),
        ("torus", "paper"): (64, 256, 1024),
        ("torus", "large"): (64, 256, 1024, 4096),
        ("digits", "quick"): (64, 256),
        ("digits", "paper"): (75, 300, 1200),
        ("digits", "large"): (75, 150, 300, 600, 1200),
    }[manifold, preset]
    images = manifold == "digits"
    replicates, draws, per_octave = {"quick": (10, 1024, 2), "paper": (32, 8192, 3), "large": (128, 16384, 4)}[preset]
    return GeneralizationGapConfig(
        preset=preset,
        manifold=manifold,
        points=sizes,
        errors=(0.15, 0.25, 0.35, 0.5, 0.75) if images else (0.1, 0.2, 0.35, 0.5, 1.0),
        noises=octaves(-4 if images else -5, 2, per_octave),
        replicates=replicates if manifold == "circle" else max(replicates // 2, 3),
        draws=draws if manifold == "circle" else draws // 2,
    )
