"""How smooth a denoiser is: trace and norm of its Jacobian."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, require_nonnegative, require_points


class Smoothness(eqx.Module):
    """Trace and Frobenius norm of dD/dx at each state, both ``(states,)``, dimensionless."""

    trace: Float[Array, " states"]
    norm: Float[Array, " states"]


def smoothness(denoiser: Callable, x, sigma) -> Smoothness:
    """Trace (divergence of D) and Frobenius norm of the denoiser's Jacobian at states x ``(states, D)`` [jacobian].

    A denoiser with a ``.jacobian`` gives its own; any other callable is differentiated, state by state. Null: the
    posterior mean of a flat k-dimensional manifold has trace k and norm sqrt(k); a field that has localised on training
    points has trace and norm near 0 next to them and a large norm, up to (d/2 sigma)^2, midway between two at distance d.
    """
    require_points("x, the states,", x)
    require_nonnegative("sigma", sigma)
    if np.shape(sigma) not in ((), np.shape(x)[:1]):
        raise ValueError(f"sigma must be a scalar or have shape ({np.shape(x)[0]},), got {np.shape(sigma)}")
    x, sigma = common_float(x=x, sigma=sigma)
    jacobian = _jacobian(denoiser, x, jnp.broadcast_to(sigma, x.shape[:1]))
    return Smoothness(jnp.trace(jacobian, axis1=-2, axis2=-1), jnp.sqrt(jnp.sum(jacobian**2, axis=(-2, -1))))


@eqx.filter_jit
def _jacobian(denoiser, x, sigma):
    if hasattr(denoiser, "jacobian"):
        return denoiser.jacobian(x, sigma)
    one = jax.jacfwd(lambda state, level: denoiser(state[None], level[None])[0])
    return jax.lax.map(lambda args: one(*args), (x, sigma), batch_size=min(len(x), 256))
