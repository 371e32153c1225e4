"""One column of the diagram: every model error for one training set, in one compiled program."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sims.estimates import flat, with_errors
from sims.gaps import gaps_and_peaks
from sims.store import Variable
from theory import EmpiricalDenoiser, ErrorProneDenoiser, FlatTorus, posterior, probability_flow
from theory.metrics import (
    Estimate,
    chi_square,
    energy_distance,
    manifold_distance_estimate,
    mean_estimate,
    memorization_ratio_estimate,
    order_parameter_estimate,
    root_mean_square_estimate,
    smoothness,
)

# what is measured in each cell; every entry has a standard error NAME_error beside it
_MEASURES = {
    "order_parameter": ("1", "order parameter of memorization, even points (null 0, recall 1)"),
    "memorization_ratio": ("1", "fraction of samples at most a third as far from the nearest point as from the second"),
    "chi_square": ("1", "chi-square of the projected samples against the uniform distribution (null 0)"),
    "energy_distance": ("length", "energy distance of the samples from the truth (null 0)"),
    "manifold_distance": ("length", "root mean square distance of the samples from the manifold (null 0)"),
    "entropy": ("nat", "mean posterior entropy at the samples, at effective noise delta (recall 0)"),
    "jacobian_trace": ("1", "mean trace of the denoiser's Jacobian at fresh states, sigma = delta"),
    "jacobian_norm": ("1", "root mean square Frobenius norm of that Jacobian"),
    "source_weight": (
        "1",
        "mean sum of squared posterior weights at the samples: the chance to name the source (recall 1)",
    ),
    "memorization_ratio_null": (
        "1",
        "memorization ratio of perfect samples, with the same scatter where none projects it",
    ),
}
_PEAKS = {
    "gap_peak": ("1", "largest relative generalization gap"),
    "gap_peak_noise": ("length", "noise at which the relative gap is largest"),
}


class Column(eqx.Module):
    """A training set, padded to a common size, and the points that it is measured against, all ``(rows, D)``."""

    points: Float[Array, "n D"]
    weights: Float[Array, " n"]
    count: Array
    train: Float[Array, "draws D"]
    validation: Float[Array, "draws D"]
    fresh: Float[Array, "samples D"]
    reference: Float[Array, "m D"]


def variables() -> dict[str, Variable]:
    """The variables of the store, by name, with the dimensions that each has within a column."""
    measures = {name: Variable(("error",), *about) for name, about in _MEASURES.items()}
    peaks = {name: Variable(("norm", "error"), *about) for name, about in _PEAKS.items()}
    gap = {"gap": Variable(("norm", "error", "noise"), "1", "relative generalization gap")}
    nulls = {
        "energy_distance_null": Variable((), "length", "energy distance of perfect samples from the truth"),
        "energy_distance_recall": Variable((), "length", "energy distance of the training set from the truth"),
    }
    return with_errors(measures | peaks | gap | nulls) | {
        "collapse_error": Variable((), "length", "model error where Gaussian data of the same covariance collapse"),
        "failed": Variable((), "1", "number of trajectories that failed"),
    }


@eqx.filter_jit
def measure_column(
    column: Column,
    manifold: FlatTorus | None,
    key,
    errors: Float[Array, " errors"],
    noises: Float[Array, " noises"],
    sigma_max: Float[Array, ""],
    tolerance: Float[Array, ""],
    even: Array,
) -> dict[str, Array]:
    """All variables of one column. errors ascend. The samples of every error are states of one optimal flow, stopped at
    s = error [early-stopping], so a column shares its starts."""
    start_key, gap_key, state_key = jax.random.split(key, 3)
    starts = sigma_max * jax.random.normal(start_key, column.fresh.shape, column.points.dtype)
    optimal = EmpiricalDenoiser(column.points, column.weights)
    flow = probability_flow(
        optimal,
        starts,
        sigma_max=sigma_max,
        sigma_min=errors[0],
        save_at=errors[::-1],
        rtol=tolerance,
        atol=tolerance * errors[0],
    )
    if flow.path is None:
        raise ValueError("a flow with save_at has a path")
    gap_noise = tuple(
        jax.random.normal(each, (1, *column.train.shape), starts.dtype) for each in jax.random.split(gap_key)
    )
    state_noise = jax.random.normal(state_key, column.fresh.shape, starts.dtype)

    def cell(args):
        error, samples = args
        denoiser = ErrorProneDenoiser(column.points, error, column.weights)
        states = column.fresh + jnp.sqrt(2.0) * error * state_noise
        jacobian = smoothness(denoiser, states, error)
        at_samples = posterior(column.points, samples, error, weights=column.weights)
        scattered = column.fresh if manifold is not None else column.fresh + error * state_noise
        measured = _of_samples(column, manifold, samples, error, even) | {
            "memorization_ratio_null": memorization_ratio_estimate(scattered, column.points, weights=column.weights),
            "entropy": mean_estimate(at_samples.entropy),
            "source_weight": mean_estimate(1 / at_samples.participation),
            "jacobian_trace": mean_estimate(jacobian.trace),
            "jacobian_norm": root_mean_square_estimate(jacobian.norm),
        }
        return flat(measured) | gaps_and_peaks(denoiser, column.train, column.validation, noises, gap_noise)

    measured = jax.lax.map(cell, (errors, flow.path[::-1]))
    # the error comes first out of the map and last in the store, but before the noise
    by_norm = {"gap", "gap_error", *_PEAKS, *(f"{name}_error" for name in _PEAKS)}
    ordered = {name: jnp.swapaxes(value, 0, 1) if name in by_norm else value for name, value in measured.items()}
    return ordered | _nulls(column, manifold) | {"failed": jnp.sum(flow.failed)}


def _of_samples(column, manifold, samples, error, even) -> dict[str, Estimate]:
    undefined = Estimate(jnp.nan * error, jnp.nan * error)
    energy = energy_distance(samples, column.reference, lattice=manifold is not None)
    if manifold is None:
        on_manifold = samples
        order = squares = off = undefined
    else:
        on_manifold = manifold.project(samples)
        order = order_parameter_estimate(on_manifold, column.count)
        order = jax.tree.map(lambda value: jnp.where(even, value, jnp.nan), order)
        squares = chi_square(on_manifold, manifold, jnp.maximum(3 * manifold.radius / error, 1.0))
        off = manifold_distance_estimate(samples, manifold)
    return {
        "order_parameter": order,
        "memorization_ratio": memorization_ratio_estimate(on_manifold, column.points, weights=column.weights),
        "chi_square": squares,
        "energy_distance": energy,
        "manifold_distance": off,
    }


def _nulls(column, manifold) -> dict[str, Array]:
    """What perfect samples, and exact recall, would give; images are held against one another, half against half."""
    reference, half = column.reference, len(column.reference) // 2
    lattice = manifold is not None
    perfect = (column.fresh, reference) if lattice else (reference[:half], reference[half:])
    return flat(
        {
            "energy_distance_null": energy_distance(*perfect, lattice=lattice),
            "energy_distance_recall": energy_distance(column.train, reference, lattice=lattice),
        }
    )
