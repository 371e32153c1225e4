"""The programs of the study: gaps by validation, by leaving out, by guidance, and by place between training points."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sims.gaps import NORMS
from theory import ErrorProneDenoiser, GuidedDenoiser
from theory.metrics import GapEstimate, generalization_gap_estimate, leave_one_out_gap


@eqx.filter_jit
def gaps_by_validation(train, sets: Float[Array, "kinds draws D"], errors, noises, key) -> GapEstimate:
    """Relative gaps ``(norm, validation, error, noise)`` on each of the validation sets."""
    rows = _rows(train, sets.shape[1])
    noise = jax.random.normal(key, (1 + len(sets), 1, *rows.shape), rows.dtype)
    own, others = noise[0], noise[1:]

    def of_error(error):
        denoiser = ErrorProneDenoiser(train, error)

        def of_set(args):
            points, noise = args
            pair = own, noise
            return _stack(
                [generalization_gap_estimate(denoiser, rows, points, noises, noise=pair, norm=norm) for norm in NORMS]
            )

        return jax.tree.map(lambda value: jnp.swapaxes(value, 0, 1), jax.lax.map(of_set, (sets, others)))

    by_error = jax.lax.map(of_error, errors)
    return jax.tree.map(lambda value: jnp.moveaxis(value, 0, 2), by_error)


@eqx.filter_jit
def gaps_by_leaving_out(train, errors, noises, key, draws: int) -> GapEstimate:
    """Relative squared gaps ``(error, noise)``, each training point measured by the model that lacks it."""
    left = jax.lax.map(lambda error: leave_one_out_gap(train, error, noises, key=key, draws=draws), errors)
    return GapEstimate(left.difference / left.training_error, left.standard_error / left.training_error)


@eqx.filter_jit
def gaps_by_guidance(train, validation, error, guide_error, weights, noises, key) -> GapEstimate:
    """Relative squared gaps ``(weight, noise)`` of the model of this error, guided by one of another."""
    rows = _rows(train, len(validation))
    pair = tuple(jax.random.normal(key, (2, 1, *validation.shape), validation.dtype))
    own, guide = (ErrorProneDenoiser(train, each) for each in (error, guide_error))

    def of_weight(weight):
        guided = GuidedDenoiser(own, guide, weight)
        return generalization_gap_estimate(guided, rows, validation, noises, noise=pair, norm="squared")

    return jax.lax.map(of_weight, weights)


@eqx.filter_jit
def gaps_by_position(even, between: Float[Array, "positions n D"], errors, noise, key, draws: int) -> GapEstimate:
    """Relative gaps ``(norm, error, position)`` of points at the same place of every cell of an even set, at one noise."""
    own_key, other_key = jax.random.split(key)
    shape = draws, *even.shape
    pair = jax.random.normal(own_key, shape, even.dtype), jax.random.normal(other_key, shape, even.dtype)

    def at(error, points):
        denoiser = ErrorProneDenoiser(even, error)
        gaps = [generalization_gap_estimate(denoiser, even, points, noise[None], noise=pair, norm=n) for n in NORMS]
        return jax.tree.map(lambda value: value[:, 0], _stack(gaps))

    measured = jax.lax.map(lambda error: jax.lax.map(lambda points: at(error, points), between), errors)
    return jax.tree.map(lambda value: jnp.moveaxis(value, 2, 0), measured)


def _rows(points, count: int):
    return points[jnp.arange(count) % len(points)]


def _stack(estimates: list[GapEstimate]) -> GapEstimate:
    return jax.tree.map(lambda *values: jnp.stack(values), *estimates)
