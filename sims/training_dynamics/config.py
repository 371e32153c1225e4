"""What the study of training is made of, and the presets."""

import dataclasses
import pathlib
from typing import Literal

from sims.experiment import Preset, StudyConfig, octaves, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_nonnegative, require_positive

ManifoldName = Literal["circle", "torus", "digits"]
Placement = Literal["even", "iid"]


@dataclasses.dataclass(frozen=True)
class TrainingDynamicsConfig(StudyConfig):
    """Train networks on finitely many points and follow, step by step, the denoising gap and the samples.

    Every network is measured as the exact models are: its generalization gap at each noise, the model error that shows the
    same gap, and the model error whose samples recall as many training points. Noise levels are in units of the spacing
    d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to OUT/training_dynamics.zarr, figures to
    OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    manifold: ManifoldName = "circle"
    """Where the data live: circle (k = 1), torus (k = 2, in 4 dimensions), or the real images of digits."""
    out: pathlib.Path = pathlib.Path("results/training_dynamics")
    placement: Placement = "even"
    """Training points: even, or i.i.d. (the only one for digits)."""
    points: tuple[int, ...] = ()
    """Numbers of training points n (even points on the torus: perfect squares)."""
    stops: tuple[int, ...] = ()
    """Numbers of training steps after which the networks are measured."""
    noises: tuple[float, ...] = ()
    """Noise levels of the gap."""
    width: int = 128
    """Width of the network: of the layers of a perceptron, or channels of the U-Net for digits."""
    batch: int = 128
    """Points in a step."""
    rate: float = 2e-3
    """Rate of Adam."""
    average: float = 500.0
    """Length, in steps, of the exponential average of the weights; 0 for the weights themselves."""
    samples: int = 1000
    """Samples drawn from each network."""
    draws: int = 4096
    """Noisy training points, and as many validation points, for each gap."""

    def __post_init__(self):
        super().__post_init__()
        require_choice("manifold", self.manifold, ("circle", "torus", "digits"))
        require_choice("placement", self.placement, ("even", "iid"))
        if self.manifold == "digits" and self.placement == "even":
            raise ValueError("placement must be iid for digits, got even")
        if not self.points:
            raise ValueError("points must name at least one number of training points")
        for name, least in (("points", 2), ("stops", 1)):
            for value in getattr(self, name):
                require_count(name, value, least)
        if not self.stops:
            raise ValueError("stops must name at least one number of steps")
        require_levels("noises", self.noises)
        if len(self.noises) < 3:
            raise ValueError(f"noises must be at least 3, so that the gap can have a peak, got {len(self.noises)}")
        for name in ("points", "stops", "noises"):
            require_distinct(name, getattr(self, name))
        for name, least in (("width", 1), ("batch", 1), ("samples", 8), ("draws", 8)):
            require_count(name, getattr(self, name), least)
        require_positive("rate", self.rate)
        require_nonnegative("average", self.average)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> TrainingDynamicsConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    about = {
        "circle": {
            "quick": (6, 10, 16),
            "paper": (6, 8, 10, 12, 16, 24, 32),
            "large": (6, 8, 10, 12, 16, 24, 32, 64),
        },
        "torus": {"quick": (9, 25), "paper": (9, 16, 25, 49), "large": (9, 16, 25, 49, 100)},
        "digits": {"quick": (32, 256), "paper": (32, 100, 300, 1200), "large": (32, 100, 300, 1200)},
    }[manifold]
    replicates, last, per_octave = {"quick": (3, 12000, 1), "paper": (6, 24000, 2), "large": (12, 96000, 2)}[preset]
    images = manifold == "digits"
    if images:
        replicates, last = replicates - 1, last // 6
    count = 4 * per_octave + 1
    return TrainingDynamicsConfig(
        preset=preset,
        manifold=manifold,
        placement="iid" if images else "even",
        points=about[preset],
        stops=tuple(round(last * 2 ** (-i / per_octave)) for i in reversed(range(count))),
        noises=octaves(-3.0, 3.0, per_octave) if images else octaves(-6.0, 0.0, 2),
        width=16 if images else 128,
        replicates=replicates,
        samples=200 if images else 1000,
        draws=1024 if images else 4096,
    )
