"""Laws for even points against the posterior of a long comb, summed by brute force, and against rings."""

import numpy as np
import pytest

from theory import FlatTorus, laws
from theory.metrics import memorization_ratio

Z = np.linspace(-9, 9, 12_001)
NORMAL = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()
SITES = np.arange(-35, 36)


def comb(x, s):
    """Posterior weights ``(sites, x)`` of the comb of spacing 1."""
    logit = -((x - SITES[:, None]) ** 2) / (2 * s**2)
    weight = np.exp(logit - logit.max(axis=0))
    return weight / weight.sum(axis=0)


def comb_error(sigma, error, place):
    """E|D(place + sigma eps) - place|^2 on the comb."""
    s, x = np.hypot(sigma, error), place + sigma * Z
    denoised = (error**2 * x + sigma**2 * SITES @ comb(x, s)) / s**2
    return NORMAL @ (denoised - place) ** 2


# below and above s = 0.06, on either side of it, and without error
PLACES = [
    (0.01, 0.001),
    (0.05, 0.0),
    (0.05, 0.03),
    (0.03, 0.0519),
    (0.03, 0.05197),
    (0.1, 0.02),
    (0.07, 0.0),
    (0.2, 0.2),
    (0.5, 0.3),
]


@pytest.mark.parametrize(("sigma", "error"), PLACES)
def test_gap_and_training_error_of_the_comb(sigma, error):
    """[gap-comb], in both branches, in units of a spacing of 3."""
    training, validation = comb_error(sigma, error, 0.0), comb_error(sigma, error, 0.5)
    gap, law = validation - training, laws.gap_even(3 * sigma, 3 * error, 3.0)
    assert abs(law - 9 * gap) <= 1e-9 * law + 1e-13
    assert abs(laws.training_error_even(3 * sigma, 3 * error, 3.0) - 9 * training) <= 1e-10
    codimension = 4
    normal = codimension * sigma**2 * error**4 / (sigma**2 + error**2) ** 2
    if training + normal > 1e-9:
        relative = laws.relative_gap_even(3 * sigma, 3 * error, 3.0, 1, 1 + codimension)
        assert relative == pytest.approx(gap / (training + normal), rel=1e-8)


def test_normal_error():
    """The normal direction of a flat manifold, where D* is 0: E(error^2/s^2 sigma z)^2."""
    sigma, error = 0.3, 0.4
    normal = error**2 / (sigma**2 + error**2) * sigma * Z
    assert laws.normal_error(sigma, error, 5) == pytest.approx(5 * (NORMAL @ normal**2), rel=1e-10)
    assert laws.normal_error(0.0, 0.0, 5) == 0


def test_square_lattice_is_the_comb_in_each_direction():
    assert laws.gap_even(0.2, 0.3, 1.0) > 0
    relative = laws.relative_gap_even(0.2, 0.3, 1.0, 3, 3)
    assert relative == pytest.approx(laws.gap_even(0.2, 0.3, 1.0) / laws.training_error_even(0.2, 0.3, 1.0), rel=1e-12)


@pytest.mark.parametrize(
    ("error", "noise", "height"),
    [
        (0.5, 0.22508, 1.000),
        (0.35, 0.22484, 1.002),
        (0.242, 0.2219, 1.028),
        (0.1874, 0.2164, 1.077),
        (0.1, 0.1917, 1.29),
        (0.02, 0.094, 1.81),
    ],
)
def test_peak_of_the_gap(error, noise, height):
    """The peak's place and its height over the leading law, as measured in simulations [gap-comb]."""
    sigma = np.geomspace(0.08, 0.3, 600)
    gap = laws.gap_even(sigma, error, 1.0)
    top = gap.argmax()
    leading = 8 / (np.pi * np.e) ** 2 * laws.order_parameter_even(error, 1.0)
    assert sigma[top] == pytest.approx(noise, rel=6e-3)
    assert gap[top] / leading == pytest.approx(height, rel=5e-3)


def test_limits_of_the_gap():
    assert laws.gap_even(1e-4, 0.0, 1.0) == pytest.approx(0.25, rel=1e-3)
    sigma = np.array([0.1, 0.3])
    np.testing.assert_allclose(laws.gap_even(sigma, 0.6, 1.0), laws.gap_even_leading(sigma, 0.6, 1.0), rtol=1e-5)
    peak = laws.gap_even_leading(1 / (np.pi * np.sqrt(2)), 0.3, 1.0)
    assert peak == pytest.approx(8 / (np.pi * np.e) ** 2 * np.exp(-2 * np.pi**2 * 0.09), rel=1e-12)


