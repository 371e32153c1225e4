"""Guidance: one denoiser pushed away from another."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import as_float, common_float, poison, require, require_positive


class GuidedDenoiser(eqx.Module):
    """D_w = D_pos + w (D_pos - D_neg) [guidance]; weight 0 is the positive denoiser alone.

    Arguments: two denoisers and the extra weight w, a finite scalar (the usual guidance scale is 1 + w). The field is a
    gradient, but D_w is no posterior mean, so it offers no log density.
    """

    positive: Callable
    negative: Callable
    weight: Float[Array, ""]

    def __init__(self, positive: Callable, negative: Callable, weight):
        for name, part in (("positive", positive), ("negative", negative)):
            if not callable(part):
                raise ValueError(f"{name} must be a denoiser, a callable (x, sigma), got {type(part).__name__}")
        require(np.isfinite, "weight", weight, "finite")
        if np.ndim(weight):
            raise ValueError(f"weight must be a scalar, got shape {np.shape(weight)}")
        self.positive = positive
        self.negative = negative
        self.weight = as_float("weight", weight)

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The guided state ``(*batch, D)``."""
        return self._combine(self.positive(x, sigma), self.negative(x, sigma))

    def score(self, x, sigma) -> Float[Array, "*batch D"]:
        """(D_w - x)/sigma^2, ``(*batch, D)``, from the scores of the parts, or from the parts where they have none."""
        return self._combine(_score(self.positive, x, sigma), _score(self.negative, x, sigma))

    def _combine(self, positive, negative):
        weight = self.weight.astype(positive.dtype)
        return positive + poison(weight, jnp.isfinite(weight)) * (positive - negative)


def _score(denoiser: Any, x, sigma):
    if hasattr(denoiser, "score"):
        return denoiser.score(x, sigma)
    require_positive("sigma", sigma)
    x, sigma = common_float(x=x, sigma=sigma)
    return (denoiser(x, sigma) - x) / sigma[..., None] ** 2
