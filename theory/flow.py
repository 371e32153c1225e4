"""The probability-flow ODE, from noise to data, through diffrax [pf-ode]."""

import math
from collections.abc import Callable
from functools import partial

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree
from tqdm import tqdm

from theory.checks import common_float, is_traced, poison, require_count, require_levels, require_positive
from theory.denoisers import ErrorProneDenoiser
from theory.empirical.sharded import placed
from theory.integration import (
    descends,
    guarded,
    in_effective_noise,
    initial_state,
    integrate,
    require_adaptive,
    require_states,
    without_faults,
)


class Flow(eqx.Module):
    """What `probability_flow` returns.

    x: end points ``(*batch, D)``, NaN where failed. path: states at the levels of ``save_at``, ``(levels, *batch, D)``,
    or None, NaN from a failure on. failed: ``(*batch,)``, a trajectory whose field or state was not finite, or all where
    the solver stopped early or a traced argument was bad. result: diffrax's ``RESULTS``. stats: numbers of steps.
    """

    x: Float[Array, "*batch D"]
    path: Float[Array, "levels *batch D"] | None
    failed: Bool[Array, "*batch"]
    result: diffrax.RESULTS
    stats: dict[str, PyTree]


def probability_flow(
    denoiser: Callable,
    x,
    *,
    sigma_max=None,
    sigma_min=None,
    rtol: float | Array = 1e-5,
    atol: float | Array = 1e-5,
    solver: diffrax.AbstractSolver | None = None,
    save_at=None,
    grid=None,
    sigma_floor=None,
    max_steps: int = 4096,
    batch_size: int | None = None,
    progress: bool = False,
) -> Flow:
    """Carry states from noise sigma_max to sigma_min along dx/dsigma = (x - D(x, sigma))/sigma [pf-ode].

    Arguments: denoiser, any callable; x ``(*batch, D)``, states at sigma_max, such as sigma_max times a normal draw.
    Without ``grid``, an adaptive ``solver`` (default ``diffrax.Tsit5()``, or ``Dopri8()``) integrates in log noise to
    rtol and atol; the batch is one solve with shared steps whose error norm is the largest over trajectories, and it
    steps exactly to the levels of ``save_at``, which descend from at most sigma_max to at least sigma_min. With
    ``grid``, descending noise levels that may end at 0, the solver (default ``diffrax.Heun()``, or ``Euler()``, ...)
    takes one step in sigma from each level to the next and a last Euler step to 0; ``save_at`` then picks grid levels.

    The error-prone denoiser is integrated in its effective noise s, where its flow is the optimal one [early-stopping].
    sigma_min = 0: with error > 0 that ends at the regular point s = error. Any other field is followed to a small
    ``sigma_floor`` and then x = D(x, sigma_floor); the floor defaults to 1e-6 of the data's scale where the denoiser
    knows its points, else 1e-7 sigma_max, and to rounding where that is larger.

    With ``batch_size`` that many trajectories are solved at a time, which bounds the memory (about a dozen arrays of the
    size of their states, and what the denoiser needs) and lets one program serve any number of them; each batch has steps
    of its own, and ``stats`` and ``result`` are those of the longest and of the first that failed. With ``progress`` a bar
    shows the batches, or, of one, the way in log noise. A denoiser with a mesh divides each batch over its devices.

    Returns a `Flow`. Raises ``ValueError`` for no starts, NaN starts, sigma_min above sigma_max, a grid or save_at that
    does not descend or leaves the range, tolerances not positive, a batch_size below 1 and a solver that cannot adapt and
    has no grid.
    """
    x = require_states(x, denoiser, "the starts of the flow")
    if batch_size is not None:
        require_count("batch_size", batch_size)
    if grid is not None:
        if sigma_max is not None or sigma_min is not None:
            raise ValueError("give either grid or sigma_max and sigma_min, not both: a grid names its own ends")
        x, levels, saved = _require_grid(x, grid, save_at)
        solve = partial(_stepped_flow, grid=levels, solver=solver or diffrax.Heun(), levels=saved)
        return _in_batches(solve, denoiser, x, batch_size, progress)
    if sigma_max is None or sigma_min is None:
        raise ValueError("give sigma_max and sigma_min, the noise at the start and at the end, or a grid")
    solver = solver or diffrax.Tsit5()
    require_adaptive(solver, sigma_max, sigma_min, save_at, rtol, atol)
    if sigma_floor is not None:
        require_positive("sigma_floor", sigma_floor)
    (x,) = common_float(x=x, **({"points": denoiser.points} if isinstance(denoiser, ErrorProneDenoiser) else {}))[:1]
    noise = {"sigma_max": sigma_max, "sigma_min": sigma_min, "rtol": rtol, "atol": atol}
    scalars = {name: jnp.asarray(value, x.dtype) for name, value in noise.items()}
    levels = None if save_at is None else jnp.asarray(save_at, x.dtype)
    floor = None if sigma_floor is None else jnp.asarray(sigma_floor, x.dtype)
    meter = progress and (batch_size is None or batch_size >= math.prod(x.shape[:-1]))
    solve = partial(
        _adaptive_flow, solver=solver, levels=levels, floor=floor, max_steps=max_steps, progress=meter, **scalars
    )
    return _in_batches(solve, denoiser, x, batch_size, progress and not meter)


