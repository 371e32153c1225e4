"""What is guided, and the presets."""

import dataclasses
import pathlib
from typing import Literal

import numpy as np

from sims.experiment import Preset, StudyConfig, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_nonnegative

PLACEMENTS = ("even", "iid")
GUIDE = 2.0  # error of the negative model of autoguidance over that of the positive one


@dataclasses.dataclass(frozen=True)
class GuidanceConfig(StudyConfig):
    """Guide the error-prone models of labelled points on a ring, and measure what memorizes.

    Labels are arcs of equally many neighbouring points, from one for all to one for each. Autoguidance pushes the model
    given the label away from one of twice its error, given the same label; classifier-free guidance pushes it away from the
    unconditional one of the same error. Lengths are in radii, model errors and noises in units of the spacing d. Results go to
    OUT/guidance.zarr, figures to OUT/*.png and OUT/*.pdf.
    """

    out: pathlib.Path = pathlib.Path("results/guidance")
    placements: tuple[Literal["even", "iid"], ...] = PLACEMENTS
    """Where training points are: evenly spaced, or independent."""
    points: int = 16
    """Number n of training points."""
    labels: tuple[int, ...] = (1, 4, 8, 16)
    """Numbers of labels, each a divisor of the number of points."""
    errors: tuple[float, ...] = (0.1, 0.3)
    """Model errors delta/d of the positive model; the negative one of autoguidance has twice that."""
    weights: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)
    """Guidance weights w; 0 is the positive model alone."""
    noises: tuple[float, ...] = tuple(round(float(each), 4) for each in np.geomspace(0.03, 12.0, 14))
    """Noise levels sigma/d at which the gap is measured."""
    trajectories: int = 320
    """Samples of each model, a multiple of the number of points; equally many of every label."""
    draws: int = 320
    """Noisy training points, and as many validation points, for the gap; a multiple of the number of points."""
    tolerance: float = 1e-4
    """Relative tolerance of the flow; the absolute one is this times the model error."""

    def __post_init__(self):
        super().__post_init__()
        for placement in self.placements:
            require_choice("placements", placement, PLACEMENTS)
        require_count("points", self.points, 2)
        for count in self.labels:
            if self.points % require_count("labels", count):
                raise ValueError(f"labels must divide the number of points {self.points}, got {count}")
        for name in ("trajectories", "draws"):
            if require_count(name, getattr(self, name), 3 * self.points) % self.points:
                raise ValueError(f"{name} must be a multiple of the number of points {self.points}")
        require_levels("errors", self.errors)
        require_levels("noises", self.noises)
        require_nonnegative("weights", self.weights)
        if len(self.noises) < 3:
            raise ValueError(f"noises must hold at least 3 levels to locate a peak, got {len(self.noises)}")
        for name in ("placements", "labels", "errors", "weights", "noises"):
            if not getattr(self, name):
                raise ValueError(f"{name} must not be empty")
            require_distinct(name, getattr(self, name))


def preset(preset: Preset = "quick") -> GuidanceConfig:
    """The configuration of a preset. Raises ``KeyError`` for names that are not known."""
    replicates, trajectories, draws = {"quick": (3, 320, 320), "paper": (8, 1600, 1600), "large": (16, 6400, 6400)}[
        preset
    ]
    config = GuidanceConfig(preset=preset, replicates=replicates, trajectories=trajectories, draws=draws)
    if preset == "quick":
        return config
    return dataclasses.replace(
        config,
        labels=(1, 2, 4, 8, 16),
        errors=(0.1, 0.2, 0.3, 0.4),
        weights=(0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0),
        tolerance=1e-5,
    )
