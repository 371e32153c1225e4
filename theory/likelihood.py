"""Log-likelihood along the probability flow [pf-ode]."""

import math
from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from theory.checks import common_float, is_traced, poison
from theory.denoisers import ErrorProneDenoiser
from theory.integration import descends, in_effective_noise, integrate, require_adaptive, require_states


class Likelihood(eqx.Module):
    """What `log_likelihood` returns.

    log_density: ln p(x; sigma_min), ``(*batch,)`` in nats, NaN where failed. latent: states at sigma_max
    ``(*batch, D)``. path_log_density: log density of the transported distribution at the levels of ``save_at``, at the
    states of the same trajectories, ``(levels, *batch)``, or None. failed: ``(*batch,)``, result and stats as in `Flow`.
    """

    log_density: Float[Array, "*batch"]
    latent: Float[Array, "*batch D"]
    path_log_density: Float[Array, "levels *batch"] | None
    failed: Bool[Array, "*batch"]
    result: diffrax.RESULTS
    stats: dict[str, PyTree]


def log_likelihood(
    denoiser: Callable,
    x,
    *,
    sigma_max,
    sigma_min,
    log_prior: Callable | None = None,
    save_at=None,
    rtol: float | Array = 1e-6,
    atol: float | Array = 1e-6,
    solver: diffrax.AbstractSolver | None = None,
    max_steps: int = 4096,
) -> Likelihood:
    """Log density at noise sigma_min of the distribution that the flow of a denoiser carries down from sigma_max [pf-ode].

    ln p(x; sigma_min) = ln p(x_T; sigma_max) + int (D_amb - div D) dln sigma along the trajectory that ends at x, which is
    followed upwards; div D from the denoiser's ``jacobian``, or by forward differentiation where it has none.

    Arguments: denoiser, any callable that acts on each state alone; x ``(*batch, D)``, states at sigma_min; log_prior, a
    callable from states at sigma_max ``(*batch, D)`` to log densities ``(*batch,)``; the others as for `probability_flow`.
    The default prior is N(0, S^2 I), S = sigma_max, but for an error-prone denoiser S = sqrt(sigma_max^2 + error^2), the
    effective noise at which its flow is the optimal one, because with that start KL(end points || kernel density) <=
    mean|y|^2/(2 S^2) [early-stopping]. The density of what comes from starts sigma_max times a normal draw takes that
    normal density for log_prior; ``lambda x: denoiser.log_density(x, sigma_max)`` gives the denoiser's own log density.

    sigma_min = 0 is valid for an error-prone denoiser with error > 0, which is integrated in its effective noise; without
    error the density diverges there. Returns a `Likelihood`. Raises ``ValueError`` for sigma_min = 0 of any other
    denoiser, for a prior of another shape and for what `probability_flow` refuses; traced bad values fail all.
    """
    x = require_states(x, denoiser, "the states of the likelihood")
    solver = solver or diffrax.Tsit5()
    require_adaptive(solver, sigma_max, sigma_min, save_at, rtol, atol)
    _require_regular(denoiser, sigma_min)
    (x,) = common_float(x=x, **({"points": denoiser.points} if isinstance(denoiser, ErrorProneDenoiser) else {}))[:1]
    numbers = {"sigma_max": sigma_max, "sigma_min": sigma_min, "rtol": rtol, "atol": atol}
    scalars = {name: jnp.asarray(value, x.dtype) for name, value in numbers.items()}
    levels = jnp.zeros(0, x.dtype) if save_at is None else jnp.asarray(save_at, x.dtype)
    found, expansion = _upwards(denoiser, x, solver, levels, max_steps, **scalars)
    # a state that failed is NaN, which a prior may refuse
    latent = jnp.where(found.failed[..., None], 0, found.latent)
    prior = found.log_density if log_prior is None else log_prior(latent)
    if np.shape(prior) != x.shape[:-1]:
        raise ValueError(f"log_prior must return one value for each state, shape {x.shape[:-1]}, got {np.shape(prior)}")
    total = poison(prior + expansion[-1], ~found.failed)
    path = None if save_at is None else total - expansion[:-1]
    return eqx.tree_at(
        lambda f: (f.log_density, f.path_log_density), found, (total, path), is_leaf=lambda leaf: leaf is None
    )


@eqx.filter_jit
def _upwards(denoiser, x, solver, levels, max_steps, *, sigma_max, sigma_min, rtol, atol):
    """A `Likelihood` with the default prior for log density, and the expansion up to each level and to sigma_max."""
    field, error = in_effective_noise(denoiser, x.dtype)
    end, start = jnp.hypot(sigma_min, error), jnp.hypot(sigma_max, error)
    valid = descends(jnp.stack([sigma_max, sigma_min])) & (start > end) & (end > 0)
    if not isinstance(denoiser, ErrorProneDenoiser):
        valid &= sigma_min > 0
    valid &= descends(levels) & jnp.all((levels <= sigma_max) & (levels >= sigma_min)) & (rtol > 0) & (atol > 0)
    rising = jnp.clip(jnp.hypot(levels, error), end, start)[::-1]
    # time is -ln s, so that it descends as in the flow; ends that are not valid leave nothing to integrate
    times = jnp.where(valid, -jnp.log(jnp.concatenate([end[None], rising, start[None]])), 0)

    def velocity(state, time):
        noise = jnp.exp(-time)
        x = state[..., :-1]
        expansion = x.shape[-1] - _divergence(field, x, noise)
        return -jnp.concatenate([x - field(x, noise), expansion[..., None]], axis=-1)

    begin = jnp.concatenate([x, jnp.zeros_like(x[..., :1])], axis=-1)
    (state, faults), path, result, stats = integrate(
        velocity, begin, times, solver=solver, rtol=rtol, atol=atol, max_steps=max_steps
    )
    failed = (faults != 0) | ~jnp.all(jnp.isfinite(state), axis=-1) | ~valid
    latent, expansion = poison(state[..., :-1], ~failed[..., None]), path[..., -1]
    prior = -jnp.sum((latent / start) ** 2, axis=-1) / 2 - x.shape[-1] * (jnp.log(start) + math.log(2 * math.pi) / 2)
    # the levels again in the order asked for
    expansion = jnp.concatenate([expansion[:-1][::-1], expansion[-1:]])
    return Likelihood(prior, latent, None, failed, result, stats), expansion


def _divergence(denoiser: Any, x, sigma):
    """div D ``(*batch,)``, exactly."""
    if hasattr(denoiser, "jacobian"):
        return jnp.trace(denoiser.jacobian(x, sigma), axis1=-2, axis2=-1)

    def along(direction):
        return jax.jvp(lambda y: denoiser(y, sigma), (x,), (jnp.broadcast_to(direction, x.shape),))[1] @ direction

    return jnp.sum(jax.vmap(along)(jnp.eye(x.shape[-1], dtype=x.dtype)), axis=0)


def _require_regular(denoiser, sigma_min) -> None:
    if is_traced(sigma_min) or sigma_min > 0:
        return
    if not isinstance(denoiser, ErrorProneDenoiser):
        raise ValueError("sigma_min must be positive: only a constant error is known to leave a density at zero noise")
    if not is_traced(denoiser.error) and float(denoiser.error) == 0:
        raise ValueError("sigma_min must be positive where the model error is zero: at sigma = 0 the density diverges")
