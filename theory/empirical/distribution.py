"""The posterior over training points, and its moments, by whichever evaluator is named."""

import math
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float

from theory.checks import (
    common_float,
    is_traced,
    poison,
    require_choice,
    require_count,
    require_nonnegative,
    require_points,
    require_positive,
    require_query,
)
from theory.empirical import certified, dense, fused, sharded
from theory.empirical.index import MOST_DIMENSIONS, Index, bucket, build_index
from theory.empirical.products import accuracy
from theory.empirical.tiles import nearest_in_box

EVALUATORS = ("auto", "certified", "dense")
_MANY_POINTS = {"cpu": 4096, "gpu": 2**20}  # from here on, in at most _LOW dimensions, "auto" prepares an index
_LOW = 3
_MANY_QUERIES = 64  # fewer meet all points
_WORTH_AN_INDEX = 2**30  # pairs of a point and a state that take longer than sorting the points for one use


class Posterior(eqx.Module):
    """Posterior over training points given noisy states; a property computes only what it names.

    Shapes: points ``(n, D)``, x ``(*batch, D)``, noise ``(*batch,)``, one s for each state. Made by `posterior` or by a
    denoiser. Accuracy, for x = y_i + O(s) at any offset of the data, against the exact value for the same rounded
    inputs: mean within 1e-5 s + 2 eps max|y|, log density within 1e-5 max(1, |log density|); in float64, 1e-12 for both
    1e-5. Far from the data, and in some ten dimensions or more, where noise alone takes x far, the values are exact for
    logits perturbed by 8 eps |logit|. The range is |x - y| < 1e19 s in float32 (1e154 s in float64). Equations:
    [posterior-mean], [tweedie] and [jacobian].
    """

    points: Float[Array, "n D"]
    log_weights: Float[Array, " n"]
    x: Float[Array, "*batch D"]
    noise: Float[Array, "*batch"]
    index: Index | None = None
    mesh: Mesh | None = eqx.field(static=True, default=None)

    @property
    def shift(self) -> Float[Array, "*batch D"]:
        """E[y|x] - x = s^2 grad log p_hat_s(x), accurate where the mean itself has lost digits [tweedie].

        In at most eight dimensions it rounds by eps times the spread of the posterior, in more, where sums are products, by
        eps times the extent of the points.
        """
        return _shift(self)

    @property
    def mean(self) -> Float[Array, "*batch D"]:
        """E[y|x], the optimal denoiser D*(x, s) [posterior-mean]."""
        return _mean(self)

    @property
    def origin(self) -> Float[Array, "*batch D"]:
        """x, moved into the bounding box of the points where it lies outside; differences are summed about it."""
        return nearest_in_box(self.points, self.x)

    @property
    def offset(self) -> Float[Array, "*batch D"]:
        """E[y|x] - origin, the sum of weights times differences."""
        return self._moments[1]

    @property
    def mean_and_log_density(self) -> tuple[Float[Array, "*batch D"], Float[Array, "*batch"]]:
        """Both from one pass over the points."""
        return _mean_and_log_density(self)

    @property
    def log_density(self) -> Float[Array, "*batch"]:
        """ln p_hat_s(x), in nats, density per D-dimensional volume [posterior-mean]."""
        return _log_density(self)

    @property
    def covariance(self) -> Float[Array, "*batch D D"]:
        """Cov[y|x]; over s^2 it is the Jacobian of D* [jacobian]."""
        return self._evaluate(dense.covariance)

    @property
    def entropy(self) -> Float[Array, "*batch"]:
        """-sum_i w_i ln w_i of the posterior weights, in nats; its exponential counts the points that matter."""
        return self._evaluate(dense.entropy)

    @property
    def participation(self) -> Float[Array, "*batch"]:
        """1/sum_i w_i^2, the participation number of the posterior weights, between 1 and n."""
        return 1 / self._evaluate(dense.weight_square)

    @property
    def _moments(self):
        """`dense.moments` of all states, by the evaluator that was prepared, on the devices that were named."""
        if self.mesh is not None:
            return self._evaluate(partial(sharded.moments, self.mesh, self.index))
        if self.index is None or self.noise.size < _MANY_QUERIES:
            return self._evaluate(fused.moments)
        return self._evaluate(partial(certified.moments, self.index))

    def _evaluate(self, evaluator):
        batch, dim = self.x.shape[:-1], self.x.shape[-1]
        flat = evaluator(self.points, self.log_weights, self.x.reshape(-1, dim), self.noise.reshape(-1))
        return jax.tree.map(lambda found: found.reshape(*batch, *found.shape[1:]), flat)

    def _density(self, log_normalizer):
        dim = self.points.shape[1]
        return log_normalizer - dim * (jnp.log(self.noise) + math.log(2 * math.pi) / 2)


