"""Model errors that depend on noise, and which of them generalize, ``python -m sims.error_schedules``."""

import dataclasses
import pathlib
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from sims.estimates import flat, mean_and_error, with_errors
from sims.experiment import Experiment, Preset, Study, StudyConfig, require_distinct
from sims.store import Variable
from theory import Circle, ScheduledErrorDenoiser, laws, probability_flow
from theory.checks import is_traced, require_choice, require_count, require_levels, require_positive
from theory.metrics import manifold_distance_estimate, memorization_ratio_estimate, order_parameter_estimate

# Name: exponent p of the power of sigma, and how much of power, constant, growth towards the data, and bump there is.
SCHEDULES = {
    "power 1/4": (0.25, (1.0, 0.0, 0.0, 0.0)),
    "power 1/2": (0.5, (1.0, 0.0, 0.0, 0.0)),
    "power 3/4": (0.75, (1.0, 0.0, 0.0, 0.0)),
    "power 1": (1.0, (1.0, 0.0, 0.0, 0.0)),
    "power 3/2": (1.5, (1.0, 0.0, 0.0, 0.0)),
    "power 2": (2.0, (1.0, 0.0, 0.0, 0.0)),
    "constant": (1.0, (0.0, 1.0, 0.0, 0.0)),
    "growing": (1.0, (0.0, 0.2, 0.8, 0.0)),
    "bump": (1.0, (0.0, 0.0, 0.0, 1.0)),
}
_SIGMA_MAX = 40.0  # radii
_SCALE = 0.2  # noise, in units of d, where errors grow towards the data, and of the bump


class ErrorSchedule(eqx.Module):
    """delta(sigma) = strength [w_p (t/d)^p + w_c d + w_g d/(1 + (sigma/.2d)^4) + w_b d exp(-ln^2(sigma/.2d))], lengths in d.

    t = sigma/sqrt(1 + (sigma/d)^2): the power holds below the spacing, where points compete, and levels off above, so that
    no schedule disturbs the flow where the noise is larger than the ring. One program serves all.
    """

    strength: Array | float
    spacing: Array | float
    power: Array | float
    weights: Array | tuple[float, float, float, float]

    def __call__(self, sigma):
        xp = jnp if is_traced(sigma, self) or isinstance(sigma, jax.Array) else np
        ratio = sigma / self.spacing
        power, constant, growth, bump = (self.weights[i] for i in range(4))
        positive = xp.where(ratio > 0, ratio, 1e-300)
        parts = (
            power * (positive / xp.sqrt(1 + positive**2)) ** self.power
            + constant
            + growth / (1 + (ratio / _SCALE) ** 4)
            + bump * xp.exp(-(xp.log(positive / _SCALE) ** 2))
        )
        return self.strength * self.spacing * parts


def schedule(name: str, strength, spacing=1.0) -> ErrorSchedule:
    """The schedule of a name at a strength, the largest error in units of d."""
    power, weights = SCHEDULES[name]
    return ErrorSchedule(strength, spacing, power, weights)


@dataclasses.dataclass(frozen=True)
class ErrorSchedulesConfig(StudyConfig):
    """Generate with model errors that depend on noise: powers of it, constant, growing towards the data, a bump.

    Even points on a ring of radius 1. Strengths and noises at which the flow is stopped are in units of the spacing d.
    Results go to OUT/error_schedules.zarr, figures to OUT/*.png and OUT/*.pdf.
    """

    out: pathlib.Path = pathlib.Path("results/error_schedules")
    schedules: tuple[str, ...] = tuple(SCHEDULES)
    """Which schedules, by name."""
    points: int = 32
    """Number n of training points."""
    strengths: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
    """Largest error of a schedule, in units of d."""
    stops: tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
    """Noises sigma_min at which the flow is stopped and its state kept, in units of d."""
    trajectories: int = 1000
    """Samples of each schedule and strength."""
    tolerance: float = 1e-5
    """Relative tolerance of the flow; the absolute one is this times the smallest stop."""

    def __post_init__(self):
        super().__post_init__()
        if not self.schedules:
            raise ValueError("schedules must name at least one of " + ", ".join(SCHEDULES))
        for name in self.schedules:
            require_choice("schedules", name, tuple(SCHEDULES))
        require_count("points", self.points, 3)
        require_count("trajectories", self.trajectories, 3)
        require_levels("strengths", self.strengths)
        require_levels("stops", self.stops)
        for name in ("schedules", "strengths", "stops"):
            require_distinct(name, getattr(self, name))
        require_positive("tolerance", self.tolerance)


def preset(preset: Preset = "quick") -> ErrorSchedulesConfig:
    """The configuration of a preset. Raises ``KeyError`` for names that are not known."""
    replicates, trajectories, strengths = {
        "quick": (4, 1000, (0.1, 0.2, 0.3, 0.4, 0.6, 0.8)),
        "paper": (8, 2000, (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8)),
        "large": (16, 8000, (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 1.0)),
    }[preset]
    return ErrorSchedulesConfig(preset=preset, replicates=replicates, trajectories=trajectories, strengths=strengths)


