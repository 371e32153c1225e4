"""Linear response: the gap of any stationary training set from its structure factor, for weak density fluctuations.

Both sides of the gap are the smoothed density of the training points at t = sigma^2 + error^2/2: validation points are
blind to it, training points sit on its peaks. X(t) = (1/rho) int S(p) e^(-p^2 t) dp/(2 pi)^k is its chi-square against
uniform, X the likelihood gap, and G = -2 sigma^4 X'(t) the squared denoising gap [gap-chi2].
"""

import math

import numpy as np

from theory.laws._arguments import arguments, require_count
from theory.laws.iid import chi_square_iid


def gap_from_structure(sigma, error, wave_numbers, structure_factor, density, dim: int = 1):
    """Squared gap G = (2 sigma^4/rho) int p^2 S(p) e^(-p^2 t) dp/(2 pi)^k, t = sigma^2 + error^2/2 [gap-chi2].

    For validation points independent of the training set. wave_numbers ``(m,)``, ascending, |p| in 1/length, and the
    isotropic structure factor ``(*batch, m)`` there, integrated by the trapezoidal rule: they must reach a few 1/sqrt(t), and
    Bragg peaks cannot be given in this way (see `gap_jittered`, `gap_lattice`). S = 1 gives `gap_iid`.
    """
    dim = require_count("dim", dim)
    xp, error, p, structure, sigma, density = arguments(
        nonnegative={"error": error, "wave_numbers": wave_numbers, "structure_factor": structure_factor},
        positive={"sigma": sigma, "density": density},
    )
    if p.ndim != 1 or len(p) < 2 or structure.shape[-1:] != p.shape:
        raise ValueError(
            f"structure_factor must have one value for each of at least 2 wave_numbers, "
            f"got shapes {structure.shape} and {p.shape}"
        )
    if xp is np and np.any(np.diff(p) <= 0):
        raise ValueError("wave_numbers must ascend strictly")
    shell = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2) / (2 * math.pi) ** dim
    time = (sigma**2 + error**2 / 2)[..., None]
    integrand = structure * p ** (dim + 1) * xp.exp(-(p**2) * time)
    return 2 * sigma**4 / density * shell * xp.trapezoid(integrand, p, axis=-1)


def gap_local(sigma, error, dimension, inverse_count):
    """Squared gap k sigma^4 c/t of any independent points, from what they show at sqrt(t), t = sigma^2 + error^2/2 [gap-chi2].

    c = X(t) is the inverse number of points inside the kernel, 1/(participation of the posterior), and k its slope
    -d ln c/d ln sqrt(t), the local dimension; both at the noise sqrt(t), c well below 1. Uniform points on a k-dimensional
    manifold: c = 1/(rho (4 pi t)^(k/2)) gives `gap_iid`. Neither k nor c need be those of a manifold.
    """
    _, sigma, error, dimension, inverse_count = arguments(
        nonnegative={"sigma": sigma, "error": error, "dimension": dimension, "inverse_count": inverse_count}
    )
    return dimension * sigma**4 * inverse_count / (sigma**2 + error**2 / 2)


def chi_square_jittered(error, jitter, spacing, dim: int = 1):
    """E chi^2 against uniform of a comb with independent Gaussian jitter, smoothed by error, exactly [gap-chi2].

    S(p) = 1 - e^(-p^2 j^2) + e^(-p^2 j^2) times Bragg peaks: independent points lose what they share with a kernel that is
    wider by the jitter j, and the comb of that width takes its place. Error positive; jitter is the standard deviation in
    each direction; on the square lattice dim is k. From `chi_square_even` at j = 0 to that of independent points on an
    endless manifold, 1/(rho (4 pi)^(k/2) error^k), at j >> d.
    """
    dim = require_count("dim", dim)
    xp, jitter, error, spacing = arguments(
        nonnegative={"jitter": jitter}, positive={"error": error, "spacing": spacing}
    )
    wider = error**2 + jitter**2
    # less what they have at the wider kernel, without the cancellation of a small jitter
    independent = -_independent(error**2, spacing, dim) * xp.expm1(-dim / 2 * xp.log1p((jitter / error) ** 2))
    return (independent + chi_square_iid(xp.sqrt(wider), 1, spacing, dim))[()]


