"""Where states stand among the training points: nearest distance, weight of the nearest point, entropy [posterior-mean]."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from theory.checks import common_float, poison, require_points, require_positive
from theory.empirical import dense, normalized_log_weights
from theory.metrics.estimate import Estimate, mean_estimate


class StateMeasures(eqx.Module):
    """Means over states, each an `Estimate` of a scalar, with the standard error of the states.

    nearest_distance: to the nearest training point, in units of the noise. nearest_weight: posterior weight of that point.
    entropy: of the posterior weights, in nats.
    """

    nearest_distance: Estimate
    nearest_weight: Estimate
    entropy: Estimate


def state_measures(points, states, noise, *, weights=None) -> StateMeasures:
    """How the posterior at ``noise`` sees states: which training point they came from, and how surely [posterior-mean].

    Arguments: points ``(n, D)``; states ``(m, D)``, m at least 2; noise, positive, a scalar or ``(m,)``, at which the states
    are asked for, whatever noise they bear; weights ``(n,)``, 0 for padding. Nulls, which belong beside any value: noisy
    training data y + noise eps (what a network was trained on; for noise far below the distances sqrt(D) or a little
    less, weight 1 and entropy 0) and noisy fresh data (what a network that generalizes is asked for). States of the model
    with error delta bear sqrt(noise^2 + delta^2), and are further away.
    """
    require_points("points", points)
    require_points("states", states, dim=np.shape(points)[1])
    require_positive("noise", noise)
    if np.shape(states)[0] < 2:
        raise ValueError("a mean over states with its error needs at least 2 states, got 1")
    if np.shape(noise) not in ((), np.shape(states)[:1]):
        raise ValueError(f"noise must be a scalar or have shape ({np.shape(states)[0]},), got {np.shape(noise)}")
    points, states, noise = common_float(points=points, states=states, noise=noise)
    return _measures(points, normalized_log_weights(weights, points), states, noise)


@jax.jit
def _measures(points, log_weights, states, noise) -> StateMeasures:
    noise = jnp.broadcast_to(poison(noise, noise > 0), states.shape[:1])
    used = jnp.isfinite(log_weights)

    def nearest(state):
        square = jnp.where(used, jnp.sum((points - state) ** 2, axis=-1), jnp.inf)
        closest = jnp.argmin(square)
        return square[closest], log_weights[closest]

    square, log_weight = jax.lax.map(nearest, states, batch_size=min(len(states), 256))
    scaled = jnp.sqrt(square) / noise
    log_normalizer = dense.log_normalizer(points, log_weights, states, noise)
    weight = jnp.exp(jnp.minimum(log_weight - scaled**2 / 2 - log_normalizer, 0.0))
    entropy = dense.entropy(points, log_weights, states, noise)
    return StateMeasures(mean_estimate(scaled), mean_estimate(weight), mean_estimate(entropy))
