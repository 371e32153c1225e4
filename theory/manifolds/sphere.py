"""Spheres of any dimension."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import as_float, poison, require_count, require_query
from theory.manifolds.base import Manifold, length_scale
from theory.manifolds.flat_torus import Circle

_GOLDEN = (math.sqrt(5) - 1) / 2


class Sphere(Manifold):
    """Sphere of intrinsic dimension k = ``dim`` about the origin of R^(k+1), with the uniform distribution.

    Arguments: ``radius`` (positive, length units of the data) and ``dim``; 1 is the circle, 2 the ordinary sphere.
    Raises ``ValueError`` if the radius is not positive or dim is below 1.
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
        """D = k + 1."""
        return self.dim + 1

    @property
    def volume(self) -> Float[Array, ""]:
        """k-dimensional volume 2 pi^((k+1)/2) R^k/Gamma((k+1)/2)."""
        half = (self.dim + 1) / 2
        return 2 * math.exp(half * math.log(math.pi) - math.lgamma(half)) * self._radius**self.dim

    def even(self, n: int, phase=0.0) -> Float[Array, "n D"]:
        """n even points: those of the circle for dim 1, the Fibonacci lattice for dim 2; ``ValueError`` for others.

        The Fibonacci lattice is nearly even only: point i at height R (1 - (2i + 1)/n) and longitude i + phase golden
        angles, one in each of n bands of equal area; nearest neighbours are between 0.84 and 1 spacings apart. The phase
        rotates it about the last axis.
        """
        require_count("n", n)
        if self.dim == 1:
            return Circle(self.radius).even(n, phase)
        if self.dim != 2:
            raise ValueError(f"dim must be 1 or 2 for even points on a sphere, got {self.dim}: sample them instead")
        index = np.arange(n)
        # in float64 and modulo 1 before it is rounded, so that a large n keeps its lattice in single precision
        turns = index * _GOLDEN % 1 + _GOLDEN * as_float("phase", phase)
        height = 1 - (2 * index + 1) / n
        ring = np.sqrt(1 - height**2)
        unit = [ring * jnp.cos(2 * math.pi * turns), ring * jnp.sin(2 * math.pi * turns), jnp.asarray(height)]
        return self._radius * jnp.stack([each.astype(self.radius.dtype) for each in unit], axis=-1)

    def sample(self, key, n: int) -> Float[Array, "n D"]:
        """n independent points from the uniform distribution: normal draws, projected."""
        shape = (require_count("n", n), self.ambient_dim)
        return self.project(jax.random.normal(key, shape, self.radius.dtype))

    def project(self, x) -> Float[Array, "*batch D"]:
        """The point of the sphere nearest to x ``(*batch, D)``; the centre goes to the first axis."""
        require_query("x", x, self.ambient_dim)
        return self._radius * _direction(as_float("x", x))

    @property
    def _radius(self):
        return poison(self.radius, self.radius > 0)


@jax.jit
def _direction(x):
    """Unit vectors along x, the first axis where x = 0."""
    # scaled first, so that squares of very small or large coordinates neither vanish nor overflow
    largest = jnp.max(jnp.abs(x), axis=-1, keepdims=True)
    first = jnp.zeros_like(x).at[..., 0].set(1)
    scaled = jnp.where(largest == 0, first, x / jnp.where(largest == 0, 1, largest))
    return scaled / jnp.sqrt(jnp.sum(scaled**2, axis=-1, keepdims=True))
