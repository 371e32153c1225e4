"""The effective error: recovered from the error-prone model, its interval, and what cannot be identified."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, ErrorProneDenoiser, GuidedDenoiser
from theory.metrics import FitFlag, effective_error

KEY = jax.random.key(0)
N, FINE = 20, 400
RING = np.asarray(Circle(1.0).even(FINE))
TRAIN = RING[:: FINE // N]
D = 2 * np.pi / N
TANGENTS = np.stack([-TRAIN[:, 1], TRAIN[:, 0]], axis=1)[:, :, None]
CLOUD = np.random.default_rng(0).normal(size=(20, 3))
LEVELS = D * np.array([0.05, 0.1, 0.3, 1.0])


def on_the_ring(error, weights=None):
    """Fits to the model of the 20 points or, with other weights on 400, of the whole ring: one compiled program."""
    chosen = (np.arange(FINE) % (FINE // N) == 0) if weights is None else weights
    return effective_error(
        ErrorProneDenoiser(RING, error, chosen * 1.0), TRAIN, LEVELS, key=KEY, draws=8, tangents=TANGENTS
    )


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.3, 1.0])
def test_error_of_a_ring_is_recovered(ratio):
    """[effective-error] over two decades, whole and normal at every level, tangential where the spacing is seen."""
    found = on_the_ring(ratio * D)
    for part in (found, found.normal):
        np.testing.assert_allclose(part.error, ratio * D, rtol=1e-4)
        assert np.all(part.residual < 1e-8 * D)
        assert np.all(part.flag == FitFlag.FITTED)
        assert np.all((part.interval[:, 0] <= ratio * D) & (part.interval[:, 1] >= ratio * D))
    if ratio < 1:
        np.testing.assert_allclose(found.tangential.error[:3], ratio * D, rtol=1e-4)
    else:  # q(d) = 3e-9: no trace left along the ring
        assert np.all(found.tangential.flag >= FitFlag.INFINITE)
        assert np.all(found.tangential.interval[:, 0] > 0.7 * D)


def test_error_of_a_cloud_is_recovered_in_its_units_and_frame():
    """Two decades in three dimensions; delta is a length, and does not know axes or origin."""
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    levels = np.array([0.1, 0.5])
    for error in (0.02, 0.2, 2.0):
        for scale, turn, shift in ((1.0, np.eye(3), 0.0), (7.0, rotation, 30.0)):
            points = scale * CLOUD @ turn + shift
            model = ErrorProneDenoiser(points, scale * error)
            found = effective_error(model, points, scale * levels, key=KEY, draws=8)
            np.testing.assert_allclose(found.error, scale * error, rtol=1e-3)
            assert np.all(found.flag == FitFlag.FITTED)


def test_recall_and_the_perfect_generalizer():
    """Recall: zero. The posterior mean of the ring: small or zero as a whole, infinite along the ring."""
    recall = on_the_ring(0.0)
    assert np.all(recall.error == 0)
    assert np.all(recall.flag == FitFlag.ZERO)
    ring = on_the_ring(0.0, np.ones(FINE))
    assert np.all(ring.error < 0.2 * D)
    assert np.all(ring.tangential.error == np.inf)
    assert np.all(ring.tangential.flag[:3] == FitFlag.INFINITE)
    assert ring.tangential.flag[3] == FitFlag.NOT_IDENTIFIED
    assert np.all(ring.tangential.interval[:, 0] > 0.4 * D)
    assert np.all(ring.normal.flag == FitFlag.ZERO)
    assert np.all(ring.normal.interval[:, 1] < 0.05 * D)


def rough(x, sigma, error=0.1 * D, size=0.3):
    """A model of this error with a rough misfit, of size 0.3 sigma: what a network looks like."""
    wave = jnp.sin(1e3 * x @ jnp.array([[1.0, 2.0], [-3.0, 1.5]]) / D)
    return ErrorProneDenoiser(TRAIN, error)(x, sigma) + size * sigma * wave


@pytest.fixture(scope="module")
def rough_fits():
    """Fits to the rough model for 30 keys, each field ``(keys, levels)``: in sight, along the ring too smooth, far off."""
    levels = np.array([0.1 * D, 0.7 * D, 300.0])
    fit = jax.vmap(lambda key: effective_error(rough, TRAIN, levels, key=key, draws=8, tangents=TANGENTS))
    return levels, fit(jax.random.split(KEY, 30))


def test_a_misfit_leaves_what_cannot_be_seen_unidentified(rough_fits):
    """Along the ring beyond 0.4 d, and above the scale of the data; the residual is that of the misfit."""
    levels, found = rough_fits
    np.testing.assert_allclose(found.residual.mean(axis=0), 0.3 * levels, rtol=0.1)
    parts = found.tangential.residual**2 + found.normal.residual**2
    np.testing.assert_allclose(found.residual**2, parts, rtol=0.15)
    assert np.all(np.abs(found.error[:, 0] / (0.1 * D) - 1) < 0.2)
    assert np.all(found.flag[:, 0] == FitFlag.FITTED)
    assert np.mean(found.tangential.flag[:, 0] == FitFlag.FITTED) > 0.8
    assert np.mean(found.tangential.flag[:, 1] == FitFlag.NOT_IDENTIFIED) > 0.8
    for part in (found, found.tangential):
        assert np.mean(part.flag[:, 2] == FitFlag.NOT_IDENTIFIED) > 0.8
        assert not np.any(part.flag[:, 2] == FitFlag.FITTED)


def test_interval_holds_the_error_for_most_draws(rough_fits):
    """95% by Student's t, 2.36 standard errors to either side for 8 draws."""
    for part in (rough_fits[1], rough_fits[1].tangential, rough_fits[1].normal):
        errors, (low, high) = part.error[:, 0], part.interval[:, 0].T
        assert 0.85 <= np.mean((low <= 0.1 * D) & (high >= 0.1 * D)) <= 1
        assert float(np.mean(high - low)) == pytest.approx(2 * 2.36 * float(np.std(errors)), rel=0.35)