@jax.jit
def _shift(posterior: Posterior):
    return posterior.offset + (posterior.origin - posterior.x)


@jax.jit
def _mean(posterior: Posterior):
    return posterior.origin + posterior.offset


@jax.jit
def _log_density(posterior: Posterior):
    if posterior.index is None and posterior.mesh is None:
        return posterior._density(posterior._evaluate(fused.log_normalizer))
    return posterior._density(posterior._moments[0])


@jax.jit
def _mean_and_log_density(posterior: Posterior):
    log_normalizer, offset = posterior._moments
    return posterior.origin + offset, posterior._density(log_normalizer)


def posterior(
    points,
    x,
    sigma,
    *,
    weights=None,
    evaluator: str = "auto",
    tolerance: float | None = None,
    mesh: Mesh | None = None,
) -> Posterior:
    """Posterior of the training points given x = y + sigma eps: w = softmax(ln weights - |x - y|^2/(2 sigma^2)).

    Arguments: points ``(n, D)``; x ``(*batch, D)``; sigma positive, scalar or broadcastable to ``(*batch,)``; weights
    ``(n,)``, not necessarily normalised, 0 for padding; evaluator "dense", where every state meets every point,
    "certified", which leaves out what cannot matter and replaces crowds of points (it sorts them first: for many calls
    make a denoiser), or "auto"; tolerance, an upper bound on what a certified |mean error|/min(s, 1) and log-density
    error have beyond rounding, by default the accuracy that `Posterior` states; mesh, devices over which mean and log
    density are computed, with axes "states", "points" or both, by which these are divided.
    Returns a lazy `Posterior`; the dtype is the result type of the inputs. Raises ``ValueError`` for empty, ill-shaped,
    NaN or infinite points or x, for sigma not positive, for negative or all-zero weights, an evaluator that is unknown or
    unfit, a tolerance that is not positive and a mesh with other axes; where such a value is traced, results are NaN.
    Source: [posterior-mean].
    """
    require_points("points", points)
    require_evaluator(evaluator, tolerance, mesh)
    require_query("x", x, np.shape(points)[1])
    require_positive("sigma", sigma)
    points, x, sigma = common_float(points=points, x=x, sigma=sigma)
    log_weights = normalized_log_weights(weights, points)
    once = evaluator == "certified" or points.shape[0] * math.prod(x.shape[:-1]) >= _WORTH_AN_INDEX
    index = prepare(points, log_weights, evaluator if once else "dense", tolerance, mesh)
    return make_posterior(points, log_weights, x, poison(sigma, sigma > 0), index, mesh)


def padded(points, weights=None, *, size: int | None = None) -> tuple[Array, Array]:
    """Points ``(size, D)`` and weights ``(size,)``, filled up with points of weight 0: one program for every n up to size.

    size: by default the least of 16, 20, 24, 28, 32, 40, ... (4 of each octave) that holds the n points. Give both to
    `posterior` or a denoiser: the same distribution, without compiling anew for every n. Raises ``ValueError`` for points
    and weights that `posterior` refuses and a size below n.
    """
    require_points("points", points)
    (points,) = common_float(points=points)
    weights = jnp.exp(normalized_log_weights(weights, points))
    size = bucket(len(points)) if size is None else require_count("size", size, len(points))
    # in NumPy where that can be: a shape that is not met again should compile nothing
    xp = jnp if is_traced(points, weights) else np
    points, weights = xp.asarray(points), xp.asarray(weights)
    missing = size - len(points)
    filled = xp.concatenate([points, xp.broadcast_to(points[:1], (missing, points.shape[1]))])
    return jnp.asarray(filled), jnp.asarray(xp.concatenate([weights, xp.zeros(missing, weights.dtype)]))


