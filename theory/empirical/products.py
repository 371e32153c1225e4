"""The posterior over training points by matrix products, in many dimensions, and whether that is accurate.

The product form |x|^2 - 2 x.y + |y|^2 errs by eps (R/s)^2, which is useless at small noise. Here its own result shows whether
that does harm. Evaluators take the `Table` of the points, queries ``(q, D)`` and noise ``(q,)``, and return the log normaliser
``(q,)``, the offset of `dense.moments` ``(q, D)`` where it is asked for, and for which queries both are accurate ``(q,)``.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from theory.empirical.tiles import in_blocks, nearest_in_box, rescaled, tile_of_products


class Table(NamedTuple):
    """Points in blocks about their centre, with what products need of them; padding has weight zero."""

    points: Float[Array, "n D"]
    log_weights: Float[Array, " n"]
    centre: Float[Array, " D"]
    rows: Float[Array, "blocks b D+2"]  # y, -|y|^2/2 and ln w
    terms: Float[Array, "blocks b D+2"]  # y, |y|^2 and 1
    mean_square: Float[Array, ""]  # of |y|
    extent: Float[Array, ""]  # R^2, the largest |y|^2


def table(points, log_weights) -> Table:
    """The `Table` of points ``(n, D)`` with log weights ``(n,)``."""
    centre = jnp.mean(points, axis=0)
    in_rows, weights = in_blocks(points, log_weights, tile_of_products()[1])
    y = in_rows - centre
    square, weights = jnp.sum(y**2, axis=-1, keepdims=True), weights[..., None]
    rows = jnp.concatenate([y, -square / 2, weights], axis=-1)
    terms = jnp.concatenate([y, square, jnp.ones_like(square)], axis=-1)
    return Table(points, log_weights, centre, rows, terms, jnp.mean(square), jnp.max(square))


class _Logits(NamedTuple):
    """Logits of queries, but for what all points share: ln w + (x.y - |y|^2/2)/s^2, about the centre of the points.

    They err by delta = 2 eps R (R + |x|)/s^2 or less, R the length of the longest y.
    """

    # the product with rows, without anything more, is the logit: XLA needs no pass for it
    factors: Float[Array, "q D+2"]
    reach: Float[Array, " q"]  # |x|^2/s^2
    scaled: Float[Array, " q"]  # R^2/s^2
    delta: Float[Array, " q"]

    def of(self, rows) -> Float[Array, "q b"]:
        return jnp.dot(self.factors, rows.T, precision="highest")


def _logits(table: Table, x, noise) -> _Logits:
    about, inverse = x - table.centre, 1 / noise
    reach, scaled = jnp.sum(about**2, axis=1) * inverse**2, table.extent * inverse**2
    factors = [about * inverse[:, None] ** 2, inverse[:, None] ** 2, jnp.ones_like(about[:, :1])]
    delta = 2 * jnp.finfo(x.dtype).eps * (scaled + jnp.sqrt(scaled * reach))
    return _Logits(jnp.concatenate(factors, axis=1), reach, scaled, delta)


def accuracy(x) -> float:
    """What `Posterior` states, by the dtype of x."""
    return 1e-12 if x.dtype.itemsize == 8 else 1e-5


def near_one_point(table: Table, noise) -> Bool[Array, " q"]:
    """Whether one point may have all the weight: hardly ever where noise is comparable to the distances of points."""
    return table.mean_square / noise**2 > math.log(len(table.points) / accuracy(noise))


def by_winners(table: Table, x, noise, *, with_mean: bool):
    """From the one point that has all the weight, whatever the rounding of the logits.

    Its own logit is computed again, from differences.
    """
    logits = _logits(table, x, noise)
    margin = 2 * logits.delta + math.log(len(table.points) / accuracy(x)) + jnp.log1p(jnp.sqrt(logits.scaled))
    largest, second, winner = _two_largest(logits, table.rows)
    winning = table.points[winner]
    log_total = table.log_weights[winner] - jnp.sum(jnp.square((winning - x) / noise[:, None]), axis=1) / 2
    offset = (winning - nearest_in_box(table.points, x))[:, : x.shape[1] if with_mean else 0]
    return log_total, offset, largest - second > margin


def _two_largest(logits: _Logits, rows):
    """The two largest logits ``(q,)`` over all blocks, and whose the first is."""
    size = rows.shape[1]
    columns = jnp.arange(size, dtype=rows.dtype)  # floats, whose maxima are faster
    nothing = jnp.full_like(logits.reach, -jnp.inf)
    start = ((nothing, nothing, jnp.zeros(len(nothing), int)), 0)

    def add_block(carry, rows):
        (largest, second, winner), first = carry
        logit = jax.lax.stop_gradient(logits.of(rows))
        best = jnp.max(logit, axis=1)
        place = jnp.max(jnp.where(logit == best[:, None], columns, 0), axis=1)  # argmax, which XLA does not vectorise
        rest = jnp.max(jnp.where(columns == place[:, None], -jnp.inf, logit), axis=1)
        second = jnp.maximum(jnp.maximum(second, rest), jnp.minimum(largest, best))
        winner = jnp.where(best > largest, first + place.astype(int), winner)
        return ((jnp.maximum(largest, best), second, winner), first + size), None

    return jax.lax.scan(add_block, start, rows)[0][0]


def by_products(table: Table, x, noise, *, with_mean: bool):
    """From sums over all points.

    They are accurate where the error of a logit and its product with the spread of the posterior are small; differences
    round by as much where it is some eps of the logit, as it is at large noise. What all logits share is held to the
    accuracy of the log density.
    """
    dim, eps, allowed = x.shape[1], jnp.finfo(x.dtype).eps, accuracy(x)
    logits = _logits(table, x, noise)
    log_total, averages = _averages(logits, table.rows, table.terms if with_mean else table.terms[..., -1:])
    log_total -= logits.reach / 2
    log_density = log_total - dim * jnp.log(noise * math.sqrt(2 * math.pi))
    certain = 2 * eps * (logits.scaled + logits.reach) <= allowed * jnp.maximum(1, jnp.abs(log_density))
    if not with_mean:
        return log_total, averages[:, :0], certain
    mean, square = averages[:, :dim], averages[:, dim]
    variance = jnp.maximum(square - jnp.sum(mean**2, axis=1), 0) / noise**2 + 8 * eps * logits.scaled
    small = (logits.delta * jnp.sqrt(variance) <= allowed) | (logits.delta <= 8 * eps * jnp.abs(log_total))
    return log_total, mean + (table.centre - nearest_in_box(table.points, x)), certain & small


def _averages(logits: _Logits, rows, terms):
    """Log sum of the exponentials ``(q,)`` and averages of terms, the last of which are ones, ``(q, c)``."""

    def add_block(carry, block):
        largest, sums = carry
        rows, terms = block
        largest, rescale, weight = rescaled(largest, logits.of(rows), 1)
        return (largest, rescale[:, None] * sums + jnp.dot(weight, terms, precision="highest")), None

    sums = jnp.zeros((len(logits.reach), terms.shape[-1]), terms.dtype)
    start = (jnp.full_like(logits.reach, -jnp.inf), sums)
    (largest, sums), _ = jax.lax.scan(jax.checkpoint(add_block), start, (rows, terms))
    return largest + jnp.log(sums[:, -1]), sums / sums[:, -1:]
