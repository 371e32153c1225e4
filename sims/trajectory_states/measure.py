"""The program of the comparison: states, overlaps and the gap of one training set, at every model error and noise."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sims.estimates import flat, with_errors
from sims.store import Variable
from theory import ErrorProneDenoiser, probability_flow
from theory.metrics import (
    Estimate,
    energy_distance,
    generalization_gap_estimate,
    overlap_estimate,
    overlap_quadrature,
    state_measures,
)

POPULATIONS = ("trajectories", "shifted training", "noisy training", "noisy validation")
MEASURES = ("nearest_distance", "nearest_weight", "entropy")
OVERLAPS = ("bhattacharyya", "common_mass", "kl", "reverse_kl")
_NODES = 49  # of the quadrature: a step of half of each noise


class TrainingSet(eqx.Module):
    """Training points, padded to a common number, and points that the model has not seen, all ``(rows, D)``."""

    points: Float[Array, "n D"]
    weights: Float[Array, " n"]
    count: Array
    train: Float[Array, "draws D"]
    validation: Float[Array, "draws D"]


def variables() -> dict[str, Variable]:
    of_state = {
        "nearest_distance": ("sigma", "mean distance of a state from the nearest training point"),
        "nearest_weight": ("1", "mean posterior weight of the nearest training point at noise sigma (recall 1)"),
        "entropy": ("nat", "mean posterior entropy at noise sigma (recall 0)"),
    }
    of_overlap = {
        "bhattacharyya": ("1", "Bhattacharyya coefficient of trajectories and noisy training data (null 1)"),
        "common_mass": ("1", "common mass, 1 - total variation, of the two (null 1)"),
        "kl": ("nat", "KL divergence of trajectories from noisy training data (null 0)"),
        "reverse_kl": ("nat", "KL divergence of noisy training data from trajectories (null 0)"),
    }
    cell = ("error", "ratio")
    of_cell = {
        "wasserstein": ("D (s - sigma)^2", "squared Wasserstein distance of the two, from above (null 0, isolated 1)"),
        "shift_distance": ("s", "energy distance of the trajectories from training data under noise s (null 0)"),
        "gap": ("1", "relative generalization gap, squared errors (null 0)"),
    }
    return (
        with_errors({name: Variable(("population", *cell), *about) for name, about in of_state.items()})
        | with_errors({name: Variable(("evaluation", *cell), *about) for name, about in of_overlap.items()})
        | with_errors({name: Variable(cell, *about) for name, about in of_cell.items()})
        | {
            "bhattacharyya_upper": Variable(cell, "1", "upper bound of the Bhattacharyya coefficient"),
            "wasserstein_lower": Variable(cell, "D (s - sigma)^2", "lower bound of the squared Wasserstein distance"),
            "failed": Variable(("error",), "1", "number of trajectories that failed"),
        }
    )


@eqx.filter_jit
def measure(data: TrainingSet, errors, ratios, top, tolerance, key, count: int, exact: bool) -> dict[str, Array]:
    """Everything that is evaluated in JAX, error by error and level by level, for one training set."""
    start_key, gap_key, *keys = jax.random.split(key, 6)
    dim = data.points.shape[1]
    starts = top * jax.random.normal(start_key, (count, dim))
    noise = tuple(jax.random.normal(each, (1, *data.train.shape)) for each in jax.random.split(gap_key))

    def of_error(error):
        denoiser = ErrorProneDenoiser(data.points, error, data.weights)
        sigmas = ratios * error
        # integrated as it stands, in the nominal noise, with no knowledge that it is an optimal flow in another time
        flow = probability_flow(
            lambda x, sigma: denoiser(x, sigma),
            starts,
            sigma_max=top,
            sigma_min=sigmas[0],
            save_at=sigmas[::-1],
            rtol=tolerance,
            atol=tolerance * error,
        )
        if flow.path is None:
            raise ValueError("a flow with save_at has a path")
        gap = generalization_gap_estimate(denoiser, data.train, data.validation, sigmas, noise=noise, norm="squared")
        levels = jax.lax.map(lambda at: of_level(error, *at), (sigmas, flow.path[::-1], jnp.arange(len(ratios))))
        return levels | flat({"gap": Estimate(gap.gap, gap.standard_error)}) | {"failed": jnp.sum(flow.failed)}

    def of_level(error, sigma, states, place):
        s = jnp.hypot(sigma, error)
        choose, unseen, shake, draw = (jax.random.fold_in(each, place) for each in keys)
        own, other = data.points[jax.random.randint(choose, (2, count), 0, data.count)]
        fresh = data.validation[jax.random.randint(unseen, (count,), 0, len(data.validation))]
        unit = jax.random.normal(shake, (3, count, dim))
        noisy, unknown, shifted = own + sigma * unit[0], fresh + sigma * unit[1], other + s * unit[2]
        # a map, so that the measures are compiled once
        of_states = jax.lax.map(
            lambda each: state_measures(data.points, each, sigma, weights=data.weights),
            jnp.stack([states, shifted, noisy, unknown]),
        )
        overlaps = [overlap_estimate(data.points, s, sigma, key=draw, samples=len(data.train), weights=data.weights)]
        if exact:
            overlaps.append(overlap_quadrature(data.points, s, sigma, weights=data.weights, nodes=_NODES))
        overlap = jax.tree.map(lambda *parts: jnp.stack(parts), *overlaps)
        return flat(
            {name: getattr(of_states, name) for name in MEASURES}
            | {name: getattr(overlap, name) for name in OVERLAPS}
            | {"shift_distance": energy_distance(states / s, shifted / s)}
        )

    found = jax.lax.map(of_error, errors)
    # levels come before populations and evaluations out of the map, and after them in the store
    return {name: jnp.moveaxis(value, 2, 0) if value.ndim == 3 else value for name, value in found.items()}
