"""What training does to the gap and to the samples, ``python -m sims.training_dynamics``."""

import dataclasses
import pathlib
import sys
from functools import partial

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from sims.experiment import Experiment, Preset
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings, require_one
from sims.learned.report import both, by_samples, failures, recall_name, singled_out
from sims.learned.study import prepare


@dataclasses.dataclass(frozen=True)
class TrainingDynamicsConfig(LearnedConfig):
    """Train networks on finitely many points and follow, step by step, the denoising gap and the samples.

    Every network is placed among the exact models: the model error that shows the same gap at each noise, the one whose samples
    recall as many training points, and the one whose field is nearest. Noise levels are in units of the spacing
    d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to OUT/training_dynamics.zarr, figures to
    OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/training_dynamics")

    def __post_init__(self):
        super().__post_init__()
        require_one("widths", self.widths, "model_size")


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> TrainingDynamicsConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    points = {
        "circle": {
            "quick": (6, 10, 16),
            "paper": (6, 8, 10, 12, 16, 24, 32),
            "large": (6, 8, 10, 12, 16, 24, 32, 64),
        },
        "torus": {"quick": (9, 25), "paper": (9, 16, 25, 49), "large": (9, 16, 25, 49, 100)},
        "digits": {"quick": (16, 256), "paper": (16, 64, 256, 1024), "large": (16, 64, 256, 1024)},
    }[manifold][preset]
    images = manifold == "digits"
    last = {"quick": 12000, "paper": 24000, "large": 96000}[preset] // (6 if images else 1)
    fine = preset != "quick"
    return TrainingDynamicsConfig(
        **common(preset, manifold, samples=1000),
        points=points,
        widths=(16,) if images else (128,),
        stops=halvings(last, 9 if fine else 5, 2 if fine else 1),
    )


def summary(results: xr.Dataset) -> str:
    """A row for each number of points: mean and standard error over replicates, at the last stop."""
    last = results.isel(step=-1, width=0)
    name = recall_name(results)
    unit = results["gap_equivalent"].attrs["units"]
    lines = [
        f"after {int(last['step'])} steps: mean +- standard error of {results.sizes['replicate']} replicates; "
        f"equivalent model errors, medians in units of {unit}, - where none is singled out",
        f"{'n':>6}{'largest gap':>22}{name.replace('_', ' '):>24}{'perfect':>10}{'by gap, largest noise':>24}"
        f"{'smallest noise':>16}{'by samples':>12}",
    ]
    for n in results["points"].values:
        row = last.sel(points=n)
        peak = both(mean_and_error(row.sel(norm="squared"), "gap_peak"), ".3g")
        recall = both(mean_and_error(row, name))
        null = 0.0 if name == "order_parameter" else float(row["memorization_ratio_null"].mean())
        gaps = singled_out(row, "gap_equivalent").sel(side="value").median("replicate").dropna("noise")
        ends = [_shown(gaps[place]) if len(gaps) else "-" for place in (-1, 0)]
        samples = _shown(by_samples(row).median("replicate"))
        lines.append(f"{n:>6}{peak:>22}{recall:>24}{null:>10.3f}{ends[0]:>24}{ends[1]:>16}{samples:>12}")
    return "\n".join(lines + failures(results))


def _shown(error) -> str:
    return "-" if np.isnan(error) else f"{float(error):.3g}"


EXPERIMENT = Experiment(
    "training_dynamics",
    TrainingDynamicsConfig,
    preset,
    partial(prepare, placed=True),
    summary,
    ("preset", "manifold"),
)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