def _in_batches(solve, denoiser, x, batch_size: int | None, progress: bool) -> Flow:
    """The flows of batches, one after the other, as one; progress, whether to show a bar of the batches."""
    mesh = denoiser.mesh if isinstance(denoiser, ErrorProneDenoiser) else None

    def one(x):
        return solve(denoiser, x if mesh is None or is_traced(x) else placed(mesh, x))

    count, dim = math.prod(x.shape[:-1]), x.shape[-1]
    if batch_size is None:
        return one(x)
    flat, found = x.reshape(count, dim), []
    with tqdm(total=count, unit="trajectory", disable=not progress, leave=False) as bar:
        for first in range(0, count, batch_size):
            # the last is filled up with its last state: all batches have one shape, and a repeated state changes no step
            found.append(one(flat[jnp.clip(jnp.arange(first, first + batch_size), max=count - 1)]))
            jax.block_until_ready(found[-1])
            bar.update(min(batch_size, count - first))

    def joined(parts, axis: int):
        whole = jnp.concatenate(parts, axis=axis)
        whole = jax.lax.slice_in_dim(whole, 0, count, axis=axis)
        return whole.reshape(*whole.shape[:axis], *x.shape[:-1], *whole.shape[axis + 1 :])

    result = found[0].result
    for flow in found[1:]:
        result = diffrax.RESULTS.where(result == diffrax.RESULTS.successful, flow.result, result)
    return Flow(
        joined([flow.x for flow in found], 0),
        None if found[0].path is None else joined([flow.path for flow in found], 1),
        joined([flow.failed for flow in found], 0),
        result,
        jax.tree.map(lambda *steps: jnp.max(jnp.stack(steps)), *[flow.stats for flow in found]),
    )


@eqx.filter_jit
def _adaptive_flow(
    denoiser, x, *, solver, levels, floor, max_steps, progress, sigma_max, sigma_min, rtol, atol
) -> Flow:
    field, error = in_effective_noise(denoiser, x.dtype)
    floor = _default_floor(denoiser, sigma_max) if floor is None else floor
    start, end = jnp.hypot(sigma_max, error), jnp.hypot(sigma_min, error)
    # only sigma_min = 0 is approached through the floor: a small noise that was asked for is honoured
    stop = jnp.where(sigma_min == 0, jnp.clip(floor, end, start), end)
    asked = jnp.zeros(0, x.dtype) if levels is None else levels
    saved = jnp.hypot(asked, error)
    valid = descends(jnp.stack([sigma_max, sigma_min])) & (start > end)
    valid &= descends(asked) & jnp.all((asked <= sigma_max) & (asked >= sigma_min))
    valid &= ((sigma_min > 0) | (floor > 0)) & (rtol > 0) & (atol > 0)
    times = jnp.log(jnp.concatenate([start[None], jnp.clip(saved, stop, start), stop[None]]))
    state, path, result, steps = integrate(
        lambda y, time: y - field(y, jnp.exp(time)),
        x,
        times,
        solver=solver,
        rtol=rtol,
        atol=atol,
        max_steps=max_steps,
        progress=progress,
    )
    return _finish(field, state, valid, stop, end, path[:-1], None if levels is None else saved, result, steps)