def _prepare(config: ErrorSchedulesConfig) -> Study:
    dims = ("strength", "stop")
    return Study(
        grid={"schedule": config.schedules, "replicate": range(config.replicates)},
        axes={"strength": sorted(config.strengths), "stop": sorted(config.stops, reverse=True)},
        variables=with_errors(
            {
                "order_parameter": Variable(dims, "1", "order parameter of memorization (null 0, recall 1)"),
                "memorization_ratio": Variable(
                    dims, "1", "fraction of projected samples that recall a training point at threshold 1/3"
                ),
                "spread": Variable(dims, "R", "root mean square distance of samples from the ring (recall 0)"),
                "order_parameter_null": Variable((), "1", "order parameter of perfect samples"),
                "memorization_ratio_null": Variable((), "1", "memorization ratio of perfect samples"),
            }
        )
        | {"failed": Variable((), "1", "number of trajectories that failed")},
        compute=lambda cell, key: _compute(config, cell["schedule"], key),
        cells=len(config.strengths),
    )


def _compute(config: ErrorSchedulesConfig, name: str, key) -> dict:
    start_key, fresh_key = jax.random.split(key)
    ring, spacing = Circle(1.0), 2 * np.pi / config.points
    power, weights = SCHEDULES[name]
    return _measure(
        ring.even(config.points),
        _SIGMA_MAX * jax.random.normal(start_key, (config.trajectories, 2)),
        ring.sample(fresh_key, config.trajectories),
        jnp.asarray(spacing),
        jnp.asarray(power),
        jnp.asarray(weights),
        jnp.asarray(sorted(config.strengths)),
        spacing * jnp.asarray(sorted(config.stops, reverse=True)),
        config.tolerance,
    )


@eqx.filter_jit
def _measure(points, starts, fresh, spacing, power, weights, strengths, stops, tolerance) -> dict[str, Array]:
    """All variables of one schedule: at every strength, the states of one flow at every stop."""
    ring, n = Circle(1.0), points.shape[0]

    def at_strength(strength):
        denoiser = ScheduledErrorDenoiser(points, ErrorSchedule(strength, spacing, power, weights))
        options = {"save_at": stops, "rtol": tolerance, "atol": tolerance * stops[-1]}
        flow = probability_flow(denoiser, starts, sigma_max=_SIGMA_MAX, sigma_min=stops[-1], **options)
        return jax.lax.map(of_samples, flow.path), jnp.sum(flow.failed)

    def of_samples(samples):
        on_ring = ring.project(samples)
        return flat(
            {
                "order_parameter": order_parameter_estimate(on_ring, n),
                "memorization_ratio": memorization_ratio_estimate(on_ring, points),
                "spread": manifold_distance_estimate(samples, ring),
            }
        )

    measured, failures = jax.lax.map(at_strength, strengths)
    nulls = {
        "order_parameter_null": order_parameter_estimate(fresh, n),
        "memorization_ratio_null": memorization_ratio_estimate(fresh, points),
    }
    return measured | flat(nulls) | {"failed": jnp.sum(failures)}


def order_parameter_law(name: str, strength: float) -> float:
    """The law in units of d, NaN where it does not hold: where q(s) exceeds 0.17 at some noise [noise-dependent-error]."""
    error = schedule(name, strength)
    sigma = np.concatenate([[0.0], np.geomspace(1e-9, 1e2, 1000)])
    largest = laws.order_parameter_even(np.hypot(sigma, error(sigma)), 1.0).max()
    return laws.order_parameter_schedule(error, 1.0) if largest <= 0.17 else np.nan


def spread_law(name: str, strength: float, points: int, stop: float) -> float:
    """End spread in units of d, for a ring of n points [noise-dependent-error]; stop 0 is the flow to the end."""
    return laws.end_spread(schedule(name, strength), _SIGMA_MAX * points / (2 * np.pi), stop)


def _summary(results: xr.Dataset) -> str:
    n = results.attrs["config"]["points"]
    stop, strength = results["stop"].values[-1], results["strength"].values[-1]
    order, order_error = (part.sel(stop=stop) for part in mean_and_error(results, "order_parameter"))
    spread, spread_error = (part.sel(stop=stop) * n / (2 * np.pi) for part in mean_and_error(results, "spread"))
    lines = [
        f"stopped at sigma = {stop:g} d, at the largest strength {strength:g} d; lengths in d; "
        f"{results.sizes['replicate']} replicates",
        f"{'schedule':<12}{'order parameter':>20}{'law':>9}{'spread':>24}{'law':>11}{'law at sigma 0':>16}",
    ]
    for name in results["schedule"].values:
        where = {"schedule": name, "strength": strength}
        m, m_error, r, r_error = (float(part.sel(where)) for part in (order, order_error, spread, spread_error))
        law = order_parameter_law(name, strength)
        lines.append(
            f"{name:<12}{f'{m:.3f} +- {m_error:.3f}':>20}{'-' if np.isnan(law) else f'{law:.3f}':>9}"
            f"{f'{r:.3g} +- {r_error:.1g}':>24}{spread_law(name, strength, n, stop):>11.3g}"
            f"{spread_law(name, strength, n, 0.0):>16.3g}"
        )
    failed = int(results["failed"].sum())
    if failed:
        lines.append(f"warning: {failed} trajectories failed")
    return "\n".join(lines)


EXPERIMENT = Experiment("error_schedules", ErrorSchedulesConfig, preset, _prepare, _summary)
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
