"""What all studies of trained networks are made of."""

import dataclasses
from typing import Any, Literal

from sims.experiment import Preset, StudyConfig, octaves, require_distinct
from theory.checks import require_choice, require_count, require_levels, require_nonnegative, require_positive

ManifoldName = Literal["circle", "torus", "digits"]
Placement = Literal["even", "iid"]


@dataclasses.dataclass(frozen=True)
class LearnedConfig(StudyConfig):
    """Networks trained on finitely many points, and how they are measured.

    Noise levels are in units of the spacing d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to
    OUT/NAME.zarr, figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    manifold: ManifoldName = "circle"
    """Where the data live: circle (k = 1), torus (k = 2, in 4 dimensions), or the real images of digits."""
    placement: Placement = "even"
    """Training points: even, or i.i.d. (the only one for digits)."""
    points: tuple[int, ...] = ()
    """Numbers of training points n (even points on the torus: perfect squares)."""
    widths: tuple[int, ...] = ()
    """Widths of the networks: of the layers of a perceptron, or channels of the U-Net for digits."""
    stops: tuple[int, ...] = ()
    """Numbers of training steps after which the networks are measured."""
    noises: tuple[float, ...] = ()
    """Noise levels of the gap."""
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
        for name, kind, least in (
            ("points", "number of training points", 2),
            ("widths", "width", 1),
            ("stops", "number of steps", 1),
        ):
            if not getattr(self, name):
                raise ValueError(f"{name} must name at least one {kind}")
            for value in getattr(self, name):
                require_count(name, value, least)
        require_levels("noises", self.noises)
        if len(self.noises) < 3:
            raise ValueError(f"noises must be at least 3, so that the gap can have a peak, got {len(self.noises)}")
        for name in ("points", "widths", "stops", "noises"):
            require_distinct(name, getattr(self, name))
        for name, least in (("batch", 1), ("samples", 8), ("draws", 8)):
            require_count(name, getattr(self, name), least)
        require_positive("rate", self.rate)
        require_nonnegative("average", self.average)


def require_one(name: str, values: tuple[int, ...], other: str) -> None:
    """Raise ``ValueError`` unless there is one value; ``other`` is the sim that varies it."""
    if len(values) > 1:
        raise ValueError(f"{name} must be one number, got {values}: sims.{other} varies it")


def require_conditions(conditions: tuple[int, ...], points: int) -> None:
    """Raise ``ValueError`` for numbers of conditions below 1, above the number of points, or that repeat."""
    for count in conditions:
        if require_count("conditions", count) > points:
            raise ValueError(f"conditions must be at most the number of points, {points}, got {count}")
    require_distinct("conditions", conditions)


def common(
    preset: Preset, manifold: ManifoldName, *, samples: int = 500, draws: int = 4096, noises: tuple[float, ...] = ()
) -> dict[str, Any]:
    """The fields of a preset that are alike in all studies, with smaller batches and fewer samples and draws of images.

    Raises ``KeyError`` for names that are not known.
    """
    images = manifold == "digits"
    replicates, per_octave = {"quick": (3, 2), "paper": (6, 2), "large": (12, 4)}[preset]
    return {
        "preset": preset,
        "manifold": manifold,
        "placement": {"circle": "even", "torus": "even", "digits": "iid"}[manifold],
        "noises": noises or (octaves(-5.0, 2.0, per_octave // 2) if images else octaves(-6.0, 0.0, per_octave)),
        "replicates": replicates - images,
        "batch": 64 if images else 128,
        "samples": 200 if images else samples,
        "draws": 512 if images else draws,
    }


def halvings(last: int, count: int, per_octave: int = 1) -> tuple[int, ...]:
    """``count`` numbers of steps up to the last, so many in each doubling."""
    return tuple(round(last * 2 ** (-i / per_octave)) for i in reversed(range(count)))