def _require_grid(x, grid, save_at):
    """x, the grid and the levels to save at in one dtype, or a ``ValueError`` for what no fixed steps can take."""
    require_levels("grid", grid, positive=False, descending=True)
    if save_at is not None:
        require_levels("save_at", save_at, positive=False, descending=True)
    if np.shape(grid)[0] < 2:
        raise ValueError("grid must hold at least two noise levels, a start and an end")
    if (
        save_at is not None
        and not is_traced(save_at, grid)
        and not np.isin(np.asarray(save_at), np.asarray(grid)).all()
    ):
        raise ValueError("save_at must name levels of the grid: fixed steps visit no others")
    x, grid = common_float(x=x, grid=grid)
    levels = None if save_at is None else jnp.asarray(save_at, grid.dtype)
    return x, grid, levels


@eqx.filter_jit
def _stepped_flow(denoiser, x, *, grid, solver, levels) -> Flow:
    state, started = initial_state(x)
    term = diffrax.ODETerm(lambda sigma, y, _: guarded(y, started, lambda y: (y - denoiser(y, sigma)) / sigma))

    def step(carry, ends):
        state, solver_state = carry
        state, _, _, solver_state, _ = solver.step(term, *ends, state, None, solver_state, made_jump=False)
        return (state, solver_state), without_faults(state)

    # the ODE is singular at sigma = 0, so a last level 0 is reached by Euler from the one before: x = D(x, sigma)
    inner = jnp.where(grid[-1] == 0, grid.at[-1].set(grid[-2]), grid)
    solver_state = solver.init(term, inner[0], inner[1], state, None)
    first = without_faults(state)
    (state, _), path = jax.lax.scan(step, (state, solver_state), (inner[:-1], inner[1:]))
    path = jnp.concatenate([first[None], path])
    steps = {"num_steps": jnp.asarray(len(grid) - 1)}
    valid = descends(grid)
    finished = _finish(denoiser, state, valid, inner[-1], grid[-1], path, None, diffrax.RESULTS.successful, steps)
    if levels is None:
        return finished
    nearest = jnp.argmin(jnp.abs(grid[:, None] - levels), axis=0)
    path = path.at[-1].set(finished.x)[nearest]
    visited = (grid[nearest] == levels).reshape(-1, *[1] * x.ndim)
    return eqx.tree_at(lambda f: f.path, finished, poison(path, visited & valid), is_leaf=lambda leaf: leaf is None)


def _default_floor(denoiser, sigma_max):
    """The noise below which a flow to zero jumps to the data."""
    rounding = jnp.finfo(sigma_max.dtype).eps
    if not isinstance(denoiser, ErrorProneDenoiser):
        return sigma_max * max(1e-7, 4 * float(rounding))
    points, used = denoiser.points, jnp.isfinite(denoiser.log_weights)[:, None]
    extent = jnp.max(jnp.where(used, points, -jnp.inf), axis=0) - jnp.min(jnp.where(used, points, jnp.inf), axis=0)
    scale = jnp.where(jnp.max(extent) > 0, jnp.max(extent), sigma_max)
    return jnp.maximum(1e-6 * scale, 4 * rounding * jnp.max(jnp.abs(points))).astype(sigma_max.dtype)


def _finish(field, state, valid, stop, end, path, saved, result, stats) -> Flow:
    """The last step from noise ``stop`` to ``end``, linear along the field, and the verdict on every trajectory."""
    x, faults = state
    last = field(x, jnp.broadcast_to(stop, x.shape[:-1]))

    def below(level):
        moved = last + level / stop * (x - last)
        return jnp.where(level < stop, moved, x)

    final = below(end)
    failed = (faults != 0) | ~jnp.all(jnp.isfinite(final), axis=-1) | ~valid
    if saved is not None:
        levels = saved.reshape(-1, *[1] * x.ndim)
        path = poison(jnp.where((levels < stop) & (faults == 0)[..., None], below(levels), path), valid)
    return Flow(poison(final, ~failed[..., None]), path if saved is not None else None, failed, result, stats)
