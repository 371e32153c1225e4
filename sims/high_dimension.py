"""Collapse of the posterior in many dimensions, and the digits as a real case, ``python -m sims.high_dimension``."""

import dataclasses
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from sims.estimates import flat, mean_and_error, with_errors
from sims.experiment import Experiment, Preset, Study, StudyConfig, octaves, require_distinct
from sims.populations import DigitsPopulation
from sims.store import Variable
from theory import laws, posterior
from theory.checks import require_count, require_levels
from theory.metrics import Estimate, leave_one_out_gap, local_dimension, mean_estimate

DIGITS = "digits"


@dataclasses.dataclass(frozen=True)
class HighDimensionConfig(StudyConfig):
    """Watch the posterior over training points condense: Gaussian data of many dimensions, and real images of digits.

    Noise and model error are in units of the noise sigma_C at which the law says that the posterior condenses: for the
    digits, that of Gaussian data of their covariance. Of the digits also the local dimension, the entropy and the gap.
    """

    out: pathlib.Path = pathlib.Path("results/high_dimension")
    dims: tuple[int, ...] = (8, 32, 128)
    """Dimensions D of the Gaussian data, of variance 1 in each."""
    points: tuple[int, ...] = (64, 512, 4096)
    """Numbers of training points n; the digits have those up to 1200, their training images."""
    noises: tuple[float, ...] = octaves(-2, 2, 2)
    """Noise levels, in units of sigma_C."""
    errors: tuple[float, ...] = (0.5, 1.0, 1.5)
    """Model errors at which the gap of the digits is measured, in units of sigma_C."""
    states: int = 256
    """Noisy training points at which the posterior is asked for its source."""
    draws: int = 2
    """Draws of noise for each image, for the local dimension; at least 2."""

    def __post_init__(self):
        super().__post_init__()
        for name in ("noises", "errors"):
            require_levels(name, getattr(self, name))
        for name in ("dims", "points"):
            for value in getattr(self, name):
                require_count(name, value, 2)
        for name in ("dims", "points", "noises", "errors"):
            if not getattr(self, name):
                raise ValueError(f"{name} must name at least one value")
            require_distinct(name, getattr(self, name))
        require_count("states", self.states, 2)
        require_count("draws", self.draws, 2)


def preset(preset: Preset = "quick") -> HighDimensionConfig:
    """The configuration of a preset. Raises ``KeyError`` for names that are not known."""
    changes = {
        "quick": {"replicates": 3},
        "paper": {
            "dims": (8, 16, 32, 64, 128),
            "points": (75, 300, 1200, 4096),
            "replicates": 8,
            "states": 1024,
            "draws": 8,
        },
        "large": {
            "dims": (8, 16, 32, 64, 128, 256),
            "points": (75, 300, 1200, 4096, 16384),
            "noises": octaves(-3, 3, 4),
            "replicates": 16,
            "states": 4096,
            "draws": 16,
        },
    }[preset]
    return HighDimensionConfig(preset=preset, **changes)


def prepare(config: HighDimensionConfig) -> Study:
    """The grid of the study: data set by number of points."""
    images = DigitsPopulation(config.seed)
    covariance = np.cov(np.asarray(images.pool).T)
    return Study(
        grid={
            "data": [*map(str, sorted(config.dims)), DIGITS],
            "points": sorted(config.points),
            "replicate": range(config.replicates),
        },
        axes={"noise": sorted(config.noises), "error": sorted(config.errors)},
        variables=_variables(),
        compute=lambda cell, key: _compute(config, images, covariance, cell["data"], cell["points"], key),
        cells=len(config.noises),
    )


def _variables() -> dict[str, Variable]:
    measured = {
        "source_weight": Variable(("noise",), "1", "mean posterior weight of the true source (prior 1/n, recall 1)"),
        "dimension": Variable(("noise",), "1", "local dimension of the digits (recall 0)"),
        "entropy": Variable(("noise",), "nat", "mean posterior entropy of the digits (recall 0, prior ln n)"),
        "gap": Variable(("error", "noise"), "length^2", "squared leave-one-out gap of the digits (null 0)"),
    }
    return with_errors(measured) | {
        "collapse_noise": Variable((), "length", "noise at which the law says that the posterior condenses"),
        "gaussian_dimension": Variable(
            ("noise",), "1", "local dimension of dense Gaussian data of the same covariance"
        ),
    }


