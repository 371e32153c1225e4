"""How far networks look, and what looking no further does to the optimal denoiser, ``python -m sims.receptive_field``."""

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
from sims.learned.config import LearnedConfig, common, halvings, require_one
from sims.learned.report import both, failures
from sims.learned.trainees import Sets, Trainees, people_of
from sims.learned.window import WindowDenoiser, gradient_range
from sims.populations import Population
from sims.store import Variable
from theory import EmpiricalDenoiser, GaussianDenoiser, probability_flow
from theory.checks import require_count
from theory.metrics import Estimate, denoiser_distance, mean_estimate

MODELS = ("network", "exact recall", "Gaussian")
_TOLERANCE = 1e-2  # of flows of the restricted denoiser, whose field turns sharply from one training image to another
_STATES = 48  # noisy images, at most, at which gradients are taken


@dataclasses.dataclass(frozen=True)
class ReceptiveFieldConfig(LearnedConfig):
    """Restrict the optimal denoiser of real images to windows around each pixel, and compare it with trained networks.

    For each window: gap, samples, and how far networks are from it; for networks, exact recall and the Gaussian denoiser: the
    distance over which their gradients reach. Noise levels are in the image's [0, 1]. Results go to OUT/receptive_field.zarr,
    figures to OUT/*.png and *.pdf, networks to OUT/checkpoints.
    """

    out: pathlib.Path = pathlib.Path("results/receptive_field")
    radii: tuple[int, ...] = (0, 1, 2, 3, 7)
    """How many pixels a window reaches beyond its own; 7 is the whole image."""

    def __post_init__(self):
        super().__post_init__()
        if self.manifold != "digits":
            raise ValueError(f"manifold must be digits, images with pixels, got {self.manifold}")
        require_one("widths", self.widths, "model_size")
        require_one("stops", self.stops, "training_dynamics")
        if not self.radii:
            raise ValueError("radii must name at least one window")
        for radius in self.radii:
            require_count("radii", radius, 0)
        require_distinct("radii", self.radii)


def preset(preset: Preset = "quick") -> ReceptiveFieldConfig:
    """The configuration of a preset. Raises ``KeyError`` for names that are not known."""
    last = {"quick": 2000, "paper": 8000, "large": 16000}[preset]
    return ReceptiveFieldConfig(
        **common(preset, "digits"),
        points=(32, 256) if preset == "quick" else (32, 128, 512),
        widths=(16,),
        stops=halvings(last, 1),
        radii=(0, 1, 2, 3, 7) if preset == "quick" else (0, 1, 2, 3, 4, 5, 7),
    )


def prepare(config: ReceptiveFieldConfig) -> Study:
    """The grid of the study. ``ValueError`` for sizes that the data lack."""
    people = people_of(config)
    member = ("points", "replicate")
    estimates = {
        "range": Variable((*member, "model", "noise"), "pixel", "distance over which gradients reach (local 0)"),
        "gap": Variable((*member, "noise"), "1", "relative gap of the network, squared errors (null 0)"),
        "window_gap": Variable((*member, "radius", "noise"), "1", "relative gap of the window-restricted denoiser"),
        "distance": Variable((*member, "radius", "noise"), "pixel range", "r.m.s. distance of the network from it"),
        "memorization_ratio": Variable(member, "1", "share of the network's samples that recall a training image"),
        "window_memorization_ratio": Variable((*member, "radius"), "1", "the same of the window-restricted denoiser"),
        "memorization_ratio_null": Variable(member, "1", "the same of perfect samples"),
        "energy_distance": Variable(member, "pixel range", "energy distance of the network's samples from the truth"),
        "window_energy_distance": Variable((*member, "radius"), "pixel range", "the same of the restricted denoiser"),
        "energy_distance_null": Variable(member, "pixel range", "the same of perfect samples"),
    }
    return Study(
        grid={"width": config.widths},
        axes={
            "points": config.points,
            "replicate": range(config.replicates),
            "model": MODELS,
            "radius": sorted(config.radii),
            "noise": sorted(config.noises),
        },
        variables=with_errors(estimates) | {"failed": Variable((), "1", "samples that failed")},
        compute=lambda cell, key: _compute(config, people, cell["width"], key),
        cells=len(config.points) * config.replicates,
    )


