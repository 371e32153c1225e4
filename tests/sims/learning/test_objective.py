"""The objective: its noise distributions, its weights, and what minimises it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.learning import LogNormalNoise, LogUniformNoise, Objective
from sims.learning.denoiser import TARGETS, coefficients
from theory import EmpiricalDenoiser

KEY = jax.random.key(4)
RING = np.stack([np.cos(np.arange(5)), np.sin(np.arange(5))], axis=1).astype(np.float32)
SCALE = np.float32(0.7)


def test_distributions_of_the_noise():
    normal = np.log(LogNormalNoise(0.6, 1.2).sample(KEY, (100_000,)))
    assert normal.mean() == pytest.approx(np.log(0.6), abs=4 * 1.2 / np.sqrt(1e5))
    assert normal.std() == pytest.approx(1.2, rel=0.01)
    uniform = np.asarray(LogUniformNoise(0.01, 10.0).sample(KEY, (64,)))
    edges = np.geomspace(0.01, 10.0, 65)
    # one level in each of as many equal parts, in a batch of any size
    assert np.all((edges[:-1] * (1 - 1e-5) <= uniform) & (uniform <= edges[1:] * (1 + 1e-5)))


def exact(target, shift=0.0):
    """The function that a network of that target must learn for the optimal denoiser, plus a shift."""
    optimal = EmpiricalDenoiser(RING)

    def network(x, log_noise, label):
        sigma = SCALE * jnp.exp(log_noise)
        state = x * jnp.hypot(sigma, SCALE)[:, None]
        a, b = (part[:, None] for part in coefficients(target, sigma, SCALE))
        return (optimal(state, sigma) - a * state) / b + shift

    return network


def loss(network, target, weighting, points=RING, key=KEY):
    batch = jnp.asarray(points)[jnp.arange(4096) % len(points)]
    return float(
        Objective(LogUniformNoise(0.2, 5.0), target=target, weighting=weighting).loss(network, batch, None, SCALE, key)
    )


@pytest.mark.parametrize("weighting", TARGETS)
@pytest.mark.parametrize("target", TARGETS)
def test_the_optimal_denoiser_minimises_it(target, weighting):
    """[posterior-mean], whatever the network predicts and however levels are weighted; all targets agree there."""
    best = loss(exact(target), target, weighting)
    assert best == pytest.approx(loss(exact("noise"), "noise", weighting), rel=1e-3)
    for shift in (0.05, -0.05):
        assert loss(exact(target, shift), target, weighting) > best


def test_weights():
    """lambda for velocity is the sum of the other two: 1/sigma^2 + 1/scale^2."""
    clean, noise, velocity = (loss(exact("noise", 0.3), "noise", weighting) for weighting in TARGETS)
    assert velocity == pytest.approx(clean + noise, rel=1e-5)
    assert clean != pytest.approx(noise, rel=0.1)


@pytest.mark.parametrize("dropout", [0.0, 0.25, 1.0])
def test_labels_are_dropped(dropout):
    seen = []

    def network(x, log_noise, label):
        seen.append(np.asarray(label))
        return x

    batch = jnp.zeros((4000, 2))
    Objective(LogNormalNoise(1.0), label_dropout=dropout).loss(network, batch, jnp.full(4000, 7), SCALE, KEY)
    assert set(np.unique(seen[0])) <= {-1, 7}
    assert np.mean(seen[0] == -1) == pytest.approx(dropout, abs=4 * 0.5 / np.sqrt(4000))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: LogUniformNoise(1.0, 0.5), "highest must be above lowest"),
        (lambda: LogNormalNoise(0.0), "median must be"),
        (lambda: Objective(LogNormalNoise(1.0), target="score"), "target must be"),
        (lambda: Objective(LogNormalNoise(1.0), weighting="edm"), "weighting must be"),
        (lambda: Objective(LogNormalNoise(1.0), label_dropout=1.5), "label_dropout must be"),
    ],
)
def test_bad_input(make, said):
    with pytest.raises(ValueError, match=said):
        make()
