"""What the size of the network does to gap and samples, ``python -m sims.model_size``."""

import dataclasses
import pathlib
import sys

import xarray as xr

from sims.experiment import Experiment, Preset
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings
from sims.learned.report import table
from sims.learned.study import prepare


@dataclasses.dataclass(frozen=True)
class ModelSizeConfig(LearnedConfig):
    """Train networks of several widths on the same points, equally long, and compare their gaps and samples.

    Noise levels are in units of the spacing d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to
    OUT/model_size.zarr, figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/model_size")


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> ModelSizeConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    images = manifold == "digits"
    points = {"circle": (6, 10, 16), "torus": (9, 25), "digits": (16, 256)}[manifold]
    last = {"quick": 12000, "paper": 48000, "large": 96000}[preset] // (12 if images else 1)
    widths = (4, 8, 16, 32) if images else (8, 16, 32, 64, 128, 256)
    return ModelSizeConfig(
        **common(preset, manifold),
        points=points,
        widths=widths[:-1] if preset == "quick" else widths,
        stops=halvings(last, 1 if preset == "quick" else 3),
    )


def summary(results: xr.Dataset) -> str:
    """A row for each number of points and width: mean and standard error over replicates, at the last stop."""
    return table(results, ("points", "width"))


EXPERIMENT = Experiment("model_size", ModelSizeConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
