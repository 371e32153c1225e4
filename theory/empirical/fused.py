"""The dense evaluator as one GPU kernel: every query meets every point without a number leaving the registers.

A thread keeps several queries, with the largest logit and the sums of each, and walks through the points some at a time:
`dense.moments` by the same online softmax, differences and all, in float32 without TensorFloat-32. The points are divided
among programs where there are few queries. Written in Pallas for Triton; elsewhere than on an NVIDIA GPU, in more than a few
dimensions and for derivatives, `dense` does the work.
"""

import math
from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from theory.empirical import dense
from theory.empirical.tiles import nearest_in_box

_QUERIES = {4: 512, 8: 128}  # of one program, by the bytes of a float
_WARPS = 4
_TOGETHER = {4: 32, 8: 16}  # coordinates of points that are in registers together
_BLOCK = 1024  # points whose sums are added up before they join the total: rounding grows with the blocks
_PROGRAMS = 4096  # enough to fill the largest GPU several times over
_LOG2E = math.log2(math.e)


def moments(points, log_weights, x, noise) -> tuple[Float[Array, " m"], Float[Array, "m D"]]:
    """What `dense.moments` finds, ``(m,)`` and ``(m, D)``; on an NVIDIA GPU by one kernel [posterior-mean]."""
    return (_by_platform if _has_kernel(x) else dense.moments)(points, log_weights, x, noise)


def log_normalizer(points, log_weights, x, noise) -> Float[Array, " m"]:
    """What `dense.log_normalizer` finds, ``(m,)``; on an NVIDIA GPU by the kernel of `moments` [posterior-mean]."""
    if _has_kernel(x):
        return _by_platform(points, log_weights, x, noise)[0]
    return dense.log_normalizer(points, log_weights, x, noise)


def _has_kernel(x) -> bool:
    return jax.default_backend() == "gpu" and x.shape[1] <= dense.FEW_DIMENSIONS


@jax.custom_jvp
def _by_platform(*arrays):
    return jax.lax.platform_dependent(*arrays, cuda=kernel_moments, default=dense.moments)


@_by_platform.defjvp
def _by_platform_jvp(primals, tangents):
    _, change = jax.jvp(dense.moments, primals, tangents)
    return _by_platform(*primals), change


