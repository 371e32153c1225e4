"""PyTorch modules through the metrics and flows of theory, against the same denoiser in JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.learning import from_torch
from theory import Circle, ErrorProneDenoiser, probability_flow
from theory.metrics import effective_error, gap_equivalent_error, generalization_gap_estimate, smoothness

torch = pytest.importorskip("torch", reason="PyTorch is an extra: pip install 'recallflow[torch]'")
ERROR, N = 0.15, 10
RING = np.asarray(Circle(1.0).even(N))
MIDWAY = np.asarray(Circle(1.0).even(N, phase=0.5))
EXACT = ErrorProneDenoiser(RING, ERROR)
X = np.random.default_rng(0).normal(size=(3, 4, 2))
KEY = jax.random.key(0)


class Recall(torch.nn.Module):
    """The error-prone denoiser of the ring as a module, in float64, with what a model of each convention returns."""

    def __init__(self, prediction="denoiser", shape=(2,), scale=1.0):
        super().__init__()
        self.points = torch.nn.Parameter(torch.tensor(RING))
        self.prediction, self.shape, self.scale = prediction, shape, scale

    def forward(self, x, sigma):
        assert (x.shape[1:], sigma.shape, self.training) == (self.shape, x.shape[:1], False)
        x, noise = x.reshape(len(x), 2), sigma[:, None]
        s2 = noise**2 + ERROR**2
        weights = torch.softmax(-((x[:, None] - self.points) ** 2).sum(-1) / (2 * s2), dim=-1)
        clean = (ERROR**2 * x + noise**2 * (weights @ self.points)) / s2
        eps = (x - clean) / noise
        velocity = (self.scale * eps - noise * clean / self.scale) / torch.sqrt(noise**2 + self.scale**2)
        return {"denoiser": clean, "noise": eps, "velocity": velocity}[self.prediction].reshape(len(x), *self.shape)


@pytest.mark.parametrize("prediction", ["denoiser", "noise", "velocity"])
def test_every_prediction(prediction):
    scale = 0.7 if prediction == "velocity" else 1.0
    denoiser = from_torch(Recall(prediction, scale=scale), prediction, scale=scale)
    sigma = np.geomspace(0.05, 5, 4)
    np.testing.assert_allclose(denoiser(X, sigma), EXACT(X, sigma), atol=1e-12)
    assert denoiser(X.astype(np.float32), np.float32(0.1)).dtype == np.float32


def test_inside_transforms_and_in_parts():
    whole = EXACT(X, 0.3)
    denoiser = from_torch(Recall(shape=(1, 2)), shape=(1, 2), batch_size=5)
    np.testing.assert_allclose(jax.jit(denoiser)(X, 0.3), whole, atol=1e-12)
    np.testing.assert_allclose(jax.vmap(lambda x: denoiser(x, 0.3))(X), whole, atol=1e-12)
    direction = np.ones_like(X)
    slopes = [jax.jvp(f, (X, jnp.asarray(0.3)), (direction, jnp.asarray(1.0)))[1] for f in (denoiser, EXACT)]
    np.testing.assert_allclose(*slopes, atol=1e-12)


def test_gap_flow_and_errors():
    """The measures that place a model on the diagram, unchanged."""
    denoiser, levels = from_torch(Recall()), [0.1, 0.2]
    gaps = [generalization_gap_estimate(f, RING, MIDWAY, levels, key=KEY) for f in (denoiser, EXACT)]
    np.testing.assert_allclose(gaps[0].gap, gaps[1].gap, rtol=1e-10)
    placed = gap_equivalent_error(gaps[0], RING, MIDWAY, levels, key=KEY)
    np.testing.assert_allclose(placed.error, ERROR, rtol=1e-3)
    np.testing.assert_allclose(effective_error(denoiser, RING, levels, key=KEY).error, ERROR, rtol=1e-3)
    starts = 5 * np.random.default_rng(1).normal(size=(50, 2))
    settings = {"sigma_max": 5.0, "sigma_min": 0.01, "rtol": 1e-7, "atol": 1e-7}
    flows = [probability_flow(f, starts, **settings) for f in (denoiser, EXACT)]
    np.testing.assert_allclose(flows[0].x, flows[1].x, atol=1e-5)
    np.testing.assert_allclose(smoothness(denoiser, X[0], 0.3).norm, smoothness(EXACT, X[0], 0.3).norm, rtol=1e-8)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: from_torch(lambda x, sigma: x), "torch.nn.Module"),
        (lambda: from_torch(Recall(), "score"), "prediction must be"),  # pyright: ignore
        (lambda: from_torch(Recall(), scale=0.0), "scale must be"),
        (lambda: from_torch(Recall())(X, -1.0), "sigma must be"),
        (lambda: from_torch(Recall(), shape=(3,))(X, 0.1), "3 columns"),
    ],
)
def test_bad_input(make, said):
    with pytest.raises(ValueError, match=said):
        make()
