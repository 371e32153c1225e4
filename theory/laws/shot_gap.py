"""The gap of independent points on an endless flat k-dimensional manifold, at any density, without expansion.

A training point sees its own kernel beside the others': e^(-a g) with a = sigma^2/s^2 and g = |eps|^2/2, of the gamma
distribution with k/2. Both errors are slopes of mean logarithms, [gap-likelihood], and those are integrals over u of
E e^(-N u X) = e^(-N A(u)), as in `theory.laws.shot_noise`.
"""

import math

import numpy as np
import scipy.special

from theory.checks import require_nonnegative
from theory.laws._arguments import plain, require_count
from theory.laws.shot_noise import averages, end_of_few, sinh_rule


def gap_poisson(sigma, error, density, dim: int):
    """Squared gap of independent points at any number inside the kernel, exactly [gap-poisson].

    G = (2 sigma^4/s^2) int_0^inf e^(-N A) [(k/2) N A (1 - M) + (1 - a) Q] du/u with M = E exp(-u e^(-a g)) and
    Q = E[g u e^(-a g) exp(-u e^(-a g))]. From `gap_iid` at c(s) << 1 to the memorizing end; relative error 1e-11, rho s^k
    from 1e-3. sigma positive; cannot be traced.
    """
    scale, _, gap, _ = _errors(sigma, error, density, dim)
    return (scale * gap)[()]


def training_error_poisson(sigma, error, density, dim: int):
    """Squared tangential error at a training point of independent points, exactly [gap-poisson].

    k sigma^2 error^2/s^2 + (sigma^4/s^2) k N int_0^inf A e^(-N A) du/u, the validation error, less `gap_poisson`.
    """
    scale, square, gap, excess = _errors(sigma, error, density, dim)
    normal = dim * np.asarray(sigma, np.float64) ** 2 * np.asarray(error, np.float64) ** 2 / square
    return (normal + scale * (excess - gap))[()]


def _errors(sigma, error, density, dim):
    """2 sigma^4/s^2, s^2, and in units of the first the gap and the validation error beyond k sigma^2 error^2/s^2."""
    dim = require_count("dim", dim)
    sigma, density = plain("sigma", sigma), plain("density", density)
    require_nonnegative("error", error)
    sigma, error, density = np.broadcast_arrays(sigma, np.asarray(error, np.float64), density)
    square = sigma**2 + error**2
    kernel = density * (2 * math.pi * square) ** (dim / 2)
    y, weight = sinh_rule(kernel, 40.0, end_of_few(kernel, dim), 1001)
    smooth, count = averages(y, dim)[0], kernel[..., None]
    left = weight * np.exp(-count * smooth)
    blind, pull = _own((sigma**2 / square)[..., None], y, dim)
    excess = np.sum(left * dim / 2 * count * smooth, axis=-1)
    gap = np.sum(left * (dim / 2 * count * smooth * blind + (error**2 / square)[..., None] * pull), axis=-1)
    return 2 * sigma**4 / square, square, gap, excess


def _own(a, y, dim):
    """1 - M and Q at u = e^y, by Gauss and Legendre over sqrt(g); beyond y = 60 the own kernel is all that is seen."""
    node, weight = scipy.special.roots_legendre(160)
    x = 3.4 * (node + 1)
    mass = 3.4 * weight * 2 * x ** (dim - 1) * np.exp(-(x**2)) / math.gamma(dim / 2)
    w = np.minimum(y, 60.0)[..., None] - a[..., None] * x**2
    kernel = np.exp(w)
    return -np.expm1(-kernel) @ mass, (kernel * np.exp(-kernel) * x**2) @ mass
