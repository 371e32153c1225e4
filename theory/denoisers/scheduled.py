"""Error-prone denoisers whose error depends on the noise."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, is_traced, require_nonnegative, require_query
from theory.denoisers.error_prone import ErrorProneDenoiser, _denoised, _jacobian_at, _log_density_at, _score_at


class ScheduledErrorDenoiser(eqx.Module):
    """At each noise the field of `ErrorProneDenoiser` with error delta = schedule(sigma) [noise-dependent-error].

    Its flow is a time change of the optimal flow only where the schedule is constant, so the density that
    `log_density` gives, of the data smoothed at s = sqrt(sigma^2 + delta(sigma)^2), is not the one that its flow carries.

    Arguments: points ``(n, D)``; schedule, a callable sigma -> delta that JAX can trace, elementwise, with values in the
    units of the points and at least 0; weights, evaluator and tolerance as for `ErrorProneDenoiser`. sigma = 0 is valid
    where schedule(0) > 0: there D = x. Raises ``ValueError`` for a schedule that is not callable or not elementwise, for
    its negative or NaN values, and where sigma and delta are both zero; traced bad values give NaN.
    """

    family: ErrorProneDenoiser
    schedule: Callable

    def __init__(
        self, points, schedule: Callable, weights=None, *, evaluator: str = "auto", tolerance: float | None = None
    ):
        if not callable(schedule):
            raise ValueError(f"schedule must be a callable sigma -> error, got {type(schedule).__name__}")
        self.family = ErrorProneDenoiser(points, 0.0, weights, evaluator=evaluator, tolerance=tolerance)
        self.schedule = schedule

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised state ``(*batch, D)``."""
        return _denoised(*self._with_error(x, sigma))

    def score(self, x, sigma) -> Float[Array, "*batch D"]:
        """grad log p_hat_s(x), ``(*batch, D)`` in 1/length; (D - x)/sigma^2 where sigma > 0 [tweedie]."""
        return _score_at(*self._with_error(x, sigma))

    def log_density(self, x, sigma) -> Float[Array, "*batch"]:
        """ln p_hat_s(x), ``(*batch,)`` in nats, at s = sqrt(sigma^2 + delta(sigma)^2)."""
        return _log_density_at(*self._with_error(x, sigma))

    def jacobian(self, x, sigma) -> Float[Array, "*batch D D"]:
        """dD/dx, ``(*batch, D, D)`` [jacobian]."""
        return _jacobian_at(*self._with_error(x, sigma))

    @property
    def points(self) -> Float[Array, "n D"]:
        """The training points."""
        return self.family.points

    def _with_error(self, x, sigma):
        """The member of the family at the error of these noise levels, with x and sigma checked."""
        require_query("x", x, self.points.shape[1])
        require_nonnegative("sigma", sigma)
        x, sigma = common_float(x=x, sigma=sigma)
        error = self.schedule(sigma)
        require_nonnegative("the values of schedule", error)
        if np.shape(error) not in ((), sigma.shape):
            raise ValueError(
                f"schedule must be elementwise, got values of shape {np.shape(error)} for shape {sigma.shape}"
            )
        if not is_traced(sigma, error) and np.any((np.asarray(sigma) == 0) & (np.asarray(error) == 0)):
            raise ValueError("sigma must be positive where the schedule is zero: at sigma = 0 there is no posterior")
        return eqx.tree_at(lambda d: d.error, self.family, jnp.asarray(error, sigma.dtype)), x, sigma
