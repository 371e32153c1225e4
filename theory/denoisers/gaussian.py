"""Denoisers of Gaussian mixtures, of which one Gaussian and, with covariances of zero, finitely many points are cases."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import (
    common_float,
    is_traced,
    poison,
    require_finite,
    require_nonnegative,
    require_points,
    require_query,
)
from theory.denoisers._covariance import (
    apply,
    differentiated_as,
    log_determinant,
    noise_along_axes,
    require_covariances,
    solve,
    spectrum,
)
from theory.empirical.distribution import broadcast_noise, normalized_log_weights
from theory.empirical.tiles import nearest_in_box


class GaussianMixtureDenoiser(eqx.Module):
    """E[y|x] of data from a mixture of Gaussians N(mu_j, C_j), where x = y + sigma eps [gaussian-data], [posterior-mean].

    D = sum_j w_j(x) (mu_j + C_j S_j^{-1} (x - mu_j)) with S_j = C_j + sigma^2 I and w_j(x) the posterior weights.

    Arguments: means ``(m, D)``; covariances ``(m, D, D)``, or ``(D, D)`` for all, symmetric and positive semi-definite,
    zero included; weights ``(m,)``, 0 for padding. sigma = 0 is valid where every covariance used is regular: there D = x.
    Accuracy as for `Posterior`, with 2 eps max(|mu|, |x|) for the rounding of the mean and, where S_j is ill-conditioned,
    4 eps |x - mu_j| over its smallest standard deviation more in the log density. Traced covariances are decomposed in
    their own precision, so that sigma^2 must exceed eps |C|. Raises ``ValueError`` for ill-shaped or NaN input, for what is
    no covariance, for weights that are negative or all zero, and for sigma = 0 with a singular covariance; traced ones give
    NaN.
    """

    means: Float[Array, "m D"]
    covariances: Float[Array, "k D D"]  # k = m, or 1 where all share one
    log_weights: Float[Array, " m"]
    deviations: Float[Array, "k D"]  # square roots of the eigenvalues
    axes: Float[Array, "k D D"]  # eigenvectors, as columns

    def __init__(self, means, covariances, weights=None):
        require_points("means", means)
        require_covariances("covariances", covariances, np.shape(means))
        means, covariances = common_float(means=means, covariances=covariances)
        covariances = jnp.reshape(covariances, (-1, *covariances.shape[-2:]))
        self.means = means
        self.covariances = (covariances + jnp.swapaxes(covariances, 1, 2)) / 2
        self.log_weights = normalized_log_weights(weights, means)
        self.deviations, self.axes = spectrum(covariances)

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised state ``(*batch, D)``."""
        return _denoised(self, *self._checked(x, sigma))

    def score(self, x, sigma) -> Float[Array, "*batch D"]:
        """grad ln p_sigma(x) = sum_j w_j S_j^{-1} (mu_j - x), ``(*batch, D)`` in 1/length [tweedie]."""
        return _score_at(self, *self._checked(x, sigma))

    def log_density(self, x, sigma) -> Float[Array, "*batch"]:
        """ln p_sigma(x), ``(*batch,)`` in nats, of the data smoothed with sigma."""
        return _log_density_at(self, *self._checked(x, sigma))

    def jacobian(self, x, sigma) -> Float[Array, "*batch D D"]:
        """dD/dx = Cov[y|x]/sigma^2, ``(*batch, D, D)`` [jacobian]."""
        return _jacobian_at(self, *self._checked(x, sigma))

    def _checked(self, x, sigma):
        """x and sigma as arrays of one dtype, their concrete values checked."""
        require_query("x", x, self.means.shape[1])
        require_nonnegative("sigma", sigma)
        if not is_traced(sigma, self) and np.any(np.asarray(sigma) == 0) and self._is_singular():
            raise ValueError("sigma must be positive where a covariance is singular: at sigma = 0 there is no density")
        return common_float(x=x, sigma=sigma)

    def _is_singular(self) -> bool:
        """Whether a covariance of positive weight has an eigenvalue of zero."""
        zero = (np.asarray(self.deviations) == 0).any(axis=1)
        return bool(np.any(zero & np.isfinite(np.asarray(self.log_weights))))


class GaussianDenoiser(GaussianMixtureDenoiser):
    """E[y|x] of Gaussian data, D = mu + C (C + sigma^2 I)^{-1} (x - mu) [gaussian-data].

    It is also the best affine denoiser, in mean square, of any data with that mean and covariance. Arguments: mean
    ``(D,)``; covariance ``(D, D)``, as for `GaussianMixtureDenoiser`, whose case of one component it is.
    """

    def __init__(self, mean, covariance):
        if np.ndim(mean) != 1:
            raise ValueError(f"mean must have shape (D,), got shape {np.shape(mean)}")
        require_finite("mean", mean)
        require_covariances("covariance", covariance, np.shape(mean))
        mean, covariance = common_float(mean=mean, covariance=covariance)
        super().__init__(mean[None], covariance)


