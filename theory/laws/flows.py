"""Closed-form flows: one point, Gaussian data, the comb; and what an error that depends on noise does to their ends."""

import jax
import numpy as np
import scipy.special

from theory.checks import is_traced, require_nonnegative
from theory.laws._arguments import arguments, covariance_eigenvalues, plain, require_count

_FEW_NEIGHBOURS = 0.25  # below this s/d a sum over neighbouring points converges faster than the series in q
_CELLS = np.arange(-3.0, 4.0)
_ORDERS = np.arange(1.0, 9.0)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def one_point_flow(x, point, sigma, sigma_max, error=0.0):
    """State at noise sigma of the flow that starts from x at sigma_max, for a single training point [one-point].

    y + (x - y) sqrt((sigma^2 + error^2)/(sigma_max^2 + error^2)): x ``(*batch, D)``, point ``(D,)``, noise and error in the
    units of the data, scalars or broadcastable to ``(*batch,)``.
    """
    xp, x, point, sigma, error, sigma_max = arguments(
        real={"x": x, "point": point},
        nonnegative={"sigma": sigma, "error": error},
        positive={"sigma_max": sigma_max},
    )
    return point + (x - point) * (xp.hypot(sigma, error) / xp.hypot(sigma_max, error))[..., None]


def gaussian_flow(x, mean, covariance, sigma, sigma_max, error=0.0):
    """State at noise sigma of the flow that starts from x at sigma_max, for Gaussian data [gaussian-data].

    Along the eigenvector of the covariance ``(D, D)`` with eigenvalue l, x - mean goes as sqrt(l + error^2 + sigma^2).
    Arguments otherwise as for `one_point_flow`, with the mean ``(D,)`` for the point.
    """
    xp, x, mean, covariance, sigma, error, sigma_max = arguments(
        real={"x": x, "mean": mean, "covariance": covariance},
        nonnegative={"sigma": sigma, "error": error},
        positive={"sigma_max": sigma_max},
    )
    if xp is np:
        covariance_eigenvalues(covariance)  # raises for what is no covariance
    eigenvalues, vectors = xp.linalg.eigh(covariance)
    spread = xp.maximum(eigenvalues, 0.0) + (error**2)[..., None]
    shrink = xp.sqrt((spread + (sigma**2)[..., None]) / (spread + (sigma_max**2)[..., None]))
    return mean + (shrink * ((x - mean) @ vectors)) @ vectors.T


def transport_even(position, noise, spacing):
    """Position at infinite noise of the tangential flow of the comb that passes ``position`` at noise s [transport].

    u_inf = u + (d/pi) sum_m (q^(m^2)/m) sin(2 pi m u/d), u measured from a training point, d the spacing: the monotone
    rearrangement, du_inf/du = theta_3. On a ring it holds per trajectory up to O(s/R).
    """
    xp, position, noise, spacing = arguments(
        real={"position": position}, nonnegative={"noise": noise}, positive={"spacing": spacing}
    )
    cell, inside = _cell(xp, position / spacing)
    return (spacing * (cell + _to_infinity(xp, inside, noise / spacing)))[()]


def transport_even_inverse(position, noise, spacing):
    """Position at noise s of the tangential flow of the comb that starts from ``position`` at infinite noise [transport].

    The root of `transport_even`, by bisection within the cell and a last step of Newton; at noise 0, the nearest point.
    """
    xp, position, noise, spacing = arguments(
        real={"position": position}, nonnegative={"noise": noise}, positive={"spacing": spacing}
    )
    cell, target = _cell(xp, position / spacing)
    target, noise = xp.broadcast_arrays(target, noise / spacing)

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        below = _to_infinity(xp, middle, noise) < target
        return xp.where(below, middle, low), xp.where(below, high, middle)

    bracket = xp.full_like(target, -0.5), xp.full_like(target, 0.5)
    if xp is np:
        for step in range(60):
            bracket = halve(step, bracket)
    else:
        bracket = jax.lax.stop_gradient(jax.lax.fori_loop(0, 60, halve, bracket))
    root = (bracket[0] + bracket[1]) / 2
    # a step of Newton, which also carries the derivatives; where the comb has no density there is nothing to step along
    slope = _slope(xp, root, noise)
    step = (_to_infinity(xp, root, noise) - target) / xp.where(slope > 1e-3, slope, xp.inf)
    return (spacing * (cell + xp.where(noise == 0, xp.where(xp.abs(target) < 0.5, 0.0, target), root - step)))[()]


