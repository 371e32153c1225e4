"""Overlap of two smoothings: quadrature against sampling and SciPy, bounds on every case, their limits, the nulls."""

import functools

import jax
import numpy as np
import pytest
import scipy.integrate
from scipy.special import logsumexp

from theory import Circle, laws
from theory.metrics import overlap_estimate, overlap_quadrature, wasserstein_estimate
from theory.metrics.overlap import Overlap

N = 12
FIELDS = ("kl", "reverse_kl", "bhattacharyya", "common_mass")
RING = np.asarray(Circle(1.0).even(N))
RNG = np.random.default_rng(3)
# Name: twelve points, their weights; 0 is padding, so that one compiled program serves all of one dimension
CLOUDS = {
    "one point on a line": (RNG.normal(size=(N, 1)), np.eye(N)[0]),
    "line": (np.linspace(0, 4, N)[:, None] ** 1.5, np.ones(N)),
    "one point": (RNG.normal(size=(N, 2)), np.eye(N)[0]),
    "ring": (RING, np.ones(N)),
    "cloud": (RNG.normal(size=(N, 2)), np.arange(N)),
    "clusters": (np.repeat([[0.0, 0], [5, 1], [-4, 3]], 4, axis=0) + 0.1 * RNG.normal(size=(N, 2)), np.ones(N)),
    "5 dimensions": (RNG.normal(size=(N, 5)), np.ones(N)),
    "64 dimensions": (0.3 * RNG.normal(size=(N, 64)), np.ones(N)),
}
PLANE = [name for name, (points, _) in CLOUDS.items() if points.shape[1] <= 2]
LEVELS = [(0.4, 0.1), (0.1, 0.4), (0.05, 0.04), (1.5, 0.9), (0.02, 0.5)]


@functools.cache
def quadrature(name, level):
    points, weights = CLOUDS[name]
    return jax.device_get(overlap_quadrature(points, *LEVELS[level], weights=weights))


@functools.cache
def estimate(name, level):
    points, weights = CLOUDS[name]
    return jax.device_get(overlap_estimate(points, *LEVELS[level], weights=weights, key=jax.random.key(level)))


def values(overlap: Overlap):
    return np.array([getattr(overlap, name).value for name in FIELDS])


def errors(overlap: Overlap):
    return np.array([getattr(overlap, name).standard_error for name in FIELDS])


def bounds(points, noise, other, weights):
    """(lower, upper) of each measure [marginal-shift]."""
    dim = points.shape[1]
    low, high = laws.bhattacharyya_bounds(noise, other, points, weights)
    above = laws.kl_bound(noise, other, dim), laws.kl_bound(other, noise, dim), high, high
    return np.array([0, 0, low, laws.common_mass_bound(noise, other, dim)]), np.array(above)


@pytest.mark.parametrize("name", CLOUDS)
def test_bounds_hold_and_one_point_attains_them(name):
    points, weights = CLOUDS[name]
    for level, (noise, other) in enumerate(LEVELS):
        found = quadrature(name, level) if name in PLANE else estimate(name, level)
        slack = 4 * errors(found) + 1e-9 * np.abs(values(found))
        lower, upper = bounds(points, noise, other, weights)
        assert np.all(values(found) >= lower - slack), (noise, other)
        assert np.all(values(found) <= upper + slack), (noise, other)
        if "one point" in name:
            exact = [upper[0], upper[1], lower[2], lower[3]]
            np.testing.assert_allclose(values(found)[:3], exact[:3], rtol=1e-9)
            assert values(found)[3] == pytest.approx(exact[3], rel=4e-3)


@pytest.mark.parametrize("name", PLANE)
def test_sampling_agrees_with_quadrature(name):
    for level, (noise, other) in enumerate(LEVELS):
        exact, found = quadrature(name, level), estimate(name, level)
        # draws know nothing of what is rarer than they are many
        slack = 4 * errors(found) + errors(exact) + 1e-6 * (1 + values(exact))
        assert np.all(np.abs(values(found) - values(exact)) <= slack), (noise, other)
        assert np.all(errors(exact) <= 2e-2 * (1 + values(exact)))
        assert errors(exact)[2] <= 1e-5


