"""What finer conditions do to gap and samples of a conditional network, ``python -m sims.condition_granularity``."""

import dataclasses
import pathlib
import sys

import jax.numpy as jnp
import xarray as xr

from sims.estimates import with_errors
from sims.experiment import Experiment, Preset, Study
from sims.gaps import squared
from sims.learned.conditional import OfEachState
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings, require_conditions, require_one
from sims.learned.measure import Member
from sims.learned.report import table
from sims.learned.study import Extra, prepare
from sims.learned.trainees import Sets
from sims.store import Variable

ERRORS = (0.05, 0.08, 0.11, 0.14, 0.18, 0.22, 0.28, 0.35, 0.45, 0.6)  # of exact conditional models, in spacings


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
        require_conditions(self.conditions, self.points[0])


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
    sets = Sets("conditions", config.conditions, lambda _: config.points[0], int)
    if config.manifold == "digits":
        return prepare(config, sets)
    about = Variable(("conditions", "replicate", "error"), "1", "largest gap of the exact conditional model")
    return prepare(config, sets, extra=Extra({"error": ERRORS}, with_errors({"exact_gap_peak": about}), exact_gaps))


def exact_gaps(member: Member) -> dict:
    """Largest gap of the exact conditional models of each error, at the noise of the networks."""
    labels = jnp.asarray(member.labels[0])  # pyright: ignore[reportOptionalSubscript]
    peaks = [
        squared(member.gaps(OfEachState(member.train, labels, jnp.asarray(error * member.length)))) for error in ERRORS
    ]
    return {f"exact_{name}": jnp.stack([peak[name] for peak in peaks]) for name in ("gap_peak", "gap_peak_error")}


def summary(results: xr.Dataset) -> str:
    """A row for each number of conditions: mean and standard error over replicates, at the last stop."""
    return table(results, ("width", "conditions"))


EXPERIMENT = Experiment(
    "condition_granularity", ConditionGranularityConfig, preset, prepared, summary, ("preset", "manifold")
)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