def test_order_parameter():
    """[debye-waller], on the ring: exact figures, and the comb at many points."""
    spacing = 2 * np.pi / np.array([12, 8])
    np.testing.assert_allclose(
        laws.order_parameter_ring(np.array([0.25, 0.35]) * spacing, np.array([12, 8]), 1.0),
        [0.29024, 0.09919],
        atol=1e-5,
    )
    many = laws.order_parameter_ring(0.25 * 2 * np.pi / 1000, 1000, 1.0)
    assert many == pytest.approx(laws.order_parameter_even(0.25, 1.0), rel=2e-5)
    x, radius, n = np.arange(100_000) % 7, 2.0, 7
    samples = radius * np.stack([np.cos(2 * np.pi * x / n), np.sin(2 * np.pi * x / n)], axis=1)
    samples += 0.4 * np.random.default_rng(0).normal(size=samples.shape)
    cosines = np.cos(n * np.arctan2(samples[:, 1], samples[:, 0]))
    exact = laws.order_parameter_ring(0.4, n, radius)
    assert abs(cosines.mean() - exact) <= 4 * cosines.std() / np.sqrt(len(x))


def test_critical_errors():
    """[critical-error-comb]: where m = 1/2, and where the asymptote of exp(E H) is 1."""
    half, edge = (laws.critical_error_even(2.0, criterion) for criterion in ("order-parameter", "entropy"))
    assert laws.order_parameter_even(half, 2.0) == pytest.approx(0.5, rel=1e-12)
    assert half == pytest.approx(2 * 0.18739, abs=2e-5)
    assert np.sqrt(2 * np.pi * np.e) * edge / 2.0 == pytest.approx(1.0, rel=1e-12)
    assert edge == pytest.approx(2 * 0.24197, abs=2e-5)
    assert np.exp(laws.entropy_even(edge, 2.0)) == pytest.approx(1.109, abs=1e-3)


@pytest.mark.parametrize("s", [0.05, 0.1, 0.242, 0.4, 0.999, 1.001, 3.0])
def test_entropy(s):
    """[entropy]: the posterior of the comb averaged over x = 0 + s z, in units of a spacing of 2."""
    weights = comb(s * Z, s)
    entropy = -NORMAL @ np.sum(weights * np.log(np.where(weights > 0, weights, 1)), axis=0)
    assert laws.entropy_even(2 * s, 2.0) == pytest.approx(entropy, abs=1e-9)
    if s > 0.3:
        asymptote = np.log(np.sqrt(2 * np.pi * np.e) * s) + np.exp(-4 * np.pi**2 * s**2)
        assert entropy == pytest.approx(asymptote, abs=2e-3)


@pytest.mark.parametrize("error", [0.1, 0.2, 0.27999, 0.28001, 0.5])
def test_chi_square(error):
    """[theta]: int (p - 1)^2 over one cell of the smoothed comb."""
    u = (np.arange(2000) + 0.5) / 2000
    density = np.exp(-((u - SITES[:, None]) ** 2) / (2 * error**2)).sum(axis=0) / (error * np.sqrt(2 * np.pi))
    brute = np.mean((density - 1) ** 2)
    assert laws.chi_square_even(2 * error, 2.0) == pytest.approx(brute, rel=1e-10, abs=1e-13)
    assert laws.chi_square_even(2 * error, 2.0, dim=2) == pytest.approx((1 + brute) ** 2 - 1, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize(
    ("error", "ratio"), [(0.0, 1.0), (0.15, 0.9044), (0.25, 0.6857), (0.35, 0.5572), (0.249999, None), (5.0, 0.5)]
)
def test_memorization_ratio(error, ratio):
    """[third-rule-null]: quoted figures of simulations, and projected samples of the comb."""
    law = laws.memorization_ratio_even(3 * error, 3.0)
    if ratio is not None:
        assert law == pytest.approx(ratio, abs=6e-4)
    u = error * np.random.default_rng(1).normal(size=20_000)
    line = np.stack([SITES, 0 * SITES], axis=1).astype(float)
    measured = memorization_ratio(np.stack([u, 0 * u], axis=1), line)
    assert abs(measured - law) <= 4 * np.sqrt(0.25 / len(u)) * (error > 0)


def test_memorization_ratio_of_perfect_samples_of_a_square_lattice():
    """.21035 for two dimensions; the comb's null is 1/2."""
    torus = FlatTorus(1.0, 2)
    cell = 2 * np.pi / 30
    angles = cell * np.random.default_rng(2).uniform(0, 1, size=(20_000, 2))
    measured = memorization_ratio(torus.embed(angles), torus.even(900))
    assert abs(measured - 0.21035) <= 4 * np.sqrt(0.21 * 0.79 / 20_000) + 1e-3