@pytest.mark.parametrize(("noise", "other"), [*LEVELS, (1e-3, 2e-3)])
def test_quadrature_against_scipy_on_a_line(noise, other):
    """Simpson's rule on one fine grid over each stretch of the line that has any weight, not around the points."""
    points, _ = CLOUDS["line"]
    sites = points[:, 0]
    # sqrt(p q) of the narrower around an isolated point, and all else within 9 of the wider
    reach, step = 9 * max(noise, other), min(noise, other) / 20
    x = np.arange(sites.min() - reach, sites.max() + reach, step)
    x = x[np.abs(x[:, None] - sites).min(axis=1) < reach]
    p, q = (
        logsumexp(-((x[:, None] - sites) ** 2) / (2 * s**2), axis=1) - np.log(N * s * np.sqrt(2 * np.pi))
        for s in (noise, other)
    )
    stretches = np.split(np.arange(len(x)), np.flatnonzero(np.diff(x) > 1.5 * step) + 1)

    def integral(values):
        return sum(scipy.integrate.simpson(values[part], dx=step) for part in stretches)

    found = overlap_quadrature(points, noise, other)
    assert found.kl.value == pytest.approx(integral(np.exp(p) * (p - q)), rel=3e-3)
    assert found.reverse_kl.value == pytest.approx(integral(np.exp(q) * (q - p)), rel=3e-3)
    assert found.bhattacharyya.value == pytest.approx(integral(np.exp((p + q) / 2)), rel=1e-6)
    assert found.common_mass.value == pytest.approx(integral(np.exp(np.minimum(p, q))), rel=3e-3)


def test_standard_errors_are_the_spread_over_keys():
    points, weights = CLOUDS["5 dimensions"]
    found = [overlap_estimate(points, 0.6, 0.4, weights=weights, key=jax.random.key(seed)) for seed in range(60)]
    spread = np.std([values(each) for each in found], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([errors(each) for each in found], axis=0), spread, rtol=0.3)


