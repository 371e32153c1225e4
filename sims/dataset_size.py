"""What the number of training points does to gap and samples, ``python -m sims.dataset_size``."""

import dataclasses
import pathlib
import sys

import xarray as xr

from sims.experiment import Experiment, Preset
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings, require_one
from sims.learned.report import table
from sims.learned.study import prepare


@dataclasses.dataclass(frozen=True)
class DatasetSizeConfig(LearnedConfig):
    """Train one network on each of many training sets, equally long, and compare their gaps and samples.

    Noise levels are in units of the spacing d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to
    OUT/dataset_size.zarr, figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/dataset_size")

    def __post_init__(self):
        super().__post_init__()
        require_one("widths", self.widths, "model_size")


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> DatasetSizeConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    images = manifold == "digits"
    points = {
        "circle": (4, 6, 8, 10, 12, 16, 24, 32),
        "torus": (4, 9, 16, 25, 49, 100),
        "digits": (16, 32, 64, 128, 256, 512, 1024),
    }[manifold]
    last = {"quick": 12000, "paper": 48000, "large": 96000}[preset] // (12 if images else 1)
    return DatasetSizeConfig(
        **common(preset, manifold),
        points=points,
        widths=(16,) if images else (64,),
        stops=halvings(last, 3),
    )


def summary(results: xr.Dataset) -> str:
    """A row for each number of points: mean and standard error over replicates, at the last stop."""
    return table(results, ("width", "points"))


EXPERIMENT = Experiment("dataset_size", DatasetSizeConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
