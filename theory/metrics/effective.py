"""The model error that describes a denoiser best: which error-prone model of the training points it resembles."""

import enum
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jaxtyping import Array, Float, Int

from theory.checks import common_float, is_traced, poison, require, require_count, require_levels, require_points
from theory.denoisers import ErrorProneDenoiser

_NODES = (
    96  # of the global search in ln error: the objective turns on scales of about 1 there, the step is 0.15 to 0.25
)
_GOLDEN = (math.sqrt(5) - 1) / 2
_VISIBLE = 1e-7  # of sigma: a smaller trace of an error, root mean square, is not taken for one
_FLAT = 100.0  # an interval of this ratio leaves two decades open
_ALIKE = 2.0  # mean squares within this factor are not told apart: what one error explains is below what none explains


class FitFlag(enum.IntEnum):
    """Whether an error is singled out, in an `EffectiveError`.

    FITTED: it is. ZERO, INFINITE: that limit, the optimal denoiser or D = x, does as well, which means that the interval
    reaches it or that it leaves a mean square of at most twice the least: what the error explains is below what no error
    explains. NOT_IDENTIFIED: both limits do as well, or 0 and the size of the data, or another minimum, or two decades of
    errors; also where the denoiser is not finite.
    """

    FITTED = 0
    ZERO = 1
    INFINITE = 2
    NOT_IDENTIFIED = 3


class EffectiveError(eqx.Module):
    """Best model error at each level, all ``(levels,)`` unless said otherwise.

    error: a length, the minimiser, or the limit 0 or infinity where one is in the interval. residual: r.m.s. distance per
    state that the best error leaves over, a length. interval: ``(levels, 2)``, 95% confidence interval of the error. flag: a
    `FitFlag`. tangential, normal: the same for the components along and across the tangent frames, or None.
    """

    error: Float[Array, " levels"]
    residual: Float[Array, " levels"]
    interval: Float[Array, "levels 2"]
    flag: Int[Array, " levels"]
    tangential: "EffectiveError | None" = None
    normal: "EffectiveError | None" = None


def effective_error(
    denoiser: Callable, points, sigmas, *, key, draws: int = 16, tangents=None, weights=None
) -> EffectiveError:
    """Model error delta for which D_delta is nearest to the denoiser, argmin E|f(x) - D_delta(x, sigma)|^2 [effective-error].

    The mean is over states x = y + sigma eps, y the training points; the search is global in ln delta, from 1e-3 sigma to
    100 max(sigma, scale of the points), with the limits 0 and infinity. Arguments: any denoiser; points ``(n, D)``, the
    training set; sigmas ``(levels,)``, positive, in any order; draws, at least 4, of the noise for every point; tangents
    ``(n, D, k)``, orthonormal columns at each point, for fits of the projected components too; weights ``(n,)``, 0 for padding.

    The interval holds the errors whose objective exceeds the least by at most t/2 times the standard error of that
    difference over the draws, which share their states, t Student's 97.5% quantile: where the objective is a parabola this
    is the usual interval of a minimiser, estimate +- t standard errors. Where the best is a limit it is t times, a test of
    the slope there. It covers the draws, not the choice of points.

    Reference: D_delta itself gives delta, with residual 0. Null: exact recall gives 0; a perfect generalizer does not give
    infinity, because it projects the normal direction perfectly, but tangentially it does. Not identified: sigma far above
    the scale of the points, where only delta^2 is seen, with an error of sigma times the residual; and tangentially where the
    trace of the spacing, 4 pi sigma^2 q(sigma)/d on a comb, is below the residual (sigma >~ 0.4 d).
    Raises ``ValueError`` for bad points, levels, weights and draws, and for tangents of another shape or not orthonormal.
    """
    require_points("points", points)
    require_levels("sigmas", sigmas)
    require_count("draws", draws, 4)
    optional = {} if tangents is None else {"tangents": _checked_tangents(tangents, np.shape(points))}
    points, sigmas, *frames = common_float(points=points, sigmas=sigmas, **optional)
    model = ErrorProneDenoiser(points, 0.0, weights)
    quantile = float(scipy.special.stdtrit(draws - 1, 0.975))
    fits = _fits(denoiser, model, sigmas, key, draws, frames[0] if frames else None, quantile)
    whole, *parts = (EffectiveError(*(field[:, part] for field in fits)) for part in range(3 if frames else 1))
    if not parts:
        return whole
    return EffectiveError(whole.error, whole.residual, whole.interval, whole.flag, *parts)