def test_small_coefficients_are_found():
    """Two points in 64 dimensions, noises at ratio 4: b = 3e-11, which draws from either distribution never see."""
    points = np.zeros((N, 64))
    points[: N // 2, 0] = 1.0
    found = overlap_estimate(points, 0.4, 0.1, key=jax.random.key(0)).bhattacharyya
    low, high = laws.bhattacharyya_bounds(0.4, 0.1, points)
    assert high > 1.2 * low
    assert low < found.value < high
    assert found.standard_error < 0.01 * found.value


def test_symmetries():
    """Exchange of the noises, scale, rotation, shift and order of the points."""
    points, _ = CLOUDS["cloud"]
    weights = np.arange(1.0, N + 1)
    found = values(overlap_quadrature(points, 0.4, 0.1, weights=weights))
    exchanged = values(overlap_quadrature(points, 0.1, 0.4, weights=weights))
    np.testing.assert_allclose(exchanged, found[[1, 0, 2, 3]], rtol=1e-9)
    scaled = overlap_quadrature(1e4 * (points + 3.0)[::-1], 4e3, 1e3, weights=7 * weights[::-1])
    np.testing.assert_allclose(values(scaled), found, rtol=1e-7)
    turned = overlap_quadrature(points @ np.array([[0.6, 0.8], [-0.8, 0.6]]), 0.4, 0.1, weights=weights)
    assert np.all(np.abs(values(turned) - found) <= errors(turned) + 1e-7)


def test_null():
    """Equal noises: no divergence, complete overlap, no distance, and no error."""
    points, weights = CLOUDS["cloud"]
    for found in (
        overlap_quadrature(points, 0.3, 0.3, weights=weights),
        overlap_estimate(points, 0.3, 0.3, weights=weights, key=jax.random.key(0)),
    ):
        np.testing.assert_allclose(values(found), [0, 0, 1, 1], atol=1e-12)
        np.testing.assert_allclose(errors(found), 0, atol=1e-12)
    distance = wasserstein_estimate(points, 0.3, 0.3, key=jax.random.key(0), samples=32)
    assert distance.value == pytest.approx(0, abs=1e-12)


def test_far_apart_points_attain_the_bounds():
    points, weights = 100 * RNG.normal(size=(N, 2)), np.ones(N)
    lower, upper = bounds(points, 0.4, 0.1, weights)
    found = overlap_quadrature(points, 0.4, 0.1)
    np.testing.assert_allclose(values(found)[:3], upper[:3], rtol=1e-9)
    assert upper[2] == pytest.approx(lower[2], rel=1e-12)
    # the pairs as drawn are then the optimal ones
    distance = wasserstein_estimate(points, 0.4, 0.1, key=jax.random.key(1), samples=32)
    assert distance.value == pytest.approx(2 * 0.3**2, rel=1e-9)


def exact_distance(sites, noise, other):
    """W2^2 on a line, the integral of (F^-1 - G^-1)^2 over quantiles."""
    x = np.linspace(sites.min() - 9 * max(noise, other), sites.max() + 9 * max(noise, other), 8001)
    u = (np.arange(20_000) + 0.5) / 20_000
    one, two = (
        np.interp(u, np.mean([scipy.special.ndtr((x - site) / s) for site in sites], axis=0), x) for s in (noise, other)
    )
    return np.mean((one - two) ** 2)


def test_wasserstein_on_a_line():
    """From above, falling to the exact value as samples grow, and between the bounds throughout."""
    points, _ = CLOUDS["line"]
    points = 0.3 * points
    exact = exact_distance(points[:, 0], 0.4, 0.1)
    lower, upper = laws.wasserstein_bounds(0.4, 0.1, np.cov(points.T, bias=True)[None, None])
    assert lower < 0.9 * exact
    assert exact < 0.9 * upper
    found = [
        wasserstein_estimate(points, 0.4, 0.1, key=jax.random.key(2), samples=samples, batches=4096 // samples)
        for samples in (8, 64, 512)
    ]
    distances, spread = (np.array([getattr(each, name) for each in found]) for name in ("value", "standard_error"))
    assert np.all(np.diff(distances) < 0)
    assert np.all(distances >= exact - 4 * spread)
    assert np.all(distances <= upper)
    assert distances[2] == pytest.approx(exact, abs=4 * spread[2] + 0.05 * exact)


def test_gaussian_data_attain_the_lower_bound_of_wasserstein():
    """400 points at the quantiles of a Gaussian of variance 4, by the exact distance on a line."""
    sites = 2 * scipy.special.ndtri((np.arange(400) + 0.5) / 400)
    lower, upper = laws.wasserstein_bounds(0.8, 0.2, [[sites.var()]])
    assert exact_distance(sites, 0.8, 0.2) == pytest.approx(lower, rel=2e-2)
    assert lower < 0.1 * upper


def test_wasserstein_error_is_the_spread_over_keys():
    points = CLOUDS["ring"][0]
    found = [wasserstein_estimate(points, 0.4, 0.1, key=jax.random.key(seed), samples=32) for seed in range(60)]
    spread = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.3)


def test_dtype_and_traced_noise():
    points = np.float32(RING)
    found = overlap_quadrature(points, 0.4, 0.1)
    assert found.kl.value.dtype == np.float32
    np.testing.assert_allclose(values(found), values(overlap_quadrature(RING, 0.4, 0.1)), rtol=1e-4)
    with pytest.raises(ValueError, match="not traceable"):
        jax.jit(lambda s: wasserstein_estimate(points, s, 0.1, key=jax.random.key(0)).value)(0.4)
