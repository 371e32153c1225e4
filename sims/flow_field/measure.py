"""How the field, its trajectories and its basins are computed, one training set at a time."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sims.estimates import flat, with_errors
from sims.experiment import Study
from sims.flow_field.config import FlowFieldConfig
from sims.store import Variable
from theory import Circle, ErrorProneDenoiser, Segment, log_uniform_schedule, probability_flow
from theory.manifolds import Manifold
from theory.metrics import memorization_ratio_estimate, order_parameter_estimate

_SIZE = 1.6  # half the width of the window, in radii
_FAN = 96  # trajectories that are drawn
_NOISY = 240  # noisy states that are drawn beside what they are denoised to
_START = 40.0  # sigma_max over the size of the data: Gaussian starts then miss the data by next to nothing
_COARSE = 25  # grid of the animation


def prepare(config: FlowFieldConfig) -> Study:
    """One group for each replicate: all fields, trajectories and basins of one training set."""
    manifold = Circle(1.0) if config.manifold == "circle" else Segment(2.0)
    spacing = float(manifold.spacing(config.points))
    window = np.linspace(-_SIZE, _SIZE, config.resolution)
    coarse = np.linspace(-_SIZE, _SIZE, _COARSE)
    errors, noises, basin_noises = (sorted(each) for each in (config.errors, config.noises, config.basin_noises))
    frames = np.geomspace(3.0, 0.03, config.frames)
    path_noises = np.asarray(log_uniform_schedule(48, 1e-2, _START / spacing))
    axes = {"error": errors, "noise": noises, "basin_noise": basin_noises, "path_noise": path_noises}
    axes |= {"y": window, "x": window, "component": ["x", "y"], "point": range(config.points)}
    axes |= {"trajectory": range(_FAN), "state": range(_NOISY)}
    names = variables()
    if config.frames:
        axes |= {"frame": frames, "coarse_y": coarse, "coarse_x": coarse}
    else:
        names.pop("animated")
    lengths = {name: axes[name] for name in ("error", "noise", "basin_noise", "path_noise")} | {"frame": frames}
    levels = {name: spacing * jnp.asarray(values) for name, values in lengths.items()}

    def compute(cell, key):
        train_key, key = jax.random.split(key)
        even = config.placement == "even"
        points = manifold.even(config.points) if even else manifold.sample(train_key, config.points)
        field, animated = (jnp.stack(jnp.meshgrid(each, each), axis=-1) for each in (window, coarse))
        tolerance = jnp.asarray(config.tolerance)
        measured = measure(manifold, points, levels, field, animated, tolerance, config.trajectories, key)
        if not even or config.manifold != "circle":
            measured |= {name: jnp.full_like(measured[name], jnp.nan) for name in ("order", "order_error")}
        return {name: measured[name] for name in names}

    return Study({"replicate": range(config.replicates)}, axes, names, compute)


def variables() -> dict[str, Variable]:
    """The variables of the store, by name, with the dimensions that each has within a replicate."""
    plane = ("y", "x")
    return with_errors(
        {
            "order": Variable(("error",), "1", "order parameter of memorization, even ring (null 0, recall 1)"),
            "memorization": Variable(("error",), "1", "memorization ratio of projected samples (recall 1)"),
            "memorization_null": Variable((), "1", "memorization ratio of perfect samples"),
        }
    ) | {
        "points": Variable(("point", "component"), "length", "training points"),
        "field": Variable(("error", "noise", *plane, "component"), "length", "where the denoiser points, D(x) - x"),
        "magnitude": Variable(("error", "noise", *plane), "length", "length of D(x) - x"),
        "noisy": Variable(("noise", "state", "component"), "length", "perfect samples with noise"),
        "denoised": Variable(("error", "noise", "state", "component"), "length", "what they are denoised to"),
        "path": Variable(
            ("error", "path_noise", "trajectory", "component"), "length", "trajectories from evenly spread starts"
        ),
        "end": Variable(("error", "trajectory", "component"), "length", "where those trajectories end"),
        "nearest": Variable(("error", "trajectory"), "1", "training point that they end nearest to"),
        "share": Variable(("error", "point"), "1", "fraction of samples that end nearest to a training point"),
        "basin": Variable(("basin_noise", *plane), "1", "training point where the optimal flow from here ends"),
        "basin_scale": Variable(
            ("basin_noise",), "1", "how much wider the window of the basins is than that of the field"
        ),
        "failed": Variable((), "1", "number of trajectories that failed"),
        "animated": Variable(
            ("error", "frame", "coarse_y", "coarse_x", "component"), "length", "D(x) - x on the grid of the animation"
        ),
    }


@eqx.filter_jit
def measure(
    manifold: Manifold,
    points: Float[Array, "n 2"],
    levels: dict[str, Array],
    window: Float[Array, "y x 2"],
    coarse: Float[Array, "coarse coarse 2"],
    tolerance: Float[Array, ""],
    samples: int,
    key,
) -> dict[str, Array]:
    """All variables of one training set; levels in the units of the points, by the name of their dimension."""
    place_key, noise_key, start_key, fresh_key = jax.random.split(key, 4)
    fresh = manifold.sample(place_key, _NOISY)
    noisy = fresh + levels["noise"][:, None, None] * jax.random.normal(noise_key, fresh.shape, points.dtype)
    sigma_max = levels["path_noise"][0]
    starts = sigma_max * jnp.concatenate([even_normal(_FAN), jax.random.normal(start_key, (samples, 2), points.dtype)])
    options = {"rtol": tolerance, "atol": tolerance * manifold.spacing(len(points)) / 10, "sigma_min": 0.0}

    def of_error(error):
        denoiser = ErrorProneDenoiser(points, error)
        flow = probability_flow(denoiser, starts, sigma_max=sigma_max, save_at=levels["path_noise"], **options)
        if flow.path is None:
            raise ValueError("a flow with save_at has a path")
        ends = _nearest(points, flow.x)
        projected = manifold.project(flow.x[_FAN:])
        field = jax.lax.map(lambda noise: denoiser(window, noise) - window, levels["noise"])
        return flat(
            {
                "order": order_parameter_estimate(projected, len(points)),
                "memorization": memorization_ratio_estimate(projected, points),
            }
        ) | {
            "field": field,
            "magnitude": jnp.linalg.norm(field, axis=-1),
            "denoised": denoiser(noisy, levels["noise"][:, None]),
            "path": flow.path[:, :_FAN],
            "end": flow.x[:_FAN],
            "nearest": ends[:_FAN],
            "share": jnp.mean(ends[_FAN:, None] == jnp.arange(len(points)), axis=0, dtype=points.dtype),
            "failed": jnp.sum(flow.failed),
            "animated": jax.lax.map(lambda noise: denoiser(coarse, noise) - coarse, levels["frame"]),
        }

    scales = jnp.sqrt(1 + levels["basin_noise"] ** 2)

    def basin(noise, scale):
        flow = probability_flow(ErrorProneDenoiser(points, 0.0), scale * window, sigma_max=noise, **options)
        return _nearest(points, flow.x), jnp.sum(flow.failed)

    measured = jax.lax.map(of_error, levels["error"])
    basins, failed = jax.lax.map(lambda each: basin(*each), (levels["basin_noise"], scales))
    null = memorization_ratio_estimate(manifold.sample(fresh_key, samples), points)
    return (
        measured
        | flat({"memorization_null": null})
        | {
            "points": points,
            "noisy": noisy,
            "basin": basins,
            "basin_scale": scales,
            "failed": jnp.sum(measured["failed"]) + jnp.sum(failed),
        }
    )


def even_normal(count: int) -> Float[Array, "count 2"]:
    """Points spread evenly over a standard normal distribution in the plane: its quantiles, along golden angles."""
    index = jnp.arange(count)
    radius = jnp.sqrt(-2 * jnp.log1p(-(index + 0.5) / count))
    angle = jnp.pi * (3 - math.sqrt(5)) * index
    return radius[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)


def _nearest(points, x):
    """Which training point is nearest to x ``(*batch, 2)``."""
    return jnp.argmin(jnp.sum((x[..., None, :] - points) ** 2, axis=-1), axis=-1)
