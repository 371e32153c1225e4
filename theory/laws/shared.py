"""Samples of two models from shared starts: how far the sampling noise of their training sets moves the end of the flow.

Linear response: p_hat = p (1 + h), and a state is carried off the true flow by s grad h. Waves of the training set of all
lengths above the model error contribute, the long ones most.
"""

import itertools
import math
from functools import lru_cache

import numpy as np
import scipy.integrate
import scipy.special

from theory.laws._arguments import arguments, plain, require_count
from theory.laws.iid import chi_square_iid


def shared_starts_iid(error, n, length, dim: int = 1):
    """E|x_A - x_B|^2 of end points from one start, two sets of n i.i.d. points each, on flat closed curves [shared-starts].

    (2/n) sum_{p != 0} e^(-p^2 error^2)/p^2 = 4 int_error^inf s chi^2(s) ds, over wave vectors p of the product of dim
    closed curves of that length. For error -> 0: length^2/(6 n) at dim 1, (1/(pi rho)) ln(length/error) + const at dim 2,
    4 error^(2 - k)/((k - 2) rho (4 pi)^(k/2)) at k >= 3. Good where the displacement is small against the error or dim is 1.
    """
    dim = require_count("dim", dim)
    xp, error, n, length = arguments(positive={"error": error, "n": n, "length": length})
    # int chi^2 dt from t = (2 pi/length)^2 error^2 on, of one point on a curve of length 2 pi, t its square noise: in ln t to
    # where one wave is left, beyond it in closed form
    start = (2 * math.pi * error / length) ** 2
    node, weight = (np.asarray(each) for each in scipy.special.roots_legendre(96))
    last = 40.0
    inside = xp.minimum(start, last)[..., None]
    log_ratio = xp.log(last / inside)
    t = inside * xp.exp(log_ratio * (node + 1) / 2)
    excess = chi_square_iid(xp.sqrt(t), 1, 2 * math.pi, dim)
    integral = xp.sum(weight * t * excess, axis=-1) * log_ratio[..., 0] / 2
    beyond = 2 * dim * xp.exp(-xp.maximum(start, last))
    return (2 / n * (length / (2 * math.pi)) ** 2 * (integral + beyond))[()]


def shared_starts_ring(error, n, radius):
    """E|u_A - u_B|^2 R^2 of end points projected on a ring in the plane, from one start, n i.i.d. points each [shared-starts].

    Linear response along the radial trajectories of the uniform ring, averaged over starts, for all waves; starts near the
    unstable centre, which decide by the means of the training sets, are summed to all orders. Arguments: error, n at
    least 4, radius; they broadcast. Error from 1e-3 R; quadrature good to 1e-5, relative remainder O(1/n). Cannot be traced.
    """
    error, n, radius = (plain(*pair) for pair in (("error", error), ("n", n), ("radius", radius)))
    error, n, radius = np.broadcast_arrays(error / radius, n, radius)
    linear = np.reshape([_ring_response(float(e)) for e in error.ravel()], error.shape)
    correlation = 1 / (1 + 2 * _at_centre(error) ** 2 / n)
    decided = 2 - math.pi / 2 * correlation * scipy.special.hyp2f1(0.5, 0.5, 2, correlation**2)
    return (radius**2 * (4 / n * linear + decided))[()]


_MODES = 48  # followed along the trajectories; shorter waves act where the ring is flat


def _ring_response(error):
    """E over starts of sum_m (m int_error^inf (s/r^2)(I_m/I_0) ds)^2, less C^2/rho^2 of the unstable centre; R = 1."""
    log_noise, response = _followed()
    m = np.arange(_MODES + 1.0, _MODES + 1 + math.ceil(7 / error))
    short = np.sum(np.exp(-((m * error) ** 2)) / m**2)
    return float(np.interp(math.log(error), log_noise, response)) + short


def _at_centre(error):
    """C of the first wave C/rho near the unstable centre, (1/2) int_error^inf e^(-1/(4 s^2)) ds/s^2 (R = 1)."""
    return math.sqrt(math.pi) / 2 * scipy.special.erf(1 / (2 * error))


@lru_cache(maxsize=1)
def _followed():
    """(ln s ascending, response of the first waves down to there), by Runge-Kutta steps in ln s along 48 trajectories."""
    node, weight = scipy.special.roots_legendre(48)
    root = (node + 1) / 2
    rho = 9 * root**3  # r/s of the start, of density rho e^(-rho^2/2)
    mass = weight / 2 * 27 * root**2 * rho * np.exp(-(rho**2) / 2)
    log_noise = np.linspace(math.log(300.0), math.log(1e-3), 631)
    radii = _radii(rho, log_noise)
    integrand = _integrands(radii, np.exp(log_noise)[:, None])
    step = log_noise[0] - log_noise[1]
    integral = scipy.integrate.cumulative_simpson(integrand, dx=step, axis=1, initial=0)
    integral[0] += 1 / (2 * rho * 300.0)  # of the first wave beyond
    m = np.arange(1.0, _MODES + 1)[:, None, None]
    response = np.sum((m * integral) ** 2, axis=0) - (_at_centre(np.exp(log_noise))[:, None] / rho) ** 2
    return log_noise[::-1], (response @ mass)[::-1]


def _radii(rho, log_noise):
    """Radii ``(levels, starts)`` of trajectories of the uniform ring, dr/ds = (r - I_1(z)/I_0(z))/s, z = r/s^2."""

    def slope(r, y):
        z = r * math.exp(-2 * y)
        return r - scipy.special.ive(1, z) / scipy.special.ive(0, z)

    radii = [rho * math.exp(log_noise[0])]
    for y, after in itertools.pairwise(log_noise):
        h, r = after - y, radii[-1]
        first = slope(r, y)
        second = slope(r + h / 2 * first, y + h / 2)
        third = slope(r + h / 2 * second, y + h / 2)
        fourth = slope(r + h * third, after)
        radii.append(r + h / 6 * (first + 2 * second + 2 * third + fourth))
    return np.array(radii)


def _integrands(r, s):
    """(s/r)^2 I_m(z)/I_0(z) for m = 1 .. _MODES, ``(modes, levels, starts)``: ratios of orders, from the last one down."""
    z = r / s**2
    top = scipy.special.ive(_MODES, z)
    ratio = np.where(top > 0, scipy.special.ive(_MODES + 1, z) / np.where(top > 0, top, 1), z / (2 * _MODES + 2))
    ratios = np.empty((_MODES, *z.shape))
    for m in range(_MODES, 0, -1):
        ratio = z / (2 * m + z * ratio)
        ratios[m - 1] = ratio
    return np.cumprod(ratios, axis=0) * (s / r) ** 2