def _compute(config, images: DigitsPopulation, covariance, data: str, n: int, key) -> Mapping[str, Any]:
    train_key, state_key, *keys = jax.random.split(key, 4)
    noises, errors = (jnp.asarray(sorted(values)) for values in (config.noises, config.errors))
    sizes = {"noise": len(noises), "error": len(errors)}
    # what is not filled in below is not defined for these data
    found = {name: np.full([sizes[dim] for dim in about.dims], np.nan) for name, about in _variables().items()}
    if data == DIGITS and n > len(images.pool):
        return found
    if data == DIGITS:
        train, scale = images.train("iid", n, train_key), laws.collapse_noise_gaussian(n, covariance)
    else:
        covariance = np.eye(int(data))
        train, scale = jax.random.normal(train_key, (n, int(data))), laws.collapse_noise(n, int(data), 1.0)
    measured = {"source_weight": _source_weight(train, scale * noises, state_key, config.states)}
    if data == DIGITS:
        measured |= _of_images(train, scale * noises, scale * errors, config.draws, keys)
    gaussian = laws.dimension_gaussian(scale * np.asarray(noises), covariance)
    return found | flat(measured) | {"collapse_noise": scale, "gaussian_dimension": gaussian}


@eqx.filter_jit
def _source_weight(points, noises, key, states: int) -> Estimate:
    """Mean weight of the true source at noisy training points ``(noises,)``: that of sum w^2, which has less scatter."""
    noise = jax.random.normal(key, (states, points.shape[1]))
    sources = points[jnp.arange(states) % len(points)]
    return mean_estimate(
        jax.lax.map(lambda level: 1 / posterior(points, sources + level * noise, level).participation, noises)
    )


@eqx.filter_jit
def _of_images(train, noises, errors, draws: int, keys) -> dict[str, Estimate]:
    local = local_dimension(train, noises, key=keys[0], draws=draws)
    left_out = jax.lax.map(lambda error: leave_one_out_gap(train, error, noises, key=keys[1], draws=1), errors)
    return {
        "dimension": Estimate(local.dimension, local.standard_error),
        "entropy": Estimate(local.entropy, local.entropy_error),
        "gap": Estimate(left_out.difference, left_out.standard_error),
    }


def crossing(results: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Noise, over sigma_C, at which the source has half of the weight: mean and standard error; NaN where undefined."""
    logs = np.log(results["noise"].values)

    def of_curve(curve):
        # the weight falls with the noise; the crossing is linear in ln sigma between two levels
        return np.exp(np.interp(-0.5, -curve, logs)) if curve[0] > 0.5 > curve[-1] else np.nan

    found = xr.apply_ufunc(of_curve, results["source_weight"], input_core_dims=[["noise"]], vectorize=True)
    spread = found.std("replicate", ddof=1, skipna=False) / np.sqrt(found.sizes["replicate"])
    return found.mean("replicate", skipna=False), spread


def summary(results: xr.Dataset) -> str:
    """A table of the weight of the source at sigma_C and of the noise at which it is one half."""
    numbers = results["points"].values
    weight, bar = (part.sel(noise=1.0, method="nearest") for part in mean_and_error(results, "source_weight"))
    place, place_error = crossing(results)
    lines = [
        f"posterior of n points, mean +- standard error of {results.sizes['replicate']} replicates; the law is sigma_C",
        f"{'data':<10}{'':<26}" + "".join(f"{f'n = {n}':>18}" for n in numbers),
    ]
    for data in results["data"].values:
        name = data if data == DIGITS else f"D = {data}"
        for text, value, error in (
            ("weight of source at sigma_C", weight, bar),
            ("weight 1/2 at sigma/sigma_C", place, place_error),
        ):
            cells = [
                f"{float(value.sel(data=data, points=n)):.3f} +- {float(error.sel(data=data, points=n)):.3f}"
                for n in numbers
            ]
            lines.append(f"{name:<8}{text:<28}" + "".join(f"{'-' if 'nan' in cell else cell:>18}" for cell in cells))
    return "\n".join(lines)


EXPERIMENT = Experiment("high_dimension", HighDimensionConfig, preset, prepare, summary)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
