"""Training many networks in one compiled program, with averages of their weights, and checkpoints that resume bit for bit."""

import functools
import hashlib
import itertools
import json
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int
from tqdm import tqdm

from sims.learning.denoiser import Ensemble, NetworkDenoiser, at_place
from sims.learning.objective import Objective
from theory.checks import require_count, require_finite, require_levels, require_positive

_CHUNK = 500  # steps between two looks at the clock


class TrainingSets(eqx.Module):
    """One training set for each member, padded to one size.

    Arguments: sets, arrays ``(n, D)`` with one D; labels, whole numbers ``(n,)`` for each set, or None. Raises
    ``ValueError`` for no sets, other shapes and points that are not finite.
    """

    points: Float[Array, "members n D"]
    counts: Int[Array, " members"]
    labels: Int[Array, "members n"] | None

    def __init__(self, sets: Sequence, labels: Sequence | None = None):
        sizes = [np.shape(points) for points in sets]
        if not sizes or any(len(size) != 2 or 0 in size or size[1] != sizes[0][1] for size in sizes):
            raise ValueError(f"sets must hold arrays of shape (n, D) with one D, got shapes {sizes}")
        for points in sets:
            require_finite("sets", points)
        if labels is not None and [np.shape(each) for each in labels] != [size[:1] for size in sizes]:
            raise ValueError(
                f"labels must have one label for each point, got shapes {[np.shape(each) for each in labels]}"
            )
        largest = max(size[0] for size in sizes)
        self.points = jnp.stack([_padded(jnp.asarray(points, jnp.float32), largest) for points in sets])
        self.counts = jnp.asarray([size[0] for size in sizes], jnp.int32)
        self.labels = (
            None if labels is None else jnp.stack([_padded(jnp.asarray(each, jnp.int32), largest) for each in labels])
        )

    @property
    def scale(self) -> Float[Array, " members"]:
        """The r.m.s. size of each set per coordinate, about its mean."""
        real = (jnp.arange(self.points.shape[1]) < self.counts[:, None])[..., None]
        mean = jnp.sum(self.points * real, axis=1, keepdims=True) / self.counts[:, None, None]
        square = jnp.sum(((self.points - mean) * real) ** 2, axis=(1, 2)) / (self.counts * self.points.shape[2])
        return jnp.sqrt(square)


class Trained(eqx.Module):
    """Networks at every stop of their training.

    averages: weights with leading axes ``(stops, lengths, members)``. loss: ``(stops, members)``, mean training loss since
    the stop before. scale ``(members,)``; target, stops and lengths as asked for.
    """

    averages: Any
    loss: Float[Array, "stops members"]
    scale: Float[Array, " members"]
    target: str = eqx.field(static=True)
    stops: tuple[int, ...] = eqx.field(static=True)
    lengths: tuple[float, ...] = eqx.field(static=True)

    def ensemble(self, stop: int = -1, length: int = -1) -> Ensemble:
        """All members after the stop and with the average of that place in ``stops`` and ``lengths``."""
        arrays, static = eqx.partition(self.averages, eqx.is_array)
        arrays = at_place(arrays, (range(len(self.stops))[stop], range(len(self.lengths))[length]))
        return _members(arrays, static, self.scale, self.target)


class _State(eqx.Module):
    """All that changes while networks are trained; arrays only."""

    networks: Any
    optimizer: Any
    averages: Any  # (lengths, members, ...)
    snapshots: Any  # (stops, lengths, members, ...)
    losses: Array  # (stops, members)
    step: Array


