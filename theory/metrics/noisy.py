"""Training and validation sets under noise: what every measure of both checks, draws and evaluates alike."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, poison, require_count, require_finite, require_levels, require_points


def require_sets(train, validation, sigmas) -> tuple[Array, ...]:
    """Two sets ``(points, D)`` and positive levels ``(levels,)``, checked and of one dtype."""
    require_points("train", train)
    require_points("validation", validation, dim=np.shape(train)[1])
    require_levels("sigmas", sigmas)
    return common_float(train=train, validation=validation, sigmas=sigmas)


def noisy_sets(train, validation, sigmas, noise, key, draws):
    """((train, its noise), (validation, its noise)) and the levels, of one dtype; noise ``(draws, points, D)``."""
    train, validation, sigmas = require_sets(train, validation, sigmas)
    if (noise is None) == (key is None):
        raise ValueError("give either noise=(train_noise, validation_noise) or key=..., one of the two")
    if noise is None:
        count = require_count("draws", draws)
        keys = jax.random.split(key)
        noise = tuple(
            jax.random.normal(each, (count, *points.shape), points.dtype)
            for each, points in zip(keys, (train, validation))
        )
    elif not isinstance(noise, (tuple, list)) or len(noise) != 2:
        raise ValueError("noise must be a pair of arrays (train_noise, validation_noise)")
    for name, draw, points in zip(("train", "validation"), noise, (train, validation)):
        shape = np.shape(draw)
        if len(shape) != 3 or shape[0] == 0 or shape[1:] != points.shape:
            raise ValueError(f"{name} noise must have shape (draws, {len(points)}, {points.shape[1]}), got {shape}")
        require_finite(f"{name} noise", draw)
    train_noise, validation_noise, *_ = common_float(train_noise=noise[0], validation_noise=noise[1], train=train)
    return ((train, train_noise), (validation, validation_noise)), sigmas


def require_replicates(sets) -> None:
    """Raise ``ValueError`` unless each of the `noisy_sets` has what a standard error needs."""
    if min(draw.shape[0] * draw.shape[1] for _, draw in sets) < 2:
        raise ValueError("a standard error needs at least two draws or two points in each set: give more draws")


def over_levels(value: Callable, points, noise, sigmas) -> Float[Array, "levels draws*points"]:
    """``value(states, level of each state)`` at points + sigma noise, one level at a time, so that memory is bounded."""

    def at_level(sigma):
        states = points + sigma * noise
        return value(states, jnp.broadcast_to(sigma, states.shape[:-1])).ravel()

    return jax.lax.map(at_level, poison(sigmas, sigmas > 0))


def plane_mean(evaluate: Callable, points, nodes: int) -> Float[Array, "2 levels"]:
    """Mean of ``evaluate(points, noise)``, as `over_levels`, over the noise in two dimensions and over the points.

    The trapezoidal rule on ``nodes`` by ``nodes`` (odd, at least 5) points up to 8.5 standard deviations; the second row
    leaves out every other node, to show the error.
    """
    if points.shape[1] != 2:
        raise ValueError(f"quadrature needs points of two dimensions, got {points.shape[1]}: use noise or key")
    if require_count("nodes", nodes, 5) % 2 == 0:
        raise ValueError(f"nodes must be odd, so that every other node is a rule of its own, got {nodes}")
    line = jnp.linspace(-8.5, 8.5, nodes, dtype=points.dtype)
    rule = jnp.stack(jnp.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    density = jnp.exp(-jnp.sum(rule**2, axis=(1, 2)) / 2)
    coarse = (jnp.arange(nodes) % 2 == 0).astype(points.dtype)
    weights = jnp.stack([density, density * jnp.outer(coarse, coarse).ravel()])
    weights = weights / weights.sum(axis=1, keepdims=True)
    values = evaluate(points, jnp.broadcast_to(rule, (len(rule), *points.shape)))
    return jnp.einsum("wr,lrp->wl", weights, values.reshape(len(values), len(rule), len(points))) / len(points)