class _Components(eqx.Module):
    """Each component at each state; shapes ``(*batch, m, D)`` but for weight and log density."""

    to_mean: Float[Array, "*batch m D"]  # mu_j - x
    score: Float[Array, "*batch m D"]  # S_j^{-1} (mu_j - x)
    retained: Float[Array, "*batch m D"]  # C_j S_j^{-1} (mu_j - x)
    weight: Float[Array, "*batch m"]  # posterior weight
    log_density: Float[Array, "*batch"]


def _components(mixture: GaussianMixtureDenoiser, x, sigma):
    """The mixture, x and sigma in one dtype and with one sigma for every state, and the `_Components` there."""
    dtype = jnp.result_type(mixture.means, x, sigma)
    mixture = jax.tree.map(lambda leaf: leaf.astype(dtype), mixture)
    means = poison(mixture.means, jnp.isfinite(mixture.means))
    x = poison(x, jnp.isfinite(x)).astype(dtype)
    sigma = broadcast_noise(poison(sigma, (sigma >= 0) & jnp.isfinite(sigma)), x.shape[:-1]).astype(dtype)
    covariances, axes, deviations = mixture.covariances, mixture.axes, _of_used(mixture)
    to_mean = means - x[..., None, :]
    score = solve(covariances, sigma, deviations, axes, to_mean)
    share = (deviations / noise_along_axes(deviations, sigma)) ** 2
    retained = apply(axes, share * apply(jnp.swapaxes(axes, 1, 2), to_mean))
    retained = differentiated_as(retained, to_mean - sigma[..., None, None] ** 2 * score)
    square = jnp.sum(to_mean * score, axis=-1) + log_determinant(covariances, sigma, deviations, axes)
    logit = mixture.log_weights - square / 2
    log_total = jax.scipy.special.logsumexp(logit, axis=-1)
    log_density = log_total - x.shape[-1] * math.log(2 * math.pi) / 2
    return mixture, x, sigma, _Components(to_mean, score, retained, jnp.exp(logit - log_total[..., None]), log_density)


# One program each: called outside jit, a denoiser would else compile and dispatch dozens of small operations.


@eqx.filter_jit
def _denoised(mixture: GaussianMixtureDenoiser, x, sigma):
    mixture, x, sigma, parts = _components(mixture, x, sigma)
    origin = nearest_in_box(mixture.means, x)
    from_state = x + sigma[..., None] ** 2 * _mean(parts.weight, parts.score)
    # the same, from the means: free of the rounding of a state far from them
    moved = _mean(parts.weight, mixture.means - origin[..., None, :] - parts.retained)
    narrowest = jnp.min(jnp.where(jnp.isneginf(mixture.log_weights)[:, None], jnp.inf, mixture.deviations))
    return jnp.where((sigma <= narrowest)[..., None], from_state, origin + moved)


@eqx.filter_jit
def _score_at(mixture: GaussianMixtureDenoiser, x, sigma):
    parts = _components(mixture, x, sigma)[-1]
    return _mean(parts.weight, parts.score)


@eqx.filter_jit
def _log_density_at(mixture: GaussianMixtureDenoiser, x, sigma):
    return _components(mixture, x, sigma)[-1].log_density


@eqx.filter_jit
def _jacobian_at(mixture: GaussianMixtureDenoiser, x, sigma):
    """The mean of C_j S_j^{-1} and the spread of the components' scores: positive semi-definite term by term."""
    mixture, x, sigma, parts = _components(mixture, x, sigma)
    axes, deviations = mixture.axes, _of_used(mixture)
    share = (deviations / noise_along_axes(deviations, sigma)) ** 2
    axes = jnp.broadcast_to(axes, (len(mixture.means), *axes.shape[1:]))
    within = jnp.einsum("...m,...mk,mik,mjk->...ij", parts.weight, share, axes, axes, precision="highest")
    spread = sigma[..., None, None] * (parts.score - _mean(parts.weight, parts.score)[..., None, :])
    return within + jnp.einsum("...m,...mi,...mj->...ij", parts.weight, spread, spread, precision="highest")


def _of_used(mixture):
    """Deviations of the components, 1 for padding, whose covariance may be singular where sigma = 0."""
    return jnp.where(jnp.isneginf(mixture.log_weights)[:, None], 1, mixture.deviations)


def _mean(weight, values):
    return jnp.sum(weight[..., None] * values, axis=-2)
