"""Networks that start where they train: weights scaled so that outputs have about the size of what they are to predict."""

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import require_count

_SILU = 2.81  # 1/E silu(z)^2, z standard normal: the gain that keeps the size of a state from layer to layer (He for ReLU: 2)
_FREQUENCIES = 0.5 * 2.0 ** np.arange(5)  # of the noise, per unit of ln sigma


class Linear(eqx.Module):
    """x W + b, W normal of variance gain/inputs."""

    weight: Float[Array, "inputs outputs"]
    bias: Float[Array, " outputs"]

    def __init__(self, inputs: int, outputs: int, key, gain: float = _SILU):
        self.weight = jax.random.normal(key, (inputs, outputs), jnp.float32) * math.sqrt(gain / inputs)
        self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x):
        return x @ self.weight + self.bias


class Labels(eqx.Module):
    """A learned vector for each label; a label below 0, dropped or not given, has none."""

    table: Float[Array, "labels width"]

    def __init__(self, labels: int, width: int, key):
        self.table = jax.random.normal(key, (labels, width), jnp.float32)

    def __call__(self, label):
        return jnp.where((label >= 0)[..., None], self.table[jnp.maximum(label, 0)], 0)


class Mlp(eqx.Module):
    """A multilayer perceptron with SiLU for points: layers of ``width``, the noise and the label added to the first.

    Arguments: dim D; width; depth, the number of hidden layers; labels, the number of classes, 0 for none; key.
    Called with x ``(*batch, D)`` of size about 1, ln sigma ``(*batch,)`` and label ``(*batch,)``, integers or None.
    """

    noise: Linear
    labels: Labels | None
    layers: list[Linear]

    def __init__(self, dim: int, width: int = 128, depth: int = 3, *, labels: int = 0, key):
        for name, value, least in (("dim", dim, 1), ("width", width, 1), ("depth", depth, 1), ("labels", labels, 0)):
            require_count(name, value, least)
        keys = jax.random.split(key, depth + 3)
        sizes = [dim, *[width] * depth, dim]
        self.layers = [
            Linear(inputs, outputs, each, gain={0: 0.5, depth: 1.0}.get(index, _SILU))
            for index, (inputs, outputs, each) in enumerate(zip(sizes, sizes[1:], keys))
        ]
        self.noise = Linear(2 * len(_FREQUENCIES), width, keys[-1], gain=0.5)
        self.labels = Labels(labels, width, keys[-2]) if labels else None

    def __call__(self, x, log_noise, label=None) -> Float[Array, "*batch D"]:
        first, *others = self.layers
        state = first(x) + self.noise(waves(log_noise))
        if self.labels is not None and label is not None:
            state = state + self.labels(label)
        for layer in others:
            state = layer(jax.nn.silu(state))
        return state


