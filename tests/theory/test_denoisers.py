"""Properties that every denoiser has, for the whole table of denoisers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.cases import DENOISERS, WITH_DENSITY
from tests.theory.mixtures import arrays, density
from theory import EmpiricalDenoiser, ErrorProneDenoiser, GuidedDenoiser

POINTS = np.random.default_rng(0).normal(size=(6, 3))
X = np.random.default_rng(1).normal(size=(5, 3))
SIGMA, ERROR = 0.6, 0.4
NUMBERS = {"rtol": 1e-9, "atol": 1e-11}

every = pytest.mark.parametrize("name", DENOISERS)
every_density = pytest.mark.parametrize("name", WITH_DENSITY)


def build(name, points=POINTS, error=ERROR):
    return DENOISERS[name].build(points, error)


@every
def test_shapes_and_noise_that_broadcasts(name):
    """As a module passed through one compiled program, its arrays as leaves, and called by itself."""
    levels = np.array([[SIGMA], [3.0]])

    @eqx.filter_jit
    def evaluate(denoiser, x, levels):
        pairs = jnp.stack([x[:2], x[:2]])
        return denoiser(x[0], SIGMA), denoiser(pairs, levels), denoiser.score(pairs, levels)

    denoiser = build(name)
    one, mixed, score = evaluate(denoiser, X, levels)
    together = denoiser(X, SIGMA)
    np.testing.assert_allclose(one, together[0], **NUMBERS)
    assert mixed.shape == score.shape == (2, 2, 3)
    np.testing.assert_allclose(mixed[0], together[:2], **NUMBERS)
    assert not np.allclose(mixed[1], together[:2])


@every
def test_dtype_is_that_of_the_inputs(name):
    """Single precision in, single out, though double is enabled; Python scalars do not widen it."""
    single = build(name, POINTS.astype(np.float32))
    x = X.astype(np.float32)
    found = single(x, SIGMA)
    assert found.dtype == single(x, np.float32(SIGMA)).dtype == jnp.float32
    assert jax.eval_shape(lambda x: single.score(x, SIGMA), x).dtype == jnp.float32
    assert jax.eval_shape(lambda x: single(x, SIGMA), X).dtype == jnp.float64
    np.testing.assert_allclose(found, build(name)(X, SIGMA), rtol=1e-4, atol=1e-5)


@every
def test_lists_and_integers_are_welcome(name):
    points, x = POINTS.round(), X.round()
    from_lists = build(name, points.astype(int).tolist())(x.astype(int).tolist(), 1)
    assert from_lists.dtype == jnp.float64
    np.testing.assert_allclose(from_lists, build(name, points)(x, 1.0), **NUMBERS)


@every
def test_tweedie(name):
    """[tweedie]: D = x + sigma^2 score."""
    denoiser = build(name)
    np.testing.assert_allclose(denoiser(X, SIGMA), X + SIGMA**2 * denoiser.score(X, SIGMA), **NUMBERS)


@every_density
def test_score_is_the_gradient_of_the_log_density(name):
    denoiser = build(name)
    gradient = jax.grad(lambda x: denoiser.log_density(x, SIGMA).sum())(X)
    np.testing.assert_allclose(denoiser.score(X, SIGMA), gradient, **NUMBERS)


@every_density
def test_density_is_that_of_the_smoothed_data(name):
    data = DENOISERS[name].data(POINTS, ERROR, SIGMA)
    np.testing.assert_allclose(np.exp(build(name).log_density(X, SIGMA)), density(data, X, SIGMA), **NUMBERS)


@every_density
def test_jacobian(name):
    """[jacobian]: the derivative of D, symmetric and positive semi-definite."""
    denoiser = build(name)
    by_hand = denoiser.jacobian(X, SIGMA)
    differentiated = jax.vmap(jax.jacfwd(lambda x: denoiser(x, SIGMA)))(X)
    np.testing.assert_allclose(by_hand, differentiated, **NUMBERS)
    np.testing.assert_allclose(by_hand, np.swapaxes(by_hand, 1, 2), **NUMBERS)
    assert np.linalg.eigvalsh(by_hand).min() >= -1e-12


@every
def test_field_is_a_gradient(name):
    """A symmetric Jacobian, for guided fields too."""
    denoiser = build(name)
    jacobian = jax.vmap(jax.jacfwd(lambda x: denoiser(x, SIGMA)))(X)
    np.testing.assert_allclose(jacobian, np.swapaxes(jacobian, 1, 2), **NUMBERS)


@every
def test_equivariance(name):
    """[scaling]: lengths, rotations, translations and, without weights or labels, the order of the points."""
    expected = build(name)(X, SIGMA)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    shift = np.array([3.0, -1.0, 2.0])
    np.testing.assert_allclose(build(name, 7 * POINTS, 7 * ERROR)(7 * X, 7 * SIGMA), 7 * expected, **NUMBERS)
    np.testing.assert_allclose(build(name, POINTS @ rotation)(X @ rotation, SIGMA), expected @ rotation, **NUMBERS)
    np.testing.assert_allclose(build(name, POINTS + shift)(X + shift, SIGMA), expected + shift, **NUMBERS)
    if not DENOISERS[name].ordered:
        np.testing.assert_allclose(build(name, POINTS[::-1])(X, SIGMA), expected, **NUMBERS)


@every
def test_large_noise_gives_the_mean(name):
    case = DENOISERS[name]
    if case.mean is not None:
        mean = case.mean(POINTS)
    else:
        weights, means, _ = arrays(case.data(POINTS, ERROR, 1e5))
        mean = weights @ means
    np.testing.assert_allclose(build(name)(X, 1e5), np.broadcast_to(mean, X.shape), atol=1e-8)


@every
def test_large_error_gives_the_state(name):
    if DENOISERS[name].uses_error:
        np.testing.assert_allclose(build(name, error=1e6)(X, SIGMA), X, atol=1e-10)


@every
def test_zero_noise(name):
    """Where the effective noise is positive, D = x and the score is that of the smoothed data."""
    if DENOISERS[name].uses_error:
        denoiser = build(name)
        np.testing.assert_array_equal(denoiser(X, 0.0), X)
        np.testing.assert_allclose(denoiser.score(X, 0.0), denoiser.score(X, 1e-6), rtol=1e-8)
        assert np.abs(denoiser.score(X, 0.0)).min() > 0


@pytest.mark.parametrize("name", [name for name, case in DENOISERS.items() if case.hull])
def test_hull(name):
    """D* lies in the hull of the data, D_error in the hull of data and x: along any direction, below the largest."""
    case = DENOISERS[name]
    directions = np.random.default_rng(3).normal(size=(3, 200))
    found = np.asarray(build(name)(X, SIGMA)) @ directions
    weights, points, _ = arrays(case.data(POINTS, ERROR, SIGMA))
    largest = np.broadcast_to((points[weights > 0] @ directions).max(axis=0), found.shape)
    if case.uses_error:
        largest = np.maximum(largest, X @ directions)
    assert np.all(found <= largest + 1e-12)


@every
def test_traced_everywhere(name):
    """Constructed and called inside jit, vmap and grad, with points, error and noise traced."""

    def total(points, error, x, sigma):
        return jnp.sum(jnp.sin(build(name, points, error)(x, sigma)))

    # all as they are, then one step up and one down in the first entry of each argument in turn, as one batch
    arguments = (POINTS, np.array(ERROR), X, np.array(SIGMA))
    moved = [np.repeat(argument[None], 9, axis=0) for argument in arguments]
    for place in range(4):
        moved[place].reshape(9, -1)[2 * place + 1 : 2 * place + 3, 0] += [1e-5, -1e-5]
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(total, argnums=(0, 1, 2, 3))))(*moved)
    values, slopes = np.asarray(values), [np.asarray(slope)[0] for slope in slopes]
    assert values[0] == pytest.approx(np.sin(build(name)(X, SIGMA)).sum(), rel=1e-10)
    for slope, above, below in zip(slopes, values[1::2], values[2::2]):
        assert np.ravel(slope)[0] == pytest.approx((above - below) / 2e-5, rel=1e-5, abs=1e-7)


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
