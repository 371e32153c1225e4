"""The accuracy contract of the posterior, on a registry of hard cases, against 50 digits, and its memory."""

import pathlib
import subprocess
import sys
import textwrap

import mpmath
import numpy as np
import pytest
from scipy.special import logsumexp

from theory import Circle, posterior

pytestmark = pytest.mark.optimized

POINTS, QUERIES = 40, 6


def _ring(offset):
    return np.asarray(Circle(10.0).even(POINTS)) + offset


def _cloud(offset, dim=16):
    return 3 * np.random.default_rng(8).normal(size=(POINTS, dim)) + offset


def _cluster(dim, gap=0.003, scale=1.0):
    """Points two by two, close to each other, in any order."""
    pairs = scale * np.random.default_rng(9).normal(size=(POINTS // 2, dim))
    both = np.concatenate([pairs, pairs + gap * np.random.default_rng(10).normal(size=pairs.shape)])
    return np.random.default_rng(12).permutation(both)


# name: points, noise. Few dimensions and many have code of their own.
CASES = {
    "tiny noise, ring": (_ring(0.0), 0.002),
    "tiny noise, ring far from the origin": (_ring(1000.0), 0.002),
    "noise at the spacing, far from the origin": (_ring(1000.0), 1.0),
    "noise above the ring": (_ring(0.0), 30.0),
    "huge noise": (_ring(-5.0), 1e6),
    "tiny noise, 16 dimensions": (_cloud(0.0), 0.002),
    "16 dimensions, far from the origin": (_cloud(1000.0), 1.0),
    "16 dimensions, moderate noise": (_cloud(0.0), 2.0),
    "16 dimensions, moderate noise, far from the origin": (_cloud(1000.0), 2.5),
    "16 dimensions, above the data": (_cloud(100.0), 80.0),
    "pairs, 2 dimensions": (_cluster(2), 0.003),
    "pairs, 16 dimensions": (_cluster(16), 0.003),
    "wider pairs, 16 dimensions": (_cluster(16, 0.1), 0.1),
    "wide pairs, 16 dimensions": (_cluster(16, 0.5), 0.5),
    "tiny noise, 256 dimensions": (_cloud(0.0, 256), 0.002),
    "256 dimensions, far from the origin": (_cloud(1000.0, 256), 0.5),
    "256 dimensions, above the data": (_cloud(0.0, 256), 80.0),
    "twins, 64 dimensions": (_cluster(64, 0.0), 0.01),
    "pairs, 64 dimensions": (_cluster(64), 0.01),
    "pairs that products cannot tell apart": (_cluster(16, 0.02, 1000.0), 0.025),
}
CONTRACT = {np.float32: 1e-5, np.float64: 1e-12}


def exact(points, x, noise, weights=None):
    """Mean, log density, weights, logits and shift of one query in 50 digits."""
    with mpmath.workdps(50):
        y = [[mpmath.mpf(float(value)) for value in row] for row in points]
        q, s = [mpmath.mpf(float(value)) for value in x], mpmath.mpf(float(noise))
        w = [mpmath.mpf(1)] * len(y) if weights is None else [mpmath.mpf(float(value)) for value in weights]
        logits = [-sum((a - b) ** 2 for a, b in zip(row, q)) / (2 * s**2) for row in y]
        top = max(logit for logit, weight in zip(logits, w) if weight > 0)
        terms = [weight * mpmath.exp(logit - top) for logit, weight in zip(logits, w)]
        total = mpmath.fsum(terms)
        mean = [mpmath.fsum(t * row[d] for t, row in zip(terms, y)) / total for d in range(len(q))]
        log_density = top + mpmath.log(total / mpmath.fsum(w)) - len(q) * mpmath.log(s * mpmath.sqrt(2 * mpmath.pi))
        weights = np.array([float(term / total) for term in terms])
        shift = np.array([m - at for m, at in zip(mean, q)], float)
        return np.array(mean, float), float(log_density), weights, np.array([float(logit) for logit in logits]), shift


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_contract(rng, case, dtype):
    points, noise = CASES[case]
    near = points[rng.integers(len(points), size=QUERIES)]
    x = (near + noise * rng.normal(size=near.shape)).astype(dtype)
    points, noise = points.astype(dtype), dtype(noise)
    found = posterior(points, x, noise).mean_and_log_density
    assert {each.dtype for each in found} == {np.dtype(dtype)}
    bound = CONTRACT[dtype]
    for mean, log_density, query in zip(*(np.asarray(each, float) for each in found), x):
        true_mean, true_log_density, *_ = exact(points, query, noise)
        allowed = bound * float(noise) + 2 * np.finfo(dtype).eps * np.abs(points).max()
        assert np.linalg.norm(mean - true_mean) <= allowed
        assert abs(log_density - true_log_density) <= bound * max(1, abs(true_log_density))


def test_every_state_in_its_own_way(rng):
    """In many dimensions states with one point, with many and with too few digits meet in one call; each is accurate."""
    points = _cluster(16, 0.1).astype(np.float32)
    noise = np.geomspace(0.001, 80, 400, dtype=np.float32)[rng.permutation(400)]
    near = points[rng.integers(len(points), size=400)]
    x = (near + noise[:, None] * rng.normal(size=near.shape)).astype(np.float32)
    mean, log_density = posterior(points, x, noise).mean_and_log_density
    y, q, s = (each.astype(float) for each in (points, x, noise))
    logits = -np.sum((q[:, None] - y) ** 2, axis=2) / (2 * s[:, None] ** 2)
    total = logsumexp(logits, axis=1)
    true_mean = np.exp(logits - total[:, None]) @ y
    true_log_density = total - np.log(POINTS) - 16 * np.log(s * np.sqrt(2 * np.pi))
    allowed = 1e-5 * np.maximum(1, np.abs(true_log_density))
    np.testing.assert_array_less(np.abs(log_density - true_log_density), allowed)
    allowed = 1e-5 * noise + 2 * np.finfo(np.float32).eps * np.abs(points).max()
    np.testing.assert_array_less(np.linalg.norm(mean - true_mean, axis=1), allowed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dim", [2, 16])
def test_weights(rng, dim, dtype):
    points = _cloud(20.0, dim).astype(dtype)
    weights = np.random.default_rng(11).exponential(size=POINTS).astype(dtype)
    weights[::5] = 0
    x = (points[:QUERIES] + 2 * rng.normal(size=(QUERIES, dim))).astype(dtype)
    found = posterior(points, x, dtype(2.0), weights=weights).mean_and_log_density
    eps, bound = np.finfo(dtype).eps, CONTRACT[dtype]
    for mean, log_density, query in zip(*(np.asarray(each, float) for each in found), x):
        true_mean, true_log_density, *_ = exact(points, query, 2.0, weights)
        assert np.linalg.norm(mean - true_mean) <= 2 * bound + 2 * eps * np.abs(points).max()
        assert abs(log_density - true_log_density) <= bound * max(1, abs(true_log_density))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "case", ["tiny noise, ring", "tiny noise, ring far from the origin", "16 dimensions, far from the origin"]
)
def test_shift_keeps_its_digits(rng, case, dtype):
    """Where the mean loses eps times its length: only the extent of the points counts, or the noise (`shift`)."""
    points, noise = CASES[case]
    points, x = (
        points.astype(dtype),
        (points[:QUERIES] + noise * rng.normal(size=(QUERIES, points.shape[1]))).astype(dtype),
    )
    extent = 0 if points.shape[1] == 2 else np.linalg.norm(np.ptp(points, axis=0))
    allowed = CONTRACT[dtype] * noise + 2 * np.finfo(dtype).eps * extent
    for shift, query in zip(np.asarray(posterior(points, x, dtype(noise)).shift, float), x):
        assert np.linalg.norm(shift - exact(points, query, dtype(noise))[-1]) <= allowed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("distance", "noise"), [(1e3, 3.0), (1e3, 0.01), (1e6, 1e3), (3e4, 80.0)])
def test_far_queries(rng, dtype, distance, noise):
    """Far from the data the mean is exact for logits perturbed by 8 eps of their size, and never a nearest point."""
    points = Circle(1.0).even(POINTS).astype(dtype)
    angles = rng.uniform(0, 2 * np.pi, QUERIES)
    x = (distance * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(dtype)
    found = posterior(points, x, dtype(noise)).mean_and_log_density
    eps = np.finfo(dtype).eps
    for mean, log_density, query in zip(*(np.asarray(each, float) for each in found), x):
        true_mean, true_log_density, weights, logits, _ = exact(points, query, dtype(noise))
        # w_i and the sum of all change by a factor within exp(+-p_i)
        change = np.expm1(np.minimum(16 * eps * np.abs(logits), 300))
        spread = np.linalg.norm(points - true_mean, axis=1)
        allowed = min(np.sum(weights * change * spread), 2.0) + 2 * eps
        assert np.linalg.norm(mean - true_mean) <= allowed
        assert abs(log_density - true_log_density) <= 8 * eps * abs(true_log_density)


def test_a_far_query_underflows_nowhere():
    """The density is e^-10^10 there: no nearest-point fallback, no NaN."""
    found = posterior([[0.0, 1.0], [0.0, -1.0]], [1e5, 0.1], 0.7)
    np.testing.assert_allclose(found.mean, [0.0, np.tanh(0.1 / 0.49)], rtol=1e-4, atol=1e-10)
    wanted = -0.5 * (1e10 + 1.01) / 0.49 - np.log(2 * np.pi * 0.49) + np.log(np.cosh(0.1 / 0.49))
    np.testing.assert_allclose(found.log_density, wanted, rtol=1e-15)


@pytest.mark.skipif(not pathlib.Path("/proc/self/status").exists(), reason="the peak memory is read from /proc")
def test_many_points_and_queries_stay_in_bounded_memory():
    """50 000 points and 10 000 queries, a matrix of 2 GB in float32, within 1.5 GiB for the whole process."""
    code = """
        import pathlib
        import jax
        import numpy as np
        from theory import posterior
        rng = np.random.default_rng(0)
        points, x = (rng.normal(size=(count, 2)).astype(np.float32) for count in (50_000, 10_000))
        mean = jax.block_until_ready(posterior(points, x, np.float32(0.1)).mean)
        some = slice(0, 10_000, 1000)
        w = np.exp(-((x[some, None].astype(float) - points) ** 2).sum(-1) / 0.02)
        assert np.allclose(mean[some], w @ points / w.sum(1, keepdims=True), atol=1e-5)
        assert mean.dtype == np.float32 and mean.shape == (10_000, 2)
        # not ru_maxrss, which starts from that of the process that started this one
        status = pathlib.Path("/proc/self/status").read_text().splitlines()
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kilobytes = int(done.stdout)
    assert kilobytes < 1.5 * 1024**2
