"""A network as a denoiser: exact where the network is, in every parametrisation, and as all denoisers are called."""

from functools import partial

import equinox as eqx
import jax
import numpy as np
import pytest

from sims.learning import Ensemble, Mlp, NetworkDenoiser
from sims.learning.denoiser import TARGETS, coefficients
from theory import probability_flow

SCALE = 0.7
X = np.random.default_rng(0).normal(size=(6, 2))
SIGMA = np.geomspace(0.01, 10, 6)


make = eqx.filter_jit(lambda key, labels: Mlp(2, 8, 2, labels=labels, key=key))
denoised = eqx.filter_jit(lambda denoiser, x, sigma: denoiser(x, sigma))


def small(seed=0, target="velocity", labels=0):
    return NetworkDenoiser(make(jax.random.key(seed), labels), SCALE, target)


@pytest.fixture(scope="module")
def ensemble():
    several = eqx.filter_vmap(lambda key: NetworkDenoiser(Mlp(2, 8, 2, key=key), SCALE))
    return Ensemble(eqx.filter_jit(several)(jax.random.split(jax.random.key(3), 3)))


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_of_a_perfect_network_denoises_perfectly(target):
    """a x + b F is y where F is what the docstring says, and F has size 1 for data of that scale."""
    rng = np.random.default_rng(1)
    y, noise = SCALE * rng.normal(size=100_000), rng.normal(size=100_000)
    for sigma in SIGMA:
        x = y + sigma * noise
        predicted = {
            "clean": y / SCALE,
            "noise": (x - y) / sigma,
            "velocity": (SCALE * noise - sigma * y / SCALE) / np.hypot(sigma, SCALE),
        }[target]
        a, b = coefficients(target, sigma, SCALE)
        np.testing.assert_allclose(a * x + b * predicted, y, atol=1e-9)
        assert np.mean(predicted**2) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("target", TARGETS)
def test_no_noise_leaves_a_state_alone(target):
    denoiser = small(target=target)
    if target == "clean":  # a network that must find this by itself
        assert np.isfinite(denoised(denoiser, X, 0.0)).all()
    else:
        np.testing.assert_array_equal(denoised(denoiser, X, 0.0), X)


def test_called_like_every_denoiser():
    denoiser = small()
    whole = denoiser(X, SIGMA)
    assert whole.dtype == np.float64
    assert denoiser(X.astype(np.float32), np.float32(0.1)).dtype == np.float32
    np.testing.assert_allclose(denoised(denoiser, X, SIGMA), whole, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.vmap(denoiser))(X, SIGMA), whole, rtol=1e-5)
    np.testing.assert_allclose(denoised(denoiser, X[None], SIGMA), whole[None], rtol=1e-5)
    np.testing.assert_allclose(denoiser.score(X, SIGMA), (whole - X) / SIGMA[:, None] ** 2, rtol=1e-5, atol=1e-9)
    with pytest.raises(ValueError, match="sigma must be"):
        denoiser(X, -0.1)
    with pytest.raises(ValueError, match="sigma must be"):
        denoiser.score(X, 0.0)
    assert np.isnan(denoised(denoiser, X, -SIGMA)).all()
    assert np.isfinite(jax.jit(jax.grad(lambda sigma: denoiser(X, sigma).sum()))(0.3))


def test_scaling():
    """Data in other units, with the scale in them, are denoised alike [scaling]."""
    one = small()
    other = NetworkDenoiser(one.network, 1000 * SCALE)
    found = denoised(other, 1000 * X, 1000 * SIGMA)
    np.testing.assert_allclose(found, 1000 * denoised(one, X, SIGMA), rtol=1e-4)


def test_given_a_label():
    denoiser = small(labels=2)
    per_state, first, second, none = (
        denoised(denoiser.given(label), X, SIGMA) for label in (np.array([0, 1, 0, 1, 0, 1]), 0, 1, -1)
    )
    np.testing.assert_allclose(per_state[::2], first[::2], rtol=1e-6)
    np.testing.assert_allclose(none, denoised(denoiser, X, SIGMA), rtol=1e-6)
    assert np.abs(first - second).max() > 1e-3


def test_an_ensemble_is_its_members(ensemble):
    x = np.random.default_rng(2).normal(size=(3, 6, 2))
    whole = denoised(ensemble, x, SIGMA)
    for index in range(3):
        alone = denoised(ensemble.member(index), x[index], SIGMA)
        np.testing.assert_allclose(whole[index], alone, rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match="a part for each member"):
        ensemble(x[:2], 0.1)
    with pytest.raises(ValueError, match="3 members"):
        ensemble.member(3)


def test_networks_and_ensembles_flow(ensemble):
    starts = 5 * np.random.default_rng(3).normal(size=(3, 20, 2))
    settings = {"sigma_max": 5.0, "sigma_min": 0.01, "rtol": 1e-6, "atol": 1e-6}
    whole = probability_flow(ensemble, starts, **settings)
    assert not whole.failed.any()
    for index in range(3):
        alone = probability_flow(ensemble.member(index), starts[index], **settings)
        np.testing.assert_allclose(whole.x[index], alone.x, atol=2e-5)


def test_other_weights_do_not_compile_again():
    count = 0

    @eqx.filter_jit
    def counted(denoiser, x):
        nonlocal count
        count += 1
        return denoiser(x, 0.1)

    for seed in range(3):
        counted(small(seed), X)
    assert count == 1


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (partial(NetworkDenoiser, None, 0.0), "scale must be"),
        (partial(NetworkDenoiser, None, 1.0, "score"), "target must be"),
    ],
)
def test_bad_input(build, said):
    with pytest.raises(ValueError, match=said):
        build()
