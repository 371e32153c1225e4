"""Guided sampling of trained networks, beside the exact field, ``python -m sims.learned_guidance``."""

import dataclasses
import pathlib
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from sims.estimates import flat, mean_and_error, with_errors
from sims.experiment import Experiment, Preset, Study, require_distinct
from sims.gaps import squared
from sims.guidance.config import GUIDE
from sims.learned.conditional import Guided, OfEachState
from sims.learned.config import LearnedConfig, ManifoldName, common, require_conditions, require_one
from sims.learned.measure import Member
from sims.learned.report import both, failures, recall_name
from sims.learned.trainees import Sets, Trainees, given, people_of
from sims.learning import Ensemble
from sims.populations import Population
from sims.store import Variable
from theory.checks import require_nonnegative, require_positive
from theory.metrics import mean_estimate

KINDS = ("classifier-free", "autoguidance")


@dataclasses.dataclass(frozen=True)
class LearnedGuidanceConfig(LearnedConfig):
    """Guide conditional networks, and exact conditional models of the same points, and see what their samples recall.

    Conditions are clusters of the training points. Classifier-free guidance pushes a network away from itself without a
    condition, autoguidance away from its state after the first of the two stops; an exact model is pushed away from the
    unconditional one of the same error, or from the conditional one of twice the error. Noise levels and errors are in units of
    the spacing d = (volume/n)^(1/k) on a manifold, in the image's [0, 1] for digits. Results go to OUT/learned_guidance.zarr,
    figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/learned_guidance")
    conditions: tuple[int, ...] = ()
    """Numbers of conditions."""
    weights: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
    """Guidance weights w; 0 is the conditional model alone."""
    errors: tuple[float, ...] = (0.1, 0.3)
    """Model errors of the exact models; none for digits."""

    def __post_init__(self):
        super().__post_init__()
        for name, other in (("points", "dataset_size"), ("widths", "model_size")):
            require_one(name, getattr(self, name), other)
        if len(self.stops) != 2:
            raise ValueError(f"stops must be two, of the guide of autoguidance and of the network, got {self.stops}")
        for name in ("conditions", "weights"):
            if not getattr(self, name):
                raise ValueError(f"{name} must not be empty")
            require_distinct(name, getattr(self, name))
        require_conditions(self.conditions, self.points[0])
        require_nonnegative("weights", self.weights)
        require_distinct("errors", self.errors)
        if self.errors:
            require_positive("errors", self.errors)
        if self.manifold == "digits" and self.errors:
            raise ValueError("errors must be none for digits: an exact model blurs images in all 64 directions")


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> LearnedGuidanceConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    images = manifold == "digits"
    points, conditions = {"circle": (16, (2, 8, 16)), "torus": (25, (5, 25)), "digits": (256, (10, 64))}[manifold]
    last = {"quick": 12000, "paper": 48000, "large": 96000}[preset] // (12 if images else 1)
    return LearnedGuidanceConfig(
        **common(preset, manifold, draws=1024),
        points=(points,),
        conditions=conditions,
        widths=(16,) if images else (64,),
        stops=(last // 8, last),
        errors=() if images else (0.1, 0.3),
    )


def prepare(config: LearnedGuidanceConfig) -> Study:
    """The grid of the study. ``ValueError`` for sizes that the data lack."""
    people = people_of(config)
    return Study(
        grid={"width": config.widths},
        axes={
            "conditions": config.conditions,
            "replicate": range(config.replicates),
            "model": ("network", *(f"exact, error {error:g}" for error in config.errors)),
            "kind": KINDS,
            "weight": sorted(config.weights),
            "noise": sorted(config.noises),
        },
        variables=_variables(people.manifold is not None),
        compute=lambda cell, key: _compute(config, people, cell["width"], key),
        cells=len(config.conditions) * config.replicates * (1 + len(config.errors)) * 2 * len(config.weights),
    )


def _variables(on_manifold: bool) -> dict[str, Variable]:
    member = ("conditions", "replicate")
    cell, size = (*member, "model", "kind", "weight"), "R" if on_manifold else "pixel range"
    estimates = {
        "memorization_ratio": Variable(cell, "1", "share of samples that recall a training point (recall 1)"),
        "memorization_ratio_null": Variable(member, "1", "the same for perfect samples"),
        "energy_distance": Variable(cell, size, "energy distance of samples from the truth (null 0)"),
        "energy_distance_null": Variable(member, size, "the same for perfect samples"),
        "strayed": Variable(cell, "1", "share of samples whose nearest training point has another condition"),
        "gap": Variable((*cell, "noise"), "1", "relative generalization gap, squared errors (null 0)"),
        "gap_peak": Variable(cell, "1", "largest relative gap over noise"),
    }
    if on_manifold:
        estimates |= {
            "order_parameter": Variable(cell, "1", "order parameter of even points (null 0, recall 1)"),
            "manifold_distance": Variable(cell, size, "r.m.s. distance from the manifold (null 0)"),
        }
    return with_errors(estimates) | {"failed": Variable((), "1", "samples that failed")}


def _compute(config: LearnedGuidanceConfig, people: Population, width: int, key) -> dict:
    sets = Sets("conditions", config.conditions, lambda _: config.points[0], int)
    trainees = Trainees.prepare(config, people, sets, width, key)
    members = trainees.members
    guide, network = (trainees.trained.ensemble(stop).denoisers for stop in (0, 1))
    points = jnp.stack([member.train for member in members])
    labels = jnp.stack([member.labels[0] for member in members if member.labels is not None])

    def exact(error):
        return OfEachState(points, labels, jnp.full(len(members), error * members[0].length))

    pairs = {
        "network": (network, network, guide),
        **{error: (exact(error), exact(error), exact(GUIDE * error)) for error in config.errors},
    }
    found, failed = [], 0
    for positive, *negatives in pairs.values():
        for conditional, negative in enumerate(negatives):
            for weight in sorted(config.weights):
                each = [jnp.full(len(members), value) for value in (bool(conditional), float(weight))]
                models = Guided(positive, negative, *each)
                flow = trainees.sample(given(Ensemble(models), trainees.labels))
                failed += int(flow.failed.sum())
                found.append([_measure(models, trainees, flow.x, i) for i in range(len(members))])
    shape = (len(pairs), len(KINDS), len(config.weights))
    nulls = [
        flat({k: v for k, v in m.nulls().items() if k.startswith(("memor", "energy_distance_null"))}) for m in members
    ]

    def by_cell(name):
        values = np.asarray([[model[i][name] for model in found] for i in range(len(members))])
        return trainees.split(values.reshape(len(members), *shape, *values.shape[2:]))

    return (
        {name: by_cell(name) for name in found[0][0]}
        | {name: trainees.split([null[name] for null in nulls]) for name in nulls[0]}
        | {"failed": failed}
    )


def _measure(models: Guided, trainees: Trainees, samples, i: int) -> dict:
    member: Member = trainees.members[i]
    model = jax.tree.map(lambda leaf: leaf[i] if eqx.is_array(leaf) else leaf, models)
    gaps = squared(member.gaps(model))
    kept = ("memorization_ratio", "energy_distance", "order_parameter", "manifold_distance")
    seen = {name: value for name, value in member.of_samples(samples[i]).items() if name in kept}
    near = jnp.argmin(jnp.sum((samples[i][:, None] - member.train) ** 2, axis=-1), axis=1)
    own = jnp.asarray(member.labels[0])[near]  # pyright: ignore[reportOptionalSubscript]
    strayed = mean_estimate((own != trainees.labels[i]).astype(samples.dtype))
    return flat(seen | {"strayed": strayed}) | {
        name: gaps[name] for name in ("gap", "gap_error", "gap_peak", "gap_peak_error")
    }


def summary(results: xr.Dataset) -> str:
    """A row for each number of conditions, model, kind and weight: mean and standard error over replicates."""
    last, name = results.isel(width=0), recall_name(results)
    size = results["energy_distance"].attrs["units"]
    lines = [
        f"mean +- standard error of {results.sizes['replicate']} replicates",
        f"{'conditions':>10}{'model':>20}{'kind':>18}{'weight':>8}{name.replace('_', ' '):>22}{'largest gap':>22}"
        f"{f'energy distance [{size}]':>32}{'strayed':>20}",
    ]
    shown = [(name, ".3f", 22), ("gap_peak", ".3g", 22), ("energy_distance", ".2g", 32), ("strayed", ".2g", 20)]
    pairs = {each: mean_and_error(last, each) for each, *_ in shown}
    for row in last["gap_peak"].mean("replicate").stack(row=("conditions", "model", "kind", "weight"))["row"].values:
        at = dict(zip(("conditions", "model", "kind", "weight"), row))
        text = [f"{both([part.sel(at) for part in pairs[each]], digits):>{width}}" for each, digits, width in shown]
        lines.append(f"{row[0]:>10}{row[1]:>20}{row[2]:>18}{row[3]:>8g}" + "".join(text))
    return "\n".join(lines + failures(results))


EXPERIMENT = Experiment("learned_guidance", LearnedGuidanceConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
