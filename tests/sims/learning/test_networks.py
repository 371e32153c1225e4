"""Networks: outputs of size 1 at the start, which is what lets deep ones train, labels, shapes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.learning import Mlp, UNet
from sims.learning.networks import Convolution

IMAGE = (1, 8, 8)
answer = eqx.filter_jit(lambda network, *inputs: network(*inputs))


def states(dim, batch=(256,)):
    rng = np.random.default_rng(0)
    return rng.normal(size=(*batch, dim)).astype(np.float32), rng.normal(size=batch).astype(np.float32)


@pytest.mark.parametrize(("width", "depth"), [(32, 1), (128, 3), (64, 12)])
def test_a_new_network_answers_in_the_size_of_its_input(width, depth):
    x, log_noise = states(2)
    keys = jax.random.split(jax.random.key(0), 8)
    outputs = jax.jit(jax.vmap(lambda key: Mlp(2, width, depth, key=key)(x, log_noise)))(keys)
    assert 0.4 < float(jnp.sqrt(jnp.mean(outputs**2))) < 2.5
    # and it depends on where it is, which plain default weights lose with depth
    assert float(jnp.std(outputs, axis=1).mean()) > 0.2


def test_an_image_network_answers_in_the_size_of_its_input():
    x, log_noise = states(64, (32,))
    out = jax.jit(lambda key: UNet(IMAGE, 8, key=key)(x, log_noise))(jax.random.key(0))
    assert out.shape == x.shape
    assert 0.2 < float(jnp.sqrt(jnp.mean(out**2))) < 5


@pytest.mark.parametrize(
    "make", [lambda key: Mlp(64, 16, 2, labels=3, key=key), lambda key: UNet(IMAGE, 4, labels=3, key=key)]
)
def test_a_label_below_0_is_none_and_others_differ(make):
    network = eqx.filter_jit(make)(jax.random.key(0))
    x, log_noise = states(64, (3,))
    none, dropped, given = (
        answer(network, x, log_noise, label) for label in (None, jnp.array([-1, -1, -1]), jnp.array([0, 1, 2]))
    )
    np.testing.assert_allclose(dropped, none, rtol=1e-6)
    assert np.all(np.abs(given - none).max(axis=1) > 1e-3)
    alone = answer(network, x[1:2], log_noise[1:2], jnp.array([1]))
    np.testing.assert_allclose(alone[0], given[1], rtol=1e-4, atol=1e-5)


def test_any_batch_shape():
    for make, dim in ((lambda key: Mlp(3, 8, 1, key=key), 3), (lambda key: UNet(IMAGE, 4, key=key), 64)):
        network = eqx.filter_jit(make)(jax.random.key(0))
        x, log_noise = states(dim, (2, 5))
        out = answer(network, x, log_noise)
        alone = answer(network, x[1, 3][None], log_noise[1, 3][None])
        np.testing.assert_allclose(out[1, 3], alone[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda key: Mlp(0, key=key), "dim must be"),
        (lambda key: Mlp(2, 8, 0, key=key), "depth must be"),
        (lambda key: Mlp(2, labels=-1, key=key), "labels must be"),
        (lambda key: UNet((1, 7, 7), key=key), "even side"),
        (lambda key: UNet((1, 8, 6), key=key), "even side"),
    ],
)
def test_bad_sizes(make, said):
    with pytest.raises(ValueError, match=said):
        make(jax.random.key(0))


def test_a_convolution_is_a_convolution():
    """Against XLA's own; zeros beyond the edge."""
    layer = Convolution(2, 5, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (3, 4, 4, 2), np.float32)
    axes = ("NHWC", "HWIO", "NHWC")
    exact = jax.lax.conv_general_dilated(x, layer.weight, (1, 1), "SAME", dimension_numbers=axes)
    np.testing.assert_allclose(layer(x), exact, rtol=1e-4, atol=1e-5)