def gap_jittered(sigma, error, jitter, spacing, dim: int = 1):
    """Squared gap of a comb with independent Gaussian jitter, validation uniform: G = -2 sigma^4 X'(t) [gap-chi2].

    X is `chi_square_jittered` at sqrt(t), t = sigma^2 + error^2/2. The remainder is of relative order chi^2(s), and
    sqrt(q(s)) because the fluctuations of jittered points vary within a cell: some 10% at s = 0.4 d, 5% at 0.6 d. Half the
    leading order of `gap_even` at j = 0, since there validation is midway, and `gap_iid` at j >> d, which is far too large
    between the two. Arguments as for `chi_square_jittered`; sigma positive.
    """
    dim = require_count("dim", dim)
    xp, error, jitter, sigma, spacing = arguments(
        nonnegative={"error": error, "jitter": jitter}, positive={"sigma": sigma, "spacing": spacing}
    )
    time = sigma**2 + error**2 / 2
    wider = time + jitter**2
    theta = 1 + chi_square_iid(xp.sqrt(wider), 1, spacing)
    lost = xp.expm1(-(dim / 2 + 1) * xp.log1p(jitter**2 / time))
    independent = -dim / 2 * _independent(time, spacing, dim) / time * lost
    return 2 * sigma**4 * (independent - dim * theta ** (dim - 1) * _theta_slope(xp, wider, spacing))


def gap_lattice(sigma, error, spacing, offset, dim: int):
    """Squared gap of the square lattice with validation at an offset v from the points, leading order [gap-lattice].

    2 sigma^4 sum_g |g|^2 (1 - cos g.v) e^(-|g|^2 (2 sigma^2 + error^2)/2) over the reciprocal vectors g along the axes:
    the square lattice is a product of combs, so that mixed g cancel against the next order. Relative remainder 2 q(s)^2 at
    the centre of the cell, v = d/2 in each direction, and O(q) elsewhere. offset: a length, the same in each of the dim
    directions, or ``(dim,)``, at least 0 by symmetry. sigma, error and spacing broadcast.
    """
    dim = require_count("dim", dim)
    xp, sigma, error, offset, spacing = arguments(
        nonnegative={"sigma": sigma, "error": error, "offset": offset}, positive={"spacing": spacing}
    )
    if offset.shape not in ((), (dim,)):
        raise ValueError(f"offset must be a length or have shape ({dim},), one for each direction, got {offset.shape}")
    g = 2 * math.pi / spacing[..., None] * xp.arange(1.0, 33.0)
    weight = g**2 * xp.exp(-(g**2) * (sigma**2 + error**2 / 2)[..., None])
    phase = xp.broadcast_to(offset, (dim,))[:, None] * g[..., None, :]
    # g and -g, and 1 - cos = 2 sin^2(half), which keeps its digits at small offsets
    return 8 * sigma**4 * xp.sum(weight * xp.sum(xp.sin(phase / 2) ** 2, axis=-2), axis=-1)


def _independent(time, spacing, dim):
    """chi^2 of independent points with one in each cell of the lattice, smoothed with variance ``time`` [chi2-iid]."""
    return spacing**dim * (4 * math.pi * time) ** (-dim / 2)


def _theta_slope(xp, time, spacing):
    """d/dt of theta(t) = sum_g e^(-g^2 t), g = 2 pi m/d, by the series that converges fast there."""
    time = (time / spacing**2)[..., None]
    wide, narrow = xp.maximum(time, 0.08), xp.minimum(time, 0.08)
    g_square = (2 * math.pi * xp.arange(1.0, 9.0)) ** 2
    over_waves = -2 * xp.sum(g_square * xp.exp(-g_square * wide), axis=-1)
    square = xp.arange(-8.0, 9.0) ** 2 / 4
    images = xp.exp(-square / narrow) * (square / narrow - 0.5)
    over_windings = xp.sum(images, axis=-1) / (xp.sqrt(4 * math.pi) * narrow[..., 0] ** 1.5)
    return xp.where(time[..., 0] > 0.08, over_waves, over_windings) / spacing**2
