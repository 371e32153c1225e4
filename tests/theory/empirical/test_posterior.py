"""The posterior over training points: moments, padding, blocks and scale."""

import jax
import numpy as np
import pytest

from theory import ErrorProneDenoiser, padded, posterior, probability_flow
from theory.metrics import smoothness

POINTS = np.random.default_rng(0).normal(size=(40, 3))
X = np.random.default_rng(1).normal(size=(12, 3))


def direct(points, x, sigma, weights=None):
    """Mean, log density, covariance, entropy and participation by the textbook formulas, in float64."""
    points, x = np.asarray(points, float), np.asarray(x, float)
    weights = np.ones(len(points)) if weights is None else np.asarray(weights, float)
    sigma = np.broadcast_to(sigma, len(x))[:, None]
    with np.errstate(divide="ignore"):
        logits = np.log(weights / weights.sum()) - ((x[:, None] - points) ** 2).sum(-1) / (2 * sigma**2)
    top = logits.max(1, keepdims=True)
    terms = np.exp(logits - top)
    w = terms / terms.sum(1, keepdims=True)
    mean = w @ points
    centred = points - mean[:, None]
    return {
        "mean": mean,
        "shift": mean - x,
        "log_density": top[:, 0] + np.log(terms.sum(1)) - x.shape[1] * np.log(sigma[:, 0] * np.sqrt(2 * np.pi)),
        "covariance": np.einsum("qi,qia,qib->qab", w, centred, centred),
        "entropy": -np.sum(np.where(w > 0, w * np.log(np.where(w > 0, w, 1)), 0), axis=1),
        "participation": 1 / np.sum(w**2, axis=1),
    }


NAMES = ("mean", "shift", "log_density", "covariance", "entropy", "participation")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [0.01, 0.5, 100.0])
def test_moments(name, sigma):
    x = POINTS[:12] + sigma * X
    found = getattr(posterior(POINTS, x, sigma), name)
    np.testing.assert_allclose(found, direct(POINTS, x, sigma)[name], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_weight_zero_is_as_if_removed(name):
    """Padding may sit anywhere, on the query itself too."""
    weights = np.arange(40) % 3.0
    padded = getattr(posterior(POINTS, X, 0.4, weights=weights), name)
    removed = direct(POINTS[weights > 0], X, 0.4, weights[weights > 0])[name]
    np.testing.assert_allclose(padded, removed, rtol=1e-9, atol=1e-12)
    if name == "mean":
        really_removed = posterior(POINTS[weights > 0], X, 0.4, weights=weights[weights > 0]).mean
        np.testing.assert_allclose(padded, really_removed, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "dim"), [("mean", 2), ("log_density", 2), ("covariance", 2), ("entropy", 2), ("mean", 9)]
)
def test_blocks_of_points_and_chunks_of_queries(name, dim):
    """More points and queries than one block holds, neither a multiple of it, and a noise level for each query."""
    rng = np.random.default_rng(2)
    points, x = rng.normal(size=(301, dim)), rng.normal(size=(1030, dim))
    sigma, weights = rng.uniform(0.05, 2.0, size=1030), rng.exponential(size=301)
    found = getattr(posterior(points, x, sigma, weights=weights), name)
    np.testing.assert_allclose(found, direct(points, x, sigma, weights)[name], rtol=1e-9, atol=1e-11)


def test_noise_broadcasts_to_the_batch():
    x = X.reshape(3, 4, 3)
    sigma = np.array([0.2, 0.5, 1.0, 2.0])
    found = posterior(POINTS, x, sigma)
    assert found.mean.shape == (3, 4, 3)
    assert found.covariance.shape == (3, 4, 3, 3)
    expected = direct(POINTS, X, np.tile(sigma, 3))
    np.testing.assert_allclose(found.mean.reshape(-1, 3), expected["mean"], rtol=1e-11)
    np.testing.assert_allclose(found.log_density.ravel(), expected["log_density"], rtol=1e-11)
    with pytest.raises(ValueError, match="sigma must be a scalar or broadcast"):
        posterior(POINTS, x, np.ones(3))


def test_weights_need_not_be_normalised():
    weights = np.random.default_rng(3).exponential(size=40)
    one, other = (posterior(POINTS, X, 0.4, weights=scale * weights) for scale in (1.0, 1e-6))
    np.testing.assert_allclose(one.log_density, other.log_density, rtol=1e-12)
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)


def test_covariance_is_the_jacobian_of_the_mean():
    """[jacobian], through the trace and norm that the measure of smoothness finds by differentiation."""
    covariance = posterior(POINTS, X, 0.5).covariance
    measured = smoothness(lambda x, sigma: posterior(POINTS, x, sigma).mean, X, 0.5)
    np.testing.assert_allclose(measured.trace, np.trace(covariance, axis1=1, axis2=2) / 0.25, rtol=1e-8)
    np.testing.assert_allclose(measured.norm, np.linalg.norm(covariance, axis=(1, 2)) / 0.25, rtol=1e-8)


class TestPadded:
    def test_is_the_same_distribution(self, rng):
        points, x = rng.normal(size=(170, 2)) + 5, rng.normal(size=(9, 2)) + 5
        for weights in (None, rng.exponential(size=170)):
            more, their_weights = padded(points, weights)
            assert more.shape == (192, 2)
            found, expected = posterior(more, x, 0.3, weights=their_weights), posterior(points, x, 0.3, weights=weights)
            (mean, log_density), (its_mean, its_log_density) = found.mean_and_log_density, expected.mean_and_log_density
            np.testing.assert_allclose(mean, its_mean, rtol=1e-14)
            np.testing.assert_allclose(log_density, its_log_density, rtol=1e-13)
            np.testing.assert_allclose(found.participation, expected.participation, rtol=1e-12)

    def test_one_program_for_every_number_of_points_and_trajectories(self, rng, caplog):
        """And ends where all points go by themselves, or with others of weight zero, and all trajectories at once."""
        compiled = []
        for number, trajectories in ((170, 30), (191, 17), (185, 40)):
            points, starts = rng.normal(size=(number, 2)), 10 * rng.normal(size=(trajectories, 2))
            more, weights = padded(points)
            caplog.clear()
            with jax.log_compiles():
                found = probability_flow(
                    ErrorProneDenoiser(more, 0.1, weights), starts, sigma_max=10.0, sigma_min=0.1, batch_size=40
                )
            compiled.append(sum("Compiling" in each.message and "_flow" in each.message for each in caplog.records))
            # filled up by hand and at the other end, to the most points and trajectories of the three: one program too
            others = np.zeros((191 - number, 2))
            weights = np.append(np.zeros(len(others)), np.ones(number))
            denoiser = ErrorProneDenoiser(np.concatenate([others, points]), 0.1, weights)
            starts = np.concatenate([np.repeat(starts[:1], 40 - trajectories, axis=0), starts])
            alone = probability_flow(denoiser, starts, sigma_max=10.0, sigma_min=0.1)
            np.testing.assert_allclose(found.x, alone.x[-trajectories:], atol=1e-9)
        assert compiled == [1, 0, 0]
