"""The dense evaluator: every query meets every training point, in blocks, through differences and log weights.

All functions take points ``(n, D)``, normalised log weights ``(n,)`` (-inf is padding), queries ``(m, D)`` and one
noise level per query ``(m,)``, of one dtype. They are compiled once per shape and are safe under jit, vmap and grad.

Squared distances are sums of squared differences and the mean is a sum of weights times differences. The product form
|x|^2 - 2 x.y + |y|^2, whose error eps (R/s)^2 is useless at small noise, serves many dimensions where its own result shows
that this does no harm. Memory is bounded by the block, not by n times m.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FEW_DIMENSIONS = 8  # up to here sums over dimensions are unrolled, which lets XLA vectorise over the queries


def _tile() -> tuple[int, int]:
    """How many queries and training points meet at once: in a processor what its second-level cache holds."""
    return (1024, 256) if jax.default_backend() == "cpu" else (16384, 1024)


@jax.jit
def log_normalizer(points, log_weights, x, noise) -> Float[Array, " m"]:
    """ln sum_i w_i exp(-|x - y_i|^2/(2 s^2)), shape ``(m,)`` [posterior-mean]."""
    return _over_queries(lambda q, inv: _first_pass(points, log_weights, q, inv, with_mean=False)[0], x, noise)


@jax.jit
def moments(points, log_weights, x, noise) -> tuple[Float[Array, " m"], Float[Array, "m D"]]:
    """`log_normalizer` ``(m,)`` and the mean offset ``(m, D)`` in one pass [posterior-mean].

    The offset is E[y|x] - c = sum_i w_i (y_i - c), c the `nearest_in_box` of x.
    """

    def one_chunk(query, inverse_noise):
        log_total, offset = _first_pass(points, log_weights, query, inverse_noise, with_mean=True)
        return jnp.concatenate([log_total[None], offset])

    found = _over_queries(one_chunk, x, noise)
    return found[:, 0], found[:, 1:]


def nearest_in_box(points: Float[Array, "n D"], x: Float[Array, "*batch D"]) -> Float[Array, "*batch D"]:
    """x, moved into the bounding box of the points: the origin of the mean, so that it has no rounding of a far x."""
    return jax.lax.stop_gradient(jnp.clip(x, jnp.min(points, axis=0), jnp.max(points, axis=0)))


@jax.jit
def covariance(points, log_weights, x, noise) -> Float[Array, "m D D"]:
    """Cov[y|x], shape ``(m, D, D)``, about the mean itself, so that it keeps its relative accuracy far from the data."""

    def one_chunk(query, inverse_noise):
        log_total, offset = _first_pass(points, log_weights, query, inverse_noise, with_mean=True)
        shift = offset + nearest_in_box(points, query.T).T - query

        def term(weight, _, points):
            axes = range(len(shift))
            if len(shift) <= FEW_DIMENSIONS:
                centred = [points[:, d, None] - query[d] - shift[d] for d in axes]
                entries = {
                    (i, j): jnp.sum(weight * centred[i] * centred[j], axis=0) for i in axes for j in axes[: i + 1]
                }
                return jnp.stack([jnp.stack([entries[max(i, j), min(i, j)] for j in axes]) for i in axes])
            centred = jnp.sqrt(weight)[:, None] * (points[:, :, None] - query - shift)
            return jnp.moveaxis(jnp.einsum("bdq,beq->qde", centred, centred, precision="highest"), 0, -1)

        return _second_pass(term, points, log_weights, query, inverse_noise, log_total)

    return _over_queries(one_chunk, x, noise, _chunk_of_differences(x))


@jax.jit
def entropy(points, log_weights, x, noise) -> Float[Array, " m"]:
    """H = -sum_i w_i ln w_i of the posterior weights, in nats, shape ``(m,)``."""

    def term(weight, log_weight, _):
        return -jnp.sum(weight * jnp.where(weight > 0, log_weight, 0), axis=0)

    return _posterior_sum(term, points, log_weights, x, noise)


@jax.jit
def weight_square(points, log_weights, x, noise) -> Float[Array, " m"]:
    """sum_i w_i^2 of the posterior weights, shape ``(m,)``."""
    return _posterior_sum(lambda weight, *_: jnp.sum(weight**2, axis=0), points, log_weights, x, noise)


def _posterior_sum(term, points, log_weights, x, noise):
    def one_chunk(query, inverse_noise):
        log_total, _ = _first_pass(points, log_weights, query, inverse_noise, with_mean=False)
        return _second_pass(term, points, log_weights, query, inverse_noise, log_total)

    return _over_queries(one_chunk, x, noise, _chunk_of_differences(x))


def _chunk_of_differences(x) -> int:
    """Queries at once where the differences from a block of points are kept."""
    return _tile()[0] // (1 if x.shape[1] <= FEW_DIMENSIONS else 8)


def _over_queries(one_chunk: Callable, x, noise, chunk: int | None = None):
    """Apply ``one_chunk(query (D, q), 1/noise (q,)) -> (..., q)`` to chunks of queries; queries come first."""
    count, dim = x.shape
    chunks = max(1, -(-count // (chunk or _tile()[0])))
    size = -(-count // chunks)
    padding = chunks * size - count
    inverse = 1 / jnp.pad(noise, (0, padding), constant_values=1)
    query = jnp.pad(x, ((0, padding), (0, 0)))
    if chunks == 1:
        return jnp.moveaxis(one_chunk(query.T, inverse), -1, 0)
    stacked = jax.lax.map(
        lambda args: jnp.moveaxis(one_chunk(args[0].T, args[1]), -1, 0),
        (query.reshape(chunks, size, dim), inverse.reshape(chunks, size)),
    )
    return stacked.reshape(chunks * size, *stacked.shape[2:])[:count]


def _first_pass(points, log_weights, query, inverse_noise, *, with_mean: bool):
    """Log normaliser ``(q,)`` and, where asked for, the offset of `moments` ``(D, q)``, by an online softmax over blocks."""
    by_differences = partial(_online_softmax, with_mean=with_mean)
    if len(query) <= FEW_DIMENSIONS:
        return by_differences(points, log_weights, query, inverse_noise)
    *by_products, certain = _by_products(points, log_weights, query, inverse_noise, with_mean)
    return jax.lax.cond(
        jnp.all(certain),
        lambda: tuple(by_products),
        lambda: by_differences(points, log_weights, query, inverse_noise),
    )


def _online_softmax(points, log_weights, query, inverse_noise, with_mean: bool):
    dim, count = query.shape
    zeros = jnp.zeros((dim, count) if with_mean else (0, count), query.dtype)
    start = (jnp.full(count, -jnp.inf, query.dtype), jnp.zeros(count, query.dtype), zeros)
    origin = nearest_in_box(points, query.T).T

    def add_block(carry, block):
        largest, total, offset = carry
        logit, weighted_sum = _difference_form(block[0], block[1], query, inverse_noise, origin)
        largest, rescale, weight = _rescaled(largest, logit)
        total = rescale * total + jnp.sum(weight, axis=0)
        if with_mean:
            offset = rescale * offset + weighted_sum(weight)
        return (largest, total, offset), None

    (largest, total, offset), _ = jax.lax.scan(jax.checkpoint(add_block), start, _blocks(points, log_weights))
    return largest + jnp.log(total), offset / total


def _rescaled(largest, logit):
    """The new largest logit ``(q,)``, the factor of the sums so far ``(q,)`` and the weights of a block ``(b, q)``."""
    new = jnp.maximum(largest, jax.lax.stop_gradient(jnp.max(logit, axis=0)))
    # -inf only while all weights so far are zero; NaN must stay NaN
    reference = jnp.where(jnp.isneginf(new), 0, new)
    return new, jnp.exp(largest - reference), jnp.exp(logit - reference)


def _by_products(points, log_weights, query, inverse_noise, with_mean: bool):
    """As `_online_softmax`, by matrix products about the centre of the points; and for which queries that is accurate.

    Logits err by delta = 2 eps (R/s)^2 or less, R the lengths about the centre. That does no harm where one point has all
    the weight, whose logit is then computed again, nor where delta and its product with the spread of the posterior are
    small; differences round by as much where delta is some eps of the logit, as it is at large noise.
    """
    dim, count = query.shape
    eps = jnp.finfo(query.dtype).eps
    accuracy = 1e-12 if eps < 1e-10 else 1e-5
    centre = jnp.mean(points, axis=0)
    about = query - centre[:, None]
    extent = jnp.max(jnp.sum((points - centre) ** 2, axis=1))
    blocks = _blocks(points - centre, log_weights)
    size = blocks[0].shape[1]

    def add_block(carry, block):
        (largest, second, winner), total, moved = carry
        points, log_weights, first = block
        lengths = jnp.sum(points**2, axis=1)[:, None]
        square = lengths + jnp.sum(about**2, axis=0) - 2 * jnp.dot(points, about, precision="highest")
        logit = log_weights[:, None] - jnp.maximum(square, 0) * inverse_noise**2 / 2
        fixed, rows = jax.lax.stop_gradient(logit), jnp.arange(size)[:, None]
        best = jnp.max(fixed, axis=0)
        place = jnp.max(jnp.where(fixed == best, rows, 0), axis=0)  # argmax, which XLA does not vectorise
        rest = jnp.max(jnp.where(rows == place, -jnp.inf, fixed), axis=0)
        second = jnp.maximum(jnp.maximum(second, rest), jnp.minimum(largest, best))
        winner = jnp.where(best > largest, first + place, winner)
        largest, rescale, weight = _rescaled(largest, logit)
        total = rescale * total + jnp.sum(weight, axis=0)
        if with_mean:
            terms = jnp.concatenate([points, lengths], axis=1)
            moved = rescale * moved + jnp.dot(terms.T, weight, precision="highest")
        return ((largest, second, winner), total, moved), None

    nothing = jnp.full(count, -jnp.inf, query.dtype)
    start = (
        (nothing, nothing, jnp.zeros(count, int)),
        jnp.zeros(count, query.dtype),
        jnp.zeros((dim + 1 if with_mean else 0, count), query.dtype),
    )
    firsts = jnp.arange(len(blocks[0])) * size
    ((largest, second, winner), total, moved), _ = jax.lax.scan(jax.checkpoint(add_block), start, (*blocks, firsts))

    winning = points[winner].T
    exact = log_weights[winner] - jnp.sum(jnp.square((winning - query) * inverse_noise), axis=0) / 2
    delta = 2 * eps * (extent + jnp.sum(about**2, axis=0)) * inverse_noise**2
    margin = 2 * delta + math.log(len(points) / accuracy) + jnp.log1p(jnp.sqrt(extent) * inverse_noise)
    alone = largest - second > margin
    log_total = jnp.where(alone, exact, largest + jnp.log(total))
    log_density = log_total + dim * jnp.log(inverse_noise / math.sqrt(2 * math.pi))
    certain = delta <= accuracy * jnp.maximum(1, jnp.abs(log_density))
    if not with_mean:
        return log_total, moved, alone | certain
    mean = moved[:-1] / total
    spread = jnp.sqrt(jnp.maximum(moved[-1] / total - jnp.sum(mean**2, axis=0), 0) + 8 * eps * extent)
    origin = nearest_in_box(points, query.T).T
    offset = jnp.where(alone, winning - origin, mean - (origin - centre[:, None]))
    small = (delta * spread * inverse_noise <= accuracy) | (delta <= 8 * eps * jnp.abs(largest))
    return log_total, offset, alone | certain & small


def _second_pass(term, points, log_weights, query, inverse_noise, log_total):
    """Sum over the blocks of ``term(weight (b, q), log weight (b, q), points (b, D))``, weights normalised."""

    def add_block(total, block):
        points, log_weights = block
        log_weight = log_weights[:, None] - _square(points, query, inverse_noise) / 2 - log_total
        return total + term(jnp.exp(log_weight), log_weight, points), None

    blocks = _blocks(points, log_weights)
    first = jax.tree.map(lambda leaf: leaf[0], blocks)
    shape = jax.eval_shape(lambda block: add_block(0.0, block)[0], first)
    return jax.lax.scan(jax.checkpoint(add_block), jnp.zeros(shape.shape, shape.dtype), blocks)[0]


def _blocks(points, log_weights):
    """Points and log weights in blocks of equal size, the last filled with points of weight zero."""
    count, dim = points.shape
    # two at least: of a loop of one XLA makes one program, which takes every exponential again for every sum
    blocks = max(-(-count // _tile()[1]), 2 if count >= 16 else 1)
    size = -(-count // blocks)
    padding = blocks * size - count
    padded = jnp.pad(points, ((0, padding), (0, 0)), mode="edge")
    weights = jnp.pad(log_weights, (0, padding), constant_values=-jnp.inf)
    return padded.reshape(blocks, size, dim), weights.reshape(blocks, size)


def _difference_form(points, log_weights, query, inverse_noise, origin):
    """Logits ``(b, q)`` and the map from weights ``(b, q)`` to sum_i w_i (y_i - origin) ``(D, q)``, through differences."""
    logit = log_weights[:, None] - _square(points, query, inverse_noise) / 2
    if len(query) > FEW_DIMENSIONS:
        return logit, partial(_moved, points, jnp.mean(points, axis=0), origin)

    def weighted_sum(weight):
        axes = range(len(query))
        return jnp.stack([jnp.sum(weight * (points[:, d, None] - origin[d]), axis=0) for d in axes])

    return logit, weighted_sum


def _square(points, query, inverse_noise):
    """|y - x|^2/s^2, ``(b, q)``, scaled before it is squared; no array ever holds all differences, which takes longest."""
    if len(query) > FEW_DIMENSIONS:
        return _many_squares(points, query, inverse_noise)
    return sum(jnp.square((points[:, d, None] - query[d]) * inverse_noise) for d in range(len(query)))


def _many_squares(points, query, inverse_noise):
    """`_square` of many dimensions, some at a time."""
    missing = -len(query) % FEW_DIMENSIONS
    of_points, of_query = (
        jnp.pad(each, ((0, missing), (0, 0))).reshape(-1, FEW_DIMENSIONS, each.shape[1]) for each in (points.T, query)
    )

    def add(square, some):
        for y, x in zip(*some):
            square += jnp.square((y[:, None] - x) * inverse_noise)
        return square, None

    start = jnp.zeros((len(points), query.shape[1]), query.dtype)
    return jax.lax.scan(add, start, (of_points, of_query))[0]


def _moved(points, centre, origin, weight):
    """sum_i w_i (y_i - origin), ``(D, q)``, by a product about a centre."""
    about_centre = jnp.dot((points - centre).T, weight, precision="highest")
    return about_centre - (origin - centre[:, None]) * jnp.sum(weight, axis=0)
