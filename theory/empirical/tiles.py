"""How many queries meet many training points: in tiles, which bound the memory, and again where a way was not accurate."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def tile() -> tuple[int, int]:
    """How many queries and training points meet at once: in a processor what its second-level cache holds."""
    return (1024, 256) if jax.default_backend() == "cpu" else (16384, 1024)


def tile_of_products() -> tuple[int, int]:
    """The same where they meet in a matrix product, which sees to its own use of the caches."""
    return (4096, 512) if jax.default_backend() == "cpu" else (16384, 1024)


def over_queries(one_chunk: Callable, chunk: int, *of_queries):
    """Apply a function of arrays ``(q, ...)``, one of each query, to chunks of them; so are its results."""
    count = len(of_queries[0])
    chunks = max(1, -(-count // chunk))
    if chunks == 1:
        return one_chunk(*of_queries)
    size = -(-count // chunks)

    def stacked(each):
        # filled with queries that are met anyway: others could need what none of these does
        padding = ((0, chunks * size - count), *[(0, 0)] * (each.ndim - 1))
        return jnp.pad(each, padding, mode="edge").reshape(chunks, size, *each.shape[1:])

    found = jax.lax.map(lambda arguments: one_chunk(*arguments), tuple(map(stacked, of_queries)))
    return jax.tree.map(lambda each: each.reshape(chunks * size, *each.shape[2:])[:count], found)


def refined(found, evaluate, chunk: int, x, noise):
    """What was found for each query, where the last of it says that it is certain; elsewhere what ``evaluate`` finds.

    The uncertain come first, in an order of all queries; chunks without any compute nothing.
    """
    certain = found[-1]

    def again():
        order, place = jnp.argsort(certain), jnp.cumsum(~certain) - 1

        def one_chunk(queries, needed):
            compute = partial(evaluate, x[queries], noise[queries])
            nothing = jax.tree.map(lambda each: jnp.zeros(each.shape, each.dtype), jax.eval_shape(compute))
            return jax.lax.cond(jnp.any(needed), compute, lambda: nothing)

        new = over_queries(one_chunk, chunk, order, ~certain[order])
        return tuple(jnp.where(certain.reshape(-1, *[1] * (o.ndim - 1)), o, n[place]) for o, n in zip(found, new))

    return jax.lax.cond(jnp.all(certain), lambda: found, again)


def in_blocks(points, log_weights, size: int):
    """Points and log weights in blocks of one size, at most the given one, the last filled with points of weight zero."""
    count, dim = points.shape
    # two at least: of a loop of one XLA makes one program, which takes every exponential again for every sum
    blocks = max(-(-count // size), 2 if count >= 16 else 1)
    size = -(-count // blocks)
    padding = blocks * size - count
    padded = jnp.pad(points, ((0, padding), (0, 0)), mode="edge")
    weights = jnp.pad(log_weights, (0, padding), constant_values=-jnp.inf)
    return padded.reshape(blocks, size, dim), weights.reshape(blocks, size)


def nearest_in_box(points: Float[Array, "n D"], x: Float[Array, "*batch D"]) -> Float[Array, "*batch D"]:
    """x, moved into the bounding box of the points: the origin of the mean, so that it has no rounding of a far x."""
    return jax.lax.stop_gradient(jnp.clip(x, jnp.min(points, axis=0), jnp.max(points, axis=0)))


def rescaled(largest, logit, axis: int):
    """One step of an online softmax: the new largest logits, the factor of sums so far and the weights of a block.

    largest ``(q,)``; logit, of the points along the axis and of the queries along the other.
    """
    new = jnp.maximum(largest, jax.lax.stop_gradient(jnp.max(logit, axis=axis)))
    # -inf only while all weights so far are zero; NaN must stay NaN
    reference = jnp.where(jnp.isneginf(new), 0, new)
    return new, jnp.exp(largest - reference), jnp.exp(logit - jnp.expand_dims(reference, axis))
