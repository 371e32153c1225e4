"""Many trajectories in one adaptive solve, from each noise level to the next, a bad one left behind alone."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from theory.checks import (
    as_float,
    is_traced,
    poison,
    require_finite,
    require_levels,
    require_nonnegative,
    require_positive,
    require_query,
)
from theory.denoisers import ErrorProneDenoiser


def in_effective_noise(denoiser, dtype):
    """The field to follow in s = sqrt(sigma^2 + error^2), and the constant error.

    Under D_error the flow in s is the optimal flow [early-stopping]; other denoisers are their own field, with error 0.
    """
    if not isinstance(denoiser, ErrorProneDenoiser):
        return denoiser, jnp.zeros((), dtype)
    optimal = eqx.tree_at(lambda d: d.error, denoiser, jnp.zeros_like(denoiser.error))
    return optimal, poison(denoiser.error, denoiser.error >= 0).astype(dtype)


def integrate(velocity, x, times, *, solver, rtol, atol, max_steps: int, progress: bool = False):
    """Follow dx/dtime = velocity(x, time) down the ``times`` from their first, stepping exactly to each of the others.

    Arguments: velocity, which takes x ``(*batch, D)`` to the same shape; x at times[0]; times ``(1 + k,)``, descending,
    of which two that coincide are passed at once; progress, whether to show a bar of every stretch. Returns the state
    (x, faults) at the last time, where faults ``(*batch,)`` is not 0 where a velocity was not finite; x at times[1:],
    ``(k, *batch, D)``, NaN from a fault on; the first failure of the solver, in whose wake all is NaN; and the numbers of
    steps.
    """
    controller = diffrax.PIDController(rtol=rtol, atol=atol, norm=_largest_over_trajectories(x.shape))
    state, started = initial_state(x)
    term = diffrax.ODETerm(lambda time, state, _: guarded(state, started, lambda y: velocity(y, time)))

    def to_next(carry, next_time):
        state, time, result, steps = carry
        # a level that coincides with the last has no length to integrate over
        empty = next_time >= time
        solution = diffrax.diffeqsolve(
            term,
            solver,
            t0=time,
            t1=jnp.where(empty, time - 1, next_time),
            dt0=None,
            y0=state,
            stepsize_controller=controller,
            max_steps=max_steps,
            throw=False,
            progress_meter=diffrax.TqdmProgressMeter(refresh_steps=1) if progress else diffrax.NoProgressMeter(),
        )
        moved = jax.tree.map(lambda new, old: jnp.where(empty, old, new[-1]), solution.ys, state)
        okay = empty | (solution.result == diffrax.RESULTS.successful)
        first_failure = diffrax.RESULTS.where(result == diffrax.RESULTS.successful, solution.result, result)
        result = diffrax.RESULTS.where(okay, result, first_failure)
        moved = (poison(moved[0], okay), moved[1])
        total = {name: steps[name] + jnp.where(empty, 0, solution.stats[name]) for name in steps}
        return (moved, jnp.where(empty, time, next_time), result, total), without_faults(moved)

    names = ("num_steps", "num_accepted_steps", "num_rejected_steps")
    steps = {name: jnp.zeros((), jnp.result_type(int)) for name in names}
    begin = (state, times[0], diffrax.RESULTS.successful, steps)
    (state, _, result, steps), path = jax.lax.scan(to_next, begin, times[1:])
    return state, path, result, steps


def initial_state(x):
    """The state (x, faults) and which trajectories start at all: a NaN start waits at 0 with a fault to its name, since
    one NaN in the state would change the steps of the others."""
    started = jnp.all(jnp.isfinite(x), axis=-1)
    return (jnp.where(started[..., None], x, 0), jnp.where(started, 0, -1).astype(x.dtype)), started


def without_faults(state):
    """x, NaN where its trajectory has a fault."""
    x, faults = state
    return poison(x, (faults == 0)[..., None])


def guarded(state, started, field):
    """Velocity of (x, faults): zero, and a fault counted, where the field is not finite, so that one bad trajectory
    neither stops nor slows the others."""
    velocity = field(state[0])
    finite = jnp.all(jnp.isfinite(velocity), axis=-1) & started
    return jnp.where(finite[..., None], velocity, 0), jnp.where(finite, 0, -1).astype(velocity.dtype)


def descends(levels):
    """Whether traced noise levels are what concrete ones must be: finite, at least 0, and in strictly falling order."""
    return jnp.all(jnp.isfinite(levels) & (levels >= 0)) & jnp.all(jnp.diff(levels) < 0)


def _largest_over_trajectories(shape):
    """Error norm of (x, faults): root mean square over dimensions, largest over trajectories; failed ones are NaN."""

    def norm(scaled):
        x = scaled[0] if isinstance(scaled, tuple) else scaled
        per_trajectory = jnp.sqrt(jnp.mean(jnp.square(x.reshape(-1, shape[-1])), axis=-1))
        return jnp.max(jnp.where(jnp.isnan(per_trajectory), 0, per_trajectory))

    return norm


def require_states(x, denoiser, what: str):
    """``x`` as the floating array of at least one finite state ``(*batch, D)`` that the denoiser takes."""
    x = as_float("x", x)
    if x.ndim == 0 or 0 in x.shape:
        raise ValueError(f"x must hold at least one start of shape (*batch, D), got shape {x.shape}")
    require_finite(f"x, {what},", x)
    if isinstance(denoiser, ErrorProneDenoiser):
        require_query("x", x, denoiser.points.shape[1])
    return x


def require_adaptive(solver, sigma_max, sigma_min, save_at, rtol, atol) -> None:
    """Raise ``ValueError`` for concrete ends, levels or tolerances, or a solver, that no adaptive solve can take."""
    if not isinstance(solver, diffrax.AbstractAdaptiveSolver):
        raise ValueError(f"solver {type(solver).__name__} estimates no error and cannot adapt its steps: give a grid")
    require_positive("rtol", rtol)
    require_positive("atol", atol)
    require_positive("sigma_max", sigma_max)
    require_nonnegative("sigma_min", sigma_min)
    if save_at is not None:
        require_levels("save_at", save_at, positive=False, descending=True)
    if is_traced(sigma_max, sigma_min):
        return
    if np.ndim(sigma_max) or np.ndim(sigma_min):
        raise ValueError("sigma_max and sigma_min must be scalars: a batch is one solve with shared steps")
    if not sigma_min < sigma_max:
        raise ValueError(f"sigma_min must be below sigma_max, got sigma_min={sigma_min} and sigma_max={sigma_max}")
    if save_at is not None and not is_traced(save_at):
        levels = np.asarray(save_at)
        if levels[0] > sigma_max or levels[-1] < sigma_min:
            raise ValueError(
                f"save_at must lie between sigma_min={sigma_min} and sigma_max={sigma_max}, "
                f"got levels from {levels[0]} to {levels[-1]}"
            )