def prepare(points, log_weights, evaluator: str, tolerance: float | None, mesh: Mesh | None = None) -> Index | None:
    """The index that an evaluator uses, or None for the dense one.

    "auto" prepares one for many points, undivided, in at most three dimensions: for 4096 or more in a processor, 2^20 on
    a GPU, which is up to then through with all of them sooner. Raises ``ValueError`` for "certified" where the points are
    traced, divided or have too many dimensions.
    """
    count, dim = points.shape
    traced = is_traced(points, log_weights)
    divided = mesh is not None and sharded.parts(mesh, sharded.POINTS) > 1
    if evaluator == "certified":
        if traced:
            raise ValueError(
                'evaluator "certified" sorts the points: make it outside jit, vmap and grad, or take "auto"'
            )
        if dim > MOST_DIMENSIONS:
            raise ValueError(
                f'evaluator "certified" is for at most {MOST_DIMENSIONS} dimensions, got {dim}: take "dense"'
            )
        if divided:
            raise ValueError('evaluator "certified" needs all points: divide the states only, or take "dense"')
    elif (
        evaluator == "dense"
        or traced
        or divided
        or count < _MANY_POINTS.get(jax.default_backend(), _MANY_POINTS["cpu"])
        or dim > _LOW
    ):
        return None
    return build_index(points, log_weights, tolerance or accuracy(points))


@partial(jax.jit, static_argnames="mesh")
def make_posterior(points, log_weights, x, noise, index: Index | None = None, mesh: Mesh | None = None) -> Posterior:
    """`Posterior` of checked inputs: one dtype, noise broadcast to the batch, NaN for what cannot be."""
    dtype = jnp.result_type(points, x, noise)
    noise = broadcast_noise(noise, x.shape[:-1]).astype(dtype)
    return Posterior(
        poison(points, jnp.isfinite(points)).astype(dtype),
        log_weights.astype(dtype),
        poison(x, jnp.isfinite(x)).astype(dtype),
        poison(noise, (noise > 0) & jnp.isfinite(noise)),
        index if index is not None and index.top.dtype == dtype else None,
        mesh,
    )


def broadcast_noise(noise, batch: tuple[int, ...]):
    """Noise of every state of the batch, or a ``ValueError`` that says which shapes do not fit."""
    try:
        return jnp.broadcast_to(noise, batch)
    except ValueError as error:
        raise ValueError(
            f"sigma must be a scalar or broadcast to the batch {batch}, got shape {noise.shape}"
        ) from error


def normalized_log_weights(weights, points: Float[Array, "n D"]) -> Float[Array, " n"]:
    """ln of the weights over their sum, -inf for weight 0; equal weights where ``weights`` is None."""
    count = points.shape[0]
    if weights is None:
        return jnp.full(count, -math.log(count), points.dtype)
    if np.shape(weights) != (count,):
        raise ValueError(f"weights must have shape ({count},), one for each point, got shape {np.shape(weights)}")
    require_nonnegative("weights", weights)
    if not is_traced(weights) and not np.any(np.asarray(weights) > 0):
        raise ValueError("weights must not all be zero: give at least one point a positive weight")
    log_weights = jnp.log(jnp.asarray(weights, points.dtype))
    # the log of a traced negative weight is NaN, and NaN - NaN or -inf + inf make all of them NaN
    return log_weights - jax.scipy.special.logsumexp(log_weights)


def require_evaluator(evaluator: str, tolerance: float | None, mesh: Mesh | None = None) -> None:
    """Raise ``ValueError`` for an unknown evaluator, a tolerance that is not positive or a mesh with other axes."""
    sharded.require_mesh(mesh)
    require_choice("evaluator", evaluator, EVALUATORS)
    if tolerance is not None:
        require_positive("tolerance", tolerance)
