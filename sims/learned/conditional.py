"""Conditional models at states that have a label each: exact ones and guided ones."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from theory import ConditionalDenoiser, GuidedDenoiser


class ByLabel(eqx.Module):
    """A conditional denoiser at states whose last coordinate is their label, which it keeps.

    So noisy training and validation points, whose labels differ, go through one denoiser; the noise of the label is 0.
    """

    denoiser: Any

    def __call__(self, x, sigma):
        labels = jnp.round(x[..., -1]).astype(jnp.int32)
        return jnp.concatenate([self.denoiser.given(labels)(x[..., :-1], sigma), x[..., -1:]], axis=-1)


class OfEachState(eqx.Module):
    """An exact conditional denoiser that may be given one label for each state ``(*batch,)``, as a network may.

    labels: of the training points. A label below 0 is none.
    """

    points: Any
    labels: Any
    error: Any
    label: Any = None

    def given(self, label) -> "OfEachState":
        return OfEachState(self.points, self.labels, self.error, label)

    def __call__(self, x, sigma):
        batch = x.shape[:-1]
        label, sigma = jnp.broadcast_to(self.label, batch).ravel(), jnp.broadcast_to(sigma, batch).ravel()

        def of_state(x, sigma, label):
            # without a condition all points share one
            labels = jnp.where(label < 0, 0, self.labels)
            return ConditionalDenoiser(self.points, labels, self.error).given(jnp.maximum(label, 0))(x, sigma)

        return jax.vmap(of_state)(x.reshape(-1, x.shape[-1]), sigma, label).reshape(x.shape)


class Guided(eqx.Module):
    """The guided model of two conditional ones; given labels, ``conditional`` says whether the negative one sees them."""

    positive: Any
    negative: Any
    conditional: Any
    weight: Any

    def given(self, label) -> GuidedDenoiser:
        other = jnp.where(self.conditional, label, -1)
        return GuidedDenoiser(self.positive.given(label), self.negative.given(other), self.weight)
