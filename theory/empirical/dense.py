"""The dense evaluator: every query meets every training point, in blocks, through differences and log weights.

All functions take points ``(n, D)``, normalised log weights ``(n,)`` (-inf is padding), queries ``(m, D)`` and one
noise level per query ``(m,)``, of one dtype. They are compiled once per shape and are safe under jit, vmap and grad.

Squared distances are sums of squared differences and the mean is a sum of weights times differences; in many dimensions
`products` are taken where they are as accurate. Memory is bounded by the block, not by n times m.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.empirical import products
from theory.empirical.tiles import (
    in_blocks,
    nearest_in_box,
    over_queries,
    refined,
    rescaled,
    tile,
    tile_of_products,
)

FEW_DIMENSIONS = 8  # up to here sums over dimensions are unrolled, which lets XLA vectorise over the queries
_TOGETHER = 16  # dimensions that are unrolled where there are more; with 8, XLA takes five times as long


@jax.jit
def log_normalizer(points, log_weights, x, noise) -> Float[Array, " m"]:
    """ln sum_i w_i exp(-|x - y_i|^2/(2 s^2)), shape ``(m,)`` [posterior-mean]."""
    return _first_pass(points, log_weights, x, noise, with_mean=False)[0]


@jax.jit
def moments(points, log_weights, x, noise) -> tuple[Float[Array, " m"], Float[Array, "m D"]]:
    """`log_normalizer` ``(m,)`` and the mean offset ``(m, D)`` in one pass [posterior-mean].

    The offset is E[y|x] - c = sum_i w_i (y_i - c), c the `nearest_in_box` of x.
    """
    return _first_pass(points, log_weights, x, noise, with_mean=True)


@jax.jit
def covariance(points, log_weights, x, noise) -> Float[Array, "m D D"]:
    """Cov[y|x], shape ``(m, D, D)``, about the mean itself, so that it keeps its relative accuracy far from the data."""
    log_total, offset = _first_pass(points, log_weights, x, noise, with_mean=True)
    shift = offset + (nearest_in_box(points, x) - x)

    def one_chunk(x, noise, log_total, shift):
        query, shift = x.T, shift.T

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

        return jnp.moveaxis(_second_pass(term, points, log_weights, x, noise, log_total), -1, 0)

    return over_queries(one_chunk, _chunk_of_differences(x), x, noise, log_total, shift)


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
    log_total, _ = _first_pass(points, log_weights, x, noise, with_mean=False)
    one_chunk = partial(_second_pass, term, points, log_weights)
    return over_queries(one_chunk, _chunk_of_differences(x), x, noise, log_total)


def _chunk_of_differences(x) -> int:
    """Queries at once where the differences from a block of points are kept."""
    return tile()[0] // (1 if x.shape[1] <= FEW_DIMENSIONS else 8)


def _first_pass(points, log_weights, x, noise, *, with_mean: bool):
    """Log normaliser ``(m,)`` and, where asked for, the offset of `moments` ``(m, D)``.

    In many dimensions queries are asked in turn for the one point that has all the weight, for sums by matrix products
    and for sums by differences, until one of these is accurate.
    """
    by_differences = partial(_by_differences, points, log_weights, with_mean=with_mean)
    if x.shape[1] <= FEW_DIMENSIONS:
        return over_queries(by_differences, tile()[0], x, noise)[:2]
    of_points, chunk = products.table(points, log_weights), tile_of_products()[0]
    by_winners, by_products = (
        partial(each, of_points, with_mean=with_mean) for each in (products.by_winners, products.by_products)
    )
    # the smaller the chunks, the less is computed again without need; the larger, the faster
    found = jax.lax.cond(
        jnp.any(products.near_one_point(of_points, noise)),
        lambda: refined(over_queries(by_winners, chunk, x, noise), by_products, chunk // 8, x, noise),
        lambda: over_queries(by_products, chunk, x, noise),
    )
    return refined(found, by_differences, chunk // 32, x, noise)[:2]


def _by_differences(points, log_weights, x, noise, *, with_mean: bool):
    """As those of `products`, through differences, which are always certain."""
    log_total, offset = _online_softmax(points, log_weights, x.T, 1 / noise, with_mean=with_mean)
    return log_total, offset.T, jnp.ones(len(x), bool)


def _online_softmax(points, log_weights, query, inverse_noise, with_mean: bool):
    """`_first_pass` of queries ``(D, q)`` at ``1/noise``, through differences; the offset is ``(D, q)``."""
    dim, count = query.shape
    zeros = jnp.zeros((dim, count) if with_mean else (0, count), query.dtype)
    start = (jnp.full(count, -jnp.inf, query.dtype), jnp.zeros(count, query.dtype), zeros)
    origin = nearest_in_box(points, query.T).T

    def add_block(carry, block):
        largest, total, offset = carry
        logit, weighted_sum = _difference_form(block[0], block[1], query, inverse_noise, origin)
        largest, rescale, weight = rescaled(largest, logit, 0)
        total = rescale * total + jnp.sum(weight, axis=0)
        if with_mean:
            offset = rescale * offset + weighted_sum(weight)
        return (largest, total, offset), None

    (largest, total, offset), _ = jax.lax.scan(
        jax.checkpoint(add_block), start, in_blocks(points, log_weights, tile()[1])
    )
    return largest + jnp.log(total), offset / total


def _second_pass(term, points, log_weights, x, noise, log_total):
    """Sum over the blocks of ``term(weight (b, q), log weight (b, q), points (b, D))``, weights normalised."""
    query, inverse_noise = x.T, 1 / noise

    def add_block(total, block):
        points, log_weights = block
        log_weight = log_weights[:, None] - _square(points, query, inverse_noise) / 2 - log_total
        return total + term(jnp.exp(log_weight), log_weight, points), None

    blocks = in_blocks(points, log_weights, tile()[1])
    first = jax.tree.map(lambda leaf: leaf[0], blocks)
    shape = jax.eval_shape(lambda block: add_block(0.0, block)[0], first)
    return jax.lax.scan(jax.checkpoint(add_block), jnp.zeros(shape.shape, shape.dtype), blocks)[0]


def _difference_form(points, log_weights, query, inverse_noise, origin):
    """Logits ``(b, q)`` and the map from weights ``(b, q)`` to sum_i w_i (y_i - origin) ``(D, q)``, through differences."""
    logit = log_weights[:, None] - _square(points, query, inverse_noise) / 2
    if len(query) > FEW_DIMENSIONS:
        return logit, partial(_moved, points, jnp.mean(points, axis=0), origin)

    def weighted_sum(weight):
        # not a product, which is twice as fast: it rounds to eps times the extent of the block, the score to that over s^2
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
    missing = -len(query) % _TOGETHER
    of_points, of_query = (
        jnp.pad(each, ((0, missing), (0, 0))).reshape(-1, _TOGETHER, each.shape[1]) for each in (points.T, query)
    )

    def add(square, some):
        return square + sum(jnp.square((y[:, None] - x) * inverse_noise) for y, x in zip(*some)), None

    start = jnp.zeros((len(points), query.shape[1]), query.dtype)
    return jax.lax.scan(add, start, (of_points, of_query))[0]


def _moved(points, centre, origin, weight):
    """sum_i w_i (y_i - origin), ``(D, q)``, by a product about a centre."""
    about_centre = jnp.dot((points - centre).T, weight, precision="highest")
    return about_centre - (origin - centre[:, None]) * jnp.sum(weight, axis=0)