def train(
    network: Callable,
    sets: TrainingSets,
    objective: Objective,
    *,
    key,
    stops: Sequence[int],
    batch: int = 128,
    optimizer: optax.GradientTransformation | None = None,
    lengths: Sequence[float] = (1000.0,),
    checkpoint: pathlib.Path | str | None = None,
    save_every: float = 10.0,
    watch: Callable[[Ensemble], str] | None = None,
    progress: bool = True,
) -> Trained:
    """Train one network for each training set, all in one program.

    Arguments: network, called with ``key=`` for a new network, such as ``partial(Mlp, 2)``; sets; objective; key, split among
    the members; stops, ascending numbers of steps after which the networks are kept; batch, points a step, drawn with
    replacement; optimizer, by default Adam at a rate of 2e-3 after 200 steps of warm-up, constant afterwards, so that each stop
    is what a training of that length gives; lengths, in steps, of the exponential averages of the weights that are kept (0: the
    weights themselves); checkpoint, a file written about every ``save_every`` seconds: the same call goes on where it was
    stopped, with the same digits (another optimizer alone is not noticed); watch, from the members at present to what the
    progress bar says beside their loss.

    Returns `Trained`. Raises ``ValueError`` for stops that do not ascend, lengths below 0, and a checkpoint of another
    training.
    """
    require_count("batch", batch)
    require_positive("save_every", save_every)
    stops = tuple(require_count("stops", stop) for stop in stops)
    if not stops or any(after <= before for before, after in itertools.pairwise(stops)):
        raise ValueError(f"stops must ascend, got {stops}")
    require_levels("lengths", lengths, positive=False)
    lengths = tuple(float(length) for length in lengths)
    optimizer = optimizer or default_optimizer()
    if isinstance(network, functools.partial):  # one that equals another of the same arguments, for compiled programs
        network = jax.tree_util.Partial(network.func, *network.args, **network.keywords)
    # float32 whatever JAX is set to, so that the digits do not depend on it
    with jax.enable_x64(False):
        keys = jax.random.split(key, len(sets.counts))
        start = _start(network, optimizer, keys, len(stops), len(lengths))
        arrays, static = eqx.partition(start, eqx.is_array)
        path = None if checkpoint is None else pathlib.Path(checkpoint)
        print_of = _fingerprint(arrays, sets, objective, keys, stops, lengths, batch)
        if path is not None and path.exists():
            arrays = _read(path, print_of, arrays)
        done = int(arrays.step)
        fixed = (jnp.asarray(stops, jnp.int32), jnp.asarray(lengths, jnp.float32), objective, optimizer, batch)
        saved = time.monotonic()
        with tqdm(total=stops[-1], initial=done, unit="step", disable=not progress, smoothing=0.1, leave=False) as bar:
            while done < stops[-1]:
                until = min(done + _CHUNK, next(stop for stop in stops if stop > done))
                arrays, loss = _advance(arrays, static, sets, keys, jnp.asarray(until, jnp.int32), *fixed)
                loss = float(jnp.mean(loss))
                if progress:
                    now = _members(arrays.networks, static.networks, sets.scale, objective.target)
                    bar.set_postfix_str(f"loss {loss:.4f}" if watch is None else f"loss {loss:.4f}, {watch(now)}")
                bar.update(until - done)
                done = until
                if path is not None and (done == stops[-1] or time.monotonic() - saved > save_every):
                    _write(path, print_of, arrays)
                    saved = time.monotonic()
        averages = eqx.combine(arrays.snapshots, static.networks)
        return Trained(averages, arrays.losses, sets.scale, objective.target, stops, lengths)


@functools.cache  # one object, so that trainings alike share a compiled program
def default_optimizer(rate: float = 2e-3, warm_up: int = 200) -> optax.GradientTransformation:
    """Adam whose rate rises linearly over ``warm_up`` steps and then stays."""
    return optax.adam(optax.schedules.linear_schedule(0.0, rate, warm_up))


@eqx.filter_jit
def _start(network, optimizer, keys, stops, lengths):
    networks = eqx.filter_vmap(lambda key: network(key=key))(jax.vmap(lambda key: jax.random.fold_in(key, 0))(keys))
    arrays = eqx.filter(networks, eqx.is_array)
    averages = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (lengths, *leaf.shape)), arrays)
    return _State(
        networks,
        jax.vmap(optimizer.init)(arrays),
        averages,
        jax.tree.map(lambda leaf: jnp.zeros((stops, *leaf.shape), leaf.dtype), averages),
        jnp.zeros((stops, len(keys)), jnp.float32),
        jnp.asarray(0, jnp.int32),
    )