class UNet(eqx.Module):
    """A small convolutional U-Net for square images, flattened as they are everywhere here: two scales, residual blocks.

    Arguments: shape (channels, side, side), side even; width, channels of the first scale, the second has twice as many;
    labels, the number of classes, 0 for none; key. Called as `Mlp`, with x ``(*batch, channels side side)``.
    """

    shape: tuple[int, int, int] = eqx.field(static=True)
    noise: Linear
    labels: Labels | None
    first: "Convolution"
    blocks: list["Block"]
    down: "Convolution"
    up: "Convolution"
    last: "Convolution"

    def __init__(self, shape: Sequence[int], width: int = 32, *, labels: int = 0, key):
        channels, height, side = (require_count("shape", size) for size in shape)
        if height != side or side % 2:
            raise ValueError(f"shape must be (channels, side, side) with an even side, got {tuple(shape)}")
        require_count("width", width)
        require_count("labels", labels, 0)
        self.shape = (channels, height, side)
        keys = jax.random.split(key, 10)
        embedding = 4 * width
        self.noise = Linear(2 * len(_FREQUENCIES), embedding, keys[0], gain=1.0)
        self.labels = Labels(labels, embedding, keys[1]) if labels else None
        self.first = Convolution(channels, width, keys[2], gain=1.0)
        self.blocks = [
            Block(width, width, embedding, keys[3]),
            Block(2 * width, 2 * width, embedding, keys[4]),
            Block(2 * width, 2 * width, embedding, keys[5]),
            Block(2 * width, width, embedding, keys[6]),
        ]
        self.down = Convolution(width, 2 * width, keys[7], gain=1.0)
        self.up = Convolution(2 * width, width, keys[8], gain=1.0)
        self.last = Convolution(width, channels, keys[9], gain=1.0)

    def __call__(self, x, log_noise, label=None) -> Float[Array, "*batch D"]:
        batch = x.shape[:-1]
        embedding = self.noise(waves(jnp.broadcast_to(log_noise, batch).reshape(-1)))
        if self.labels is not None and label is not None:
            embedding = embedding + self.labels(jnp.broadcast_to(label, batch).reshape(-1))
        embedding = jax.nn.silu(embedding)
        fine = self.first(x.reshape(-1, *self.shape).transpose(0, 2, 3, 1))
        fine = self.blocks[0](fine, embedding)
        coarse = self.down(_halved(fine))
        coarse = self.blocks[2](self.blocks[1](coarse, embedding), embedding)
        joined = jnp.concatenate([fine, _doubled(self.up(coarse))], axis=-1)
        out = self.last(jax.nn.silu(self.blocks[3](joined, embedding)))
        return out.transpose(0, 3, 1, 2).reshape(x.shape)


class Convolution(eqx.Module):
    """3 by 3 convolution of images ``(batch, side, side, channels)``, zeros beyond the edge, scaled like `Linear`."""

    weight: Float[Array, "3 3 inputs outputs"]
    bias: Float[Array, " outputs"]

    def __init__(self, inputs: int, outputs: int, key, gain: float = _SILU):
        scale = math.sqrt(gain / (9 * inputs))
        self.weight = jax.random.normal(key, (3, 3, inputs, outputs), jnp.float32) * scale
        self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x):
        # as a product of matrices: convolutions with a kernel for each member of an ensemble are some ten times slower in XLA
        side = x.shape[1]
        padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        shifts = [padded[:, i : i + side, j : j + side] for i in range(3) for j in range(3)]
        return jnp.concatenate(shifts, axis=-1) @ self.weight.reshape(-1, self.weight.shape[-1]) + self.bias


class Block(eqx.Module):
    """Two convolutions beside a shortcut, with the embedding of noise and label added between them."""

    first: Convolution
    second: Convolution
    embedding: Linear
    shortcut: Linear | None

    def __init__(self, inputs: int, outputs: int, embedding: int, key):
        keys = jax.random.split(key, 4)
        self.first = Convolution(inputs, outputs, keys[0])
        self.second = Convolution(outputs, outputs, keys[1], gain=0.5)
        self.embedding = Linear(embedding, outputs, keys[2], gain=1.0)
        self.shortcut = Linear(inputs, outputs, keys[3], gain=1.0) if inputs != outputs else None

    def __call__(self, x, embedding):
        state = self.first(jax.nn.silu(x)) + self.embedding(embedding)[:, None, None]
        state = self.second(jax.nn.silu(_normalised(state)))
        return state + (x if self.shortcut is None else self.shortcut(x))


def waves(log_noise) -> Float[Array, "*batch features"]:
    """Sines and cosines of ln sigma, by which a network knows the noise."""
    phases = jnp.asarray(log_noise, jnp.float32)[..., None] * jnp.asarray(_FREQUENCIES, jnp.float32)
    return jnp.concatenate([jnp.sin(phases), jnp.cos(phases)], axis=-1) * math.sqrt(2)


def _normalised(x):
    """Mean 0 and variance 1 in every image (a group normalisation with one group)."""
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    return (x - mean) * jax.lax.rsqrt(jnp.var(x, axis=(1, 2, 3), keepdims=True) + 1e-5)


def _halved(x):
    batch, side, _, channels = x.shape
    return x.reshape(batch, side // 2, 2, side // 2, 2, channels).mean(axis=(2, 4))


def _doubled(x):
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
