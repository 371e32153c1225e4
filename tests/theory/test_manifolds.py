"""Properties of every manifold, for the whole table of manifolds."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.theory.cases import MANIFOLDS
from theory import Circle, FlatTorus, LinearSubspace, Segment, Sphere, SwissRoll
from theory.metrics import manifold_distance

RADIUS = 2.5
SAMPLES = 8000
EVEN = 49
NODES = {1: 64, 2: 64, 3: 16}  # of a quadrature in each dimension

every = pytest.mark.parametrize("name", MANIFOLDS)
with_even_points = pytest.mark.parametrize("name", [name for name, case in MANIFOLDS.items() if case.even])


def build(name):
    case = MANIFOLDS[name]
    return case.build(RADIUS), case


def waves(flat, largest):
    """Modulus of the mean of every wave up to a wave number over points in the unit cube."""
    numbers = np.array(list(itertools.product(range(-largest, largest + 1), repeat=flat.shape[1])))
    numbers = numbers[np.any(numbers != 0, axis=1)]
    return np.abs(np.exp(2j * np.pi * flat @ numbers.T).mean(axis=0))


def quadrature(manifold, case):
    """Gauss-Legendre points on the manifold, ``(m, D)``, and how much of its volume each stands for."""
    node, weight = np.polynomial.legendre.leggauss(NODES[manifold.intrinsic_dim])
    grids = [(0.5 + node / 2, weight / 2)] * manifold.intrinsic_dim
    u = np.stack(np.meshgrid(*[grid[0] for grid in grids], indexing="ij"), axis=-1).reshape(-1, len(grids))
    weights = np.prod(np.meshgrid(*[grid[1] for grid in grids], indexing="ij"), axis=0).ravel()
    points, tangents = jax.jit(
        jax.vmap(lambda u: (case.chart(u, RADIUS), jax.jacfwd(lambda u: case.chart(u, RADIUS))(u)))
    )(u)
    tangents = np.asarray(tangents)
    return points, weights * np.sqrt(np.linalg.det(tangents.swapaxes(1, 2) @ tangents))


@with_even_points
def test_even_points_are_on_the_manifold_and_as_far_apart_as_the_spacing_says(name):
    manifold, case = build(name)
    points = np.asarray(manifold.even(EVEN, phase=0.3))
    assert points.shape == (EVEN, manifold.ambient_dim)
    np.testing.assert_allclose(manifold.project(points), points, atol=1e-13)
    for n in (EVEN, 4):
        np.testing.assert_allclose(manifold.spacing(n) ** manifold.intrinsic_dim * n, manifold.volume, rtol=1e-12)
    distance = np.linalg.norm(points[:, None] - points, axis=-1) + 1e9 * np.eye(EVEN)
    if case.chord:
        np.testing.assert_allclose(distance.min(axis=1), case.chord(manifold.spacing(EVEN), RADIUS), rtol=1e-12)


@with_even_points
def test_even_points_cancel_every_wave_that_they_resolve(name):
    """At any phase; of independent points a wave leaves 1/7 on average, and the largest of them about 1/4."""
    manifold, case = build(name)
    for phase in (0.0, 0.8):
        assert waves(case.flatten(np.asarray(manifold.even(EVEN, phase)), RADIUS), 3).max() < case.unevenness


@every
def test_samples_are_uniform(name):
    """Every low wave number has mean 0 within its error, which for unit phases is 1/sqrt(samples)."""
    manifold, case = build(name)
    samples = manifold.sample(jax.random.key(0), SAMPLES)
    assert samples.shape == (SAMPLES, manifold.ambient_dim)
    np.testing.assert_allclose(manifold.project(samples), samples, atol=1e-13)
    assert waves(case.flatten(np.asarray(samples), RADIUS), 2).max() < 4 / np.sqrt(SAMPLES)


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
def test_volume_is_the_integral_of_the_volume_element_and_the_density_integrates_to_one(name):
    manifold, case = build(name)
    points, volumes = quadrature(manifold, case)
    assert points.shape[1] == manifold.ambient_dim
    np.testing.assert_allclose(manifold.volume, volumes.sum(), rtol=1e-11)
    np.testing.assert_allclose(np.sum(manifold.density(points) * volumes), 1, rtol=1e-11)
    normal = points - 1e-6 * np.asarray(points).mean(axis=0) - 1e-6
    assert not manifold.density(normal).any()


@every
def test_transforms_keys_and_dtype(name):
    manifold, case = build(name)
    old, new = jax.random.PRNGKey(3), jax.random.key(3)
    samples = manifold.sample(old, SAMPLES)
    np.testing.assert_array_equal(samples, manifold.sample(new, SAMPLES))
    x = 3 * np.random.default_rng(1).normal(size=(SAMPLES, manifold.ambient_dim))

    def everything(radius, x):
        manifold = case.build(radius)
        even = manifold.even(EVEN) if case.even else ()
        return even, manifold.sample(new, SAMPLES), manifold.project(x), manifold.volume, manifold.density(x)

    batched = jax.jit(jax.vmap(everything, (0, None)))(jnp.array([1.0, RADIUS]), x)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-12, atol=1e-13), batched, everything(RADIUS, x)
    )
    of_single = jax.eval_shape(everything, jnp.float32(RADIUS), x.astype(np.float32))
    assert {shape.dtype for shape in jax.tree.leaves(of_single)} == {np.dtype(np.float32)}


def test_phase_and_order_of_a_circle():
    n, phase = 9, 0.3
    angles = 2 * np.pi * (np.arange(n) + phase) / n
    expected = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.testing.assert_allclose(Circle(RADIUS).even(n, phase), expected, atol=1e-14)
    assert isinstance(Circle(1.0), FlatTorus)
    np.testing.assert_array_equal(Sphere(RADIUS, 1).even(n, phase), Circle(RADIUS).even(n, phase))


def test_a_torus_is_a_product_of_circles():
    lattice, ring = np.asarray(FlatTorus(RADIUS, 2).even(16)), np.asarray(Circle(RADIUS).even(4))
    np.testing.assert_allclose(lattice[:, :2], np.repeat(ring, 4, axis=0), atol=1e-14)
    np.testing.assert_allclose(lattice[:, 2:], np.tile(ring, (4, 1)), atol=1e-14)


def test_fibonacci_points_are_as_far_apart_as_documented_and_turn_with_the_phase():
    sphere = Sphere(RADIUS, 2)
    for n in (4, EVEN, 500):
        points = np.asarray(sphere.even(n))
        distance = np.linalg.norm(points[:, None] - points, axis=-1) + 1e9 * np.eye(n)
        assert np.all(np.abs(distance.min(axis=1) / sphere.spacing(n) - 0.92) < 0.08)
    turn = np.pi * (np.sqrt(5) - 1)  # the golden angle, counted the other way round
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    np.testing.assert_allclose(
        np.asarray(sphere.even(EVEN, 1.0))[:, :2], np.asarray(sphere.even(EVEN))[:, :2] @ rotation.T
    )


def test_projections_with_no_unique_answer_and_extreme_sizes():
    for sphere in (Sphere(RADIUS, 1), Sphere(RADIUS, 3)):
        expected = RADIUS * np.eye(sphere.ambient_dim)[0]
        np.testing.assert_array_equal(sphere.project(np.zeros(sphere.ambient_dim)), expected)
        for size in (1e-200, 1e200):
            np.testing.assert_allclose(sphere.project(size * expected), expected, rtol=1e-15)
    corner = LinearSubspace(2.0, 2, 3).project([3.0, -0.5, 7.0])
    np.testing.assert_array_equal(corner, [1.0, -0.5, 0.0])
    assert isinstance(Segment(1.0), LinearSubspace)
    np.testing.assert_allclose(Segment(2.0).even(2), [[-0.5, 0], [0.5, 0]])


def test_a_roll_finds_the_nearest_of_its_layers_and_its_ends():
    """Against a fine search, near centres of curvature too, where minima merge; the gradient against differences."""
    turns, rng = 2.5, np.random.default_rng(3)
    roll = SwissRoll(RADIUS, 3.0, turns)
    pitch = RADIUS / (2 * np.pi * turns)
    t = np.linspace(0, 2 * np.pi * turns, 100_001)
    spiral = pitch * t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1)
    centres = np.array([0, pitch / 2]) + pitch * rng.normal(size=(100, 2)) * 10.0 ** rng.uniform(-4, 0, (100, 1))
    plane = np.concatenate([centres, 1.5 * rng.normal(size=(100, 2))])
    x = np.concatenate([plane, rng.normal(size=(200, 1))], axis=1)
    at, step = np.array([0.7, 1.1, 0.2]), 1e-6 * np.eye(3)
    found, before_start, forward, backward = np.split(
        np.asarray(roll.project(np.concatenate([x, [[-1e-3, 0.0, 9.0]], at + step, at - step]))), [200, 201, 204]
    )
    searched = [np.min(np.linalg.norm(spiral - point, axis=1)) for point in plane]
    excess = np.linalg.norm(found[:, :2] - plane, axis=1) - searched
    # no farther than the best of a grid, and nearer by no more than the grid is coarse
    assert excess.max() < 1e-14
    assert excess.min() > -1e-4
    np.testing.assert_array_equal(found[:, 2], np.clip(x[:, 2], -1.5, 1.5))
    np.testing.assert_array_equal(before_start, [[0.0, 0.0, 1.5]])
    np.testing.assert_allclose(jax.jit(jax.jacrev(roll.project))(at), (forward - backward).T / 2e-6, atol=1e-8)


def test_a_roll_without_a_height_unrolls_to_a_square():
    roll = SwissRoll(RADIUS)
    assert float(roll.volume) == pytest.approx(float(roll.height) ** 2, rel=1e-14)
    np.testing.assert_allclose(SwissRoll(RADIUS, turns=1e-6).length, RADIUS, rtol=1e-10)


def test_distance_from_the_manifold():
    torus = FlatTorus(1.0, 2)
    x = torus.even(4) * np.array([1.3, 1.3, 0.6, 0.6])
    assert manifold_distance(x, torus) == pytest.approx(np.hypot(0.3, 0.4))
    assert manifold_distance(torus.even(4), torus) == pytest.approx(0.0, abs=1e-15)
    assert manifold_distance(2 * Sphere(1.5, 2).even(EVEN), Sphere(1.5, 2)) == pytest.approx(1.5)
