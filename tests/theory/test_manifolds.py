"""Properties of every manifold, for the whole table of manifolds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.cases import MANIFOLDS
from theory import Circle, FlatTorus
from theory.metrics import manifold_distance

every = pytest.mark.parametrize("name", MANIFOLDS)
RADIUS = 2.5
SAMPLES = 20_000


def build(name):
    constructor, counts = MANIFOLDS[name]
    return constructor(RADIUS), counts


@every
def test_even_points_are_on_the_manifold_and_as_far_apart_as_the_spacing_says(name):
    manifold, counts = build(name)
    for n in counts:
        points = np.asarray(manifold.even(n, phase=0.3))
        assert points.shape == (n, manifold.ambient_dim)
        np.testing.assert_allclose(manifold.project(points), points, atol=1e-13)
        np.testing.assert_allclose(manifold.spacing(n) ** manifold.intrinsic_dim * n, manifold.volume, rtol=1e-12)
        distance = np.linalg.norm(points[:, None] - points, axis=-1) + 1e9 * np.eye(n)
        chord = 2 * RADIUS * np.sin(manifold.spacing(n) / (2 * RADIUS))
        np.testing.assert_allclose(distance.min(axis=1), chord, rtol=1e-12)


@every
def test_samples_are_uniform(name):
    """Every low wave number has mean 0 within its error, which for unit phases is 1/sqrt(samples)."""
    manifold, _ = build(name)
    samples = manifold.sample(jax.random.key(0), SAMPLES)
    assert samples.shape == (SAMPLES, manifold.ambient_dim)
    np.testing.assert_allclose(manifold.project(samples), samples, atol=1e-13)
    angles = np.asarray(manifold.angles(samples))
    waves = np.random.default_rng(0).integers(-3, 4, size=(20, manifold.intrinsic_dim))
    waves = waves[np.any(waves != 0, axis=1)]
    assert np.abs(np.exp(1j * angles @ waves.T).mean(axis=0)).max() < 4 / np.sqrt(SAMPLES)


@every
def test_projection_is_idempotent_and_nearest(name):
    manifold, _ = build(name)
    x = 3 * np.random.default_rng(1).normal(size=(SAMPLES, manifold.ambient_dim))
    nearest = np.asarray(manifold.project(x))
    np.testing.assert_allclose(manifold.project(nearest), nearest, atol=1e-13)
    x, nearest, others = x[:50], nearest[:50], np.asarray(manifold.sample(jax.random.key(1), SAMPLES))
    to_others = np.linalg.norm(x[:, None] - others, axis=-1).min(axis=1)
    assert np.all(np.linalg.norm(x - nearest, axis=1) <= to_others + 1e-12)


@every
def test_dimensions_and_volume(name):
    manifold, _ = build(name)
    k = manifold.intrinsic_dim
    assert manifold.ambient_dim == 2 * k
    tangents = np.asarray(jax.jit(jax.jacfwd(manifold.embed))(jnp.full(k, 0.4)))
    # the volume element is constant, so the volume is that times (2 pi)^k
    np.testing.assert_allclose(
        manifold.volume, np.sqrt(np.linalg.det(tangents.T @ tangents)) * (2 * np.pi) ** k, rtol=1e-12
    )


@every
def test_transforms_keys_and_dtype(name):
    constructor, counts = MANIFOLDS[name]
    old, new = jax.random.PRNGKey(3), jax.random.key(3)
    np.testing.assert_array_equal(constructor(RADIUS).sample(old, SAMPLES), constructor(RADIUS).sample(new, SAMPLES))
    radii = jnp.array([1.0, 2.5])
    even = jax.jit(jax.vmap(lambda radius: constructor(radius).even(counts[-1])))(radii)
    np.testing.assert_allclose(even[1], constructor(RADIUS).even(counts[-1]), rtol=1e-12, atol=1e-14)
    single = constructor(np.float32(RADIUS))
    for array in (
        single.even(4),
        single.sample(new, 4),
        single.project(np.ones(2 * single.dim, np.float32)),
        single.volume,
    ):
        assert array.dtype == jnp.float32


def test_phase_and_order_of_a_circle():
    n, phase = 9, 0.3
    angles = 2 * np.pi * (np.arange(n) + phase) / n
    expected = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.testing.assert_allclose(Circle(RADIUS).even(n, phase), expected, atol=1e-14)
    assert isinstance(Circle(1.0), FlatTorus)


def test_a_torus_is_a_product_of_circles():
    lattice, ring = np.asarray(FlatTorus(RADIUS, 2).even(16)), np.asarray(Circle(RADIUS).even(4))
    np.testing.assert_allclose(lattice[:, :2], np.repeat(ring, 4, axis=0), atol=1e-14)
    np.testing.assert_allclose(lattice[:, 2:], np.tile(ring, (4, 1)), atol=1e-14)


def test_distance_from_the_manifold():
    torus = FlatTorus(1.0, 2)
    x = torus.even(4) * np.array([1.3, 1.3, 0.6, 0.6])
    assert manifold_distance(x, torus) == pytest.approx(np.hypot(0.3, 0.4))
    assert manifold_distance(torus.even(4), torus) == pytest.approx(0.0, abs=1e-15)