def _checked_tangents(tangents, shape):
    if np.ndim(tangents) != 3 or np.shape(tangents)[:2] != shape or np.shape(tangents)[2] > shape[1]:
        raise ValueError(f"tangents must have shape ({shape[0]}, {shape[1]}, k), got shape {np.shape(tangents)}")
    require(np.isfinite, "tangents", tangents, "finite")
    if not is_traced(tangents):
        frames = np.asarray(tangents, float)
        if not np.allclose(np.swapaxes(frames, 1, 2) @ frames, np.eye(frames.shape[2]), atol=1e-4):
            raise ValueError("tangents must have orthonormal columns at every point")
    return tangents


def _frames_at(model, frames, x, noise):
    """Tangent frame of every state ``(*batch, D, k)``: leading eigenvectors of the posterior mean of the points' projectors.

    The frame of the source of the state alone would take curvature for a tangential error, of size sigma^2/R, which beyond
    0.4 spacings hides what the error does. The noise, not below the spacing, averages frames from both sides of the state.
    """
    projectors = jnp.einsum("nik,njk->nij", frames, frames)

    def of_state(state):
        square = jnp.sum(((model.points - state) / noise) ** 2, axis=1)
        weights = jax.nn.softmax(model.log_weights - square / 2)
        return jnp.linalg.eigh(jnp.einsum("n,nij->ij", weights, projectors))[1][:, -frames.shape[2] :]

    flat = x.reshape(-1, x.shape[-1])
    return jax.lax.map(of_state, flat, batch_size=min(len(flat), 64)).reshape(*x.shape, -1)


def _spacing(model):
    """Mean distance of the points to their nearest neighbours, those of weight 0 left out."""
    used = jnp.isfinite(model.log_weights)

    def nearest(index):
        distance = jnp.linalg.norm(model.points - model.points[index], axis=1)
        return jnp.min(jnp.where(used, distance, jnp.inf).at[index].set(jnp.inf))

    indices = jnp.arange(len(used))
    distances = jax.lax.map(nearest, indices, batch_size=min(len(used), 64))
    return jnp.mean(distances, where=used & jnp.isfinite(distances))


@eqx.filter_jit
def _fits(denoiser, model, sigmas, key, draws, frames, quantile):
    """(error, residual, interval, flag), each ``(levels, parts, ...)``: the whole and, with frames, its two components."""
    points, weights = model.points, jnp.exp(model.log_weights)
    noise = jax.random.normal(key, (draws, *points.shape), points.dtype)
    centred = points - weights @ points
    spacing = _spacing(model)
    scale = jnp.sqrt(weights @ jnp.sum(centred**2, axis=1))

    def at_level(sigma):
        x = points + sigma * noise
        shift = denoiser(x, sigma) - x
        axes = None if frames is None else _frames_at(model, frames, x, jnp.hypot(sigma, 1.5 * spacing))

        def objective(error):
            """Mean square over the points ``(parts, draws)`` of what D_error leaves over; D_error - x is [error-prone]."""
            posterior = model.posterior(x, jnp.hypot(sigma, error))
            return square(shift - (sigma / posterior.noise[..., None]) ** 2 * posterior.shift)

        def square(rest):
            parts = [rest]
            if frames is not None:
                along = jnp.einsum("rndk,rnd->rnk", axes, rest)
                parts += [along, rest - jnp.einsum("rndk,rnk->rnd", axes, along)]
            return jnp.stack([jnp.sum(part**2, axis=-1) @ weights for part in parts])

        nodes = jnp.linspace(jnp.log(1e-3 * sigma), jnp.log(100 * jnp.maximum(sigma, scale)), _NODES)
        nodes = jnp.concatenate([jnp.asarray([-jnp.inf], nodes.dtype), nodes])
        curves = jax.lax.map(lambda node: objective(jnp.exp(node)), nodes)
        curves = jnp.concatenate([curves, square(shift)[None]])
        visible = (_VISIBLE * sigma) ** 2 + (8 * jnp.finfo(x.dtype).eps) ** 2 * jnp.mean(
            jnp.sum(x**2, axis=-1) @ weights
        )

        def fit(part):
            return _fit(lambda log: objective(jnp.exp(log))[part], nodes, curves[:, part], scale, quantile, visible)

        return jax.lax.map(fit, jnp.arange(curves.shape[1]))

    return jax.lax.map(at_level, poison(sigmas, sigmas > 0))


