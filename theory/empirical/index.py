"""Training points sorted into blocks, and coarser sets of sources that replace them at larger noise."""

import math
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

BLOCK = 128  # sources a block
MOST_DIMENSIONS = 8  # boxes of blocks tell near from far in few dimensions only
_LEVELS = 40  # at most
_REFINEMENT = math.sqrt(2)  # of the cells from one level to the next
_ORDERS = {1: 16, 2: 16, 3: 8}  # nodes a cell along each axis, by dimension: what fills whole blocks
_AT_ONCE = 2**16  # points
_TAIL = 100.0  # how much more than in the bulk of the data an error may weigh before a query is computed again


class Index(eqx.Module):
    """The training points and their coarser stand-ins, in blocks of neighbours. Made by `build_index`.

    A level is a set of sources, at positions ``sources`` with log weights ``logs`` and signed factors: level 0 are the
    training points themselves; at a higher one the points of each cell of a grid, where they are many, are replaced by the
    nodes of a Chebyshev grid, to which polynomial interpolation hands their weights, so that sums over sources are sums
    over points for every function that varies slowly over a cell. It serves noise from ``least`` on. All levels lie one
    after the other in rows of `BLOCK` sources. Logs and masses are natural, relative to ``top``, the largest.

    sources: positions. moments: of each source its factor, and that times its position from the ``centre`` of the row.
    low, high: a box with all points that a row stands for. mass: ln of the sum of their weights; ``nodal`` of those that
    are replaced. witness: a training point of the row, with its log weight. start, stop, least, cell: rows, smallest noise and
    size of the cells of every level. order: nodes a cell and axis.
    """

    sources: Float[Array, "rows D block"]
    logs: Float[Array, "rows block"]
    moments: Float[Array, "rows 1+D block"]
    centre: Float[Array, "rows D"]
    low: Float[Array, "rows D"]
    high: Float[Array, "rows D"]
    mass: Float[Array, " rows"]
    nodal: Float[Array, " rows"]
    witness: Float[Array, "rows D"]
    witness_log: Float[Array, " rows"]
    start: Int[Array, " levels"]
    stop: Int[Array, " levels"]
    least: Float[Array, " levels"]
    cell: Float[Array, " levels"]
    top: Float[Array, ""]
    order: int = eqx.field(static=True)
    tolerance: float = eqx.field(static=True)


class _Sources(NamedTuple):
    """Sources of a level, for each: position, log weight and factor; box and ln of the weight of what it stands for."""

    position: np.ndarray
    log: np.ndarray
    factor: np.ndarray
    low: np.ndarray
    high: np.ndarray
    share: np.ndarray


def build_index(points, log_weights, tolerance: float) -> Index:
    """The `Index` of concrete points ``(n, D)`` with normalised log weights ``(n,)``, in their dtype.

    tolerance: what its interpolation and the blocks that are skipped may add to the errors that `posterior` states.
    """
    dtype = np.asarray(points).dtype
    y, logs = np.asarray(points, np.float64), np.asarray(log_weights, np.float64)
    used = np.isfinite(logs)
    top = float(logs[used].max())
    y, logs = y[used], logs[used] - top
    dim = y.shape[1]
    order = _ORDERS.get(dim, 0)
    levels = [(_points_alone(*_in_order(y, logs)), 0.0, 0.0)]
    extent = float(np.max(np.ptp(y, axis=0)))
    if order and extent > 0:
        levels += _coarser(y, logs, extent, order, tolerance, dtype)[::-1]
    return _in_rows(levels, top, order, tolerance, dtype)


def interpolation_error(ratio: float, order: int, dim: int) -> float:
    """Largest error of exp(-u^2/2) interpolated in a cell of ``ratio`` times the noise, over exp(-(distance/s)^2/4).

    2 (ratio/4)^p/p! times the p-th derivative, by Cramer's bound 1.09 sqrt(p!) exp(-u^2/4), and the product over axes.
    """
    one_axis = 2.2 * (ratio / 4) ** order / math.sqrt(math.factorial(order))
    return one_axis * sum(lebesgue_constant(order) ** axis for axis in range(dim))


def lebesgue_constant(order: int) -> float:
    """Of interpolation at so many Chebyshev nodes, from above; 1 where there are none."""
    return 2 / math.pi * math.log(max(order, 1)) + 1


