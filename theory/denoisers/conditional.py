"""Denoisers of labelled points: of all, of those with one label, and the guidance from the first to the second."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from theory.checks import is_traced, require
from theory.denoisers.error_prone import ErrorProneDenoiser
from theory.denoisers.guided import GuidedDenoiser


class ConditionalDenoiser(ErrorProneDenoiser):
    """Error-prone denoiser of labelled points; called itself, the unconditional one of all points [error-prone].

    Arguments: points ``(n, D)``; labels ``(n,)``, whole numbers; error as for `ErrorProneDenoiser`. Raises ``ValueError``
    for one label too many or too few, and for labels that are no whole numbers.
    """

    labels: Int[Array, " n"]

    def __init__(self, points, labels, error=0.0):
        super().__init__(points, error)
        if np.shape(labels) != self.points.shape[:1]:
            raise ValueError(
                f"labels must have shape ({len(self.points)},), one for each point, got shape {np.shape(labels)}"
            )
        self.labels = jnp.asarray(_whole("labels", labels))

    def given(self, label) -> ErrorProneDenoiser:
        """The denoiser of the points with that label, a whole number that may be traced.

        Raises ``ValueError`` for a label without points; a traced one gives NaN.
        """
        if np.ndim(label):
            raise ValueError(f"label must be a scalar, got shape {np.shape(label)}")
        label = _whole("label", label)
        if not is_traced(label, self.labels) and not np.any(np.asarray(self.labels) == label):
            raise ValueError(f"label must be one that a point has, got {label}")
        weights = (self.labels == label).astype(self.points.dtype)
        return ErrorProneDenoiser(self.points, self.error, weights)

    def guided(self, label, weight) -> GuidedDenoiser:
        """Classifier-free guidance: the denoiser given the label, pushed away from the unconditional one [guidance]."""
        return GuidedDenoiser(self.given(label), self, weight)


def _whole(name, value):
    """Whole numbers as an array of integers; concrete floats may stand for them, traced ones may not."""
    if not is_traced(value):
        require(
            lambda v: np.isfinite(v) & (v == np.round(v)),
            name,
            value,
            "whole numbers" if np.ndim(value) else "a whole number",
        )
        return np.asarray(value).astype(int)
    if not jnp.issubdtype(value.dtype, jnp.integer):
        raise ValueError(f"{name} must be of an integer dtype where traced, got {value.dtype}")
    return value
