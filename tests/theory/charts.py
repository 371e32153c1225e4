"""Charts of the manifolds, written apart from the code they test.

A chart goes from the unit cube to the manifold; a flattening goes from points of the manifold to coordinates in the unit
cube in which the uniform distribution is uniform.
"""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import scipy.special


@dataclasses.dataclass(frozen=True)
class Case:
    """A manifold of the table.

    build: constructor from a radius. chart(u, radius) and flatten(x, radius): see above. even: whether it has even points.
    chord(spacing, radius): distance of nearest even points. unevenness: largest mean of a wave that they resolve.
    """

    build: Callable
    chart: Callable
    flatten: Callable
    even: bool = True
    chord: Callable | None = None
    unevenness: float = 1e-12


def arc_chord(spacing, radius):
    """Chord of an arc of a circle."""
    return 2 * radius * np.sin(spacing / (2 * radius))


def straight(spacing, radius):
    """Chord of a piece of a line."""
    return spacing


def torus_chart(u, radius):
    angles = 2 * np.pi * u
    return radius * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1).reshape(-1)


def flatten_torus(x, radius):
    return np.arctan2(x[:, 1::2], x[:, ::2]) / (2 * np.pi) % 1


def sphere_chart(u, radius):
    """Polar angles, and a last one round the circle."""
    angles = np.pi * u * jnp.ones_like(u).at[-1].set(2)
    sines = jnp.cumprod(jnp.concatenate([jnp.ones(1), jnp.sin(angles)]))
    return radius * sines * jnp.append(jnp.cos(angles), 1)


def flatten_sphere(x, radius):
    """(1 + z/r)/2 is Beta(k/2, k/2) for the first coordinate z of a point of the k-sphere of radius r, and so on inwards."""
    dims = range(x.shape[1] - 1, 1, -1)
    columns = []
    for column, k in enumerate(dims):
        rest = np.linalg.norm(x[:, column:], axis=1)
        columns.append(scipy.special.betainc(k / 2, k / 2, (1 + x[:, column] / rest) / 2))
    return np.stack([*columns, flatten_torus(x[:, -2:], radius)[:, 0]], axis=1)


def cube_chart(dim, ambient_dim):
    return lambda u, length: jnp.concatenate([length * (u - 0.5), jnp.zeros(ambient_dim - dim)])


def flatten_cube(dim):
    return lambda x, length: x[:, :dim] / length + 0.5


def roll_chart(height, turns):
    """By the spiral's angle, which is not its arc length; height over the radius."""

    def chart(u, radius):
        r, angle = radius * u[0], 2 * np.pi * turns * u[0]
        return jnp.stack([r * jnp.cos(angle), r * jnp.sin(angle), height * radius * (u[1] - 0.5)])

    return chart


def flatten_roll(height, turns):
    def flatten(x, radius):
        last = 2 * np.pi * turns
        angle = last * np.hypot(x[:, 0], x[:, 1]) / radius

        def length(t):
            return t * np.sqrt(1 + t**2) + np.arcsinh(t)

        return np.stack([length(angle) / length(last), x[:, 2] / (height * radius) + 0.5], axis=1)

    return flatten
