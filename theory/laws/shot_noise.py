"""Independent points on an endless flat k-dimensional manifold, at any density: averages over shot noise, without expansion.

The smoothed density over its mean is X = (1/N) sum_j e^(-v_j), v = |x - y|^2/(2 s^2), with N = rho (2 pi s^2)^(k/2), and
E e^(-N u X) = e^(-N A(u)), A(u) = int v^(k/2 - 1) (1 - exp(-u e^-v)) dv/Gamma(k/2). Logarithms and inverse powers of X
are integrals over u of such averages. N = 2^(-k/2)/c(s).
"""

import math

import numpy as np
import scipy.special

from theory.checks import require_nonnegative
from theory.laws._arguments import plain, require_count


def entropy_poisson(noise, density, dim: int):
    """Mean posterior entropy in nats over x ~ p_hat_s, exactly [entropy-iid]: ln((2 pi e)^(k/2) rho s^k) + E KL.

    E KL = int_0^inf [e^(-N u) - A'(u) e^(-N A(u))] du/u. Absolute error 1e-12; N from 1e-3. Cannot be traced.
    """
    dim = require_count("dim", dim)
    noise, density = plain("noise", noise), plain("density", density)
    kernel = density * (2 * math.pi * noise**2) ** (dim / 2)
    y, step = sinh_rule(kernel, 45.0, 45.0, 801)
    smooth, slope, _ = averages(y, dim)
    count = kernel[..., None]
    integrand = np.exp(-count * np.exp(np.minimum(y, 700.0))) - slope * np.exp(-y - count * smooth)
    return (np.log(kernel * math.exp(dim / 2)) + np.sum(integrand * step, axis=-1))[()]


def disagreement_poisson(sigma, error, density, dim: int):
    """E|D_A - D_B|^2 of two models of disjoint training sets of this density each, exactly [disjoint-iid].

    4 N (sigma^4/s^2) int_0^inf u J(u) e^(-N A(u)) du, J(u) = int v^(k/2) exp(-2 v - u e^-v) dv/Gamma(k/2), over states of
    the true smoothed distribution. From `disagreement_iid` at c(s) << 1 to twice the mean square distance to the nearest
    training point at s -> 0. Relative error 1e-11; N from 1e-3. Cannot be traced.
    """
    dim = require_count("dim", dim)
    sigma, density = plain("sigma", sigma), plain("density", density)
    require_nonnegative("error", error)
    square = sigma**2 + np.asarray(error, np.float64) ** 2
    kernel = density * (2 * math.pi * square) ** (dim / 2)
    y, step = sinh_rule(kernel, 22.5, end_of_few(kernel, dim), 801)
    smooth, _, spread = averages(y, dim)
    integral = np.sum(spread * np.exp(-kernel[..., None] * smooth) * step, axis=-1)
    return (4 * kernel * sigma**4 / square * integral)[()]


def sinh_rule(kernel, below, end, count):
    """Nodes y = ln u and weights of the trapezoidal rule in t, y = y_0 + 20 sinh(t/20), y_0 = -ln max(N, 1).

    From y_0 - below to y = end, where the integrand is negligible.
    """
    start = -np.log(np.maximum(kernel, 1.0))
    first, last = (20 * np.arcsinh(distance / 20) for distance in np.broadcast_arrays(-below, end - start))
    t = np.linspace(first, last, count, axis=-1)
    return start[..., None] + 20 * np.sinh(t / 20), (t[..., 1:2] - t[..., :1]) * np.cosh(t / 20)


def end_of_few(kernel, dim):
    """For `sinh_rule`, of integrands e^(-N A): few points, N << 1, integrate over the distance to the nearest one."""
    return 15.0 + (45 * math.gamma(dim / 2 + 1) / kernel) ** (2 / dim)


def averages(y, dim):
    """A, u A' and u^2 J at u = e^y, with v = x^2, over the x where e^(w - e^w), w = y - v, is not negligible."""
    node, weight = scipy.special.roots_legendre(96)
    # 40 above the largest of y and 0, without the cancellation of y - x^2 at large y
    top = np.minimum(y, 4.0)
    near = np.sqrt(np.maximum(y - 4.0, 0.0))
    drop = np.maximum(top, 0.0) + 40.0
    length = drop / (np.sqrt(near**2 + drop) + near)
    step = length[..., None] * (node + 1) / 2
    x = near[..., None] + step
    w = top[..., None] - step * (2 * near[..., None] + step)
    mass = weight * length[..., None] * x ** (dim - 1)
    falls = mass * np.exp(w - np.exp(w))
    slope = np.sum(falls, axis=-1) / math.gamma(dim / 2)
    smooth = np.sum(falls * x**2, axis=-1) / math.gamma(dim / 2 + 1)
    spread = np.sum(falls * x**2 * np.exp(w), axis=-1) / math.gamma(dim / 2)
    return smooth, slope, spread