def _fit(objective, nodes, curves, scale, quantile, visible):
    """Minimiser of one objective, of ln error, whose values ``(draws,)`` at the nodes and then at infinity are ``curves``."""
    step = nodes[2] - nodes[1]
    logs = jnp.append(nodes, jnp.inf)
    means = jnp.mean(curves, axis=1)
    top = jnp.argmin(means)
    inner = jnp.isfinite(logs[top])
    middle = jnp.clip(logs[top], nodes[1], nodes[-1])
    found, lowest = _golden_section(objective, middle - step, middle + step)
    best = jnp.where(inner, found, logs[top])
    least = jnp.where(inner, lowest, curves[top])

    def excess(curve, factor):
        """By how much a curve lies above the least one, less ``factor`` standard errors of the paired difference."""
        difference = curve - least
        spread = jnp.std(difference, axis=-1, ddof=1) / math.sqrt(curve.shape[-1])
        return jnp.mean(difference, axis=-1) - factor * spread - visible

    # at a limit the objective is linear, not a parabola, and the slope is compared with its own error
    factor = jnp.where(inner, quantile / 2, quantile)
    accepted = (excess(curves, factor) <= 0).at[top].set(True)
    low, high = jnp.argmax(accepted), len(logs) - 1 - jnp.argmax(accepted[::-1])

    def end(args):
        """Where the excess changes sign beyond the outermost accepted node, which for the best one is its minimiser."""
        node, outward = args
        start = jnp.clip(jnp.where(node == top, best, logs[node]), nodes[1], nodes[-1])

        def halve(_, bracket):
            inside, outside = bracket
            half = (inside + outside) / 2
            good = excess(objective(half), factor) <= 0
            return jnp.where(good, half, inside), jnp.where(good, outside, half)

        beyond = jax.lax.fori_loop(0, 14, halve, (start, start + outward * 2 * step))[1]
        return jnp.where(jnp.isfinite(logs[node]), jnp.exp(beyond), jnp.exp(logs[node]))

    interval = jax.lax.map(end, (jnp.stack([low, high]), jnp.asarray([-1.0, 1.0], nodes.dtype)))
    alike = (excess(curves, quantile) <= 0) | (means <= _ALIKE * jnp.mean(least))
    zero, infinite = alike[0] | (interval[0] == 0), alike[-1] | jnp.isinf(interval[1])
    valid = jnp.isfinite(means).all()
    lost = (zero & infinite) | (zero & (interval[1] >= scale)) | (alike & _separate_dips(means, top, visible)).any()
    lost |= ~zero & ~infinite & (interval[1] >= _FLAT * interval[0])
    flag = jnp.select([lost | ~valid, zero, infinite], [FitFlag.NOT_IDENTIFIED, FitFlag.ZERO, FitFlag.INFINITE], 0)
    none, every = interval[0] == 0, jnp.isinf(interval[1])
    error = jnp.select([none & every, none, every], [jnp.exp(best), 0, jnp.inf], jnp.exp(best))
    return poison(error, valid), jnp.sqrt(jnp.mean(least)), poison(interval, valid), flag.astype(jnp.int32)


def _separate_dips(means, top, visible):
    """Local minima besides the least, at ``top``, from which a rise of at least 5% parts them; the two limits do not count."""
    place = jnp.arange(len(means))
    right, left = (
        jax.lax.cummax(jnp.where(side, means, -jnp.inf), reverse=back)
        for side, back in ((place >= top, False), (place <= top, True))
    )
    barrier = jnp.where(place >= top, right, left)
    before, after = jnp.append(-jnp.inf, means[:-1]), jnp.append(means[1:], -jnp.inf)
    return (means < before) & (means < after) & (barrier > 1.05 * means + visible)


def _golden_section(function, low, high, steps: int = 32):
    """Where the mean of a function is least between two bounds, to 2e-7 of their distance, and its value there."""

    def shrink(_, state):
        low, high, left, right, at_left, at_right = state
        keep_left = jnp.mean(at_left) < jnp.mean(at_right)
        low, high = jnp.where(keep_left, low, left), jnp.where(keep_left, right, high)
        new = jnp.where(keep_left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        value = function(new)
        left, right = jnp.where(keep_left, new, right), jnp.where(keep_left, left, new)
        at_left, at_right = jnp.where(keep_left, value, at_right), jnp.where(keep_left, at_left, value)
        return low, high, left, right, at_left, at_right

    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    values = jax.lax.map(function, jnp.stack([left, right]))
    _, _, left, right, *values = jax.lax.fori_loop(0, steps, shrink, (low, high, left, right, *values))
    first = jnp.mean(values[0]) < jnp.mean(values[1])
    return jnp.where(first, left, right), jnp.where(first, *values)
