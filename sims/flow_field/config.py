"""What a study of the flow field is made of, and the presets."""

import dataclasses
import pathlib
from typing import Literal

from sims.experiment import Preset, StudyConfig, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_nonnegative, require_positive

ManifoldName = Literal["circle", "segment"]


@dataclasses.dataclass(frozen=True)
class FlowFieldConfig(StudyConfig):
    """Draw where the denoiser points: fields, trajectories and basins in the plane, by noise and model error.

    Errors and noises are in units of the spacing d of the training points; all other lengths are in radii of the circle,
    or in half lengths of the segment. Results go to OUT/flow_field.zarr, figures to OUT/*.png and OUT/*.pdf, and an
    animation over the noise to OUT/flow_field.gif. An interrupted run resumes.
    """

    manifold: ManifoldName = "circle"
    """Where the data live, in the plane."""
    placement: Literal["even", "iid"] = "even"
    """Training points evenly spaced, or independent."""
    out: pathlib.Path = pathlib.Path("results/flow_field")
    points: int = 10
    """Number of training points n."""
    errors: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5)
    """Model errors over d."""
    noises: tuple[float, ...] = (2.0, 0.5, 0.2, 0.05)
    """Noise levels over d of the fields."""
    basin_noises: tuple[float, ...] = (8.0, 1.0, 0.2)
    """Noise levels over d from which the optimal flow is followed from every place in the window."""
    resolution: int = 80
    """Places of the fields and of the basins in each direction; an even number leaves out the centre, a boundary."""
    trajectories: int = 1000
    """Samples of each model."""
    tolerance: float = 1e-5
    """Relative tolerance of the flow; the absolute one is this times a tenth of d."""
    frames: int = 32
    """Frames of the animation, from noise 3 d to 0.03 d; 0 for none."""

    def __post_init__(self):
        super().__post_init__()
        require_choice("manifold", self.manifold, ("circle", "segment"))
        require_choice("placement", self.placement, ("even", "iid"))
        require_count("points", self.points, 2)
        for name in ("noises", "basin_noises"):
            require_levels(name, getattr(self, name))
            require_distinct(name, getattr(self, name))
        require_nonnegative("errors", self.errors)
        require_distinct("errors", self.errors)
        if len(self.errors) < 2:
            raise ValueError(f"errors must hold at least 2 values to compare, got {len(self.errors)}")
        require_count("resolution", self.resolution, 2)
        require_count("trajectories", self.trajectories, 3)
        require_positive("tolerance", self.tolerance)
        require_count("frames", self.frames, 0)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> FlowFieldConfig:
    """The configuration of a preset; ``dataclasses.replace`` changes single fields. ``KeyError`` for unknown names."""
    replicates, resolution, trajectories = {
        "quick": (4, 80, 1000),
        "paper": (8, 160, 4000),
        "large": (16, 240, 16000),
    }[preset]
    return FlowFieldConfig(
        preset=preset, manifold=manifold, replicates=replicates, resolution=resolution, trajectories=trajectories
    )
