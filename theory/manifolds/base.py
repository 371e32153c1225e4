"""What every manifold offers, and what its constructors and lattices share."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.checks import as_float, require_count, require_positive, require_query

_ROUNDING = 16  # how many machine epsilons off the manifold a point still counts as on it


class Manifold(eqx.Module):
    """A k-dimensional manifold in R^D that carries the uniform distribution; samples and metrics take any subclass."""

    @property
    @abstractmethod
    def intrinsic_dim(self) -> int:
        """k, the dimension of the manifold."""

    @property
    @abstractmethod
    def ambient_dim(self) -> int:
        """D, the dimension of the space around it."""

    @property
    @abstractmethod
    def volume(self) -> Float[Array, ""]:
        """k-dimensional volume, in length^k."""

    @abstractmethod
    def even(self, n: int, phase=0.0) -> Float[Array, "n D"]:
        """n evenly spaced points; ``ValueError`` for numbers that have no such arrangement."""

    @abstractmethod
    def sample(self, key, n: int) -> Float[Array, "n D"]:
        """n independent points from the uniform distribution."""

    @abstractmethod
    def project(self, x) -> Float[Array, "*batch D"]:
        """The point of the manifold nearest to x ``(*batch, D)``."""

    def spacing(self, n: int) -> Float[Array, ""]:
        """d = (volume/n)^(1/k): side of the cell that one of n points occupies."""
        return (self.volume / require_count("n", n)) ** (1 / self.intrinsic_dim)

    def density(self, x) -> Float[Array, "*batch"]:
        """Density of the uniform distribution per unit k-volume at x ``(*batch, D)``, shape ``(*batch,)``, in 1/length^k.

        1/volume on the manifold, 0 elsewhere. A point counts as on it within rounding: 16 machine epsilons of
        volume^(1/k) plus its largest coordinate.
        """
        require_query("x", x, self.ambient_dim)
        return _density(self, as_float("x", x))


@eqx.filter_jit
def _density(manifold: Manifold, x):
    projected, volume = manifold.project(x), manifold.volume
    size = volume ** (1 / manifold.intrinsic_dim) + jnp.max(jnp.abs(x), axis=-1)
    distance = jnp.sqrt(jnp.sum((x - projected) ** 2, axis=-1))
    # the coarser of the two precisions decides what rounding is
    rounding = max(float(jnp.finfo(dtype).eps) for dtype in (x.dtype, volume.dtype))
    on_it = (distance <= _ROUNDING * rounding * size) & jnp.isfinite(distance)
    # 0 times the distance, so that a bad state or manifold shows as NaN
    return jnp.where(on_it, 1, 0 * distance) / volume


def length_scale(name: str, value) -> Float[Array, ""]:
    """A radius or length as a positive floating scalar; ``ValueError`` otherwise."""
    require_positive(name, value)
    array = as_float(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be a scalar, got shape {array.shape}")
    return array


def lattice_side(n: int, dim: int) -> int:
    """m with m^dim = n, the points on each side of an even lattice; ``ValueError`` if n is no such power."""
    side = round(require_count("n", n) ** (1 / dim))
    if side**dim != n:
        near = [each**dim for each in range(max(side - 1, 1), side + 2)]
        raise ValueError(f"n must be a perfect power m^{dim} for an even lattice, got {n}; near it are {near}")
    return side


def cell_centres(n: int, dim: int, phase) -> Float[Array, "n dim"]:
    """Lattice of n cell centres in the unit cube [0, 1)^dim, shifted by ``phase`` cells and wrapped into it."""
    side = lattice_side(n, dim)
    axis = jnp.mod(jnp.arange(side) + 0.5 + as_float("phase", phase), side) / side
    return jnp.stack([each.ravel() for each in jnp.meshgrid(*[axis] * dim, indexing="ij")], axis=-1)
