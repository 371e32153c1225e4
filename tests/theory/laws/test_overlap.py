"""Bounds on the overlap of two smoothings of the same points: exact values, limits, and how they take arguments."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.integrate

from theory import laws

PAIRS = [(0.3, 0.1), (0.1, 0.3), (2.0, 2.0 + 1e-9), (1.0, 0.62), (1e-9, 1.0), (1.0, 1e-5)]
CLOUD = np.random.default_rng(0).normal(size=(12, 3))


@pytest.mark.parametrize(("noise", "other"), PAIRS)
@pytest.mark.parametrize("dim", [1, 5, 4096])
def test_divergence_of_one_point(noise, other, dim):
    """The closed form in 60 digits: no cancellation near equal noises, none of range at tiny ratios."""
    with mpmath.workdps(60):
        r = (mpmath.mpf(noise) / mpmath.mpf(other)) ** 2
        exact = float(mpmath.mpf(dim) / 2 * (r - 1 - mpmath.log(r)))
    assert laws.kl_bound(noise, other, dim) == pytest.approx(exact, rel=1e-13)


def test_coefficient_and_common_mass_of_one_point():
    """b and the mass below both densities, by integration over the radius; both bounds of the coefficient meet."""
    for noise, other in PAIRS[:4]:
        for dim in (1, 2, 5):
            wide = 12 * max(noise, other)

            def density(r, s, dim=dim):
                sphere = dim * np.pi ** (dim / 2) / scipy.special.gamma(dim / 2 + 1)
                return sphere * r ** (dim - 1) * np.exp(-(r**2) / (2 * s**2)) / (2 * np.pi * s**2) ** (dim / 2)

            def geometric(r, s=noise, t=other):
                return np.sqrt(density(r, s) * density(r, t))

            def smaller(r, s=noise, t=other):
                return min(density(r, s), density(r, t))

            bounds = laws.bhattacharyya_bounds(noise, other, np.ones((1, dim)))
            np.testing.assert_allclose(bounds, scipy.integrate.quad(geometric, 0, wide, limit=200)[0], rtol=1e-7)
            common = scipy.integrate.quad(smaller, 0, wide, limit=200)[0]
            assert laws.common_mass_bound(noise, other, dim) == pytest.approx(common, rel=1e-6)


def test_coefficient_by_its_definition():
    noise, other, weights = 0.3, 0.1, np.arange(12.0)
    square = ((CLOUD[:, None] - CLOUD) ** 2).sum(axis=-1)
    b = (2 * noise * other / (noise**2 + other**2)) ** 1.5
    root = np.sqrt(weights / weights.sum())
    upper = b * (root[:, None] * root * np.exp(-square / (4 * (noise**2 + other**2)))).sum()
    assert upper < 1
    np.testing.assert_allclose(laws.bhattacharyya_bounds(noise, other, CLOUD, weights), (b, upper), rtol=1e-13)
    assert laws.bhattacharyya_bounds(20.0, 4.0, CLOUD)[1] == 1


def test_both_bounds_of_the_coefficient_meet_far_apart():
    lower, upper = laws.bhattacharyya_bounds([0.02, 0.5], [0.01, 0.2], CLOUD)
    assert lower[0] == pytest.approx(upper[0], rel=1e-12)
    assert upper[1] > 1.1 * lower[1]


def test_equal_noises_overlap_completely():
    assert laws.kl_bound(0.3, 0.3, 5) == 0
    assert laws.bhattacharyya_bounds(0.3, 0.3, CLOUD) == (1, 1)
    assert laws.common_mass_bound(0.3, 0.3, 5) == 1
    assert laws.wasserstein_bounds(0.3, 0.3, np.eye(3)) == (0, 0)
    assert laws.common_mass_bound(1 + 1e-9, 1.0, 5) == pytest.approx(1, abs=1e-8)


def test_isolated_distance():
    """Half a normal on a line, the Rayleigh mean in the plane, sqrt(D) in many dimensions."""
    assert laws.isolated_distance(0.3, 0.1, 1) == pytest.approx(3 * np.sqrt(2 / np.pi))
    assert laws.isolated_distance(0.3, 0.1, 2) == pytest.approx(3 * np.sqrt(np.pi / 2))
    assert laws.isolated_distance(1.0, 1.0, 10_000) == pytest.approx(100, rel=1e-4)


def test_wasserstein_bounds():
    """The Gaussian distance between equal eigenvectors below, the coupling by equal noise above; both of one point."""
    covariance = np.diag([4.0, 0.25, 0.0])
    lower, upper = laws.wasserstein_bounds(0.3, 0.1, covariance)
    roots = [np.sqrt(np.array([4.0, 0.25, 0.0]) + s**2) for s in (0.3, 0.1)]
    assert lower == pytest.approx(np.sum((roots[0] - roots[1]) ** 2), rel=1e-12)
    assert upper == pytest.approx(3 * 0.2**2)
    np.testing.assert_allclose(*laws.wasserstein_bounds(0.3, 0.1, np.zeros((5, 5))), rtol=1e-14)
    rotation = np.linalg.qr(CLOUD[:3])[0]
    turned = laws.wasserstein_bounds(0.3, 0.1, rotation @ covariance @ rotation.T)
    np.testing.assert_allclose(turned, (lower, upper), rtol=1e-10)
    with mpmath.workdps(40):
        s, t = mpmath.mpf(1 + 1e-9), mpmath.mpf(1)
        exact = float((mpmath.sqrt(2 + s**2) - mpmath.sqrt(2 + t**2)) ** 2)
    assert laws.wasserstein_bounds(1 + 1e-9, 1.0, [[2.0]])[0] == pytest.approx(exact, rel=1e-12)
    assert laws.wasserstein_bounds(0.0, 0.2, np.zeros((2, 2))) == pytest.approx((0.08, 0.08))


@pytest.mark.parametrize("dim", [1, 64, 100_000])
def test_many_dimensions(dim):
    """Bounds stay finite and ordered where b^D underflows, or is 1 to rounding."""
    pair = np.array([np.zeros(dim), np.full(dim, 0.3)])
    for ratio in (1 + 1e-7, 3.0, 1e6):
        lower, upper = laws.bhattacharyya_bounds(ratio, 1.0, pair)
        assert 0 <= lower <= upper <= 1
        assert 0 <= laws.common_mass_bound(ratio, 1.0, dim) <= 1
        assert np.isfinite(laws.kl_bound(ratio, 1.0, dim))


LAWS = {
    "kl_bound": lambda s, t: laws.kl_bound(s, t, 3),
    "kl_bound, reverse": lambda s, t: laws.kl_bound(t, s, 3),
    "wasserstein_bounds": lambda s, t: jnp.stack(laws.wasserstein_bounds(s, t, jnp.cov(CLOUD.T))),
    "bhattacharyya_bounds": lambda s, t: jnp.stack(laws.bhattacharyya_bounds(s, t, CLOUD)),
    "common_mass_bound": lambda s, t: laws.common_mass_bound(s, t, 3),
    "isolated_distance": lambda s, t: laws.isolated_distance(s, t, 3),
}


@pytest.mark.parametrize("name", LAWS)
def test_compiled_bound(name):
    """The same under jit, at scalars and broadcast; its slope; NaN for a traced bad value; a ValueError for a plain one."""
    law = LAWS[name]
    noise, other = np.array([[0.7], [0.3]]), np.array([0.1, 0.3, 0.5])
    compiled = jax.jit(law)(noise, other)
    np.testing.assert_allclose(compiled, law(noise, other), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(compiled[..., 0, 2], law(0.7, 0.5), rtol=1e-9)
    _, slope = jax.jit(lambda s: jax.jvp(lambda s: law(s, other[0]), (s,), (1.0,)))(0.7)
    difference = (np.asarray(law(0.7 + 1e-5, 0.1)) - np.asarray(law(0.7 - 1e-5, 0.1))) / 2e-5
    np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-9)
    for bad in (-1.0, np.nan):
        assert np.isnan(jax.jit(law)(np.full((2, 1), bad), other)).all()
        with pytest.raises(ValueError, match="must be finite"):
            law(bad, 0.1)


def test_a_traced_matrix_that_is_no_covariance_gives_nan():
    lower, _ = jax.jit(lambda c: laws.wasserstein_bounds(0.8, 0.3, c))(np.diag([4.0, -1.0]))
    assert np.isnan(lower)
    lower, _ = jax.jit(lambda c: laws.wasserstein_bounds(0.8, 0.3, c))(np.diag([4.0, 0.0]))
    np.testing.assert_allclose(lower, laws.wasserstein_bounds(0.8, 0.3, np.diag([4.0, 0.0]))[0], rtol=1e-12)


def test_bad_arguments():
    bad = np.array([[1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="dim must be at least 1"):
        laws.kl_bound(0.1, 0.2, 0)
    with pytest.raises(ValueError, match="other must be finite and positive, got 0"):
        laws.kl_bound(0.1, 0.0, 2)
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        laws.wasserstein_bounds(0.1, 0.2, bad)
    with pytest.raises(ValueError, match="points must have shape"):
        laws.bhattacharyya_bounds(0.1, 0.2, np.ones(3))
    with pytest.raises(ValueError, match=r"weights must have shape \(12,\)"):
        laws.bhattacharyya_bounds(0.1, 0.2, CLOUD, np.ones(3))
    with pytest.raises(ValueError, match="weights must not all be zero"):
        laws.bhattacharyya_bounds(0.1, 0.2, CLOUD, np.zeros(12))