def _cell(xp, u):
    """The nearest training point and the position within its cell, both in units of the spacing."""
    nearest = xp.round(u)
    return nearest, u - nearest


def _to_infinity(xp, u, ratio):
    """u_inf/d of u/d within the cell: the series in q, or the mass of the neighbouring Gaussians below u."""
    u, ratio = u[..., None], ratio[..., None]
    erf = scipy.special.erf if xp is np else jax.scipy.special.erf
    q = xp.exp(-2 * np.pi**2 * _ORDERS**2 * xp.maximum(ratio, _FEW_NEIGHBOURS) ** 2)
    series = u[..., 0] + xp.sum(q / _ORDERS * xp.sin(2 * np.pi * _ORDERS * u), axis=-1) / np.pi
    scale = np.sqrt(2) * xp.clip(ratio, 1e-30, _FEW_NEIGHBOURS)
    neighbours = xp.sum(erf((u - _CELLS) / scale), axis=-1) / 2
    return xp.where(ratio[..., 0] > _FEW_NEIGHBOURS, series, neighbours)


def _slope(xp, u, ratio):
    """du_inf/du = theta_3, the density of the comb times d [theta]."""
    u, ratio = u[..., None], ratio[..., None]
    q = xp.exp(-2 * np.pi**2 * _ORDERS**2 * xp.maximum(ratio, _FEW_NEIGHBOURS) ** 2)
    series = 1 + 2 * xp.sum(q * xp.cos(2 * np.pi * _ORDERS * u), axis=-1)
    scale = xp.clip(ratio, 1e-30, _FEW_NEIGHBOURS)
    z = xp.clip((u - _CELLS) / scale, -40.0, 40.0)
    neighbours = xp.sum(xp.exp(-(z**2) / 2) / scale, axis=-1) / np.sqrt(2 * np.pi)
    return xp.where(ratio[..., 0] > _FEW_NEIGHBOURS, series, neighbours)


def displacement_even(error, spacing, ambient_dim: int = 2):
    """Mean squared distance of the end points of the error-prone and the optimal flow from shared starts [pfd-comb].

    d^2/12 + (d^2/pi^2) sum_m (-1)^m q^(m^2)/m^2 + (D - 1) error^2, which is D error^2 for error << d. D: ambient_dim.
    """
    xp, error, spacing = arguments(nonnegative={"error": error}, positive={"spacing": spacing})
    normal = require_count("ambient_dim", ambient_dim) - 1
    ratio = (error / spacing)[..., None]
    erf = scipy.special.erf if xp is np else jax.scipy.special.erf
    q = xp.exp(-2 * np.pi**2 * _ORDERS**2 * xp.maximum(ratio, _FEW_NEIGHBOURS) ** 2)
    series = 1 / 12 + xp.sum((-1.0) ** _ORDERS * q / _ORDERS**2, axis=-1) / np.pi**2
    # without cancellation: the second moment, within the cell about 0, of the Gaussians at the points j
    scale = xp.clip(ratio, 1e-30, _FEW_NEIGHBOURS)
    low, high = xp.clip((-0.5 - _CELLS) / scale, -40, 40), xp.clip((0.5 - _CELLS) / scale, -40, 40)
    mass = (erf(high / np.sqrt(2)) - erf(low / np.sqrt(2))) / 2
    at_low, at_high = (xp.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) for z in (low, high))
    # the terms low at_low - high at_high of the second moments cancel between neighbours
    moments = (_CELLS**2 + scale**2) * mass + 2 * _CELLS * scale * (at_low - at_high)
    tangential = xp.where(ratio[..., 0] > _FEW_NEIGHBOURS, series, xp.sum(moments, axis=-1))
    return (spacing**2 * tangential + normal * error**2)[()]


