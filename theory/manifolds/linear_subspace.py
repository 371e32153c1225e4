"""Flat patches of a linear subspace: cubes and segments."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.checks import as_float, poison, require_count, require_query
from theory.manifolds.base import Manifold, cell_centres, length_scale


class LinearSubspace(Manifold):
    """Cube of side ``length`` about the origin in the first ``dim`` of ``ambient_dim`` coordinates, uniform.

    Arguments: ``length`` (positive, length units of the data), ``dim`` (k) and ``ambient_dim`` (D, at least k). Raises
    ``ValueError`` for a length that is not positive and dimensions out of range.
    """

    length: Float[Array, ""]
    dim: int = eqx.field(static=True)
    _ambient_dim: int = eqx.field(static=True)

    def __init__(self, length, dim: int, ambient_dim: int):
        self.length = length_scale("length", length)
        self.dim = require_count("dim", dim)
        self._ambient_dim = require_count("ambient_dim", ambient_dim, at_least=self.dim)

    @property
    def intrinsic_dim(self) -> int:
        """k, the dimension of the manifold."""
        return self.dim

    @property
    def ambient_dim(self) -> int:
        """D, the dimension of the space around it."""
        return self._ambient_dim

    @property
    def volume(self) -> Float[Array, ""]:
        """k-dimensional volume length^k."""
        return self._length**self.dim

    def even(self, n: int, phase=0.0) -> Float[Array, "n D"]:
        """Square lattice of n points in the centres of their cells, shifted by ``phase`` cells and wrapped at the edges.

        Raises ``ValueError`` unless n is a perfect dim-th power. Rows run through the first coordinate slowest.
        """
        return self._embed(self._length * (cell_centres(n, self.dim, phase) - 0.5))

    def sample(self, key, n: int) -> Float[Array, "n D"]:
        """n independent points from the uniform distribution."""
        shape = (require_count("n", n), self.dim)
        return self._embed(self._length * jax.random.uniform(key, shape, self.length.dtype, minval=-0.5, maxval=0.5))

    def project(self, x) -> Float[Array, "*batch D"]:
        """The point of the cube nearest to x ``(*batch, D)``: clipped to the sides, zero in the normal coordinates."""
        require_query("x", x, self.ambient_dim)
        return self._embed(jnp.clip(as_float("x", x)[..., : self.dim], -self._length / 2, self._length / 2))

    def _embed(self, inside):
        """Points with these first coordinates; the others are 0 times the length, so that a bad length shows in all."""
        normal = jnp.broadcast_to(0 * self._length, (*inside.shape[:-1], self.ambient_dim - self.dim))
        return jnp.concatenate([inside, normal.astype(inside.dtype)], axis=-1)

    @property
    def _length(self):
        return poison(self.length, self.length > 0)


class Segment(LinearSubspace):
    """Segment of the first axis about the origin, k = 1; ``even`` puts point i at length ((i + 1/2 + phase)/n - 1/2)."""

    def __init__(self, length, ambient_dim: int = 2):
        super().__init__(length, 1, ambient_dim)
