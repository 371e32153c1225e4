"""What finer conditions do to gap and samples of a conditional network, ``python -m sims.condition_granularity``."""

import dataclasses
import pathlib
import sys

import xarray as xr

from sims.experiment import Experiment, Preset, Study, require_distinct
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings, require_one
from sims.learned.report import table
from sims.learned.study import prepare
from sims.learned.trainees import Sets
from theory.checks import require_count


@dataclasses.dataclass(frozen=True)
class ConditionGranularityConfig(LearnedConfig):
    """Part one training set by k-means into ever more clusters, whose numbers are the conditions of a network.

    Samples are drawn given a condition, as often as training points have it; the gap is that of the network given the
    condition of each point, for a validation point that of the nearest cluster. Noise levels are in units of the spacing
    d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to OUT/condition_granularity.zarr,
    figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/condition_granularity")
    conditions: tuple[int, ...] = ()
    """Numbers of conditions, from one for all points to one for each."""

    def __post_init__(self):
        super().__post_init__()
        require_one("points", self.points, "dataset_size")
        require_one("widths", self.widths, "model_size")
        if not self.conditions:
            raise ValueError("conditions must name at least one number of conditions")
        for count in self.conditions:
            require_count("conditions", count)
            if count > self.points[0]:
                raise ValueError(f"conditions must be at most the number of points, {self.points[0]}, got {count}")
        require_distinct("conditions", self.conditions)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> ConditionGranularityConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    images = manifold == "digits"
    points, conditions = {
        "circle": (32, (1, 2, 4, 8, 16, 32)),
        "torus": (25, (1, 2, 5, 12, 25)),
        "digits": (256, (1, 4, 16, 64, 256)),
    }[manifold]
    last = {"quick": 12000, "paper": 48000, "large": 96000}[preset] // (12 if images else 1)
    return ConditionGranularityConfig(
        **common(preset, manifold),
        points=(points,),
        conditions=conditions,
        widths=(16,) if images else (64,),
        stops=halvings(last, 3),
    )


def prepared(config: ConditionGranularityConfig) -> Study:
    """The grid of the study. ``ValueError`` for sizes that the data lack."""
    return prepare(config, Sets("conditions", config.conditions, lambda _: config.points[0], int))


def summary(results: xr.Dataset) -> str:
    """A row for each number of conditions: mean and standard error over replicates, at the last stop."""
    return table(results, ("width", "conditions"))


EXPERIMENT = Experiment(
    "condition_granularity", ConditionGranularityConfig, preset, prepared, summary, ("preset", "manifold")
)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
