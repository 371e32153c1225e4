"""Where data live: manifolds with evenly spaced and i.i.d. points, a projection, a volume and a density."""

from theory.manifolds.base import Manifold
from theory.manifolds.flat_torus import Circle, FlatTorus
from theory.manifolds.linear_subspace import LinearSubspace, Segment
from theory.manifolds.sphere import Sphere
from theory.manifolds.swiss_roll import SwissRoll

__all__ = ["Circle", "FlatTorus", "LinearSubspace", "Manifold", "Segment", "Sphere", "SwissRoll"]
