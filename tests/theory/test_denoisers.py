"""Properties that every denoiser has, for the whole table of denoisers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.cases import DENOISERS, WEIGHTS, WITH_DENSITY, WITH_ERROR
from theory import EmpiricalDenoiser, ErrorProneDenoiser, GuidedDenoiser

POINTS = np.random.default_rng(0).normal(size=(6, 3))
X = np.random.default_rng(1).normal(size=(5, 3))
SIGMA, ERROR = 0.6, 0.4
NUMBERS = {"rtol": 1e-9, "atol": 1e-11}

every = pytest.mark.parametrize("name", DENOISERS)
every_density = pytest.mark.parametrize("name", WITH_DENSITY)


def weights(name):
    return np.array(WEIGHTS) / np.sum(WEIGHTS) if name == "weighted" else np.full(6, 1 / 6)


@every
def test_shapes_and_noise_that_broadcasts(name):
    denoiser = DENOISERS[name](POINTS, ERROR)
    together = denoiser(X, SIGMA)
    np.testing.assert_allclose(denoiser(X[0], SIGMA), together[0], **NUMBERS)
    np.testing.assert_allclose(denoiser(X[:4].reshape(2, 2, 3), SIGMA).reshape(4, 3), together[:4], **NUMBERS)
    levels = np.array([0.2, 0.6, 1.0, 0.6, 3.0])
    mixed = denoiser(X, levels)
    assert mixed.shape == (5, 3)
    np.testing.assert_allclose(mixed[levels == SIGMA], together[levels == SIGMA], **NUMBERS)
    assert not np.allclose(mixed[0], together[0])
    assert denoiser.score(X, levels).shape == (5, 3)


@every
def test_dtype_is_that_of_the_inputs(name):
    """Single precision in, single out, though double is enabled; Python scalars do not widen it."""
    single = DENOISERS[name](POINTS.astype(np.float32), ERROR)
    x = X.astype(np.float32)
    assert single(x, SIGMA).dtype == single.score(x, SIGMA).dtype == jnp.float32
    assert single(x, np.float32(SIGMA)).dtype == jnp.float32
    assert single(X, SIGMA).dtype == jnp.float64
    np.testing.assert_allclose(single(x, SIGMA), DENOISERS[name](POINTS, ERROR)(X, SIGMA), rtol=1e-4, atol=1e-5)


@every
def test_lists_and_integers_are_welcome(name):
    points, x = POINTS.round(), X.round()
    from_lists = DENOISERS[name](points.astype(int).tolist(), ERROR)(x.astype(int).tolist(), 1)
    assert from_lists.dtype == jnp.float64
    np.testing.assert_allclose(from_lists, DENOISERS[name](points, ERROR)(x, 1.0), **NUMBERS)


@every
def test_tweedie(name):
    """[tweedie]: D = x + sigma^2 score."""
    denoiser = DENOISERS[name](POINTS, ERROR)
    np.testing.assert_allclose(denoiser(X, SIGMA), X + SIGMA**2 * denoiser.score(X, SIGMA), **NUMBERS)


@every_density
def test_score_is_the_gradient_of_the_log_density(name):
    denoiser = DENOISERS[name](POINTS, ERROR)
    gradient = jax.grad(lambda x: denoiser.log_density(x, SIGMA).sum())(X)
    np.testing.assert_allclose(denoiser.score(X, SIGMA), gradient, **NUMBERS)


@every_density
def test_density_is_that_of_the_smoothed_points(name):
    error = 0.0 if name == "optimal" else ERROR
    s = np.hypot(SIGMA, error)
    kernels = np.exp(-((X[:, None] - POINTS) ** 2).sum(axis=-1) / (2 * s**2)) / (2 * np.pi * s**2) ** 1.5
    density = np.exp(DENOISERS[name](POINTS, ERROR).log_density(X, SIGMA))
    np.testing.assert_allclose(density, kernels @ weights(name), **NUMBERS)


@every_density
def test_jacobian(name):
    """[jacobian]: the derivative of D, symmetric and positive semi-definite."""
    denoiser = DENOISERS[name](POINTS, ERROR)
    by_hand = denoiser.jacobian(X, SIGMA)
    differentiated = jax.vmap(jax.jacfwd(lambda x: denoiser(x, SIGMA)))(X)
    np.testing.assert_allclose(by_hand, differentiated, **NUMBERS)
    np.testing.assert_allclose(by_hand, np.swapaxes(by_hand, 1, 2), **NUMBERS)
    assert np.linalg.eigvalsh(by_hand).min() >= -1e-12


@every
def test_field_is_a_gradient(name):
    """A symmetric Jacobian, for guided fields too."""
    denoiser = DENOISERS[name](POINTS, ERROR)
    jacobian = jax.vmap(jax.jacfwd(lambda x: denoiser(x, SIGMA)))(X)
    np.testing.assert_allclose(jacobian, np.swapaxes(jacobian, 1, 2), **NUMBERS)


@every
def test_equivariance(name):
    """[scaling]: lengths, rotations, translations and, without weights, the order of the points."""
    build = DENOISERS[name]
    expected = build(POINTS, ERROR)(X, SIGMA)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    shift = np.array([3.0, -1.0, 2.0])
    np.testing.assert_allclose(build(7 * POINTS, 7 * ERROR)(7 * X, 7 * SIGMA), 7 * expected, **NUMBERS)
    np.testing.assert_allclose(build(POINTS @ rotation, ERROR)(X @ rotation, SIGMA), expected @ rotation, **NUMBERS)
    np.testing.assert_allclose(build(POINTS + shift, ERROR)(X + shift, SIGMA), expected + shift, **NUMBERS)
    if name != "weighted":
        np.testing.assert_allclose(build(POINTS[::-1], ERROR)(X, SIGMA), expected, **NUMBERS)


@every
def test_large_noise_gives_the_mean(name):
    mean = weights(name) @ POINTS
    found = DENOISERS[name](POINTS, ERROR)(X, 1e5)
    np.testing.assert_allclose(found, np.broadcast_to(mean, X.shape), atol=1e-8)


@every
def test_large_error_gives_the_state(name):
    if name in WITH_ERROR:
        np.testing.assert_allclose(DENOISERS[name](POINTS, 1e6)(X, SIGMA), X, atol=1e-10)


@every
def test_zero_noise(name):
    """Where the effective noise is positive, D = x and the score is that of the smoothed data."""
    if name in WITH_ERROR:
        denoiser = DENOISERS[name](POINTS, ERROR)
        np.testing.assert_array_equal(denoiser(X, 0.0), X)
        np.testing.assert_allclose(denoiser.score(X, 0.0), denoiser.score(X, 1e-6), rtol=1e-8)
        assert np.abs(denoiser.score(X, 0.0)).min() > 0


@every_density
def test_hull(name):
    """D* lies in the hull of the data, D_error in the hull of data and x: along any direction, below the largest."""
    directions = np.random.default_rng(3).normal(size=(3, 200))
    found = np.asarray(DENOISERS[name](POINTS, ERROR)(X, SIGMA)) @ directions
    used = POINTS[weights(name) > 0]
    largest = np.broadcast_to((used @ directions).max(axis=0), found.shape)
    if name != "optimal":
        largest = np.maximum(largest, X @ directions)
    assert np.all(found <= largest + 1e-12)


@every
def test_traced_everywhere(name):
    """Constructed and called inside jit, vmap and grad, with points, error and noise traced."""
    build = DENOISERS[name]

    def total(points, error, x, sigma):
        return jnp.sum(jnp.sin(build(points, error)(x, sigma)))

    # all as they are, then one step up and one down in the first entry of each argument in turn, as one batch
    arguments = (POINTS, np.array(ERROR), X, np.array(SIGMA))
    moved = [np.repeat(argument[None], 9, axis=0) for argument in arguments]
    for place in range(4):
        moved[place].reshape(9, -1)[2 * place + 1 : 2 * place + 3, 0] += [1e-5, -1e-5]
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(total, argnums=(0, 1, 2, 3))))(*moved)
    values, slopes = np.asarray(values), [np.asarray(slope)[0] for slope in slopes]
    assert values[0] == pytest.approx(np.sin(build(POINTS, ERROR)(X, SIGMA)).sum(), rel=1e-10)
    for slope, above, below in zip(slopes, values[1::2], values[2::2]):
        assert np.ravel(slope)[0] == pytest.approx((above - below) / 2e-5, rel=1e-5, abs=1e-7)


@every
def test_is_a_module(name):
    """Its arrays are leaves, so it can be passed through a compiled function."""
    denoiser = DENOISERS[name](POINTS, ERROR)
    np.testing.assert_allclose(
        eqx.filter_jit(lambda d, x: d(x, SIGMA))(denoiser, X), denoiser(X, SIGMA), rtol=1e-12, atol=1e-13
    )


def test_error_prone_is_the_optimal_one_of_the_smoothed_data():
    """[error-prone], by its formula and by sampling the smoothed data: 4000 points around each."""
    s = np.hypot(SIGMA, ERROR)
    found = ErrorProneDenoiser(POINTS, ERROR)(X, SIGMA)
    optimal = EmpiricalDenoiser(POINTS)(X, s)
    np.testing.assert_allclose(found, (ERROR**2 * X + SIGMA**2 * np.asarray(optimal)) / s**2, **NUMBERS)
    noise = np.random.default_rng(4).normal(size=(4000, 1, 3))
    smoothed = (POINTS + ERROR * np.concatenate([noise, -noise])).reshape(-1, 3)
    np.testing.assert_allclose(EmpiricalDenoiser(smoothed)(X, SIGMA), found, atol=0.03)


def test_an_error_of_zero_is_optimal():
    one, other = ErrorProneDenoiser(POINTS, 0.0), EmpiricalDenoiser(POINTS)
    np.testing.assert_array_equal(one(X, SIGMA), other(X, SIGMA))


def test_noise_derivative():
    """[noise-derivative]: dD*/dsigma = Cov(y, |x - y|^2 | x)/sigma^3."""
    derivative = jax.jvp(lambda sigma: EmpiricalDenoiser(POINTS)(X, sigma), (SIGMA,), (1.0,))[1]
    square = ((X[:, None] - POINTS) ** 2).sum(axis=-1)
    w = np.exp(-square / (2 * SIGMA**2))
    w /= w.sum(axis=1, keepdims=True)
    covariance = (w * square) @ POINTS - (w @ POINTS) * np.sum(w * square, axis=1, keepdims=True)
    np.testing.assert_allclose(derivative, covariance / SIGMA**3, **NUMBERS)


def test_guidance():
    """[guidance]: D_pos + w (D_pos - D_neg); w = 0 is the positive one, w = -1 the negative one."""
    pair = EmpiricalDenoiser(POINTS), ErrorProneDenoiser(POINTS, 0.8)
    positive, negative = (part(X, SIGMA) for part in pair)
    for weight in (0.0, -1.0, 2.5):
        found = GuidedDenoiser(*pair, weight)(X, SIGMA)
        np.testing.assert_allclose(found, positive + weight * (positive - negative), **NUMBERS)
    assert not hasattr(GuidedDenoiser(*pair, 1.0), "log_density")
