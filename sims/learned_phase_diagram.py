"""The phase diagram of trained networks: training points by steps and by width, ``python -m sims.learned_phase_diagram``."""

import dataclasses
import pathlib
import sys

import numpy as np
import xarray as xr

from sims.experiment import Experiment, Preset
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings
from sims.learned.memorization_time import growth, memorization_time
from sims.learned.report import failures
from sims.learned.study import prepare


@dataclasses.dataclass(frozen=True)
class LearnedPhaseDiagramConfig(LearnedConfig):
    """Train networks of several widths on training sets of several sizes, and find when each begins to recall its points.

    Noise levels are in units of the spacing d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to
    OUT/learned_phase_diagram.zarr, figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/learned_phase_diagram")


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> LearnedPhaseDiagramConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    quick = preset == "quick"
    points = {
        "circle": (4, 5, 6, 7, 8, 10, 12) if quick else (4, 5, 6, 7, 8, 10, 12, 14, 16, 20),
        "torus": (4, 9, 16, 25) if quick else (4, 9, 16, 25, 36, 49),
        "digits": (8, 16, 32) if quick else (16, 32, 64, 128, 256, 512),
    }[manifold]
    last = {"quick": 8000, "paper": 32000, "large": 128000}[preset]
    widths = (16, 32, 64) if quick else (16, 32, 64, 128)
    if manifold == "digits":
        last, widths = last // 4, (16,) if quick else (8, 16, 32)
    return LearnedPhaseDiagramConfig(
        **common(preset, manifold, draws=1024), points=points, widths=widths, stops=halvings(last, 7 if quick else 9)
    )


def summary(results: xr.Dataset) -> str:
    """The memorization times by width and n, and their growth with n."""
    times = memorization_time(results)
    last = int(results["step"].values[-1])
    numbers = results["points"].values
    lines = [
        f"steps until half is recalled: median of {results.sizes['replicate']} replicates (> {last}: not in this training)",
        f"{'width':>6}" + "".join(f"{f'n = {n}':>10}" for n in numbers) + f"{'grows as':>24}",
    ]
    for width in results["width"].values:
        row = times.sel(width=width)
        median = row.median("replicate").values
        shown = [f"> {last}" if np.isinf(each) else f"{each:.0f}" for each in median]
        fit = growth(row)
        power = "-" if fit is None else f"n^({fit.exponent:.2f} +- {fit.half_width:.2f})"
        lines.append(f"{width:>6}" + "".join(f"{each:>10}" for each in shown) + f"{power:>24}")
    return "\n".join(lines + failures(results))


EXPERIMENT = Experiment(
    "learned_phase_diagram", LearnedPhaseDiagramConfig, preset, prepare, summary, ("preset", "manifold")
)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
