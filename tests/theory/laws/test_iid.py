"""Laws for independent points against simulation and quadrature."""

import jax
import numpy as np
import pytest

from theory import Circle, FlatTorus, laws, posterior
from theory.metrics import memorization_ratio


@pytest.mark.parametrize(("kernel", "correction"), [(0.025, 1.015), (0.05, 1.030), (0.10, 1.060)])
def test_correction(kernel, correction):
    """The next order as quoted, at the peak sigma = error for k = 1, where s^2 = 2 error^2."""
    density = 1 / (kernel * np.sqrt(8 * np.pi))
    assert laws.gap_iid_correction(1.0, 1.0, density, 1) == pytest.approx(correction, abs=1.5e-3)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_peak(dim):
    """[gap-iid-peak]: place and height of the gap relative to the tangential error, and its ratio to chi^2."""
    error, density = 0.3, 50.0
    sigma = np.linspace(0.1, 0.6, 200_001)
    relative = laws.gap_iid(sigma, error, density, dim) / (dim * sigma**2)
    top = relative.argmax()
    assert laws.gap_peak_noise_iid(error, dim) == pytest.approx(sigma[top], abs=1e-5)
    assert laws.gap_peak_height_iid(error, density, dim) == pytest.approx(relative[top], rel=1e-9)
    chi_square = 1 / (density * (4 * np.pi) ** (dim / 2) * error**dim)
    assert laws.gap_over_chi_square_iid(dim) == pytest.approx(relative[top] / chi_square, rel=1e-9)
    assert laws.gap_over_chi_square_iid(dim) == pytest.approx({1: 0.5443, 2: 0.5, 3: 0.5258}[dim], abs=5e-5)


@pytest.mark.parametrize(("dim", "ambient", "place"), [(1, 2, 1.2914), (1, 3, 1.488), (2, 3, 0.7996)])
def test_peak_beside_the_normal_error(dim, ambient, place):
    sigma = np.linspace(0.5, 2, 150_001)
    relative = laws.relative_gap_iid(sigma, 1.0, 5.0, dim, ambient)
    assert sigma[relative.argmax()] == pytest.approx(place, abs=6e-4)


def test_peak_in_the_euclidean_norm():
    """[gap-iid-peak]: the constants as quoted, with their units."""
    noise, height = laws.gap_peak_euclidean_ring(0.2, 30.0)
    assert noise == pytest.approx(0.2 * 1.5048, rel=1e-5)
    assert height == pytest.approx(0.07572 / 6, rel=1e-5)


def test_chi_square():
    """[chi2-iid]: the two forms of the sum, the torus, quoted figures and the exact ring."""
    m = np.arange(-200, 201)
    for ratio in (0.02, 0.1, 0.27999, 0.28001, 0.5):
        full = np.exp(-4 * np.pi**2 * m**2 * ratio**2).sum()
        assert laws.chi_square_iid(3 * ratio, 100, 3.0) == pytest.approx((full - 1) / 100, rel=1e-10)
        assert laws.chi_square_iid(3 * ratio, 100, 3.0, dim=2) == pytest.approx((full**2 - 1) / 100, rel=1e-10)
    assert laws.chi_square_iid(0.02, 100, 1.0) == pytest.approx(0.1310, abs=6e-5)
    error = 0.01 * 2 * np.pi
    assert laws.chi_square_ring(error, 100, 1.0) == pytest.approx(laws.chi_square_iid(error, 100, 2 * np.pi), rel=5e-3)
    assert laws.chi_square_ring(2 * error, 50, 2.0) == pytest.approx(
        2 * laws.chi_square_ring(error, 100, 1.0), rel=1e-9
    )