def _coarser(y, logs, extent, order, tolerance, dtype) -> list[tuple[_Sources, float, float]]:
    """Levels above the points, the coarsest first, until they save too little."""
    low, levels = y.min(axis=0), []
    rounding = float(np.finfo(dtype).eps) * np.abs(y).max()
    for depth in range(_LEVELS - 1):
        size = extent * 1.0001 / _REFINEMENT**depth
        if size / order**2 < 64 * rounding:
            break
        sources = _of_cells(y, logs, low, size, order, dtype)
        if len(sources.log) > len(y) / 1.5:
            break
        levels.append((sources, _least_noise(size, order, y.shape[1], tolerance), size))
    return levels


def _least_noise(size, order, dim, tolerance) -> float:
    """Smallest noise at which interpolation in cells of a size is good enough, also for queries in the tail."""
    ratio = 4.0
    for _ in range(60):
        noise = size / ratio
        # the mean is asked for to min(s, 1), and interpolated s sqrt(p + 1) worse than the density
        needed = tolerance / (2 * _TAIL * (math.sqrt(order + 1) + 3) * max(noise, 1.0))
        error = interpolation_error(ratio, order, dim)
        if error <= needed:
            break
        ratio *= min(0.98, (needed / error) ** (1 / order))
    return size / ratio


