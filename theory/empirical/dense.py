"""The dense evaluator: every query meets every training point, in blocks, through differences and log weights.

All functions take points ``(n, D)``, normalised log weights ``(n,)`` (-inf is padding), queries ``(m, D)`` and one
noise level per query ``(m,)``, of one dtype. They are compiled once per shape and are safe under jit, vmap and grad.

Squared distances are sums of squared differences and the mean is a sum of weights times differences. The product form
|x|^2 - 2 x.y + |y|^2, whose error eps (R/s)^2 is useless at small noise, serves many dimensions only where a bound on
that error keeps it within the accuracy that `Posterior` states. Memory is bounded by the block, not by n times m.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_FEW_DIMENSIONS = 8  # up to here sums over dimensions are unrolled, which lets XLA vectorise over the queries
_BLOCK = 256  # training points a block; 256 by 1024 stays in the second-level cache


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

        def term(weight, _, difference):
            centred = difference - shift
            if len(shift) <= _FEW_DIMENSIONS:
                return jnp.sum(weight[:, None, None] * centred[:, :, None] * centred[:, None], axis=0)
            root = jnp.sqrt(weight)[:, None] * centred
            return jnp.moveaxis(jnp.einsum("bdq,beq->qde", root, root, precision="highest"), 0, -1)

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
    return 1024 if x.shape[1] <= _FEW_DIMENSIONS else 128


def _over_queries(one_chunk: Callable, x, noise, chunk: int = 1024):
    """Apply ``one_chunk(query (D, q), 1/noise (q,)) -> (..., q)`` to chunks of queries; queries come first."""
    count, dim = x.shape
    chunks = max(1, -(-count // chunk))
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
    if len(query) <= _FEW_DIMENSIONS:
        return _online_softmax(_difference_form, points, log_weights, query, inverse_noise, with_mean)
    centre = jnp.mean(points, axis=0)
    extent = jnp.max(jnp.sum((points - centre) ** 2, axis=1))
    square = jnp.max((extent + jnp.sum((query - centre[:, None]) ** 2, axis=0)) * inverse_noise**2)
    eps = jnp.finfo(query.dtype).eps
    accuracy = 1e-12 if eps < 1e-10 else 1e-5
    # logits then err by 2 eps square, and the mean by 8 s times that, since only points within 8 s or so compete
    return jax.lax.cond(
        16 * eps * square <= accuracy,
        partial(_online_softmax, partial(_product_form, centre), with_mean=with_mean),
        partial(_online_softmax, _difference_form, with_mean=with_mean),
        points,
        log_weights,
        query,
        inverse_noise,
    )


def _online_softmax(form: Callable, points, log_weights, query, inverse_noise, with_mean: bool):
    dim, count = query.shape
    zeros = jnp.zeros((dim, count) if with_mean else (0, count), query.dtype)
    start = (jnp.full(count, -jnp.inf, query.dtype), jnp.zeros(count, query.dtype), zeros)

    origin = nearest_in_box(points, query.T).T

    def add_block(carry, block):
        largest, total, offset = carry
        logit, weighted_sum = form(block[0], block[1], query, inverse_noise, origin)
        new_largest = jnp.maximum(largest, jax.lax.stop_gradient(jnp.max(logit, axis=0)))
        # -inf only while all weights so far are zero; NaN must stay NaN
        reference = jnp.where(jnp.isneginf(new_largest), 0, new_largest)
        rescale = jnp.exp(largest - reference)
        weight = jnp.exp(logit - reference)
        total = rescale * total + jnp.sum(weight, axis=0)
        if with_mean:
            offset = rescale * offset + weighted_sum(weight)
        return (new_largest, total, offset), None

    (largest, total, offset), _ = jax.lax.scan(jax.checkpoint(add_block), start, _blocks(points, log_weights))
    return largest + jnp.log(total), offset / total


def _second_pass(term, points, log_weights, query, inverse_noise, log_total):
    """Sum over the blocks of ``term(weight (b, q), log weight (b, q), difference (b, D, q))``, weights normalised."""

    def add_block(total, block):
        difference, logit = _logits(block[0], block[1], query, inverse_noise)
        log_weight = logit - log_total
        return total + term(jnp.exp(log_weight), log_weight, difference), None

    blocks = _blocks(points, log_weights)
    first = jax.tree.map(lambda leaf: leaf[0], blocks)
    shape = jax.eval_shape(lambda block: add_block(0.0, block)[0], first)
    return jax.lax.scan(jax.checkpoint(add_block), jnp.zeros(shape.shape, shape.dtype), blocks)[0]


def _blocks(points, log_weights):
    """Points and log weights in blocks of equal size, the last filled with points of weight zero."""
    count, dim = points.shape
    blocks = -(-count // _BLOCK)
    size = -(-count // blocks)
    padding = blocks * size - count
    padded = jnp.pad(points, ((0, padding), (0, 0)), mode="edge")
    weights = jnp.pad(log_weights, (0, padding), constant_values=-jnp.inf)
    return padded.reshape(blocks, size, dim), weights.reshape(blocks, size)


def _logits(points, log_weights, query, inverse_noise):
    """Differences y - x ``(b, D, q)`` and logits ln w - |y - x|^2/(2 s^2) ``(b, q)``; scaled before they are squared."""
    difference = points[:, :, None] - query[None]
    if points.shape[1] <= _FEW_DIMENSIONS:
        square = sum(jnp.square(difference[:, d] * inverse_noise) for d in range(points.shape[1]))
    else:
        square = jnp.sum(jnp.square(difference * inverse_noise), axis=1)
    return difference, log_weights[:, None] - square / 2


def _difference_form(points, log_weights, query, inverse_noise, origin):
    """Logits ``(b, q)`` and the map from weights ``(b, q)`` to sum_i w_i (y_i - origin) ``(D, q)``, through differences."""
    if len(query) > _FEW_DIMENSIONS:
        logit = log_weights[:, None] - _many_squares(points, query, inverse_noise) / 2
        return logit, partial(_moved, points, jnp.mean(points, axis=0), origin)
    difference = points[:, :, None] - origin[None]

    def weighted_sum(weight):
        return jnp.stack([jnp.sum(weight * difference[:, d], axis=0) for d in range(len(query))])

    return _logits(points, log_weights, query, inverse_noise)[1], weighted_sum


def _many_squares(points, query, inverse_noise):
    """|y - x|^2/s^2, ``(b, q)``, some dimensions at a time, so that differences are never all in memory."""
    missing = -len(query) % _FEW_DIMENSIONS
    of_points, of_query = (
        jnp.pad(each, ((0, missing), (0, 0))).reshape(-1, _FEW_DIMENSIONS, each.shape[1]) for each in (points.T, query)
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


def _product_form(centre, points, log_weights, query, inverse_noise, origin):
    """As `_difference_form`, by matrix products about the centre of the points."""
    about, query = points - centre, query - centre[:, None]
    product = jnp.dot(about, query, precision="highest")
    square = jnp.sum(about**2, axis=1)[:, None] + jnp.sum(query**2, axis=0) - 2 * product
    logit = log_weights[:, None] - jnp.maximum(square, 0) * inverse_noise**2 / 2
    return logit, partial(_moved, points, centre, origin)
