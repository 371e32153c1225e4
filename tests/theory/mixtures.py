"""What is known of a denoiser: a Gaussian mixture whose posterior mean it is, and the oracle of that mixture."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.stats

from theory import GaussianMixtureDenoiser

WEIGHTS = [1.0, 0.5, 2.0, 0.0, 1.0, 3.0]
LABELS = [0, 1, 1, 0, 2, 1]


def growing(error):
    """An error that grows with noise, from ``error`` to twice that."""
    return lambda sigma: error * (1 + sigma**2 / (sigma**2 + error**2))


def unsmoothed(points, error, sigma):
    """The points themselves as a mixture: weights, means and covariances."""
    return np.ones(len(points)), points, np.zeros((len(points), 1, 1)) * np.eye(points.shape[1])


def smoothed(weights=None, schedule=lambda error, sigma: error):
    """The points smoothed with the model error, as a mixture."""

    def data(points, error, sigma):
        covariance = schedule(error, sigma) ** 2 * np.eye(points.shape[1])
        return np.ones(len(points)) if weights is None else weights, points, np.stack([covariance] * len(points))

    return data


def blobs(points, error, sigma=None):
    """A Gaussian around each point, longest away from the mean of all: weights, means and covariances."""
    points = jnp.asarray(points)
    centred = points - points.mean(axis=0)
    flat = centred[:, :, None] * centred[:, None]
    return WEIGHTS, points, error**2 * jnp.eye(points.shape[1], dtype=flat.dtype) + 0.3 * flat


def sticks(points, error, sigma=None):
    """A segment-like Gaussian of rank one around each point, all alike: weights, means and the singular covariance."""
    points = jnp.asarray(points)
    stick = points[0] - points[1]
    return WEIGHTS, points, 0.3 * stick[:, None] * stick


def cloud(points, error, sigma=None):
    """One Gaussian with the moments of the smoothed points: weight, mean and covariance."""
    points = jnp.asarray(points)
    mean = points.mean(axis=0)
    spread = jnp.mean((points - mean)[:, :, None] * (points - mean)[:, None], axis=0)
    return [1.0], mean[None], error**2 * jnp.eye(points.shape[1], dtype=spread.dtype) + spread


class DenoiserCase(NamedTuple):
    """How a denoiser is built from six points and the model error, a length like the points, and what is known of it."""

    build: Callable[[Any, Any], Any]
    # (points, error, sigma) -> weights (m,), means (m, D) and covariances, (m, D, D) or (D, D), of the mixture whose
    # posterior mean it is at sigma; None where it is none and has no density
    data: Callable[..., Any] | None = None
    mean: Callable[..., Any] | None = (
        None  # of the points: where it points at large noise, if not to the mean of the data
    )
    # whether error > 0 makes sigma = 0 valid and a large error leaves the state as it is
    uses_error: bool = True
    hull: bool = False  # whether it stays in the hull of the points and, with error, the state
    ordered: bool = False  # whether the order of the points matters


def mixture(data):
    """The denoiser of weights, means and covariances."""
    weights, means, covariances = data
    return GaussianMixtureDenoiser(means, covariances, weights)


def arrays(data):
    """Normalised weights ``(m,)``, means ``(m, D)`` and covariances ``(m, D, D)`` in float64."""
    weights, means, covariances = (np.asarray(part, np.float64) for part in data)
    covariances = (
        covariances + np.swapaxes(covariances, -1, -2)
    ) / 2  # single precision leaves the last digit different
    return weights / weights.sum(), means, np.broadcast_to(covariances, (*means.shape, means.shape[1]))


def density(data, x, sigma):
    """Density of the mixture smoothed with sigma at x ``(states, D)``, by SciPy."""
    return sum(
        weight * scipy.stats.multivariate_normal(mean, covariance + sigma**2 * np.eye(len(mean))).pdf(x)
        for weight, mean, covariance in zip(*arrays(data))
    )
