"""The model error whose exact model shows the gap that was measured: a place on the diagram for any denoiser."""

import enum

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from theory.checks import common_float, poison, require_choice
from theory.denoisers import ErrorProneDenoiser
from theory.metrics.gap import NORMS, GapEstimate, gap_of_errors
from theory.metrics.noisy import noisy_sets

_NODES = 44  # of the search in ln error: the gap falls over a decade or more, the step is about 0.4
_LOWEST, _HIGHEST = 1e-4, 100.0  # of sigma, and of the larger of sigma and the scale of the points
_HALVINGS = 14  # of the step, before the last interpolation
_QUANTILE = 1.96
_FLAT = 100.0  # an interval of this ratio leaves two decades open


class GapFlag(enum.IntEnum):
    """Whether a gap singles out an error, in a `GapEquivalentError`.

    FOUND: it does. ZERO: the interval reaches 0, the gap is not told from exact recall's. INFINITE: it reaches infinity, the
    gap is not told from none. ABOVE_OPTIMAL: the gap exceeds exact recall's by more than its error, which no error explains.
    NOT_IDENTIFIED: the interval reaches both limits or leaves two decades open, the model's own gap is lost in these draws
    (exact recall's is not above that of D = x), or the gap is not a number.
    """

    FOUND = 0
    ZERO = 1
    INFINITE = 2
    ABOVE_OPTIMAL = 3
    NOT_IDENTIFIED = 4


class GapEquivalentError(eqx.Module):
    """Gap-equivalent error at each level.

    error: ``(levels,)``, a length, the smallest that shows the gap; 0 where the gap is at least exact recall's, infinity
    where every model's exceeds it. interval: ``(levels, 2)``, from the smallest error of the gap 1.96 standard errors
    above to the largest of the gap 1.96 below. flag: ``(levels,)``, a `GapFlag`.
    """

    error: Float[Array, " levels"]
    interval: Float[Array, "levels 2"]
    flag: Int[Array, " levels"]


def gap_equivalent_error(
    estimate: GapEstimate, train, validation, sigmas, *, noise=None, key=None, draws: int = 50, norm: str = "euclidean"
) -> GapEquivalentError:
    """Model error delta at which D_delta of the same training set shows the same gap at the same noise [gap-equivalent-error].

    delta_gap(sigma) = G^-1(sigma, G_f(sigma)): the gap falls with delta, so that it is found by halving in ln delta, from
    1e-4 sigma to 100 max(sigma, scale of the points). estimate: the measured gap of any denoiser, ``.gap`` and
    ``.standard_error`` ``(levels,)``, as from `generalization_gap_estimate`; all other arguments must be those that it was
    measured with, above all the noise or the key, so that both gaps have the same draws and their noise cancels. The
    interval takes the standard error as it is, so with shared draws it is wider than needed.

    Reference: D_delta itself gives delta. Null: a denoiser that does not know its training points gives infinity, or a
    flag that says so. Not identified: where the gap is below what the draws leave on it, as it is for sigma far above the
    spacing of the points, and where it is flat in delta, delta far below sigma and below the spacing.
    Raises ``ValueError`` as `generalization_gap`, and for an estimate of other levels.
    """
    require_choice("norm", norm, NORMS)
    sets, sigmas = noisy_sets(train, validation, sigmas, noise, key, draws)
    if not np.shape(estimate.gap) == np.shape(estimate.standard_error) == sigmas.shape:
        raise ValueError(
            f"estimate must have one gap and one standard error for each of {len(sigmas)} levels, got shapes "
            f"{np.shape(estimate.gap)} and {np.shape(estimate.standard_error)}"
        )
    gap, spread, sigmas = common_float(gap=estimate.gap, spread=estimate.standard_error, sigmas=sigmas)
    return GapEquivalentError(*_equivalent(gap, spread, sets, sigmas, norm))


@eqx.filter_jit
def _equivalent(gap, spread, sets, sigmas, norm):
    points = sets[0][0]
    scale = jnp.sqrt(jnp.sum(jnp.var(points, axis=0)))

    def at_level(level):
        gap, spread, sigma = level

        def of_model(error):
            """The gap of D_error, which for an infinite one is D = x."""
            error = jnp.asarray(error, sigma.dtype)
            recall = ErrorProneDenoiser(points, jnp.where(jnp.isinf(error), 0.0, error))

            def denoiser(x, noise):
                return jnp.where(jnp.isinf(error), x, recall(x, noise))

            return gap_of_errors(denoiser, sets, sigma[None], norm)[0]

        highest = _HIGHEST * jnp.maximum(sigma, scale)
        logs = jnp.linspace(jnp.log(_LOWEST * sigma), jnp.log(highest), _NODES)
        errors = jnp.concatenate([jnp.zeros(1, logs.dtype), jnp.exp(logs), jnp.full(1, jnp.inf, logs.dtype)])
        curve = jax.lax.map(of_model, errors)
        spread = jnp.where(jnp.isposinf(gap), 0.0, spread)
        targets = jnp.stack([gap, gap + _QUANTILE * spread, gap - _QUANTILE * spread])
        # with few draws the curve need not fall everywhere: the smallest error, for the upper end the largest
        above = curve[None] > targets[:, None]
        first = jnp.where(jnp.all(above, axis=1), len(errors), jnp.argmin(above, axis=1))
        last = jnp.where(jnp.any(above[2]), len(errors) - jnp.argmax(above[2][::-1]), 0)
        places = first.at[2].set(last)

        def root(args):
            place, target = args
            inside = (place >= 2) & (place <= _NODES)
            middle = jnp.clip(place, 2, _NODES)

            def halve(_, bracket):
                low, high, at_low, at_high = bracket
                half = (low + high) / 2
                value = of_model(jnp.exp(half))
                keep = value > target
                return (
                    jnp.where(keep, half, low),
                    jnp.where(keep, high, half),
                    jnp.where(keep, value, at_low),
                    jnp.where(keep, at_high, value),
                )

            bracket = (logs[middle - 2], logs[middle - 1], curve[middle - 1], curve[middle])
            low, high, at_low, at_high = jax.lax.fori_loop(0, _HALVINGS, halve, bracket)
            share = (at_low - target) / jnp.where(at_low > at_high, at_low - at_high, 1)
            share = jnp.where(jnp.isfinite(share), jnp.clip(share, 0, 1), 0.5)
            found = jnp.exp(low + share * (high - low))
            return jnp.where(inside, found, jnp.where(place < 2, 0.0, jnp.inf))

        error, low, high = jax.lax.map(root, (places, targets))
        valid = (jnp.isfinite(targets[1:]).all() | jnp.isposinf(gap)) & (sigma > 0)
        lost = jnp.where(low > 0, jnp.isfinite(high) & (high >= _FLAT * low), jnp.isinf(high))
        flag = jnp.select(
            [~valid | (curve[0] <= curve[-1]), targets[2] > curve[0], lost, low == 0, jnp.isinf(high)],
            [GapFlag.NOT_IDENTIFIED, GapFlag.ABOVE_OPTIMAL, GapFlag.NOT_IDENTIFIED, GapFlag.ZERO, GapFlag.INFINITE],
            GapFlag.FOUND,
        )
        return poison(error, valid), poison(jnp.stack([low, high]), valid), flag.astype(jnp.int32)

    return jax.lax.map(at_level, (gap, spread, poison(sigmas, sigmas > 0)))
