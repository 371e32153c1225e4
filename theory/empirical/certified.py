"""The certified evaluator: each query meets only the blocks of sources that matter to it, with a bound on what is left out.

Queries are sorted into chunks of neighbours. For every chunk a bound from below on the sum over training points decides which
rows of the `Index` matter; the rest adds less than the tolerance. At large noise the rows are interpolation nodes that stand
for many points; what interpolation adds to the error is bounded for every query, and where the bound fails (far from the
data) that query is computed again from the points themselves.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.empirical import dense
from theory.empirical.index import Index, interleaved, interpolation_error, lebesgue_constant
from theory.empirical.tiles import nearest_in_box

_CHUNK = 128  # queries that share their rows
_GROUP = 16  # chunks at once
_CANDIDATES = 16  # rows of a chunk that are looked at together
_SPREAD = {4: 60.0, 8: 500.0}  # nats by which a term may exceed the reference, by the bytes of a float
_LOG2E = math.log2(math.e)


@jax.custom_jvp
@jax.jit
def moments(index: Index, points, log_weights, x, noise) -> tuple[Float[Array, " m"], Float[Array, "m D"]]:
    """What `dense.moments` finds, ``(m,)`` and ``(m, D)``, within the tolerance of the index and rounding [posterior-mean].

    index: of these points and weights, which themselves serve derivatives: they are those of the dense evaluator.
    """
    good = jnp.all(jnp.isfinite(x), axis=1) & (noise > 0)
    x, noise = jnp.where(good[:, None], x, points[0]), jnp.where(good, noise, 1)
    count, dim = x.shape
    most = _CHUNK if 4 * count >= len(points) else _CHUNK // 2  # few queries lie further apart
    chunk = min(most, max(8, 2 ** math.ceil(math.log2(count / _GROUP))))
    shape, size = (_GROUP, chunk), _GROUP * chunk
    origin, places = nearest_in_box(points, x), _curve(index, x)

    def one_round(carry):
        log_total, offset, todo, level = carry
        key = jnp.where(todo, level.astype(jnp.uint32), 64) << 25 | places
        order = jax.lax.sort((key, jnp.arange(count)), num_keys=1)[1]

        def add_group(i, done):
            place = i * size + jnp.arange(size)
            take = order[jnp.minimum(place, count - 1)]
            wanted = todo[take] & (place < count)
            take = jnp.where(wanted, take, take[0])
            found = _of_group(
                index,
                x[take].reshape(*shape, dim).mT,
                noise[take].reshape(shape),
                origin[take].reshape(*shape, dim).mT,
                level[take].reshape(shape),
            )
            put = jnp.where(wanted, take, count)
            return tuple(
                old.at[put].set(new.reshape(size, *old.shape[1:]), mode="drop") for old, new in zip(done, found)
            )

        groups = (jnp.sum(todo) + size - 1) // size
        done = jax.lax.fori_loop(0, groups, add_group, (log_total, offset, jnp.zeros(count, bool)))
        return *done, jnp.zeros_like(level)

    level = jnp.sum(noise[:, None] >= index.least, axis=1) - 1
    start = (jnp.zeros_like(noise), jnp.zeros_like(x), jnp.ones(count, bool), level)
    log_total, offset, _, _ = jax.lax.while_loop(lambda carry: jnp.any(carry[2]), one_round, start)
    return jnp.where(good, log_total + index.top, jnp.nan), jnp.where(good[:, None], offset, jnp.nan)


@moments.defjvp
def _moments_jvp(primals, tangents):
    _, change = jax.jvp(dense.moments, primals[1:], tangents[1:])
    return moments(*primals), change


def _curve(index: Index, x):
    """Place of each query on a space-filling curve, 25 bits, fine near the data and coarse far from it."""
    low, high = jnp.min(index.low, axis=0), jnp.max(index.high, axis=0)
    scaled = (x - (low / 2 + high / 2)) / jnp.maximum(jnp.max(high - low), jnp.finfo(x.dtype).tiny)
    bits = 25 // x.shape[1]
    cell = (scaled / (1 + jnp.abs(scaled)) + 1) / 2 * (2**bits - 1)
    return interleaved(cell.astype(jnp.uint32), bits)


def _of_group(index: Index, x, noise, origin, level):
    """For chunks of queries x ``(g, D, q)``: logs of sums ``(g, q)``, mean offsets ``(g, q, D)``, whether they may be wrong."""
    dim, eps = x.shape[1], jnp.finfo(x.dtype).eps
    inverse = math.sqrt(0.5) / noise
    reach = jnp.maximum(x - jnp.min(index.low, axis=0)[:, None], jnp.max(index.high, axis=0)[:, None] - x)
    chosen = jnp.min(level, axis=1)  # the finest that a query of the chunk asks for
    cell = index.cell[chosen][:, None]
    # what a skipped row adds to either error, over its share of the tolerance and over its mass: the mean moves by twice
    # the reach at most, and some nodes of a cell without the others weigh more than the points that they stand for
    worth = jnp.log1p(2 * jnp.sqrt(jnp.sum(reach**2, axis=1)) / jnp.minimum(noise, 1)) + math.log(2 / index.tolerance)
    worth += jnp.where(cell > 0, dim * math.log(lebesgue_constant(index.order)), 0)

    row = jnp.arange(len(index.mass))
    inside = (row >= index.start[chosen][:, None]) & (row < index.stop[chosen][:, None])
    near, far = _distances(index.low, index.high, jnp.min(x, axis=2)[:, None], jnp.max(x, axis=2)[:, None])
    least, most = jnp.min(inverse, axis=1)[:, None], jnp.max(inverse, axis=1)[:, None]
    floor = jnp.max(jnp.where(inside, index.mass - far * most**2, -jnp.inf), axis=1, keepdims=True)
    slack = jnp.max(worth, axis=1, keepdims=True) + 8 * eps * jnp.abs(floor)
    candidates, number = _listed(inside & (-near * least**2 >= floor - slack))

    floor, ceiling = _bounds(index, candidates, number, x, inverse)
    needed, replaced = _needed(index, candidates, number, x, inverse, floor, worth + 8 * eps * jnp.abs(floor))
    kept, number = _listed(needed)
    rows = jnp.take_along_axis(candidates, kept, axis=1)
    far_apart = jnp.any(ceiling - floor > _SPREAD[x.dtype.itemsize])
    reference = _largest(index, rows, jnp.where(far_apart, number, 0), x, inverse, floor)
    sums = _sums(index, rows, number, x, inverse, origin, reference)
    log_total, offset = reference + jnp.log(sums[:, 0]), sums[:, 1:] / sums[:, :1]
    if not index.order:
        return log_total, offset.mT, jnp.zeros(noise.shape, bool)

    error = interpolation_error(1.0, index.order, dim) * (cell / noise) ** index.order
    error *= replaced * jnp.exp(floor - log_total)
    moved = jnp.sqrt(jnp.sum((offset + origin - x) ** 2, axis=1))
    moved = (noise * math.sqrt(index.order + 1) + moved) / jnp.minimum(noise, 1)
    certain = error * jnp.maximum(moved, 1) <= index.tolerance / 2
    return log_total, offset.mT, ~certain & (cell > 0)


def _distances(low, high, from_low, from_high):
    """Squares of the smallest and largest distances between boxes; coordinates come last."""
    gap = jnp.maximum(jnp.maximum(low - from_high, from_low - high), 0)
    reach = jnp.maximum(high - from_low, from_high - low)
    return jnp.sum(gap**2, axis=-1), jnp.sum(reach**2, axis=-1)


def _listed(flags):
    """Places of the set flags of each line ``(g, n)``, in order and then 0, and their number ``(g,)``."""
    line = jnp.arange(len(flags))[:, None]
    rank = jnp.cumsum(flags, axis=1)
    place = jnp.broadcast_to(jnp.arange(flags.shape[1]), flags.shape)
    listed = jnp.zeros(flags.shape, place.dtype).at[line, jnp.where(flags, rank - 1, flags.shape[1])]
    return listed.set(place, mode="drop"), rank[:, -1]


def _over_candidates(number, width: int, step, start):
    """Apply ``step(first, live (g, candidates), carry)`` to the candidates of all chunks, some at a time."""

    def some(i, carry):
        first = jnp.minimum(i * _CANDIDATES, max(width - _CANDIDATES, 0))
        place = first + jnp.arange(min(_CANDIDATES, width))
        return step(first, place < number[:, None], carry)

    return jax.lax.fori_loop(0, (jnp.max(number) + _CANDIDATES - 1) // _CANDIDATES, some, start)


def _query_distances(index: Index, rows, x, inverse):
    """Squares of the distances (g, candidates, q) to the near and far ends of rows, over 2 s^2."""
    near = far = 0.0
    for axis in range(x.shape[1]):
        at = x[:, axis, None]
        below, above = index.low[rows, axis][..., None] - at, at - index.high[rows, axis][..., None]
        near += jnp.square(jnp.maximum(jnp.maximum(below, above), 0) * inverse[:, None])
        far += jnp.square(jnp.minimum(below, above) * inverse[:, None])
    return near, far


def _bounds(index: Index, candidates, number, x, inverse):
    """Bounds on the log of the sum ``(g, q)``: from below, and of its largest term from above."""

    def step(first, live, carry):
        rows = jax.lax.dynamic_slice_in_dim(candidates, first, live.shape[1], axis=1)
        near, far = _query_distances(index, rows, x, inverse)
        witness = sum(
            jnp.square((index.witness[rows, axis][..., None] - x[:, axis, None]) * inverse[:, None])
            for axis in range(x.shape[1])
        )
        mass = jnp.where(live, index.mass[rows], -jnp.inf)[..., None]
        known = jnp.where(live, index.witness_log[rows], -jnp.inf)[..., None]
        floor = _maximum(jnp.maximum(mass - far, known - witness))
        return jnp.maximum(carry[0], floor), jnp.maximum(carry[1], _maximum(mass - near))

    nothing = jnp.full(inverse.shape, -jnp.inf, x.dtype)
    return _over_candidates(number, candidates.shape[1], step, (nothing, nothing))


def _needed(index: Index, candidates, number, x, inverse, floor, worth):
    """Which candidates may not be skipped ``(g, rows)``, and what the certificate of interpolation sums up ``(g, q)``."""

    def step(first, live, carry):
        needed, replaced = carry
        rows = jax.lax.dynamic_slice_in_dim(candidates, first, live.shape[1], axis=1)
        near, _ = _query_distances(index, rows, x, inverse)
        some = live & jnp.any(-near >= (floor - worth)[:, None], axis=2)
        needed = jax.lax.dynamic_update_slice_in_dim(needed, some, first, axis=1)
        if index.order:
            nodal = jnp.where(live, index.nodal[rows], -jnp.inf)[..., None]
            replaced = replaced + jnp.sum(jnp.exp(nodal - near / 2 - floor[:, None]), axis=1)
        return needed, replaced

    start = (jnp.zeros(candidates.shape, bool), jnp.zeros_like(floor))
    return _over_candidates(number, candidates.shape[1], step, start)


def _log_terms(index: Index, row, x, inverse):
    """Log weights minus squared distances over 2 s^2, ``(g, block, q)``, of one row for each chunk."""
    sources = index.sources[row]
    return index.logs[row][..., None] - sum(
        jnp.square((sources[:, axis, :, None] - x[:, axis, None]) * inverse[:, None]) for axis in range(x.shape[1])
    )


def _largest(index: Index, rows, number, x, inverse, floor):
    """The largest log term of each query ``(g, q)`` where it is above the floor."""

    def step(j, largest):
        return jnp.maximum(largest, _maximum(_log_terms(index, rows[:, j], x, inverse)))

    return jax.lax.fori_loop(0, jnp.max(number), step, floor)


def _maximum(values):
    """Over the middle axis, by halves: XLA vectorises these, but not the maximum of a column."""
    while values.shape[1] > 1 and values.shape[1] % 2 == 0:
        values = jnp.maximum(values[:, : values.shape[1] // 2], values[:, values.shape[1] // 2 :])
    return jnp.max(values, axis=1)


def _sums(index: Index, rows, number, x, inverse, origin, reference):
    """Sums over sources ``(g, 1 + D, q)``: of the terms over exp(reference), and of these times the way from the origin."""
    scaled, shifted = inverse * math.sqrt(_LOG2E), reference * _LOG2E

    def step(j, carry):
        row = rows[:, j]
        sources = index.sources[row]
        log_terms = index.logs[row][..., None] * _LOG2E - shifted[:, None]
        for axis in range(x.shape[1]):
            log_terms -= jnp.square((sources[:, axis, :, None] - x[:, axis, None]) * scaled[:, None])
        factors = jnp.where((j < number)[:, None, None], index.moments[row], 0)
        sums = jnp.einsum("gmb,gbq->gmq", factors, _exp2(log_terms), precision="highest")
        return carry + sums.at[:, 1:].add((index.centre[row][..., None] - origin) * sums[:, :1])

    start = jnp.zeros((len(x), 1 + x.shape[1], x.shape[2]), x.dtype)
    return jax.lax.fori_loop(0, jnp.max(number), step, start)


def _exp2(exponent):
    """2^exponent for exponents below 120 or so, never below the smallest normal number, cheaper than XLA's own."""
    wide = exponent.dtype.itemsize == 8
    exponent = jnp.maximum(exponent, -1022 if wide else -126)
    whole = jnp.round(exponent)
    rest, power = exponent - whole, jnp.asarray(_EXP2[wide][-1], exponent.dtype)
    for coefficient in _EXP2[wide][-2::-1]:
        power = power * rest + coefficient
    bits, bias, mantissa = (jnp.int64, 1023, 52) if wide else (jnp.int32, 127, 23)
    return power * jax.lax.bitcast_convert_type((whole.astype(bits) + bias) << mantissa, exponent.dtype)


def _near_minimax(degree: int) -> tuple[float, ...]:
    """Coefficients of 2^t on [-1/2, 1/2], by interpolation at Chebyshev nodes."""
    series = np.polynomial.Chebyshev.interpolate(np.exp2, degree, domain=[-0.5, 0.5])
    return tuple(series.convert(kind=np.polynomial.Polynomial).coef.tolist())


_EXP2 = {False: _near_minimax(6), True: _near_minimax(11)}
