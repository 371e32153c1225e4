"""How far samples are from the true distribution: chi-square and energy distance, with jackknife errors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from theory.checks import common_float, require_points, require_positive
from theory.manifolds import FlatTorus
from theory.metrics.estimate import Estimate


def chi_square(x, manifold: FlatTorus, modes) -> Estimate:
    """Chi-square of the projected samples against the uniform distribution on the manifold, up to wave number ``modes``.

    The unbiased estimate of the sum over wave vectors 0 < max_j |m_j| <= modes of |E e^{i m.angle}|^2, which is
    int (P - Q)^2/Q for a density P without finer structure [chi2-iid]; modes of 3 R/error sees all of a kernel of width
    error. Arguments: samples x ``(samples, D)``, at least 3; modes, positive. Null: 0 on average for perfect samples;
    exact recall of n even points on a circle gives 2 floor(modes/n).
    """
    require_points("x, the samples,", x, dim=manifold.ambient_dim)
    require_positive("modes", modes)
    _require_three(x)
    x, modes = common_float(x=x, modes=modes)
    return _chi_square(manifold.angles(x), jnp.floor(modes))


def energy_distance(x, reference, *, lattice: bool = False) -> Estimate:
    """Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of samples x from a reference for the truth, a length.

    Arguments: x ``(samples, D)``, at least 3; reference ``(m, D)``, either independent true samples (validation data; the
    estimate is then unbiased) or, with ``lattice=True``, an even lattice on the manifold that stands for the uniform
    distribution as a quadrature rule. The standard error covers x alone and, near the null, is
    up to half too large. Null: 0 on average for perfect samples. It does
    not see memorization of a large training set, which is itself a sample of the truth.
    """
    require_points("x, the samples,", x)
    require_points("reference", reference, dim=np.shape(x)[1])
    _require_three(x)
    if not lattice:
        _require_three(reference)
    x, reference = common_float(x=x, reference=reference)
    return _energy_distance(x, reference, lattice)


@jax.jit
def _chi_square(angles, modes):
    size = 2 * modes + 1

    def kernel(a, b):
        # Dirichlet kernel sin(size h)/sin(h), h half the difference, by the addition theorem: no sine for each pair
        product = 1.0
        for one, other in zip(a, b):
            sine, top = (
                jnp.sin(c * one)[:, None] * jnp.cos(c * other) - jnp.cos(c * one)[:, None] * jnp.sin(c * other)
                for c in (0.5, size / 2)
            )
            close = jnp.abs(sine) < 1e3 * jnp.finfo(angles.dtype).eps
            product = product * jnp.where(close, size, top / jnp.where(close, 1, sine))
        return product - 1

    pairs = _row_sums(kernel, angles, angles) - (size ** angles.shape[-1] - 1)
    return _jackknife(jnp.zeros_like(pairs), pairs, 0.0)


@eqx.filter_jit
def _energy_distance(x, reference, lattice):
    def kernel(a, b):
        if len(a) <= 8:  # unrolled sums vectorise over the pairs
            return jnp.sqrt(sum((one[:, None] - other) ** 2 for one, other in zip(a, b)))
        return jnp.sqrt(jnp.sum((a.T[:, None] - b.T) ** 2, axis=-1))

    count = len(reference)
    own = jnp.sum(_row_sums(kernel, reference, reference)) / (count * (count if lattice else count - 1))
    return _jackknife(2 * _row_sums(kernel, x, reference) / count, -_row_sums(kernel, x, x), -own)


def _row_sums(kernel, a, b):
    """sum_j kernel(a_i, b_j), shape ``(len(a),)``, 64 rows at a time; the kernel takes ``(D, rows)`` and ``(D, len(b))``."""
    blocks = -(-len(a) // 64)
    rows = jnp.pad(a, ((0, 64 * blocks - len(a)), (0, 0))).reshape(blocks, 64, -1)
    sums = jax.lax.map(lambda block: jnp.sum(kernel(block.T, b.T), axis=1), rows)
    return sums.ravel()[: len(a)]


def _jackknife(single, pairs, constant) -> Estimate:
    """mean_i single_i + mean_{i != j} pair_ij + constant, with the row sums of the pairs given, and its jackknife error."""
    count = len(single)
    value = jnp.mean(single) + jnp.sum(pairs) / (count * (count - 1)) + constant
    without = (jnp.sum(single) - single) / (count - 1) + (jnp.sum(pairs) - 2 * pairs) / ((count - 1) * (count - 2))
    return Estimate(value, jnp.sqrt((count - 1) * jnp.mean((without - jnp.mean(without)) ** 2)))


def _require_three(x):
    if np.shape(x)[0] < 3:
        raise ValueError(f"a distance with its error needs at least 3 samples, got {np.shape(x)[0]}")
