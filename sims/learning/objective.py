"""What is minimised: the denoising error of the training points, over a distribution of noise, with a weight."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from sims.learning.denoiser import TARGETS, NetworkDenoiser, Target, coefficients
from theory.checks import require_choice, require_finite, require_positive


class LogNormalNoise(eqx.Module):
    """ln sigma normal with mean ln(median) and standard deviation ``spread``; EDM's is 0.6 in units of the data's scale."""

    median: float
    spread: float

    def __init__(self, median: float, spread: float = 1.2):
        require_positive("median", median)
        require_positive("spread", spread)
        self.median, self.spread = float(median), float(spread)

    def sample(self, key, shape):
        return self.median * jnp.exp(self.spread * jax.random.normal(key, shape, jnp.float32))


class LogUniformNoise(eqx.Module):
    """ln sigma uniform between the two ends, stratified: of a batch one level in each of as many equal parts."""

    lowest: float
    highest: float

    def __init__(self, lowest: float, highest: float):
        require_positive("lowest", lowest)
        require_finite("highest", highest)
        if not highest > lowest:
            raise ValueError(f"highest must be above lowest, got {highest} and {lowest}")
        self.lowest, self.highest = float(lowest), float(highest)

    def sample(self, key, shape):
        (count,) = shape
        share = (jnp.arange(count) + jax.random.uniform(key, shape, jnp.float32)) / count
        return self.lowest * (self.highest / self.lowest) ** share


class Objective(eqx.Module):
    """E lambda(sigma) |D(y + sigma eps, sigma) - y|^2/D over training points, noise levels and noise [posterior-mean].

    noise: a distribution of sigma in units of the scale of the data, with ``.sample(key, (batch,))``. target: what the network
    predicts. weighting: the target whose mean square error lambda makes of the denoising error: "clean" weighs all noise levels
    alike, "noise" by 1/sigma^2, "velocity", as EDM, by 1/sigma^2 + 1/scale^2; None: that of the target. label_dropout: the
    share of points whose label is not shown. Raises ``ValueError`` for other names and shares.
    """

    noise: Any
    target: Target = eqx.field(static=True)
    weighting: Target = eqx.field(static=True)
    label_dropout: float

    def __init__(
        self, noise, *, target: Target = "velocity", weighting: Target | None = None, label_dropout: float = 0.1
    ):
        require_choice("target", target, TARGETS)
        require_choice("weighting", weighting or target, TARGETS)
        if not 0 <= label_dropout <= 1:
            raise ValueError(f"label_dropout must be between 0 and 1, got {label_dropout}")
        self.noise, self.target, self.weighting = noise, target, weighting or target
        self.label_dropout = float(label_dropout)

    def loss(self, network, points, labels, scale, key):
        """The mean of a batch of points ``(batch, D)`` with labels ``(batch,)`` or None; a scalar."""
        level_key, noise_key, label_key = jax.random.split(key, 3)
        batch = points.shape[:1]
        sigma = scale * self.noise.sample(level_key, batch)
        if labels is not None:
            labels = jnp.where(jax.random.uniform(label_key, batch) < self.label_dropout, -1, labels)
        states = points + sigma[:, None] * jax.random.normal(noise_key, points.shape, points.dtype)
        error = NetworkDenoiser(network, scale, self.target, labels)(states, sigma) - points
        # relative to what a network of this target would be off by, so that lambda stays of size 1
        size = coefficients(self.weighting, sigma, scale)[1]
        return jnp.mean((error / size[:, None]) ** 2)