@eqx.filter_jit
def _advance(arrays, static, sets, keys, until, stops, lengths, objective, optimizer, batch):
    """Steps up to number ``until``, at most the next stop: the new arrays and the mean loss ``(members,)``."""

    def of_member(network, state, key, points, count, labels, scale, number):
        draw, rest = jax.random.split(jax.random.fold_in(key, number))
        chosen = jax.random.randint(draw, (batch,), 0, count)
        shown = None if labels is None else labels[chosen]

        def loss(network):
            return objective.loss(eqx.combine(network, static.networks), points[chosen], shown, scale, rest)

        value, slope = jax.value_and_grad(loss)(network)
        change, state = optimizer.update(slope, state, network)
        return optax.apply_updates(network, change), state, value

    of_members = jax.vmap(of_member, in_axes=(0, 0, 0, 0, 0, None if sets.labels is None else 0, 0, None))
    scale, begin = sets.scale, arrays.step

    def step(carry):
        networks, state, averages, total, number = carry
        number = number + 1
        networks, state, value = of_members(networks, state, keys, sets.points, sets.counts, sets.labels, scale, number)
        # a plain mean until the length is reached, so that the first weights leave no trace
        share = jnp.maximum(-jnp.expm1(-1 / lengths), 1 / number.astype(jnp.float32))
        averages = jax.tree.map(
            lambda mean, new: mean + share.reshape(-1, *[1] * new.ndim) * (new - mean), averages, networks
        )
        return networks, state, averages, total + value, number

    begun = (arrays.networks, arrays.optimizer, arrays.averages, jnp.zeros_like(scale), begin)
    networks, state, averages, total, number = jax.lax.while_loop(lambda carry: carry[-1] < until, step, begun)
    place = jnp.searchsorted(stops, number)
    since = number - jnp.concatenate([jnp.zeros(1, jnp.int32), stops])[place]
    losses = arrays.losses.at[place].add((total - arrays.losses[place] * (number - begin)) / since)
    snapshots = jax.tree.map(lambda kept, mean: kept.at[place].set(mean), arrays.snapshots, averages)
    return _State(networks, state, averages, snapshots, losses, number), total / (number - begin)


@eqx.filter_jit
def _members(arrays, static, scale, target) -> Ensemble:
    networks = eqx.combine(arrays, static)
    return Ensemble(eqx.filter_vmap(lambda network, size: NetworkDenoiser(network, size, target))(networks, scale))


def _padded(rows, size):
    return jnp.pad(rows, ((0, size - len(rows)), *[(0, 0)] * (rows.ndim - 1)), mode="edge")


def _fingerprint(arrays, sets, objective, keys, stops, lengths, batch) -> str:
    """What a training is made of, by which a checkpoint is known; the optimizer only by the shapes of its state."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves((sets, jax.random.key_data(keys), arrays.networks)):
        digest.update(np.asarray(leaf).tobytes())
    shapes = [(leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(arrays)]
    digest.update(json.dumps([shapes, str(objective), stops, lengths, batch]).encode())
    return digest.hexdigest()


def _write(path: pathlib.Path, print_of: str, arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as file:
        file.write(print_of.encode() + b"\n")
        eqx.tree_serialise_leaves(file, arrays)
    os.replace(temporary, path)


def _read(path: pathlib.Path, print_of: str, arrays):
    with open(path, "rb") as file:
        if file.readline().strip() != print_of.encode():
            raise ValueError(f"{path} is a checkpoint of another training: give another checkpoint, or delete it")
        # into NumPy's arrays: JAX would compile something for each shape
        return jax.device_put(eqx.tree_deserialise_leaves(file, jax.tree.map(np.asarray, arrays)))