def test_a_mixture_of_two_errors_with_two_minima_is_flagged():
    """Points on a line: an error shows across it at delta ~ sigma, along it at delta ~ the length of the line."""
    line = np.stack([np.random.default_rng(0).normal(size=200), np.zeros(200)], axis=1)
    sigma = 0.05
    # the share at which both steps leave the same over
    share = 1 / (1 + sigma)
    low, high = ErrorProneDenoiser(line, 0.01 * sigma), ErrorProneDenoiser(line, 50.0)
    found = effective_error(GuidedDenoiser(low, high, -share), line, [sigma], key=KEY, draws=4)
    assert found.flag[0] == FitFlag.NOT_IDENTIFIED
    alone = effective_error(GuidedDenoiser(low, high, 0.0), line, [sigma], key=KEY, draws=4)
    assert alone.flag[0] == FitFlag.FITTED
    np.testing.assert_allclose(alone.error, 0.01 * sigma, rtol=1e-2)


@pytest.mark.optimized
def test_any_callable_in_single_precision_with_padding():
    """D = x, of infinite error, and a level at which it is not finite."""
    points, weights = TRAIN.astype(np.float32), np.arange(N) < 15
    points[15:] += 1e6
    levels = np.float32(LEVELS[:2])
    found = effective_error(
        lambda x, sigma: x / (sigma > 0.02), points, levels, key=KEY, draws=4, weights=weights * 1.0
    )
    assert found.flag.tolist() == [FitFlag.NOT_IDENTIFIED, FitFlag.INFINITE]
    assert np.isnan(found.error[0])
    assert found.error[1] == np.inf
    assert found.error.dtype == found.interval.dtype == jnp.float32
    assert found.tangential is None
