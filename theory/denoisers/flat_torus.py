"""The denoiser of the uniform distribution on circles: what a model that knows the truth computes."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.checks import common_float, poison, require_positive, require_query
from theory.manifolds import FlatTorus


class FlatTorusDenoiser(eqx.Module):
    """E[y|x] of y uniform on a circle or flat torus, where x = y + sigma eps [posterior-mean], [ridge].

    On each circle D = R (I1/I0)(R r/sigma^2) x/r, r = |x|: it keeps the angle, and on the ring it is R - sigma^2/(2 R) long, to
    leading order. This is the generalizer that all others are compared with. Argument: manifold, a `theory.Circle` or
    `theory.FlatTorus`; sigma must be positive. Accuracy as for `theory.Posterior`, with 4 eps R for the rounding of the mean
    and eps R |r - R|/sigma^2 more, that of r - R, for the log density.
    """

    manifold: FlatTorus

    def __init__(self, manifold: FlatTorus):
        if not isinstance(manifold, FlatTorus):
            raise ValueError(f"manifold must be a Circle or a FlatTorus, got {type(manifold).__name__}")
        self.manifold = manifold

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised state ``(*batch, D)``. Raises ``ValueError`` for other shapes and unless sigma is positive."""
        return _denoised(self.manifold, *self._checked(x, sigma))

    def score(self, x, sigma) -> Float[Array, "*batch D"]:
        """(D - x)/sigma^2, ``(*batch, D)`` in 1/length [tweedie]."""
        x, sigma = self._checked(x, sigma)
        return (_denoised(self.manifold, x, sigma) - x) / sigma[..., None] ** 2

    def log_density(self, x, sigma) -> Float[Array, "*batch"]:
        """ln p_sigma(x), ``(*batch,)`` in nats, of the smoothed uniform distribution."""
        return _log_density(self.manifold, *self._checked(x, sigma))

    def _checked(self, x, sigma):
        require_query("x", x, self.manifold.ambient_dim)
        require_positive("sigma", sigma)
        return common_float(x=x, sigma=sigma)


def _circles(manifold: FlatTorus, x, sigma):
    """Radius of the circles, coordinates in the plane of each, the noise, and the concentration kappa = R r/sigma^2."""
    radius = poison(manifold.radius, manifold.radius > 0).astype(x.dtype)
    planes = x.reshape(*x.shape[:-1], manifold.dim, 2)
    noise = jnp.broadcast_to(poison(sigma, sigma > 0), x.shape[:-1])[..., None]
    length = jnp.hypot(planes[..., 0], planes[..., 1])
    return radius, planes, noise, length, radius * length / noise**2


@eqx.filter_jit
def _denoised(manifold, x, sigma):
    radius, planes, noise, _, kappa = _circles(manifold, x, sigma)
    away = kappa > 0
    safe = jnp.where(away, kappa, 1)
    # (I1/I0)(kappa)/kappa, 1/2 in the centre
    shrunk = jnp.where(away, jax.scipy.special.i1e(safe) / (jax.scipy.special.i0e(safe) * safe), 0.5)
    return (((radius / noise) ** 2 * shrunk)[..., None] * planes).reshape(x.shape)


@eqx.filter_jit
def _log_density(manifold, x, sigma):
    radius, _, noise, length, kappa = _circles(manifold, x, sigma)
    each = -(((length - radius) / noise) ** 2) / 2 - jnp.log(2 * math.pi * noise**2)
    return jnp.sum(each + jnp.log(jax.scipy.special.i0e(kappa)), axis=-1)