def test_chi_square_of_a_ring_by_sampling():
    """E chi^2(p_hat || p) of the smoothed ring, by Monte Carlo over p: E_p (p_hat/p)^2 - 1, for a broad kernel."""
    n, error, radius = 4, 0.5, 1.0
    ring, rng = np.asarray(Circle(radius).even(256)), np.random.default_rng(0)
    x = ring[rng.integers(256, size=1500)] + error * rng.normal(size=(1500, 2))
    angles = rng.uniform(0, 2 * np.pi, size=(50, n))
    sets = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    kernels = np.exp(-((x[:, None] - ring) ** 2).sum(axis=-1) / (2 * error**2)).mean(axis=1)
    ratios = [np.exp(-((x[:, None] - y) ** 2).sum(axis=-1) / (2 * error**2)).mean(axis=1) / kernels for y in sets]
    values = (np.array(ratios) ** 2).mean(axis=1) - 1
    exact = laws.chi_square_ring(error, n, radius)
    assert abs(values.mean() - exact) <= 4 * values.std() / np.sqrt(50) + 0.02 * exact


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_disagreement_of_disjoint_sets(dim):
    """[disjoint-iid]: the mean square difference of two scores of sampling noise, by wave numbers of a flat torus."""
    length, n, sigma, error = 1.0, 50, 0.03, 0.04
    m = np.arange(-60, 61)
    square = (2 * np.pi * m / length) ** 2
    factor = np.exp(-square * (sigma**2 + error**2))
    # sum over wave vectors of |p|^2 e^(-p^2 s^2), twice, over n
    waves = 2 / n * dim * (square @ factor) * factor.sum() ** (dim - 1)
    law = laws.disagreement_iid(sigma, error, n / length**dim, dim)
    assert law == pytest.approx(sigma**4 * waves, rel=1e-9)
    assert laws.disagreement_iid(2 * sigma, 2 * error, n, dim) == pytest.approx(2 ** (2 - dim) * law)
    assert jax.jit(lambda s: laws.disagreement_iid(s, error, n, dim))(sigma) == pytest.approx(law)


def test_critical_errors():
    """[critical-error-iid]."""
    chi, edge = (laws.critical_error_iid(50.0, 1, criterion) for criterion in ("chi-square", "entropy"))
    length, n = 20.0, 1000
    assert laws.chi_square_iid(chi, n, length) == pytest.approx(1.0, abs=2 / n)
    assert np.sqrt(2 * np.pi * np.e) * 50 * edge == pytest.approx(1.0)
    assert laws.critical_error_iid(50.0, 2) == pytest.approx(1 / np.sqrt(4 * np.pi * 50))


def test_entropy():
    """[entropy-iid] on a line of points at density 1: quoted figures and simulation at rho s = 5."""
    assert np.exp(laws.entropy_iid(0.242, 1.0, 1)) == pytest.approx(1.791, abs=4e-3)
    torus, n, s = FlatTorus(200 / (2 * np.pi), 1), 200, 5.0
    found = []
    for seed in range(20):
        points = np.asarray(torus.sample(jax.random.key(seed), n))
        x = points[:100] + s * np.random.default_rng(seed).normal(size=(100, 2))
        found.append(float(posterior(points, x, s).entropy.mean()))
    spread = np.std(found) / np.sqrt(20)
    assert abs(np.mean(found) - laws.entropy_iid(s, 1.0, 1)) <= 4 * spread + 5e-3
    assert np.exp(laws.entropy_iid(s, 1.0, 1)) == pytest.approx(21.25, rel=5e-3)


@pytest.mark.parametrize("dim", [1, 2])
def test_memorization_ratio_of_perfect_samples(dim):
    """[third-rule-null]: 3^-k beside i.i.d. points, not 0."""
    torus = FlatTorus(1.0, dim)
    points = [np.asarray(torus.sample(jax.random.key(seed), 800)) for seed in range(25)]
    found = [float(memorization_ratio(each[:200], each[200:])) for each in points]
    assert abs(np.mean(found) - laws.memorization_ratio_null(dim)) <= 4 * np.std(found) / np.sqrt(25) + 2e-3
    assert laws.memorization_ratio_null(3) == pytest.approx(1 / 27)
