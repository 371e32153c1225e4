"""The posterior on many devices: states and training points divided over a mesh, one maximum and one sum across it.

Every device finds the log sum and the mean offset of its own states among its own points, by the evaluator at hand. Across the
points the logs are compared (one maximum), and terms and offsets, scaled by it, are added up together (one sum).
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float

from theory.empirical import certified, fused
from theory.empirical.index import Index
from theory.empirical.tiles import nearest_in_box

STATES, POINTS = AXES = ("states", "points")


def require_mesh(mesh: Mesh | None) -> None:
    """Raise ``ValueError`` for a mesh with axes other than "states" and "points"."""
    if mesh is not None and not set(mesh.axis_names) <= set(AXES):
        raise ValueError(f'mesh must have no axes but "states" and "points", got {mesh.axis_names}')


def parts(mesh: Mesh, axis: str) -> int:
    """Over how many devices an axis is divided; 1 where the mesh has no such axis."""
    return mesh.shape.get(axis, 1)


def placed(mesh: Mesh, x):
    """States ``(m, ...)`` divided over the mesh where m divides evenly, on every device elsewhere."""
    divides = STATES in mesh.axis_names and len(x) % parts(mesh, STATES) == 0
    return jax.device_put(x, NamedSharding(_automatic(mesh), P(STATES) if divides else P()))


def _automatic(mesh: Mesh) -> Mesh:
    """The mesh with automatic axes: the compiler places what no function divides."""
    return Mesh(mesh.devices, mesh.axis_names)


def moments(
    mesh: Mesh, index: Index | None, points, log_weights, x, noise
) -> tuple[Float[Array, " m"], Float[Array, "m D"]]:
    """What `dense.moments` finds, ``(m,)`` and ``(m, D)``, on all devices of the mesh [posterior-mean].

    Sizes need not divide: points of weight zero and idle states fill up. An index serves undivided points.
    """
    mesh = _automatic(mesh)
    count, divided = len(x), parts(mesh, POINTS) > 1
    origin = nearest_in_box(points, x)
    missing, idle = -len(points) % parts(mesh, POINTS), -count % parts(mesh, STATES)
    points = jnp.pad(points, ((0, missing), (0, 0)), mode="edge")
    log_weights = jnp.pad(log_weights, (0, missing), constant_values=-jnp.inf)
    x, origin = (jnp.pad(each, ((0, idle), (0, 0)), mode="edge") for each in (x, origin))
    noise = jnp.pad(noise, (0, idle), constant_values=1)
    of_states, of_points = (P(axis if axis in mesh.axis_names else None) for axis in AXES)

    @partial(
        jax.shard_map,
        mesh=mesh,
        in_specs=(P(), of_points, of_points, of_states, of_states, of_states),
        out_specs=of_states,
        check_vma=False,
    )
    def on_each(index, points, log_weights, x, noise, origin):
        evaluate = fused.moments if index is None else partial(certified.moments, index)
        if not divided:
            return evaluate(points, log_weights, x, noise)
        # where all points of a device have weight zero, they have no mean: any other weights will do
        empty = jnp.all(jnp.isneginf(log_weights))
        log_total, offset = evaluate(points, jnp.where(empty, 0, log_weights), x, noise)
        log_total = jnp.where(empty, -jnp.inf, log_total)
        top = jax.lax.pmax(jax.lax.stop_gradient(log_total), POINTS)
        share = jnp.exp(log_total - top)[:, None]
        moved = offset + (nearest_in_box(points, x) - origin)
        sums = jax.lax.psum(jnp.concatenate([share, share * moved], axis=1), POINTS)
        return top + jnp.log(sums[:, 0]), sums[:, 1:] / sums[:, :1]

    log_total, offset = on_each(index, points, log_weights, x, noise, origin)
    return log_total[:count], offset[:count]
