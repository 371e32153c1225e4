"""The geometry of the manifold that stored results are about."""

import dataclasses

import numpy as np
import xarray as xr

_DIMENSIONS = {"circle": (1, 2), "torus": (2, 4), "torus3": (3, 6)}


@dataclasses.dataclass(frozen=True)
class Geometry:
    """Intrinsic and ambient dimension of the manifold (radius 1), which set the length d in which all n collapse."""

    dim: int
    ambient_dim: int

    def spacing(self, n):
        """d = rho^(-1/k) = 2 pi/n^(1/k), in radii."""
        return 2 * np.pi / np.asarray(n, float) ** (1 / self.dim)


def geometry(results: xr.Dataset) -> Geometry | None:
    """The geometry of results on a manifold, None for those of images."""
    dimensions = _DIMENSIONS.get(results.attrs["config"]["manifold"])
    return Geometry(*dimensions) if dimensions else None


def unit(results: xr.Dataset) -> str:
    """How lengths are measured, for the labels of axes."""
    return "R" if geometry(results) else "pixel range"