@partial(jax.jit, static_argnames="interpret")
def kernel_moments(points, log_weights, x, noise, *, interpret: bool = False):
    """`moments` by the kernel; ``interpret`` runs it step by step on any device."""
    (count, dim), many, size = points.shape, len(x), x.dtype.itemsize
    queries = _QUERIES[size]
    together = 2 if interpret else max(1, _TOGETHER[size] // 2 ** math.ceil(math.log2(dim)))
    block = min(_BLOCK, -(-count // together) * together)
    programs, blocks = max(1, -(-many // queries)), -(-count // block)
    each = -(-blocks // min(blocks, -(-_PROGRAMS // programs)))
    splits = -(-blocks // each)
    missing, idle = splits * each * block - count, programs * queries - many

    # by a power of two, so that no square overflows where that of the length over the noise does not
    known = jnp.log2(jnp.where(noise > 0, noise, jnp.nan))
    middle = jnp.exp2(-(jnp.nanmin(known) + jnp.nanmax(known)) / 2)
    scale = jax.lax.reduce_precision(jnp.where(jnp.isfinite(middle), middle, 1), jnp.finfo(x.dtype).nexp, 0)
    both = jnp.stack([x, nearest_in_box(points, x)]) * scale
    at, origin = jnp.pad(both, ((0, 0), (0, idle), (0, 0))).mT
    spread = jnp.pad(noise * scale, (0, idle), constant_values=1)
    outside, side = jnp.max(jnp.abs(at - origin), axis=0), jnp.max(jnp.ptp(points, axis=0)) * scale
    far = jnp.any((outside > side).reshape(programs, queries), axis=1).astype(jnp.int32)
    # equal weights stay out of the sums, in which the largest logit may then round to 8 units; what fills up is far away
    # instead of being of weight zero
    even = jnp.all(log_weights == log_weights[0])
    even &= dim * jnp.nanmax((outside + side) / spread) ** 2 < 2.0 ** (jnp.finfo(x.dtype).nmant + 3)
    fill = jnp.where(even, jnp.finfo(x.dtype).max ** 0.48, 0)
    sources = jnp.pad(points * scale, ((0, missing), (0, 0)), constant_values=fill).T
    logs = jnp.pad(log_weights * _LOG2E, (0, missing), constant_values=-jnp.inf)

    scalars, vectors = pl.BlockSpec((queries,), lambda i, _: (i,)), pl.BlockSpec((dim, queries), lambda i, _: (0, i))
    found = pl.BlockSpec((None, queries), lambda i, j: (j, i))
    call = partial(
        pl.pallas_call,
        out_shape=[jax.ShapeDtypeStruct((splits, *lead, len(spread)), x.dtype) for lead in ((), (), (dim,))],
        grid=(programs, splits),
        in_specs=[
            pl.BlockSpec(sources.shape, lambda *_: (0, 0)),
            pl.BlockSpec(logs.shape, lambda *_: (0,)),
            vectors,
            vectors,
            scalars,
            pl.BlockSpec((1,), lambda i, _: (i,)),
        ],
        out_specs=[found, found, pl.BlockSpec((None, dim, queries), lambda i, j: (j, 0, i))],
        compiler_params=triton.CompilerParams(num_warps=_WARPS),
        interpret=interpret,
    )
    largest, total, offset = jax.lax.cond(
        even,
        *(
            call(partial(_kernel, equal, together, block, each, *arithmetic(x.dtype, interpret)))
            for equal in (True, False)
        ),
        *(sources, logs, at, origin, -_LOG2E / 2 / spread**2, far),
    )
    largest += jnp.where(even, logs[0], 0)
    top = jnp.max(largest, axis=0)
    share = jnp.exp2(largest - top)
    total = jnp.sum(share * total, axis=0)
    offset = jnp.sum(share[:, None] * offset, axis=0) / total / scale
    return ((top + jnp.log2(total)) / _LOG2E)[:many], offset.T[:many]


def _kernel(even, together, block, each, exp2, fma, sources, logs, at, origin, rate, far, largest, total, offset):
    """Of the queries of a program: the largest logit in base 2, the sum of terms over it, and of these times y - origin.

    References to sources ``(D, n)`` and logs ``(n,)``, all of them, the logs unused where all weights are even; at, origin
    ``(D, q)``; rate ``(q,)``, -log2(e)/(2 s^2); far ``(1,)``, whether y - origin is summed up itself, because the rounding
    of a much longer y - x would be felt.
    """
    axes, start = range(len(at)), pl.program_id(1) * (each * block)
    x, about, rates = [at[axis, :] for axis in axes], [origin[axis, :] for axis in axes], rate[:]
    zero = jnp.zeros_like(rates)

    def walk(base):
        def add_some(first, carry):
            top, terms, (*moved,) = carry
            points = [[sources[axis, first + k] for axis in axes] for k in range(together)]
            squares = []
            for point in points:
                differences = [point[axis] - x[axis] for axis in axes]
                squares.append(reduce(lambda sum, d: fma(d, d, sum), differences[1:], differences[0] * differences[0]))
            if even:
                new = jnp.maximum(top, rates * reduce(jnp.minimum, squares))
                weights = [exp2(fma(square, rates, -new)) for square in squares]
            else:
                logits = [fma(square, rates, logs[first + k]) for k, square in enumerate(squares)]
                new = reduce(jnp.maximum, logits, top)
                weights = [exp2(logit - new) for logit in logits]
            rescale = exp2(top - new)
            for axis in axes:
                ways = [point[axis] - base[axis] for point in points]
                moved[axis] = reduce(lambda sum, term: fma(*term, sum), zip(weights, ways), moved[axis] * rescale)
            return new, fma(terms, rescale, reduce(jnp.add, weights)), moved

        def add_block(index, carry):
            top, terms, moved = carry
            first = start + index * block
            new, of_block, moved_by_block = jax.lax.fori_loop(
                0,
                block // together,
                lambda i, inner: add_some(first + i * together, inner),
                (top, zero, [zero] * len(axes)),
            )
            rescale = exp2(top - new)
            return (
                new,
                fma(terms, rescale, of_block),
                [fma(rescale, old, more) for old, more in zip(moved, moved_by_block)],
            )

        nothing = (jnp.full_like(rates, jnp.finfo(rates.dtype).min), zero, [zero] * len(axes))
        return jax.lax.fori_loop(0, each, add_block, nothing)

    def near(_):
        top, terms, moved = walk(x)
        return top, terms, [fma(terms, x[axis] - about[axis], moved[axis]) for axis in axes]

    top, terms, moved = jax.lax.cond(far[0] > 0, lambda _: walk(about), near, 0)
    largest[:], total[:] = top, terms
    for axis in axes:
        offset[axis, :] = moved[axis]


def arithmetic(dtype, interpret: bool):
    """2^x and a b + c: of the hardware in float32, which rounds 2^x to two units and takes below 2^-126 for 0."""
    if interpret or dtype.itemsize == 8:
        return jnp.exp2, lambda a, b, c: a * b + c

    def assembly(instruction, *values):
        values = jnp.broadcast_arrays(*values)
        names = ", ".join(f"${place}" for place in range(len(values) + 1))
        (found,) = triton.elementwise_inline_asm(
            f"{instruction} {names};",
            args=values,
            constraints=",".join(["=f", *["f"] * len(values)]),
            pack=1,
            result_shape_dtypes=[jax.ShapeDtypeStruct(values[0].shape, dtype)],
        )
        return found

    return partial(assembly, "ex2.approx.ftz.f32"), partial(assembly, "fma.rn.f32")
