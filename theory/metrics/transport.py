"""Transport distances between samples: sliced Wasserstein and Frechet, with errors from their influence functions.

Both are squared distances that are positive for perfect samples too, by an amount that depends on the numbers of samples;
`theory.metrics.beside_nulls` shows them beside that null.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from theory.checks import common_float, require_count, require_points
from theory.metrics.estimate import Estimate


def sliced_wasserstein(x, reference, *, key, directions: int = 256) -> Estimate:
    """Squared sliced 2-Wasserstein distance: W2^2 of the projections on a direction, averaged over directions; length^2.

    W2^2 of two projected samples, of equal or different number, is the integral of the squared difference of their quantile
    functions, exactly. Arguments: x ``(samples, D)`` and reference ``(m, D)``, at least 3 each; directions, from the
    orthonormal bases of random rotations, rounded up to a multiple of D and to at least two bases. The standard error is
    that of both samples, by the Kantorovich potentials, and of the directions. Null: perfect samples do not give 0 but about
    (1/samples + 1/m) times the squared width over D; the constant has no closed form and is infinite for Gaussian tails, so
    it is not subtracted. Exact recall gives about as little where the reference is the training set, and else the
    distance of the two sets.
    """
    require_points("x, the samples,", x)
    require_points("reference", reference, dim=np.shape(x)[1])
    require_count("directions", directions)
    for name, points in (("x, the samples,", x), ("reference", reference)):
        _require_number(name, points, 3, "a distance with its error")
    x, reference = common_float(x=x, reference=reference)
    bases = max(2, -(-directions // x.shape[1]))
    return _sliced_wasserstein(x, reference, key, bases)


def frechet_distance(x, reference) -> Estimate:
    """Squared Frechet distance |mu1 - mu2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2) of the two samples' moments; length^2.

    Arguments: x ``(samples, D)`` and reference ``(m, D)``, at least D + 1 each: fewer cannot have a covariance of full
    rank, though one of lower rank, of samples on a subspace, is fine. The standard error is to first order, from the
    influence 2 (mu1 - mu2).(x - mu1) + (x - mu1).(I - T)(x - mu1) of each sample, T the optimal linear map to the other.
    Null: perfect samples do not give 0 but, for Gaussian data, about (1/samples + 1/m) times
    tr C + sum_i l_i/2 + sum_{i != j} l_i l_j/(2 (l_i + l_j)), l the eigenvalues of the covariance C. It sees two moments
    only: recall of a training set with the moments of the truth is as good as perfect.
    """
    require_points("x, the samples,", x)
    require_points("reference", reference, dim=np.shape(x)[1])
    for name, points in (("x, the samples,", x), ("reference", reference)):
        _require_number(name, points, np.shape(x)[1] + 1, f"a covariance in {np.shape(x)[1]} dimensions")
    return _frechet_distance(*common_float(x=x, reference=reference))


@eqx.filter_jit
def _sliced_wasserstein(x, reference, key, bases) -> Estimate:
    dim = x.shape[1]
    counts = len(x), len(reference)
    centre = jnp.mean(reference, axis=0)
    x, reference = x - centre, reference - centre
    pieces = _common_refinement(*counts)

    def of_basis(basis):
        """Mean over the directions of a basis: the distance and the potentials of both samples, in their order."""
        return [jnp.mean(each, axis=0) for each in jax.vmap(lambda u: _on_a_line(x @ u, reference @ u, pieces))(basis)]

    rotations = jax.random.orthogonal(key, dim, (bases,), x.dtype)
    values, *potentials = jax.lax.map(of_basis, rotations)
    variance = jnp.var(values, ddof=1) / bases
    for potential in potentials:
        variance += jnp.var(jnp.mean(potential, axis=0), ddof=1) / potential.shape[1]
    return Estimate(jnp.mean(values), jnp.sqrt(variance))


def _common_refinement(count, other):
    """Pieces of (0, 1) on which both quantile functions are constant: length, and index into either sorted sample."""
    edges = np.union1d(np.arange(count + 1) * other, np.arange(other + 1) * count)
    start = edges[:-1]
    return np.diff(edges) / (count * other), start // other, start // count


def _on_a_line(x, y, pieces):
    """W2^2 of two samples of numbers and its influence on either: phi(x_i), with phi' = 2 (x - T(x)), T the optimal map."""
    lengths, of_x, of_y = pieces
    lengths = jnp.asarray(lengths, x.dtype)
    orders = jnp.argsort(x), jnp.argsort(y)
    sorted_x, sorted_y = x[orders[0]], y[orders[1]]
    value = jnp.sum(lengths * (sorted_x[of_x] - sorted_y[of_y]) ** 2)

    def potential(own, order, index, other):
        target = jax.ops.segment_sum(lengths * other, index, len(own), indices_are_sorted=True) * len(own)
        slope = own - target
        steps = (slope[1:] + slope[:-1]) * jnp.diff(own)
        return jnp.zeros_like(own).at[order].set(jnp.concatenate([jnp.zeros(1, own.dtype), jnp.cumsum(steps)]))

    first = potential(sorted_x, orders[0], of_x, sorted_y[of_y])
    return value, first, potential(sorted_y, orders[1], of_y, sorted_x[of_x])


@jax.jit
def _frechet_distance(x, reference) -> Estimate:
    means = jnp.mean(x, axis=0), jnp.mean(reference, axis=0)
    centred = x - means[0], reference - means[1]
    covariances = [each.T @ each / (len(each) - 1) for each in centred]
    shift = means[0] - means[1]
    value, variance = shift @ shift + _bures(*covariances), 0.0
    for own, sign, (cov, other) in zip(centred, (1, -1), (covariances, covariances[::-1])):
        gradient = jnp.eye(len(cov), dtype=cov.dtype) - _linear_map(cov, other)
        influence = 2 * sign * own @ shift + jnp.einsum("ni,ij,nj->n", own, gradient, own)
        variance += jnp.var(influence, ddof=1) / len(own)
    return Estimate(value, jnp.sqrt(variance))


def _bures(one, other):
    """tr(A + B - 2 (A^1/2 B A^1/2)^1/2), through the singular values of A^1/2 B^1/2."""
    cross = jnp.linalg.svd(_power(one, 0.5) @ _power(other, 0.5), compute_uv=False)
    return jnp.maximum(jnp.trace(one) + jnp.trace(other) - 2 * jnp.sum(cross), 0)


def _linear_map(one, other):
    """A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2, the optimal map from N(0, A) to N(0, B), on the range of A."""
    root, inverse = _power(one, 0.5), _power(one, -0.5)
    return inverse @ _power(root @ other @ root, 0.5) @ inverse


def _power(matrix, exponent):
    """A power of a positive semi-definite matrix; eigenvalues that are rounding count as zero, of every power."""
    values, vectors = jnp.linalg.eigh((matrix + matrix.T) / 2)
    real = values > len(values) * jnp.finfo(values.dtype).eps * jnp.max(values)
    powers = jnp.where(real, jnp.where(real, values, 1) ** exponent, 0)
    return (vectors * powers) @ vectors.T


def _require_number(name, points, least, purpose):
    if np.shape(points)[0] < least:
        raise ValueError(f"{name} must hold at least {least} points, for {purpose}, got {np.shape(points)[0]}")
