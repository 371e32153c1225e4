"""The generalization gap: how much larger the denoising error is on validation than on training points."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import (
    common_float,
    poison,
    require_choice,
    require_count,
    require_levels,
    require_nonnegative,
    require_points,
)
from theory.denoisers import ErrorProneDenoiser
from theory.metrics.estimate import mean_estimate
from theory.metrics.noisy import noisy_sets, over_levels, plane_mean, require_replicates, require_sets

NORMS = ("euclidean", "squared")


class GapEstimate(eqx.Module):
    """Relative gap and the standard error that the noise draws leave on it, both ``(levels,)``, dimensionless."""

    gap: Float[Array, " levels"]
    standard_error: Float[Array, " levels"]


class GapPeak(eqx.Module):
    """Height of the largest relative gap and the noise where it sits, with standard errors, all scalars."""

    height: Float[Array, ""]
    height_error: Float[Array, ""]
    noise: Float[Array, ""]
    noise_error: Float[Array, ""]


class QuadratureGap(eqx.Module):
    """Relative gap by quadrature and its change on halving the nodes, both ``(levels,)``, dimensionless."""

    gap: Float[Array, " levels"]
    error: Float[Array, " levels"]


class LeaveOneOutGap(eqx.Module):
    """Absolute leave-one-out gap, its standard error over points, and the training error, all ``(levels,)``."""

    difference: Float[Array, " levels"]
    standard_error: Float[Array, " levels"]
    training_error: Float[Array, " levels"]


def generalization_gap(
    denoiser: Callable, train, validation, sigmas, *, noise=None, key=None, draws: int = 50, norm: str = "euclidean"
) -> Float[Array, " levels"]:
    """(validation error - training error)/training error at each noise level, ``(levels,)``, dimensionless.

    The error is the mean of |D(y + sigma eps, sigma) - y| (norm "euclidean", as in arXiv 2603.13419) or of its square
    ("squared") over all draws and points. Arguments: train and validation ``(points, D)``; sigmas ``(levels,)``,
    positive, in any order; either ``noise``, a pair of arrays ``(draws, points, D)`` in units of sigma for train and
    validation, or ``key`` and ``draws``; the same draws serve every level. Null: 0 for a denoiser that does not know
    which points it was trained on. Raises ``ValueError`` for empty or ill-shaped sets, levels that are not positive, an
    unknown norm, and neither or both of noise and key.
    """
    require_choice("norm", norm, NORMS)
    sets, sigmas = noisy_sets(train, validation, sigmas, noise, key, draws)
    return gap_of_errors(denoiser, sets, sigmas, norm)


def gap_of_errors(denoiser: Callable, sets, sigmas, norm: str) -> Float[Array, " levels"]:
    """`generalization_gap` on `noisy_sets` that were checked before."""
    train_error, validation_error = (
        _errors(denoiser, points, draws, sigmas, norm).mean(axis=1) for points, draws in sets
    )
    return validation_error / train_error - 1


def generalization_gap_estimate(
    denoiser: Callable, train, validation, sigmas, *, noise=None, key=None, draws: int = 50, norm: str = "euclidean"
) -> GapEstimate:
    """`generalization_gap` as ``.gap``, with the standard error that its noise draws leave as ``.standard_error``.

    Arguments and errors as for `generalization_gap`. The points are taken as given: the error bar covers the noise
    alone, by first-order propagation through the ratio, and needs two draws or two points in each set.
    """
    require_choice("norm", norm, NORMS)
    sets, sigmas = noisy_sets(train, validation, sigmas, noise, key, draws)
    require_replicates(sets)
    return _ratio(*(_errors(denoiser, *each, sigmas, norm) for each in sets))


@jax.jit
def _ratio(train, validation) -> GapEstimate:
    training, validated = mean_estimate(train), mean_estimate(validation)
    ratio = validated.value / training.value
    spread = jnp.hypot(validated.standard_error, ratio * training.standard_error)
    return GapEstimate(ratio - 1, spread / training.value)


def gap_peak(estimate: GapEstimate, sigmas) -> GapPeak:
    """Height and position of the largest gap, by a parabola in ln sigma through the highest level and its neighbours.

    Arguments: a gap estimate and its levels ``(levels,)``, at least three, in any order. The errors are those of the
    parabola's coefficients; the draws are shared by the levels, so the one of the position is an upper estimate. Where
    the highest level is the first or the last, there is no peak and the position is NaN. Null: a largest of many noisy
    levels is positive even without a gap, about two standard errors.
    """
    require_levels("sigmas", sigmas)
    if np.shape(sigmas)[0] < 3 or np.shape(sigmas) != estimate.gap.shape:
        raise ValueError(f"a peak needs one gap for each of at least 3 levels, got {np.shape(sigmas)[0]} levels")
    return _peak(estimate, *common_float(sigmas=sigmas))


@jax.jit
def _peak(estimate: GapEstimate, sigmas) -> GapPeak:
    order = jnp.argsort(sigmas)
    position, gap, error = jnp.log(sigmas[order]), estimate.gap[order], estimate.standard_error[order]
    top = jnp.argmax(gap)
    near = jnp.clip(top, 1, len(gap) - 2) + jnp.arange(-1, 2)

    def vertex(values):
        coefficients = jnp.linalg.solve(jnp.vander(position[near] - position[near[1]], 3), values)
        place = -coefficients[1] / (2 * coefficients[0])
        return coefficients[2] + coefficients[1] * place / 2, jnp.exp(position[near[1]] + place)

    (height, noise), slopes = vertex(gap[near]), jax.jacfwd(vertex)(gap[near])
    height_error, noise_error = (jnp.sqrt(jnp.sum((slope * error[near]) ** 2)) for slope in slopes)
    inside = (top > 0) & (top < len(gap) - 1)
    return GapPeak(
        jnp.where(inside, height, gap[top]),
        jnp.where(inside, height_error, error[top]),
        poison(noise, inside),
        poison(noise_error, inside),
    )


def generalization_gap_quadrature(
    denoiser: Callable, train, validation, sigmas, *, norm: str = "euclidean", nodes: int = 161
) -> QuadratureGap:
    """`generalization_gap` in two dimensions with the mean over the noise done by quadrature, not sampling.

    Arguments as for `generalization_gap`; on an even ring one training point and one point midway are enough, by
    symmetry. The rule is the trapezoidal one on ``nodes`` by ``nodes`` (odd, at least 5) points up to 8.5 standard
    deviations. In the squared norm it converges geometrically once a step resolves the width s^2/(sigma d) over which the
    field switches between points at distance d; the Euclidean norm has a kink, which leaves an error of second order.
    Returns the gap, and as ``.error`` its change when every other node is left out.
    Raises ``ValueError`` as `generalization_gap`, and unless points have two columns.
    """
    require_choice("norm", norm, NORMS)
    train, validation, sigmas = require_sets(train, validation, sigmas)

    def errors(points, noise):
        return _errors(denoiser, points, noise, sigmas, norm)

    fine, half = plane_mean(errors, validation, nodes) / plane_mean(errors, train, nodes) - 1
    return QuadratureGap(fine, jnp.abs(fine - half))


def leave_one_out_gap(points, error, sigmas, *, key, draws: int = 50, norm: str = "squared") -> LeaveOneOutGap:
    """How much worse each training point is denoised, from the same noisy states, by the model that lacks it [gap-iid].

    E|D_without_y(y + sigma eps) - y|^2 - E|D(y + sigma eps) - y|^2 (norm "squared"; "euclidean" without the squares), for
    the error-prone denoiser of the points. Arguments: points ``(n, D)``, n at least 2; error at least 0; sigmas
    ``(levels,)``, positive; key; draws of noise for each point. The standard error is over points, each the mean of its
    draws, and takes the points as given. Null: 0, for a model that had not seen y either.
    """
    require_points("points", points)
    require_nonnegative("error", error)
    require_levels("sigmas", sigmas)
    require_choice("norm", norm, NORMS)
    if np.shape(points)[0] < 2:
        raise ValueError("leaving one out needs at least 2 points, got 1")
    points, error, sigmas = common_float(points=points, error=error, sigmas=sigmas)
    shape = (points.shape[0], require_count("draws", draws), points.shape[1])
    return _leave_one_out(points, error, sigmas, jax.random.normal(key, shape, points.dtype), norm)


@eqx.filter_jit
def _leave_one_out(points, error, sigmas, noise, norm):
    def of_point(args):
        index, point, noise = args
        others = jnp.ones(len(points), points.dtype).at[index].set(0)
        states = point + sigmas[:, None, None] * noise
        level = jnp.broadcast_to(sigmas[:, None], states.shape[:-1])
        without, full = (
            _norm(
                jnp.sum((ErrorProneDenoiser(points, error, weights)(states, level) - point) ** 2, axis=-1), norm
            ).mean(axis=1)
            for weights in (others, None)
        )
        return without - full, full

    difference, full = jax.lax.map(of_point, (jnp.arange(len(points)), points, noise))
    mean = mean_estimate(difference.T)
    return LeaveOneOutGap(mean.value, mean.standard_error, full.mean(axis=0))


@eqx.filter_jit
def _errors(denoiser, points, noise, sigmas, norm) -> Float[Array, "levels draws*points"]:
    """|D(y + sigma eps, sigma) - y| at every level, draw and point."""

    def square(states, level):
        return jnp.sum((denoiser(states, level) - points) ** 2, axis=-1)

    # the norm comes last, so that a program that asks for both evaluates the denoiser once
    return _norm(over_levels(square, points, noise, sigmas), norm)


def _norm(square, norm):
    return square if norm == "squared" else jnp.sqrt(square)
