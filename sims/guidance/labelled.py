"""Labelled points on a ring, and the guided model at states that have a label each."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from sims.guidance.config import GUIDE
from theory import Circle, ConditionalDenoiser, GuidedDenoiser


class LabelledSet(eqx.Module):
    """Training points in order of their angle, and the arcs that their labels stand for.

    A label has n/count neighbouring points. Its arc begins a quarter of the way from the last point before to the first of
    its own, so that the validation point midway behind a point lies in that point's arc. ``start`` and ``length``, in
    radians, are those of the arc that each point lies in. The number of labels may be traced.
    """

    points: Float[Array, "n 2"]
    labels: Int[Array, " n"]
    start: Float[Array, " n"]
    length: Float[Array, " n"]

    def __init__(self, ring: Circle, angles: Float[Array, " n"], count):
        size = len(angles) // count
        gap = jnp.mod(angles - jnp.roll(angles, 1), 2 * jnp.pi)
        starts = angles - gap / 4
        self.points = ring.embed(angles[:, None])
        self.labels = jnp.arange(len(angles)) // size
        self.start = starts[self.labels * size]
        following = starts[(self.labels + 1) * size % len(angles)]
        # one label for all spans the whole ring
        self.length = jnp.where(count == 1, 2 * jnp.pi, jnp.mod(following - self.start, 2 * jnp.pi))

    def on_arcs(self, ring: Circle, of_point: Int[Array, " m"], places: Float[Array, " m"]) -> Float[Array, "m 2"]:
        """Points of the arcs of these training points, each at a place between 0 and 1 along its arc."""
        return ring.embed((self.start[of_point] + places * self.length[of_point])[:, None])

    def outside(self, ring: Circle, x: Float[Array, "m 2"], of_point: Int[Array, " m"]) -> Float[Array, " m"]:
        """1 where the projection of x leaves the arc of its training point."""
        behind = jnp.mod(ring.angles(x)[:, 0] - self.start[of_point], 2 * jnp.pi)
        return (behind > self.length[of_point]).astype(x.dtype)

    def spread(self, x: Float[Array, "m 2"], of_point: Int[Array, " m"]) -> Float[Array, " m"]:
        """Distance of each x from the mean of its label, made unbiased in its square."""
        label = self.labels[of_point]
        count = jax.ops.segment_sum(jnp.ones_like(label, x.dtype), label, len(self.labels))[label][:, None]
        mean = jax.ops.segment_sum(x, label, len(self.labels))[label] / count
        return jnp.sqrt(jnp.sum((x - mean) ** 2 * count / (count - 1), axis=1))

    @property
    def arc_spread(self) -> Float[Array, " n"]:
        """Root mean square distance of the points of an arc of the unit circle from their mean."""
        return jnp.sqrt(1 - (2 * jnp.sin(self.length / 2) / self.length) ** 2)


class GuidedByLabel(eqx.Module):
    """The guided model at states that have a label each: x ``(*batch, m, 2)`` with labels ``(m,)``.

    Labels, weight and whether the negative model is the unconditional one (``classifier_free``) may be traced, so that one
    program serves all kinds, weights and granularities.
    """

    positive: ConditionalDenoiser
    negative: ConditionalDenoiser
    of_states: Int[Array, " m"]
    of_states_negative: Int[Array, " m"]
    weight: Float[Array, ""]

    def __init__(self, points, labels, of_states, error, weight, classifier_free):
        keep = 1 - classifier_free.astype(labels.dtype)
        self.positive = ConditionalDenoiser(points, labels, error)
        # all points carry one label where the negative model is unconditional
        self.negative = ConditionalDenoiser(points, keep * labels, (1 + (GUIDE - 1) * keep) * error)
        self.of_states, self.of_states_negative = of_states, keep * of_states
        self.weight = weight

    def __call__(self, x, sigma):
        def of_state(x, sigma, label, negative_label):
            return GuidedDenoiser(self.positive.given(label), self.negative.given(negative_label), self.weight)(
                x, sigma
            )

        sigma = jnp.broadcast_to(sigma, x.shape[:-1])
        return jax.vmap(of_state, in_axes=(-2, -1, 0, 0), out_axes=-2)(
            x, sigma, self.of_states, self.of_states_negative
        )
