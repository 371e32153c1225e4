"""Overlap of two smoothings of the same points: trajectories under model error against noisy training data [marginal-shift].

p is the distribution of y + noise eps and q that of y + other eps, y one of the points. At nominal noise sigma the
trajectories under error delta follow p with noise = sqrt(sigma^2 + delta^2), the noisy training data q with other = sigma.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
import scipy.spatial

from theory.checks import common_float, is_traced, poison, require_count, require_points, require_positive
from theory.empirical import normalized_log_weights
from theory.empirical.distribution import make_posterior
from theory.metrics.estimate import Estimate, mean_estimate

_REACH = 12.0  # of the rule, in units of the noise: sqrt(p q) has fallen to e^(-12^2/4) there


class Overlap(eqx.Module):
    """How much of p and q is the same, each an `Estimate` of a scalar.

    kl: KL(p || q) and reverse_kl: KL(q || p), in nats. bhattacharyya: int sqrt(p q). common_mass: int min(p, q), which is
    1 - total variation; the best discriminator of the two, shown both equally often, errs in half of it. Null: equal
    noises give 0, 0, 1 and 1. Points far apart, or a single one, give the bounds of [marginal-shift].
    """

    kl: Estimate
    reverse_kl: Estimate
    bhattacharyya: Estimate
    common_mass: Estimate


def overlap_quadrature(points, noise, other, *, weights=None, nodes: int = 121) -> Overlap:
    """`Overlap` of the smoothings with ``noise`` and ``other`` in one or two dimensions, by quadrature [marginal-shift].

    Arguments: points ``(n, D)``, D = 1 or 2; noise and other, positive scalars; weights ``(n,)``, 0 for padding; nodes,
    odd and at least 5. The trapezoidal rule stands on nodes^D points around every training point, out to 12 times the
    noise, so that its box and its step follow each of the two noises, however small. ``standard_error`` is the change on
    leaving out every other node. Accurate where a step, 24/(nodes - 1) noises, resolves what the logarithm of p/q does:
    it turns between points at distance d within s^2/d. The Bhattacharyya coefficient converges geometrically, within 1e-6
    at 121 nodes; the divergence of the larger noise from a much smaller one, and the common mass, which has kinks, to
    second order, within 3e-3 at a ratio of 25. Raises ``ValueError`` for other dimensions, even nodes, and noises that are
    not positive scalars.
    """
    points, log_weights, noise, other = _checked(points, noise, other, weights)
    if points.shape[1] > 2:
        raise ValueError(
            f"quadrature needs points of one or two dimensions, got {points.shape[1]}: use overlap_estimate"
        )
    if require_count("nodes", nodes, 5) % 2 == 0:
        raise ValueError(f"nodes must be odd, so that every other node is a rule of its own, got {nodes}")
    return _by_quadrature(points, log_weights, noise, other, nodes)


def overlap_estimate(points, noise, other, *, key, samples: int = 4096, weights=None) -> Overlap:
    """`Overlap` of the smoothings with ``noise`` and ``other`` in any dimension, by sampling [marginal-shift].

    Arguments: points ``(n, D)``; noise and other, positive scalars; key; samples, at least 8, of each measure; weights
    ``(n,)``, 0 for padding. The divergences are means of the log ratio, with control variates. The
    Bhattacharyya coefficient is the mean of sqrt(p q) over the density it is drawn from, the points smoothed with tau,
    1/tau^2 = (1/noise^2 + 1/other^2)/2: for one point the ratio is constant, so that coefficients far below 1/samples are
    found where draws from p or q never see them. The common mass is found likewise at the noise whose draws, in high
    dimensions, sit where p = q. The standard errors are those of the draws; for one point the first three have none. What is
    rarer than 1/samples, such as two far points that meet, is not seen.
    """
    points, log_weights, noise, other = _checked(points, noise, other, weights)
    return _by_sampling(points, log_weights, noise, other, key, require_count("samples", samples, 8))


def wasserstein_estimate(points, noise, other, *, key, samples: int = 512, batches: int = 8) -> Estimate:
    """Squared Wasserstein distance W2^2(p, q), a length squared, from above by optimal assignment [marginal-shift].

    Each batch draws ``samples`` coupled pairs (y + noise eps, y + other eps), the same point and the same eps in both, and
    pairs them anew at the least mean squared distance. W2^2 is jointly convex and the two empirical distributions of a
    batch average to p and q, so that the expectation is at least W2^2(p, q); the pairing drawn is one of those allowed,
    so that the estimate is at most D (noise - other)^2. It falls to W2^2 as samples grow. Arguments: points ``(n, D)``;
    noises as for `overlap_estimate`; samples at least 2; batches at least 2, the standard error is over them. Null: 0 for
    equal noises; points far apart give D (noise - other)^2. Not traceable: the assignment is SciPy's.
    """
    if is_traced(points, noise, other):
        raise ValueError("the optimal assignment is not traceable: call wasserstein_estimate outside jit")
    points, log_weights, noise, other = _checked(points, noise, other, None)
    batches, samples = require_count("batches", batches, 2), require_count("samples", samples, 2)
    pairs = _coupled(key, points, log_weights, noise, other, batches * samples)
    costs = []
    for one, two in zip(*(np.asarray(states).reshape(batches, samples, -1) for states in pairs)):
        square = scipy.spatial.distance.cdist(one, two, "sqeuclidean")
        paired = square[scipy.optimize.linear_sum_assignment(square)].mean()
        # the mean of the pairs as drawn is known: what is saved on theirs has less spread than the distance itself
        costs.append(paired - np.diagonal(square).mean() + points.shape[1] * float(noise - other) ** 2)
    error = np.std(costs, ddof=1) / np.sqrt(batches)
    return Estimate(jnp.asarray(np.mean(costs), points.dtype), jnp.asarray(error, points.dtype))


@eqx.filter_jit
def _coupled(key, points, log_weights, noise, other, count):
    centres, draws = _draws(key, points, log_weights, count)
    return centres + noise * draws, centres + other * draws


@eqx.filter_jit
def _by_quadrature(points, log_weights, noise, other, nodes) -> Overlap:
    dim = points.shape[1]
    line = jnp.linspace(-_REACH, _REACH, nodes, dtype=points.dtype)
    rule = jnp.stack(jnp.meshgrid(*[line] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    log_rule = -jnp.sum(rule**2, axis=-1) / 2
    coarse = (jnp.sum(jnp.indices((nodes,) * dim) % 2, axis=0) == 0).ravel()
    masses = [jnp.exp(log_rule), jnp.where(coarse, jnp.exp(log_rule), 0)]
    masses = jnp.stack([mass / jnp.sum(mass) for mass in masses])

    both = jnp.stack([noise, other])

    def around_points(level):
        """ln p/q on the rule around every point, ``(n, nodes^D)``."""
        x = points[:, None] + level * rule
        of_noise, of_other = jax.lax.map(lambda s: _log_density(points, log_weights, x, s), both)
        return of_noise - of_other

    def mean(values):
        # around a point of weight 0 a ratio of densities may overflow
        values = jnp.where(jnp.isneginf(log_weights)[:, None], 0, values)
        fine, half = masses @ (jnp.exp(log_weights) @ values)
        return Estimate(fine, jnp.abs(fine - half))

    # maps, so that one density is compiled and not four
    of_p, of_q = jax.lax.map(around_points, both)
    # int sqrt(p q) = E_q sqrt(p/q), q the narrower one: around its points the integrand falls as exp(-|eps|^2/4)
    wider = jnp.where(noise < other, -of_p, of_q)
    return Overlap(mean(of_p), mean(-of_q), mean(jnp.exp(wider / 2)), mean(jnp.exp(jnp.minimum(wider, 0))))


@eqx.filter_jit
def _by_sampling(points, log_weights, noise, other, key, samples) -> Overlap:
    # for one point, sqrt(p q) is b times the density at this noise ...
    between = jnp.sqrt(2 / (1 / noise**2 + 1 / other**2))
    # ... and this noise puts the states where p = q, at which min(p, q) over their density is largest
    t = 2 * jnp.log(noise / other)
    same = jnp.abs(t) < 1e-6
    crossing = other * jnp.sqrt(jnp.where(same, 1, t / -jnp.expm1(-jnp.where(same, 1, t))))
    levels = jnp.stack([noise, other, between, crossing])
    centres, draws = (each.reshape(4, samples, -1) for each in _draws(key, points, log_weights, 4 * samples))
    states = centres + levels[:, None, None] * draws
    at = jnp.stack([jnp.full_like(levels, noise), jnp.full_like(levels, other), levels])[..., None]
    p, q, own = jax.lax.map(lambda each: _log_density(points, log_weights, states, each), at)
    # |eps|^2, whose mean is D, bears the spread of the log ratio of a single point; and the ratio of the densities, whose
    # mean is 1, that of noises that are nearly equal (of others it has no variance)
    ratio = (2 * own - p - q)[:2]
    square = jnp.sum(draws[:2] ** 2, axis=-1) - draws.shape[-1]
    inverse = jnp.where(jnp.abs(t) < 0.5, jnp.expm1(-ratio), 0)
    divergence = mean_estimate(_less(_less(ratio, square), _less(inverse, square)))
    shared = mean_estimate(jnp.exp(jnp.stack([(p + q) / 2, jnp.minimum(p, q)]) - own))
    pick = [(divergence, 0), (divergence, 1), (shared, (0, 2)), (shared, (1, 3))]
    return Overlap(*(Estimate(each.value[at], each.standard_error[at]) for each, at in pick))


def _less(values, control):
    """Values less what a control variate of mean zero explains of them: the same mean up to 1/samples, less spread."""
    centred = control - jnp.mean(control, axis=-1, keepdims=True)
    variance = jnp.sum(centred**2, axis=-1, keepdims=True)
    slope = jnp.sum(centred * values, axis=-1, keepdims=True) / jnp.where(variance > 0, variance, 1)
    return values - slope * control


def _log_density(points, log_weights, x, noise):
    return make_posterior(points, log_weights, x, noise).log_density


def _draws(key, points, log_weights, count):
    """Points drawn by weight and unit noise, both ``(count, D)``."""
    choose, shake = jax.random.split(key)
    index = jax.random.categorical(choose, log_weights, shape=(count,))
    return points[index], jax.random.normal(shake, (count, points.shape[1]), points.dtype)


def _checked(points, noise, other, weights):
    require_points("points", points)
    for name, level in (("noise", noise), ("other", other)):
        if np.ndim(level):
            raise ValueError(f"{name} must be a scalar, got shape {np.shape(level)}")
        require_positive(name, level)
    points, noise, other = common_float(points=points, noise=noise, other=other)
    return points, normalized_log_weights(weights, points), poison(noise, noise > 0), poison(other, other > 0)