def _compute(config: ReceptiveFieldConfig, people: Population, width: int, key) -> dict:
    trainees = Trainees.prepare(config, people, Sets("points", config.points, int), width, key)
    flow = trainees.sample(trainees.ensemble(-1))
    failed, found, ensemble = int(flow.failed.sum()), [], trainees.trained.ensemble(-1)
    for i, member in enumerate(trainees.members):
        network = ensemble.member(i)
        gaps = squared(member.gaps(network))
        state_key, distance_key = jax.random.split(jax.random.fold_in(jax.random.key(config.seed), i))
        states = people.fresh(state_key, min(_STATES, config.draws))
        noise = jax.random.normal(state_key, states.shape, states.dtype)
        gaussian = GaussianDenoiser(member.train.mean(axis=0), jnp.cov(member.train.T, bias=True))
        models = (network, EmpiricalDenoiser(member.train), gaussian)
        ranges = [_ranges(model, states, noise, member.noises) for model in models]
        windows = []
        for radius in sorted(config.radii):
            window = WindowDenoiser(member.train, radius)
            restricted = squared(member.gaps(window))
            drawn = probability_flow(
                window,
                trainees.starts[i],
                sigma_max=trainees.start,
                sigma_min=0.0,
                sigma_floor=trainees.floor,
                rtol=_TOLERANCE,
                atol=_TOLERANCE,
            )
            failed += int(drawn.failed.sum())
            apart = denoiser_distance(network, window, states, member.noises, key=distance_key, draws=4)
            seen = member.of_samples(drawn.x)
            windows.append(
                flat(
                    {
                        "window_gap": Estimate(restricted["gap"], restricted["gap_error"]),
                        "distance": apart,
                        "window_memorization_ratio": seen["memorization_ratio"],
                        "window_energy_distance": seen["energy_distance"],
                    }
                )
            )
        seen, nulls = member.of_samples(flow.x[i]), member.nulls()
        found.append(
            {name: np.stack([window[name] for window in windows]) for name in windows[0]}
            | flat(
                {
                    "range": Estimate(
                        *(jnp.stack([getattr(r, part) for r in ranges]) for part in ("value", "standard_error"))
                    ),
                    "gap": Estimate(gaps["gap"], gaps["gap_error"]),
                    **{name: seen[name] for name in ("memorization_ratio", "energy_distance")},
                    **{f"{name}_null": nulls[f"{name}_null"] for name in ("memorization_ratio", "energy_distance")},
                }
            )
        )
    return {name: trainees.split([m[name] for m in found]) for name in found[0]} | {"failed": failed}


@eqx.filter_jit
def _ranges(denoiser, states, noise, sigmas) -> Estimate:
    """Reach of the gradients at each noise, over the states."""
    return mean_estimate(jax.lax.map(lambda sigma: gradient_range(denoiser, states + sigma * noise, sigma), sigmas))


def summary(results: xr.Dataset) -> str:
    """For each number of images and window: gap and samples; and the network beside them."""
    last = results.isel(width=0)
    names = ("gap", "memorization_ratio", "energy_distance")
    own, window = ([mean_and_error(last, prefix + name) for name in names] for prefix in ("", "window_"))
    distance = mean_and_error(last, "distance")
    middle = results["noise"].values[results.sizes["noise"] // 2]
    lines = [
        f"mean +- standard error of {results.sizes['replicate']} replicates; window 0: each pixel alone",
        f"{'n':>6}{'window':>10}{f'gap at noise {middle:g}':>22}{'memorization ratio':>22}{'energy distance':>22}"
        f"{f'from the network at noise {middle:g}':>36}",
    ]
    for n in results["points"].values:
        for radius in results["radius"].values:
            at = {"points": n, "radius": radius}
            apart = both([part.sel(at | {"noise": middle}) for part in distance], ".2g")
            lines.append(f"{n:>6}{radius:>10}{_cells(window, at)}{apart:>36}")
        lines.append(f"{n:>6}{'network':>10}{_cells(own, {'points': n})}")
    return "\n".join(lines + failures(results))


def _cells(pairs, at) -> str:
    """The gap at the median noise, the memorization ratio and the energy distance, each with its error."""
    gap, *others = ([part.sel(at) for part in pair] for pair in pairs)
    shown = [[part[len(part) // 2] for part in gap], *others]
    return "".join(f"{both(pair, digits):>22}" for pair, digits in zip(shown, (".3g", ".3f", ".2g")))


EXPERIMENT = Experiment("receptive_field", ReceptiveFieldConfig, preset, prepare, summary)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