def _in_order(y, logs):
    bits = min(20, 62 // y.shape[1])
    order = np.argsort(_morton(_cells(y, y.min(axis=0), np.max(np.ptp(y, axis=0)) / 2**bits)), kind="stable")
    return y[order], logs[order]


def _points_alone(y, logs) -> _Sources:
    return _Sources(y, logs, np.ones(len(y)), y, y, logs)


def _of_cells(y, logs, low, size, order, dtype) -> _Sources:
    """The nodes of all cells with more points than nodes, and the points of the others, in order of the cells."""
    count = order ** y.shape[1]
    cells = _cells(y, low, size)
    codes = _morton(cells)
    sort = np.argsort(codes, kind="stable")
    y, logs, cells, codes = y[sort], logs[sort], cells[sort], codes[sort]
    first = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    last = np.r_[first[1:], len(y)]
    crowded = last - first > count
    alone = np.repeat(~crowded, last - first)
    parts, keys = [_points_alone(y[alone], logs[alone])], [codes[alone]]
    for begin, end in zip(first[crowded], last[crowded]):
        corner = low + cells[begin] * size
        parts.append(_nodes(y[begin:end], logs[begin:end], corner, size, order, dtype))
        keys.append(np.full(count, codes[begin]))
    place = np.argsort(np.concatenate(keys), kind="stable")
    return _Sources(*(np.concatenate(field).reshape(-1, *field[0].shape[1:])[place] for field in zip(*parts)))


def _nodes(y, logs, corner, size, order, dtype) -> _Sources:
    """One cell's nodes with the weights that interpolation hands them."""
    steps = np.cos((2 * np.arange(order) + 1) * np.pi / (2 * order))
    # nodes are rounded first: interpolation is then exact between the numbers that will be used
    axes = [(low + (steps + 1) / 2 * size).astype(dtype).astype(np.float64) for low in corner]
    top, dim, count = logs.max(), len(corner), order ** len(corner)
    weights = np.exp(logs - top)
    factor = np.zeros((order ** (dim - 1), order))
    for begin in range(0, len(y), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        products = weights[part, None]
        for axis, nodes in enumerate(axes):
            basis = _lagrange((nodes - corner[axis]) / size, (y[part, axis] - corner[axis]) / size)
            if axis == dim - 1:
                factor += products.T @ basis
            else:
                products = (products[:, :, None] * basis[:, None]).reshape(len(basis), -1)
    mass = weights.sum()
    log = top + math.log(mass)
    position = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(count, dim)
    low, high = (np.broadcast_to(end, position.shape) for end in (corner, corner + size))
    return _Sources(
        position, np.full(count, log), factor.ravel() / mass, low, high, np.full(count, log - math.log(count))
    )


def _lagrange(nodes, at) -> np.ndarray:
    """Lagrange's basis ``(len(at), len(nodes))`` by the barycentric formula."""
    apart = nodes[:, None] - nodes
    np.fill_diagonal(apart, 1.0)
    weights = 1 / np.prod(apart * 4, axis=1)  # 4: capacity of the unit interval, against underflow
    difference = at[:, None] - nodes
    hit = difference == 0
    terms = weights / np.where(hit, 1.0, difference)
    basis = terms / terms.sum(axis=1, keepdims=True)
    return np.where(hit.any(axis=1, keepdims=True), hit.astype(float), basis)


def _cells(y, low, size) -> np.ndarray:
    """Whole coordinates of the cell of each point."""
    return np.floor((y - low) / (size if size > 0 else 1.0)).astype(np.uint64)


def _morton(cells) -> np.ndarray:
    return interleaved(cells, min(21, 63 // cells.shape[1]))


def interleaved(cells, bits: int):
    """Place on the space-filling curve: the lowest bits of whole coordinates ``(n, D)`` by turns, for NumPy and JAX."""
    place, dim = cells[:, 0] * 0, cells.shape[1]
    for bit in range(bits):
        for axis in range(dim):
            place = place | (((cells[:, axis] >> bit) & 1) << (bit * dim + axis))
    return place


def _in_rows(levels, top, order, tolerance, dtype) -> Index:
    rows, start, stop = [], [], []
    for sources, _, _ in levels:
        begin = stop[-1] if stop else 0
        rows.append(_blocks(sources))
        start.append(begin)
        stop.append(begin + len(rows[-1].log))
    position, log, factor, low, high, share = (np.concatenate(field) for field in zip(*rows))
    low = np.nextafter(low.min(axis=1).astype(dtype), -np.inf)
    high = np.nextafter(high.max(axis=1).astype(dtype), np.inf)
    centre = (low / 2 + high / 2).astype(np.float64)
    rounded = position.astype(dtype).astype(np.float64)
    moments = np.concatenate([np.ones_like(log)[..., None], rounded - centre[:, None]], axis=2) * factor[..., None]
    points = (factor == 1) & (log == share)
    away = np.where(points & np.isfinite(log), np.sum((position - centre[:, None]) ** 2, axis=-1), np.inf)
    nearest = np.arange(len(log)), np.argmin(away, axis=1)
    by_row = {
        "sources": np.moveaxis(rounded, 2, 1),
        "logs": log,
        "moments": np.moveaxis(moments, 2, 1),
        "centre": centre,
        "low": low,
        "high": high,
        "mass": np.logaddexp.reduce(share, axis=1),
        "nodal": np.logaddexp.reduce(np.where(points, -np.inf, share), axis=1),
        "witness": rounded[nearest],
        "witness_log": np.where(points[nearest], log[nearest], -np.inf),
    }
    # rows beyond the last level repeat its last: one compiled program serves every number of rows up to the bucket's
    filled = np.minimum(np.arange(bucket(len(log))), len(log) - 1)
    unused = _LEVELS - len(start)
    arrays = {name: array[filled] for name, array in by_row.items()} | {
        "least": np.r_[[noise for _, noise, _ in levels], np.full(unused, np.inf)],
        "cell": np.r_[[size for _, _, size in levels], np.zeros(unused)],
        "top": top,
    }
    return Index(
        **{name: jnp.asarray(array, dtype) for name, array in arrays.items()},
        start=jnp.asarray(np.r_[start, np.zeros(unused, int)], jnp.int32),
        stop=jnp.asarray(np.r_[stop, np.zeros(unused, int)], jnp.int32),
        order=order,
        tolerance=tolerance,
    )


def bucket(number: int) -> int:
    """The least of 16, 20, 24, 28, 32, 40, ... that holds so many."""
    step = max(4, 2 ** (max(number - 1, 1).bit_length() - 3))
    return max(16, -(-number // step) * step)


def _blocks(sources: _Sources) -> _Sources:
    """Sources ``(rows, BLOCK, ...)``, the last row filled with copies of no weight."""
    missing = -len(sources.log) % BLOCK
    filled = _Sources(*(np.concatenate([field, np.repeat(field[-1:], missing, axis=0)]) for field in sources))
    none = slice(len(sources.log), None)
    for field, value in ((filled.log, -np.inf), (filled.factor, 0.0), (filled.share, -np.inf)):
        field[none] = value
    return _Sources(*(field.reshape(-1, BLOCK, *field.shape[1:]) for field in filled))
