"""Denoisers of finitely many points: optimal and error-prone."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float

from theory.checks import common_float, is_traced, poison, require_nonnegative, require_points, require_query
from theory.empirical.distribution import (
    Posterior,
    broadcast_noise,
    make_posterior,
    normalized_log_weights,
    prepare,
    require_evaluator,
)
from theory.empirical.index import Index


class ErrorProneDenoiser(eqx.Module):
    """Optimal denoiser of the training points smoothed with N(0, error^2 I) [error-prone].

    D(x, sigma) = (error^2 x + sigma^2 D*(x, s))/s^2 with s = sqrt(sigma^2 + error^2), computed as
    x + (sigma/s)^2 (D* - x) or D* - (error/s)^2 (D* - x), whichever rounds less. JAX may differentiate it, in sigma too
    [noise-derivative]; it scales, moves and turns with the data and stays in the hull of data and x [scaling].

    Arguments: points ``(n, D)``; error, a scalar in the units of the points, at least 0; weights ``(n,)``, 0 for padding;
    evaluator, tolerance and mesh as for `posterior`: what the evaluator needs is prepared here, once, for these points.
    sigma = 0 is valid where error > 0: there D = x. Raises ``ValueError`` for the bad values that `posterior` names, a
    negative or NaN error, and sigma = error = 0; traced ones give NaN.
    """

    points: Float[Array, "n D"]
    log_weights: Float[Array, " n"]
    error: Float[Array, ""]
    index: Index | None
    mesh: Mesh | None = eqx.field(static=True)

    def __init__(
        self,
        points,
        error,
        weights=None,
        *,
        evaluator: str = "auto",
        tolerance: float | None = None,
        mesh: Mesh | None = None,
    ):
        require_points("points", points)
        require_nonnegative("error", error)
        require_evaluator(evaluator, tolerance, mesh)
        if np.ndim(error):
            raise ValueError(f"error must be a scalar, got shape {np.shape(error)}")
        self.points, self.error = common_float(points=points, error=error)
        self.log_weights = normalized_log_weights(weights, self.points)
        self.index, self.mesh = prepare(self.points, self.log_weights, evaluator, tolerance, mesh), mesh

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised state ``(*batch, D)``."""
        return _denoised(self, *self._checked(x, sigma))

    def score(self, x, sigma) -> Float[Array, "*batch D"]:
        """grad log p_hat_s(x), ``(*batch, D)`` in 1/length; (D - x)/sigma^2 where sigma > 0 [tweedie]."""
        return _score_at(self, *self._checked(x, sigma))

    def log_density(self, x, sigma) -> Float[Array, "*batch"]:
        """ln p_hat_s(x), ``(*batch,)`` in nats, at the effective noise s."""
        return _log_density_at(self, *self._checked(x, sigma))

    def jacobian(self, x, sigma) -> Float[Array, "*batch D D"]:
        """dD/dx = (error^2 I + (sigma/s)^2 Cov_s)/s^2, ``(*batch, D, D)`` [jacobian]."""
        return _jacobian_at(self, *self._checked(x, sigma))

    def posterior(self, x, sigma) -> Posterior:
        """Posterior over the training points given x at the effective noise s."""
        return self._smoothed(*self._checked(x, sigma))[1]

    @property
    def _valid_error(self):
        return poison(self.error, self.error >= 0)

    def _checked(self, x, sigma):
        """x and sigma as arrays of one dtype, their concrete values checked."""
        require_query("x", x, self.points.shape[1])
        require_nonnegative("sigma", sigma)
        if not is_traced(sigma, self.error) and np.any(np.asarray(sigma) == 0) and float(self.error) == 0:
            raise ValueError("sigma must be positive where the model error is zero: at sigma = 0 there is no posterior")
        return common_float(x=x, sigma=sigma)

    def _smoothed(self, x, sigma):
        """sigma for every state of the batch, and the posterior at the effective noise."""
        sigma = broadcast_noise(poison(sigma, sigma >= 0), x.shape[:-1])
        noise = jnp.hypot(sigma, self._valid_error)
        posterior = make_posterior(self.points, self.log_weights, x, noise, self.index, self.mesh)
        return sigma.astype(posterior.noise.dtype), posterior


# One program each: called outside jit, a denoiser would else compile and dispatch a dozen small operations.


@eqx.filter_jit
def _denoised(denoiser: ErrorProneDenoiser, x, sigma):
    sigma, posterior = denoiser._smoothed(x, sigma)
    offset, origin, x = posterior.offset, posterior.origin, posterior.x
    shift = offset + (origin - x)
    from_state = x + ((sigma / posterior.noise) ** 2)[..., None] * shift
    # the same, from the mean: exactly D* without error, and free of the rounding of a state far from the data
    from_mean = origin + offset - ((denoiser._valid_error / posterior.noise) ** 2)[..., None] * shift
    return jnp.where((sigma < denoiser._valid_error)[..., None], from_state, from_mean)


@eqx.filter_jit
def _score_at(denoiser: ErrorProneDenoiser, x, sigma):
    _, posterior = denoiser._smoothed(x, sigma)
    return posterior.shift / posterior.noise[..., None] ** 2


@eqx.filter_jit
def _log_density_at(denoiser: ErrorProneDenoiser, x, sigma):
    return denoiser._smoothed(x, sigma)[1].log_density


@eqx.filter_jit
def _jacobian_at(denoiser: ErrorProneDenoiser, x, sigma):
    sigma, posterior = denoiser._smoothed(x, sigma)
    noise = posterior.noise[..., None, None]
    spread = (sigma[..., None, None] / noise) ** 2 * posterior.covariance / noise**2
    error = denoiser._valid_error[..., None, None]
    return (error / noise) ** 2 * jnp.eye(x.shape[-1], dtype=noise.dtype) + spread


class EmpiricalDenoiser(ErrorProneDenoiser):
    """Optimal denoiser of the training points, D*(x, sigma) = E[y|x] [posterior-mean]: an error-prone one of error 0.

    Arguments as for `ErrorProneDenoiser`, without the error; sigma must be positive.
    """

    def __init__(
        self,
        points,
        weights=None,
        *,
        evaluator: str = "auto",
        tolerance: float | None = None,
        mesh: Mesh | None = None,
    ):
        super().__init__(points, 0.0, weights, evaluator=evaluator, tolerance=tolerance, mesh=mesh)