def end_spread(schedule, sigma_max, sigma_min=0.0) -> float:
    """Standard deviation of end points normal to the data, for an error that depends on noise [noise-dependent-error].

    sigma_max exp(-int sigma dsigma/(sigma^2 + delta^2)) from sigma_min to sigma_max, for starts of variance sigma_max^2:
    exactly in the normal directions. schedule: elementwise callable sigma -> delta. With sigma_min = 0 it is 0 where the
    integral diverges; a schedule is taken for a power of sigma below 1e-30 sigma_max. Scalars, not traced.
    """
    sigma_max = float(plain("sigma_max", sigma_max))
    require_nonnegative("sigma_min", sigma_min)
    if not sigma_min < sigma_max:
        raise ValueError(f"sigma_min must be below sigma_max, got sigma_min={sigma_min} and sigma_max={sigma_max}")
    lowest = sigma_min if sigma_min > 0 else 1e-30 * sigma_max
    sigma, measure = log_quadrature(lowest, sigma_max)
    integral = np.sum(measure / (1 + (_scheduled(schedule, sigma) / sigma) ** 2))
    if sigma_min == 0:
        # below, (delta/sigma)^2 = g grows as sigma^-power, and the integral is ln(1 + 1/g)/power
        ends = np.array([lowest, 1e10 * lowest])
        low, high = _scheduled(schedule, ends) / ends
        power = 2 * np.log(low / high) / np.log(1e10) if low > 0 and high > 0 else 0.0
        if power < 1e-6:
            return 0.0
        integral += np.log1p(low**-2.0) / power
    return float(sigma_max * np.exp(-integral))


def order_parameter_schedule(schedule, spacing) -> float:
    """Order parameter of the comb for an error that depends on noise, to leading order [noise-dependent-error].

    m = (4 pi^2/d^2) int_0^inf sigma q(s(sigma)) dsigma, good where q(s(sigma)) <~ 0.17 at every sigma, 0 included (a small
    m is not enough); for a constant error it is `order_parameter_even`. schedule: elementwise callable sigma -> delta.
    Exact recall gives 1, perfect samples 0. Scalar, not traced.
    """
    spacing = float(plain("spacing", spacing))
    sigma, measure = log_quadrature(1e-9 * spacing, 2.5 * spacing)  # q is below e^-100 above
    exponent = 2 * np.pi**2 * (sigma**2 + _scheduled(schedule, sigma) ** 2) / spacing**2
    return float(np.sum(measure * 4 * np.pi**2 * (sigma / spacing) ** 2 * np.exp(-exponent)))


def log_quadrature(low, high):
    """Nodes between low and high and weights for dln sigma, by Gauss and Legendre on panels a tenth wide."""
    edges = np.linspace(np.log(low), np.log(high), 2 + int(10 * np.log(high / low)))
    half = np.diff(edges) / 2
    nodes = edges[:-1, None] + half[:, None] * (1 + _NODES)
    return np.exp(nodes.ravel()), (half[:, None] * _WEIGHTS).ravel()


def _scheduled(schedule, sigma):
    """delta at the given levels, in float64, its values checked."""
    if not callable(schedule):
        raise ValueError(f"schedule must be a callable sigma -> error, got {type(schedule).__name__}")
    delta = schedule(sigma)
    if is_traced(delta):
        raise ValueError("schedule returns traced values: this law is evaluated by NumPy, so call it outside jit")
    require_nonnegative("the values of schedule", delta)
    return np.broadcast_to(np.asarray(delta, np.float64), sigma.shape)
