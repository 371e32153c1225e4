"""Circles and flat tori."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.checks import as_float, poison, require_count, require_query
from theory.manifolds.base import Manifold, lattice_side, length_scale


class FlatTorus(Manifold):
    """Product of ``dim`` circles of one radius in R^(2 dim), with the uniform distribution.

    Arguments: ``radius`` (positive, length units of the data) and ``dim``, the number of circles. Coordinates 2j and
    2j + 1 hold circle j. Raises ``ValueError`` if the radius is not positive or dim is below 1.
    """

    radius: Float[Array, ""]
    dim: int = eqx.field(static=True)

    def __init__(self, radius, dim: int):
        self.radius = length_scale("radius", radius)
        self.dim = require_count("dim", dim)

    @property
    def intrinsic_dim(self) -> int:
        """k, the dimension of the manifold."""
        return self.dim

    @property
    def ambient_dim(self) -> int:
        """D, the dimension of the space around it."""
        return 2 * self.dim

    @property
    def volume(self) -> Float[Array, ""]:
        """k-dimensional volume (2 pi R)^k."""
        return (2 * math.pi * self._radius) ** self.dim

    def spacing(self, n: int) -> Float[Array, ""]:
        """d = (volume/n)^(1/k): side of the cell that one of n points occupies."""
        return 2 * math.pi * self._radius / require_count("n", n) ** (1 / self.dim)

    def even(self, n: int, phase=0.0) -> Float[Array, "n D"]:
        """Square lattice of n points: on each circle, point i at angle 2 pi (i + phase)/n^(1/dim).

        Raises ``ValueError`` unless n is a perfect dim-th power. Rows run through the first circle slowest.
        """
        return _even(self, lattice_side(n, self.dim), as_float("phase", phase))

    def sample(self, key, n: int) -> Float[Array, "n D"]:
        """n independent points from the uniform distribution."""
        shape = (require_count("n", n), self.dim)
        return self.embed(jax.random.uniform(key, shape, self.radius.dtype, maxval=2 * math.pi))

    def embed(self, angles) -> Float[Array, "*batch D"]:
        """Points at the given angles ``(*batch, dim)``, in radians."""
        return _embedded(self, as_float("angles", angles))

    def angles(self, x) -> Float[Array, "*batch dim"]:
        """Angles, in (-pi, pi], of the points of the manifold nearest to x ``(*batch, D)``."""
        require_query("x", x, self.ambient_dim)
        return _angles(as_float("x", x))

    def project(self, x) -> Float[Array, "*batch D"]:
        """The point of the manifold nearest to x ``(*batch, D)``; the centre of a circle goes to angle 0."""
        return self.embed(self.angles(x))

    @property
    def _radius(self):
        return poison(self.radius, self.radius > 0)


# One program each, as of the denoisers


@eqx.filter_jit
def _even(manifold: FlatTorus, per_circle: int, phase):
    angles = 2 * math.pi * (jnp.arange(per_circle) + phase) / per_circle
    lattice = jnp.meshgrid(*[angles] * manifold.dim, indexing="ij")
    return manifold.embed(jnp.stack([axis.ravel() for axis in lattice], axis=-1))


@eqx.filter_jit
def _embedded(manifold: FlatTorus, angles):
    circles = manifold._radius * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)
    return circles.reshape(*angles.shape[:-1], manifold.ambient_dim)


@jax.jit
def _angles(x):
    circles = x.reshape(*x.shape[:-1], x.shape[-1] // 2, 2)
    return jnp.arctan2(circles[..., 1], circles[..., 0])


class Circle(FlatTorus):
    """Ring of the given radius in the plane, k = 1 and D = 2; ``even`` puts point i at angle 2 pi (i + phase)/n."""

    def __init__(self, radius):
        super().__init__(radius, 1)
