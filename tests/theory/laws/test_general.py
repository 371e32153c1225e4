"""Laws of any data and of the ring, and how laws take their arguments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from theory import laws, posterior


def test_collapse():
    """[collapse]: half of the weight sits on the true source at sigma_C, nearly all at half of it, little at twice."""
    n, dim = 1024, 32
    noise = laws.collapse_noise(n, dim, 1.0)
    assert noise == pytest.approx(1 / np.sqrt(n ** (2 / dim) - 1), rel=1e-12)
    assert np.log(n) == pytest.approx(dim / 2 * np.log1p(1 / noise**2), rel=1e-12)
    assert laws.collapse_noise(n, dim, 3.0) == pytest.approx(3 * noise, rel=1e-12)
    points = np.random.default_rng(0).normal(size=(n, dim))
    weights = []
    for factor in (0.5, 1.0, 2.0):
        x = points[:128] + factor * noise * np.random.default_rng(1).normal(size=(128, dim))
        own = -((x - points[:128]) ** 2).sum(axis=1) / (2 * (factor * noise) ** 2)
        all_of_them = posterior(points, x, factor * noise).log_density
        shared = all_of_them + dim * np.log(factor * noise * np.sqrt(2 * np.pi)) + np.log(n)
        weights.append(np.exp(own - shared).mean())
    assert weights[0] >= 0.97
    assert 0.4 < weights[1] < 0.75
    assert weights[2] <= 0.15


def test_speciation():
    """[speciation]: the fixed point at the centre of a ring loses stability at R/sqrt 2."""
    angles = 2 * np.pi * np.arange(64) / 64
    ring = 3.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    noise = laws.speciation_noise(np.cov(ring.T, bias=True))
    assert noise == pytest.approx(3 / np.sqrt(2), rel=1e-12)
    growth = [
        np.linalg.eigvalsh(posterior(ring, [0.0, 0.0], level * noise).covariance)[-1] / (level * noise) ** 2
        for level in (0.99, 1.01)
    ]
    assert growth[0] > 1 > growth[1]
    assert laws.speciation_noise(np.diag([4.0, 9.0, 1.0])) == pytest.approx(3.0)
    assert jax.jit(laws.speciation_noise)(jnp.diag(jnp.array([4.0, 9.0]))) == pytest.approx(3.0)


@pytest.mark.parametrize("bad", [np.ones(3), np.ones((2, 3)), np.array([[1.0, 2.0], [0.0, 1.0]]), -np.eye(2)])
def test_covariance_must_be_one(bad):
    with pytest.raises(ValueError, match="covariance must be"):
        laws.speciation_noise(bad)


def test_ridge():
    """[ridge]: quoted figures, the stationary point of the smoothed ring, and the end of the ridge at R/sqrt 2."""
    quoted = {0.1: 0.99496, 0.3: 0.95146, 0.5: 0.83146, 0.7: 0.19866}
    for s, radius in quoted.items():
        assert laws.ridge_radius(s, 1.0) == pytest.approx(radius, abs=1e-5)
        assert laws.ridge_radius(2 * s, 2.0) == pytest.approx(2 * radius, abs=2e-5)
        r = np.linspace(0, 1.2, 100_001)
        log_density = -(r**2 + 1) / (2 * s**2) + r / s**2 + np.log(scipy.special.ive(0, r / s**2))
        assert r[log_density.argmax()] == pytest.approx(radius, abs=3e-5)
    assert laws.ridge_radius(0.0, 3.0) == 3.0
    assert laws.ridge_radius(0.75, 1.0) == 0
    assert laws.ridge_radius(0.02, 1.0) == pytest.approx(1 - 0.02**2 / 2 - 3 * 0.02**4 / 8, rel=1e-10)


# name: law, good arguments, index of an argument that must not be negative
LAWS = {
    "order_parameter_even": (laws.order_parameter_even, (0.2, 1.0), 0),
    "critical_error_even": (laws.critical_error_even, (1.5,), 0),
    "critical_error_even, entropy": (lambda d: laws.critical_error_even(d, "entropy"), (1.5,), 0),
    "entropy_even": (laws.entropy_even, (0.4, 1.0), 0),
    "chi_square_even": (laws.chi_square_even, (0.2, 1.0), 0),
    "memorization_ratio_even": (laws.memorization_ratio_even, (0.2, 1.0), 0),
    "gap_even": (laws.gap_even, (0.2, 0.3, 1.0), 1),
    "gap_even, two points": (laws.gap_even, (0.02, 0.01, 1.0), 0),
    "gap_even_leading": (laws.gap_even_leading, (0.2, 0.3, 1.0), 1),
    "training_error_even": (laws.training_error_even, (0.2, 0.3, 1.0), 2),
    "relative_gap_even": (lambda *a: laws.relative_gap_even(*a, 1, 2), (0.2, 0.3, 1.0), 1),
    "gap_iid": (lambda *a: laws.gap_iid(*a, 2), (0.2, 0.3, 40.0), 1),
    "gap_iid_correction": (lambda *a: laws.gap_iid_correction(*a, 2), (0.2, 0.3, 40.0), 1),
    "relative_gap_iid": (lambda *a: laws.relative_gap_iid(*a, 1, 2), (0.2, 0.3, 40.0), 2),
    "gap_peak_noise_iid": (lambda e: laws.gap_peak_noise_iid(e, 2), (0.3,), 0),
    "gap_peak_height_iid": (lambda *a: laws.gap_peak_height_iid(*a, 2), (0.3, 40.0), 1),
    "euclidean_error": (lambda *a: laws.euclidean_error(*a, 2, 4), (0.2, 0.3), 1),
    "gap_euclidean_iid": (lambda *a: laws.gap_euclidean_iid(*a, 2, 4), (0.2, 0.3, 40.0), 1),
    "relative_gap_euclidean_iid": (lambda *a: laws.relative_gap_euclidean_iid(*a, 1, 2), (0.2, 0.3, 40.0), 2),
    "relative_gap_euclidean_iid, next order": (
        lambda *a: laws.relative_gap_euclidean_iid(*a, 1, 2, next_order=True),
        (0.2, 0.3, 40.0),
        0,
    ),
    "gap_peak_euclidean_iid": (lambda *a: laws.gap_peak_euclidean_iid(*a, 2, 4)[1], (0.3, 40.0), 1),
    "gap_euclidean_even_leading": (lambda *a: laws.gap_euclidean_even_leading(*a, 2, 4), (0.2, 0.3, 1.0), 2),
    "gap_peak_euclidean_ring": (lambda *a: laws.gap_peak_euclidean_ring(*a)[1], (0.3, 40.0), 0),
    "chi_square_iid": (laws.chi_square_iid, (0.3, 40.0, 6.0), 0),
    "critical_error_iid": (lambda rho: laws.critical_error_iid(rho, 2), (40.0,), 0),
    "entropy_iid": (lambda *a: laws.entropy_iid(*a, 2), (0.3, 40.0), 0),
    "entropy_iid, next order": (lambda *a: laws.entropy_iid(*a, 2, next_order=True), (0.3, 40.0), 1),
    "disagreement_iid": (lambda *a: laws.disagreement_iid(*a, 2), (0.2, 0.3, 40.0), 1),
    "disagreement_iid, next order": (lambda *a: laws.disagreement_iid(*a, 2, next_order=True), (0.2, 0.3, 40.0), 0),
    "shared_starts_iid": (laws.shared_starts_iid, (0.3, 40.0, 6.0), 0),
    "collapse_noise": (laws.collapse_noise, (100.0, 8.0, 1.0), 2),
    "normal_error": (laws.normal_error, (0.2, 0.3, 1.0), 0),
    "ridge_radius": (laws.ridge_radius, (0.3, 1.0), 0),
    "speciation_two_gaussians": (laws.speciation_two_gaussians, (2.0, 1.0), 1),
    "nominal_noise": (laws.nominal_noise, (0.5, 0.3), 1),
    "chi_square_jittered": (lambda *a: laws.chi_square_jittered(*a, 2), (0.3, 0.1, 1.5), 1),
    "gap_jittered": (lambda *a: laws.gap_jittered(*a, 2), (0.2, 0.3, 0.1, 1.5), 2),
    "gap_lattice": (lambda *a: laws.gap_lattice(*a, 2), (0.2, 0.3, 1.5, 0.4), 3),
    "relative_gap_guided": (laws.relative_gap_guided, (0.2, 0.3, 0.6, 1.0, 1.0), 2),
    "guided_spread_one_point": (laws.guided_spread_one_point, (0.3, 0.6, 1.0), 1),
    "relative_gap_guided_one_point": (laws.relative_gap_guided_one_point, (0.2, 0.3, 0.6, 1.0, 1.0), 3),
    "gap_local": (laws.gap_local, (0.2, 0.3, 1.5, 0.1), 3),
    "gap_from_structure": (
        lambda sigma, error: laws.gap_from_structure(sigma, error, np.arange(0, 20, 0.1), np.ones(200), 2.0),
        (0.2, 0.3),
        0,
    ),
    "learned_share": (laws.learned_share, (2.0, 0.3), 0),
    "effective_error_lazy": (laws.effective_error_lazy, (2.0, 0.3, 5.0), 1),
    "gap_lazy": (
        lambda sigma, time: laws.gap_lazy(sigma, time, np.arange(0, 20, 0.1), 1 / (1 + np.arange(0, 20, 0.1)), 2.0),
        (0.2, 0.3),
        1,
    ),
}
CONCRETE = {
    "order_parameter_lazy": (lambda *a: laws.order_parameter_lazy(lambda s: 1 / (1 + s), *a), (0.3, 1.0), 0),
    "order_parameter_ring": (laws.order_parameter_ring, (0.2, 5, 1.0), 0),
    "gap_euclidean_even": (laws.gap_euclidean_even, (0.2, 0.3, 1.0), 1),
    "relative_gap_euclidean_even": (laws.relative_gap_euclidean_even, (0.2, 0.3, 1.0), 2),
    "chi_square_ring": (laws.chi_square_ring, (0.2, 5, 1.0), 1),
    "shared_starts_ring": (laws.shared_starts_ring, (0.2, 64.0, 1.0), 1),
    "entropy_poisson": (lambda *a: laws.entropy_poisson(*a, 2), (0.3, 4.0), 1),
    "gap_poisson": (lambda *a: laws.gap_poisson(*a, 2), (0.2, 0.3, 4.0), 1),
    "training_error_poisson": (lambda *a: laws.training_error_poisson(*a, 2), (0.2, 0.3, 4.0), 1),
    "disagreement_poisson": (lambda *a: laws.disagreement_poisson(*a, 2), (0.2, 0.3, 4.0), 1),
}


@pytest.mark.parametrize("name", LAWS)
def test_compiled_law(name):
    """The same under jit as in NumPy, and NaN for a traced bad value."""
    law, good, place = LAWS[name]
    value = law(*good)
    assert np.ndim(value) == 0
    compiled = jax.jit(law)
    np.testing.assert_allclose(compiled(*good), value, rtol=1e-12)
    for bad in (-1.0, np.nan):
        assert np.isnan(compiled(*good[:place], bad, *good[place + 1 :]))


@pytest.mark.parametrize("name", LAWS | CONCRETE)
def test_bad_arguments_of_a_law(name):
    law, good, place = (LAWS | CONCRETE)[name]
    assert np.isfinite(law(*good))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="must be finite"):
            law(*good[:place], bad, *good[place + 1 :])


@pytest.mark.parametrize("name", ["gap_even", "entropy_even", "chi_square_iid", "ridge_radius"])
def test_laws_broadcast(name):
    law, good, _ = LAWS[name]
    first = good[0] * np.array([[0.5], [1.0], [1.5]])
    found = law(first, *good[1:-1], good[-1] * np.array([1.0, 2.0]))
    assert found.shape == (3, 2)
    assert found[2, 1] == pytest.approx(float(law(1.5 * good[0], *good[1:-1], 2 * good[-1])), rel=1e-12)


@pytest.mark.parametrize("name", ["gap_even", "chi_square_even", "ridge_radius", "gap_iid"])
def test_slope_of_a_law(name):
    law, good, _ = LAWS[name]
    slopes = jax.jit(jax.grad(law, argnums=(0, 1)))(*good)
    for place, slope in enumerate(slopes):
        above, below = ([*good[:place], good[place] + step, *good[place + 1 :]] for step in (1e-5, -1e-5))
        assert slope == pytest.approx((law(*above) - law(*below)) / 2e-5, rel=1e-6)


def test_unknown_criterion_and_dimensions():
    with pytest.raises(ValueError, match="criterion must be one of"):
        laws.critical_error_even(1.0, "chi")
    with pytest.raises(ValueError, match="criterion must be one of"):
        laws.critical_error_iid(1.0, 1, "order-parameter")
    with pytest.raises(ValueError, match="dim must be at least 1"):
        laws.gap_iid(0.1, 0.1, 1.0, 0)
    with pytest.raises(ValueError, match="ambient_dim must be at least 2"):
        laws.relative_gap_iid(0.1, 0.1, 1.0, 2, 1)
    with pytest.raises(ValueError, match="n must be above 1"):
        laws.collapse_noise(1, 8, 1.0)
    with pytest.raises(ValueError, match="traced"):
        jax.jit(laws.order_parameter_ring)(0.2, 5, 1.0)
