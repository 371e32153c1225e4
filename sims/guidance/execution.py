"""From a configuration to the results of guidance, and what is printed of them."""

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from sims.experiment import Study
from sims.gaps import NORMS
from sims.guidance.config import GuidanceConfig
from sims.guidance.measure import KINDS, SHOWN, measure_set, variables
from theory import laws


def prepare(config: GuidanceConfig) -> Study:
    """The grid of training sets and model errors, and how all models of one are computed."""
    return Study(
        grid={"replicate": range(config.replicates), "placement": config.placements, "error": sorted(config.errors)},
        axes={
            "kind": KINDS,
            "labels": sorted(config.labels),
            "weight": sorted(config.weights),
            "norm": NORMS,
            "noise": sorted(config.noises),
            "sample": range(min(SHOWN, config.trajectories)),
            "point": range(config.points),
            "coordinate": ("x", "y"),
        },
        variables=variables(),
        compute=lambda cell, key: _compute(config, cell, key),
        cells=len(KINDS) * len(config.labels) * len(config.weights),
    )


def _compute(config: GuidanceConfig, cell, key) -> dict:
    spacing = 2 * np.pi / config.points
    place_key, key = jax.random.split(key)
    even = cell["placement"] == "even"
    random = jnp.sort(jax.random.uniform(place_key, (config.points,), maxval=2 * np.pi))
    measured = measure_set(
        jnp.asarray(spacing * np.arange(config.points)) if even else random,
        jnp.asarray(even),
        key,
        jnp.asarray(cell["error"] * spacing),
        spacing * jnp.asarray(sorted(config.noises)),
        jnp.asarray(sorted(config.weights)),
        jnp.asarray(config.tolerance),
        tuple(sorted(config.labels)),
        config.trajectories,
        config.draws,
    )
    return measured | {name: measured[name] / spacing for name in ("gap_peak_noise", "gap_peak_noise_error")}


_SHOWN = {
    "order_parameter": "order parameter",
    "memorization_ratio": "memorization",
    "gap_peak": "peak of the gap",
    "energy_distance": "energy distance",
    "manifold_distance": "off the ring",
    "outside": "outside the arc",
}


def summary(results: xr.Dataset) -> str:
    """Tables of the coarsest and the finest labels, by weight: no guidance, medium and strong."""
    config = results.attrs["config"]
    spacing = 2 * np.pi / config["points"]
    weights = results["weight"].values
    lines = []
    for placement in results["placement"].values:
        for error in results["error"].values:
            part = results.sel(placement=placement, error=error, norm="squared")
            law = laws.order_parameter_ring(error * spacing, config["points"], 1.0)
            lines.append(
                f"{placement} points, delta = {error:g} d; perfect samples: order parameter 0 (law without guidance "
                f"{law:.3f}), memorization {float(part['memorization_ratio_null'].mean()):.3f}, else 0"
            )
            lines.append(f"  {'kind':<16}labels weight" + "".join(f"{text:>22}" for text in _SHOWN.values()))
            for kind in KINDS:
                for labels in results["labels"].values[[0, -1]]:
                    for weight in weights[sorted({0, len(weights) // 2, len(weights) - 1})]:
                        row = part.sel(kind=kind, labels=labels, weight=weight)
                        lines.append(f"  {kind:<16}{labels:>6} {weight:>6g}" + "".join(f"{c:>22}" for c in _cells(row)))
    lines.append("> marks a gap that still rises at the largest noise")
    failed = int(results["failed"].sum())
    if failed:
        lines.append(f"warning: {failed} trajectories failed")
    return "\n".join(lines)


def _cells(row: xr.Dataset):
    for name in _SHOWN:
        mean, error = (float(part) for part in mean_and_error(row, name))
        rising = name == "gap_peak" and bool(row["gap_peak_noise"].isnull().any())
        yield "-" if np.isnan(mean) else f"{'> ' if rising else ''}{mean:.4g} +- {error:.1g}"
