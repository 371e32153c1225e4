"""The gap in log-likelihood between noisy validation and noisy training points: the integral of the denoising gap."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.metrics.estimate import mean_estimate
from theory.metrics.noisy import noisy_sets, over_levels, plane_mean, require_replicates, require_sets


class LikelihoodGap(eqx.Module):
    """CE_val - CE_train and the standard error that the noise draws leave on it, both ``(levels,)``, in nats."""

    gap: Float[Array, " levels"]
    standard_error: Float[Array, " levels"]


class QuadratureLikelihoodGap(eqx.Module):
    """CE_val - CE_train by quadrature, its change on halving the nodes, and CE_train, all ``(levels,)``, in nats."""

    gap: Float[Array, " levels"]
    error: Float[Array, " levels"]
    training: Float[Array, " levels"]


def likelihood_gap(denoiser, train, validation, sigmas, *, noise=None, key=None, draws: int = 50) -> LikelihoodGap:
    """CE_val - CE_train at each noise level, CE_v(sigma) = -E ln p_hat_s(v + sigma eps), in nats [gap-likelihood].

    For constant model error the denoising gap is its slope: E|D - v|^2 - E|D - y|^2 = -2 sigma^4 d(gap)/d(sigma^2).
    Arguments: a denoiser with ``.log_density(x, sigma)``; train and validation ``(points, D)``; sigmas ``(levels,)``,
    positive; ``noise`` or ``key`` and ``draws`` as for `generalization_gap`. The points are taken as given: the error
    covers the noise alone. Null: 0 for a density that does not know its training points; distance^2/(2 s^2) to the nearest
    one for exact recall. Raises ``ValueError`` as `generalization_gap`, and for a denoiser that has no density.
    """
    _require_density(denoiser)
    sets, sigmas = noisy_sets(train, validation, sigmas, noise, key, draws)
    require_replicates(sets)
    training, validated = (mean_estimate(_surprise(denoiser, *each, sigmas)) for each in sets)
    spread = jnp.hypot(training.standard_error, validated.standard_error)
    return LikelihoodGap(validated.value - training.value, spread)


def likelihood_gap_quadrature(denoiser, train, validation, sigmas, *, nodes: int = 161) -> QuadratureLikelihoodGap:
    """`likelihood_gap` in two dimensions with the mean over the noise done by quadrature, not sampling.

    Arguments and errors as for `generalization_gap_quadrature`; converges geometrically.
    """
    _require_density(denoiser)
    train, validation, sigmas = require_sets(train, validation, sigmas)

    def surprise(points, noise):
        return _surprise(denoiser, points, noise, sigmas)

    training = plane_mean(surprise, train, nodes)
    fine, half = plane_mean(surprise, validation, nodes) - training
    return QuadratureLikelihoodGap(fine, jnp.abs(fine - half), training[0])


def _require_density(denoiser: Any) -> None:
    if not hasattr(denoiser, "log_density"):
        raise ValueError(f"denoiser must have a log_density to have a likelihood, got {type(denoiser).__name__}")


@eqx.filter_jit
def _surprise(denoiser, points, noise, sigmas) -> Float[Array, "levels draws*points"]:
    """-ln p_hat_s(y + sigma eps) at every level, draw and point."""
    return over_levels(lambda states, level: -denoiser.log_density(states, level), points, noise, sigmas)
