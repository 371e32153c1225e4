"""Sampling that stops at a noise, and the states that it meets there, ``python -m sims.early_stopping_sampling``."""

import dataclasses
import pathlib
import sys

import jax
import numpy as np
import xarray as xr

from sims.estimates import flat, mean_and_error, with_errors
from sims.experiment import Experiment, Preset, Study, octaves
from sims.gaps import squared
from sims.learned.config import LearnedConfig, ManifoldName, common, halvings, require_one
from sims.learned.measure import Member
from sims.learned.report import both, failures, recall_name
from sims.learned.trainees import NOISE, Sets, Trainees, people_of
from sims.populations import Population, unit
from sims.store import Variable
from theory.metrics import Estimate, energy_distance, state_measures

ENDS = ("stop", "jump")  # the state itself, and what the denoiser makes of it
POPULATIONS = ("trajectories", "noisy training", "noisy validation")


@dataclasses.dataclass(frozen=True)
class EarlyStoppingSamplingConfig(LearnedConfig):
    """Stop the sampling of trained networks at each noise, as it is or with one denoising step, and look at its states.

    The states of trajectories are compared with noisy training and validation points of the same noise, the samples with the
    truth and the training set. Noise levels are in units of the spacing d = (volume/n)^(1/k) on a manifold, in the image's
    [0, 1] for digits. Results go to OUT/early_stopping_sampling.zarr, figures to OUT/*.png and *.pdf, networks to
    OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/early_stopping_sampling")

    def __post_init__(self):
        super().__post_init__()
        require_one("widths", self.widths, "model_size")
        require_one("stops", self.stops, "training_dynamics")


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> EarlyStoppingSamplingConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    images = manifold == "digits"
    last = {"quick": 12000, "paper": 48000, "large": 96000}[preset] // (6 if images else 1)
    per_octave = 1 if preset == "quick" else 2
    return EarlyStoppingSamplingConfig(
        **common(preset, manifold, noises=octaves(-5.0, 2.0, per_octave)),
        points={"circle": (6, 10, 16), "torus": (9, 25), "digits": (16, 256)}[manifold],
        widths=(16,) if images else (64,),
        stops=halvings(last, 1),
    )


def prepare(config: EarlyStoppingSamplingConfig) -> Study:
    """The grid of the study. ``ValueError`` for sizes that the data lack, and noise where sampling has not begun."""
    people = people_of(config)
    most = 0.8 * NOISE.highest * float(np.sqrt(np.mean(people.reference**2)))
    for n in config.points:
        if max(config.noises) * float(unit(people, n)) > most:
            raise ValueError(
                f"noises must be at most {most / float(unit(people, n)):.3g} for {n} points, where sampling begins, "
                f"got {max(config.noises)}"
            )
    return Study(
        grid={"width": config.widths},
        axes={
            "points": config.points,
            "replicate": range(config.replicates),
            "noise": sorted(config.noises),
            "end": ENDS,
            "population": POPULATIONS,
        },
        variables=_variables(people.manifold is not None),
        compute=lambda cell, key: _compute(config, people, cell["width"], key),
        cells=len(config.points) * config.replicates,
    )


def _variables(on_manifold: bool) -> dict[str, Variable]:
    member = ("points", "replicate")
    cell, size = (*member, "noise"), "R" if on_manifold else "pixel range"
    estimates = {
        "memorization_ratio": Variable((*cell, "end"), "1", "share of samples that recall a training point (recall 1)"),
        "memorization_ratio_null": Variable(member, "1", "the same for perfect samples"),
        "truth_distance": Variable((*cell, "end"), size, "energy distance of samples from the truth (null 0)"),
        "train_distance": Variable((*cell, "end"), size, "energy distance of samples from the training set (recall 0)"),
        "train_truth_distance": Variable(member, size, "energy distance of perfect samples from the training set"),
        "nearest_distance": Variable((*cell, "population"), "sigma", "mean distance from the nearest training point"),
        "nearest_weight": Variable((*cell, "population"), "1", "mean posterior weight of that point (recall 1)"),
        "entropy": Variable((*cell, "population"), "nat", "mean posterior entropy (recall 0)"),
        "states_distance": Variable(
            (*cell, "population"), "sigma", "energy distance of states from noisy training points (null 0)"
        ),
        "gap": Variable(cell, "1", "relative generalization gap, squared errors (null 0)"),
    }
    if on_manifold:
        estimates |= {
            "order_parameter": Variable((*cell, "end"), "1", "order parameter of even points (null 0, recall 1)"),
            "manifold_distance": Variable((*cell, "end"), size, "r.m.s. distance from the manifold (null 0)"),
        }
    return with_errors(estimates) | {"failed": Variable((), "1", "samples that failed")}


def _compute(config: EarlyStoppingSamplingConfig, people: Population, width: int, key) -> dict:
    trainees = Trainees.prepare(config, people, Sets("points", config.points, int), width, key)
    # one flow for all sets, whose levels differ with their spacing
    levels = np.unique(np.concatenate([member.noises for member in trainees.members]))[::-1]
    flow = trainees.sample(trainees.ensemble(-1), save_at=levels)
    ensemble, found = trainees.trained.ensemble(-1), []
    for i, member in enumerate(trainees.members):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(config.seed), i), len(config.noises))
        noises = np.asarray(member.noises)
        path = [flow.path[int(np.argmin(np.abs(levels - noise)))][i] for noise in noises]  # pyright: ignore[reportOptionalSubscript]
        denoiser = ensemble.member(i)
        at_levels = [_at(member, denoiser, *each) for each in zip(path, noises, keys)]
        gaps = squared(member.gaps(denoiser))
        own = {name: np.stack([level[name] for level in at_levels]) for name in at_levels[0]}
        own |= {name: np.asarray(gaps[name]) for name in ("gap", "gap_error")}
        training = energy_distance(member.quality.perfect, member.train, lattice=True)
        null = member.nulls()["memorization_ratio_null"]
        found.append(own | flat({"train_truth_distance": training, "memorization_ratio_null": null}))
    return {name: trainees.split([member[name] for member in found]) for name in found[0]} | {
        "failed": int(flow.failed.sum())
    }


def _at(member: Member, denoiser, states, noise, key) -> dict:
    """What sampling finds at one noise: both ends, and its states beside noisy training and validation points."""

    def noisy(points, key):
        # independent points, as the estimate of their distance takes them
        choose, draw = jax.random.split(key)
        chosen = points[jax.random.randint(choose, states.shape[:1], 0, len(points))]
        return chosen + noise * jax.random.normal(draw, states.shape, states.dtype)

    train, validation = (noisy(*each) for each in zip((member.train, member.validation), jax.random.split(key)))
    ends = [_of_end(member, end) for end in (states, denoiser(states, noise))]
    populations = [_of_states(member, each, train, noise) for each in (states, train, validation)]
    return {name: np.stack([each[name] for each in group]) for group in (ends, populations) for name in group[0]}


def _of_end(member: Member, samples) -> dict:
    found = member.of_samples(samples)
    kept = {
        name: found[name] for name in ("memorization_ratio", "order_parameter", "manifold_distance") if name in found
    }
    distances = {
        "truth_distance": found["energy_distance"],
        # the training set as a rule of its own: exact recall has 0
        "train_distance": energy_distance(samples, member.train, lattice=True),
    }
    return flat(kept | distances)


def _of_states(member: Member, states, train, noise) -> dict:
    seen = state_measures(member.train, states, noise)
    # of noisy training points among themselves: one half from the other
    half = len(train) // 2
    pair = (states[:half], train[half:])
    apart = energy_distance(*pair)
    return flat(
        {
            "nearest_distance": seen.nearest_distance,
            "nearest_weight": seen.nearest_weight,
            "entropy": seen.entropy,
            "states_distance": Estimate(apart.value / noise, apart.standard_error / noise),
        }
    )


def summary(results: xr.Dataset) -> str:
    """For each number of points and noise: recall with and without the last step, and how far the states are."""
    last, name = results.isel(width=0), recall_name(results)
    unit = "d" if "order_parameter" in results else "pixel range"
    lines = [
        f"mean +- standard error of {results.sizes['replicate']} replicates",
        f"{'n':>6}{f'noise [{unit}]':>20}{f'{name} stopped':>28}{'and denoised':>20}{'gap':>20}"
        f"{'trajectories from noisy training data [sigma]':>50}{'validation':>20}",
    ]
    recall, gap = mean_and_error(last, name), mean_and_error(last, "gap")
    apart = mean_and_error(last, "states_distance")
    for n in results["points"].values:
        for noise in results["noise"].values:
            at = {"points": n, "noise": noise}
            cells = [
                (recall, {"end": "stop"}, ".3f", 28),
                (recall, {"end": "jump"}, ".3f", 20),
                (gap, {}, ".3g", 20),
                (apart, {"population": "trajectories"}, ".2g", 50),
                (apart, {"population": "noisy validation"}, ".2g", 20),
            ]
            text = [f"{both([part.sel(at | more) for part in pair], digits):>{w}}" for pair, more, digits, w in cells]
            lines.append(f"{n:>6}{noise:>20.3g}" + "".join(text))
    return "\n".join(lines + failures(results))


EXPERIMENT = Experiment(
    "early_stopping_sampling", EarlyStoppingSamplingConfig, preset, prepare, summary, ("preset", "manifold")
)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
