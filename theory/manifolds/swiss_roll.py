"""The Swiss roll: a rectangle rolled up along an Archimedean spiral."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from theory.checks import as_float, common_float, poison, require_count, require_positive, require_query
from theory.manifolds.base import Manifold, cell_centres, length_scale

_CELLS = 16  # of the projection's grid in each turn
_STEPS = 10  # of its safeguarded Newton iteration: from a grid cell to rounding


class SwissRoll(Manifold):
    """Archimedean spiral times an interval, k = 2 and D = 3, uniform with respect to its area.

    The spiral r = radius t/t_max, at angle t from 0 to t_max = 2 pi turns, lies in the first two coordinates; the third
    runs over [-height/2, height/2]. Layers are radius/turns apart. Arguments: ``radius`` and ``height``, positive
    lengths; height None is the length of the spiral, so that the roll, unrolled, is a square; ``turns``, a positive Python
    number. Raises ``ValueError`` for values that are not positive.
    """

    radius: Float[Array, ""]
    height: Float[Array, ""]
    turns: float = eqx.field(static=True)

    def __init__(self, radius, height=None, turns: float = 2.0):
        require_positive("turns", turns)
        self.turns = float(turns)
        self.radius = length_scale("radius", radius)
        self.height = self.radius * self._unit_length / self._last if height is None else length_scale("height", height)
        self.radius, self.height = common_float(radius=self.radius, height=self.height)

    @property
    def intrinsic_dim(self) -> int:
        """k = 2."""
        return 2

    @property
    def ambient_dim(self) -> int:
        """D = 3."""
        return 3

    @property
    def length(self) -> Float[Array, ""]:
        """Length of the spiral, (a/2) (t sqrt(1 + t^2) + asinh t) at t = t_max, with a = radius/t_max."""
        return self._pitch * self._unit_length

    @property
    def volume(self) -> Float[Array, ""]:
        """Area: length of the spiral times the height."""
        return self.length * self._height

    def even(self, n: int, phase=0.0) -> Float[Array, "n D"]:
        """Lattice of n points, m by m in arc length and height, in the centres of its cells and shifted by ``phase`` cells.

        Raises ``ValueError`` unless n = m^2. The cells are squares where the height is the length of the spiral.
        """
        return _unrolled(self, cell_centres(n, 2, phase))

    def sample(self, key, n: int) -> Float[Array, "n D"]:
        """n independent points, uniform with respect to the area."""
        return _unrolled(self, jax.random.uniform(key, (require_count("n", n), 2), self.radius.dtype))

    def project(self, x) -> Float[Array, "*batch D"]:
        """The point of the roll nearest to x ``(*batch, D)``, to rounding; of two layers as near, either.

        A Newton iteration kept to each cell of a grid over t finds the minima of the distance, of which the nearest is
        taken. Differentiable where the nearest point is unique.
        """
        require_query("x", x, self.ambient_dim)
        return _nearest(self, as_float("x", x))

    def _embed(self, angle, height):
        spiral = self._pitch * angle[..., None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)
        return jnp.concatenate([spiral, height[..., None].astype(spiral.dtype)], axis=-1)

    @property
    def _last(self) -> float:
        return 2 * math.pi * self.turns

    @property
    def _unit_length(self) -> float:
        """Length of the spiral r = t."""
        return (self._last * math.hypot(1, self._last) + math.asinh(self._last)) / 2

    @property
    def _pitch(self):
        return poison(self.radius, (self.radius > 0) & (self.height > 0)) / self._last

    @property
    def _height(self):
        return poison(self.height, (self.radius > 0) & (self.height > 0))


@eqx.filter_jit
def _unrolled(roll: SwissRoll, fraction):
    """Points at these fractions ``(*batch, 2)`` of the arc length and of the height."""
    angle = _angle_at(fraction[..., 0] * roll._unit_length)
    return roll._embed(angle, roll._height * (fraction[..., 1] - 0.5))


def _angle_at(length):
    """t at a length along the spiral r = t: the root of (t sqrt(1 + t^2) + asinh t)/2 = length.

    The left side is convex and exceeds both t and t^2/2, so Newton's steps descend to the root from the smaller bound.
    """
    angle = jnp.minimum(length, jnp.sqrt(2 * length))
    for _ in range(5):
        speed = jnp.sqrt(1 + angle**2)
        angle = angle - ((angle * speed + jnp.arcsinh(angle)) / 2 - length) / speed
    return angle


def _slope(plane, t):
    """Half the derivative in t of the squared distance to the spiral r = t, and its own derivative."""
    along, across = _in_frame(plane, t)
    return t - along + t * across, 1 + 2 * across + t * along


def _in_frame(plane, t):
    """Coordinates of ``plane`` along the ray at angle t and across it."""
    x, y = plane[..., 0], plane[..., 1]
    return x * jnp.cos(t) + y * jnp.sin(t), x * jnp.sin(t) - y * jnp.cos(t)


@eqx.filter_jit
def _nearest(roll: SwissRoll, x):
    height = jnp.clip(x[..., 2], -roll._height / 2, roll._height / 2)
    return roll._embed(_nearest_angle(x[..., :2] / roll._pitch, roll._last), height)


def _nearest_angle(plane, last: float):
    """t in [0, last] of the point of the spiral r = t nearest to ``plane`` ``(*batch, 2)``."""
    t, cell = _search(jax.lax.stop_gradient(plane), last)
    # one more step, this time with a gradient: that of the implicit function
    first, second = _slope(plane, t)
    regular = second > 0
    move = first / jnp.where(regular, second, 1)
    return jnp.where(regular & (jnp.abs(move) < cell), jnp.clip(t - move, 0, last), t)


def _search(plane, last: float):
    """The nearest of the minima that the cells of a grid hold and of both ends, and the width of a cell."""
    cells = math.ceil(_CELLS * last / (2 * math.pi))
    grid = jnp.linspace(0, last, cells + 1, dtype=plane.dtype)
    plane = plane[..., None, :]

    def step(_, state):
        t, low, high = state
        first, second = _slope(plane, t)
        low, high = jnp.where(first < 0, t, low), jnp.where(first < 0, high, t)
        newton = t - first / second
        inside = (second > 0) & (newton >= low) & (newton <= high)
        return jnp.where(inside, newton, (low + high) / 2), low, high

    # from the right, where the slope is convex: near the centre a cell can hold a minimum beside the end t = 0
    low, high = (jnp.broadcast_to(each, (*plane.shape[:-2], cells)) for each in (grid[:-1], grid[1:]))
    minima, *_ = jax.lax.fori_loop(0, _STEPS, step, (high, low, high))
    candidates = jnp.concatenate([minima, jnp.broadcast_to(grid[jnp.array([0, -1])], (*minima.shape[:-1], 2))], axis=-1)
    # less the squared distance of the spiral's centre: of far states, what tells the layers apart
    distance = candidates**2 - 2 * candidates * _in_frame(plane, candidates)[0]
    nearest = jnp.argmin(distance, axis=-1, keepdims=True)
    return jnp.take_along_axis(candidates, nearest, axis=-1)[..., 0], grid[1]
