"""The best denoiser of a training set that sees no further than a window: locality as an error that generalizes."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, poison, require_count, require_points, require_positive, require_query


class WindowDenoiser(eqx.Module):
    """E[y_i | x within ``radius`` pixels of i] of finitely many square images, pixel by pixel (Kamb & Ganguli, 2412.20292).

    Each pixel has its own posterior over the training images, from the squares in its window (2 radius + 1 wide, cut at the
    edge), so that an image is put together from parts of several. A window that holds the whole image makes it the optimal
    denoiser [posterior-mean]. Arguments: points ``(n, side^2)``; radius, at least 0. sigma must be positive.
    """

    points: Float[Array, "n D"]
    radius: int = eqx.field(static=True)

    def __init__(self, points, radius: int):
        require_points("points", points)
        if math.isqrt(np.shape(points)[1]) ** 2 != np.shape(points)[1]:
            raise ValueError(f"points must be square images, got {np.shape(points)[1]} pixels")
        (self.points,) = common_float(points=points)
        self.radius = require_count("radius", radius, 0)

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised images ``(*batch, D)``. Raises ``ValueError`` for other shapes and unless sigma is positive."""
        require_query("x", x, self.points.shape[1])
        require_positive("sigma", sigma)
        return _denoised(self, *common_float(x=x, sigma=sigma))


@eqx.filter_jit
def _denoised(denoiser: WindowDenoiser, x, sigma):
    points = denoiser.points
    sigma = jnp.broadcast_to(poison(sigma, sigma > 0), x.shape[:-1])

    def of_state(args):
        state, noise = args
        within = _window_sums((state - points) ** 2, denoiser.radius)
        weights = jax.nn.softmax(-within / (2 * noise**2), axis=0)
        return state + jnp.sum(weights * (points - state), axis=0)

    flat = (x.reshape(-1, x.shape[-1]), sigma.reshape(-1))
    return jax.lax.map(of_state, flat, batch_size=min(len(flat[1]), 32)).reshape(x.shape)


def _window_sums(values, radius):
    """Sums of ``(n, side^2)`` over the window of each pixel."""
    side = math.isqrt(values.shape[1])
    distance = np.abs(np.arange(side)[:, None] - np.arange(side))
    band = jnp.asarray(distance <= radius, values.dtype)
    # all terms are positive: a product with ones loses no digits
    return jnp.einsum("nij,ki,lj->nkl", values.reshape(-1, side, side), band, band).reshape(values.shape)


def gradient_range(denoiser, states, sigma) -> Float[Array, " states"]:
    """Mean distance, in pixels, over which a denoiser of square images looks, at each of the states ``(m, D)``.

    The mean of max(|row_i - row_j|, |column_i - column_j|) with the weight (dD_i/dx_j)^2. Null: 0 for D that acts on each pixel
    alone; for gradients that do not depend on the distance, the mean over all pairs of pixels, 3.4 for 8 by 8.
    """
    side = math.isqrt(states.shape[-1])
    rows, columns = np.divmod(np.arange(side**2), side)
    apart = np.maximum(np.abs(rows[:, None] - rows), np.abs(columns[:, None] - columns))

    def of_state(state):
        square = jax.jacfwd(lambda x: denoiser(x[None], sigma)[0])(state) ** 2
        return jnp.sum(square * apart) / jnp.sum(square)

    return jax.lax.map(of_state, states)
