"""The certified evaluator: within its tolerance of float64 sums on hard data, in both dtypes, and safe under transforms."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import Circle, EmpiricalDenoiser, ErrorProneDenoiser, posterior, probability_flow
from theory.empirical import certified
from theory.empirical.index import build_index, interpolation_error

RNG = np.random.default_rng(0)
N = 6000


def _clusters():
    """Tight clusters of different sizes, far apart."""
    centres = RNG.normal(size=(12, 2)) * 20
    return centres[RNG.integers(0, 12, N)] + RNG.normal(size=(N, 2)) * np.geomspace(1e-3, 1, N)[:, None]


DATA = {
    "square": RNG.uniform(-1, 1, (N, 2)),
    "ring": np.asarray(Circle(1.0).even(N)),
    "line": RNG.normal(size=(N, 1)),
    "collinear": np.linspace(-1, 1, N)[:, None] * np.array([1.0, 0.5]) + 3.0,
    "clusters": _clusters(),
    "duplicates": np.repeat(RNG.normal(size=(6, 2)), N // 6, axis=0),
    "outlier": np.concatenate([RNG.normal(size=(N - 1, 2)), [[1e4, -1e4]]]),
    "cube": RNG.uniform(-1, 1, (N, 3)),
    "five dimensions": RNG.normal(size=(500, 5)),
    "one point": np.array([[0.3, -0.2]]),
}


def exact(points, log_weights, x, noise):
    """Log density and mean in float64, with sums of differences."""
    noise = np.broadcast_to(noise, len(x))
    log_density, mean = np.empty(len(x)), np.empty(x.shape)
    coordinates = np.ascontiguousarray(points.T)
    for i, (state, s) in enumerate(zip(x, noise)):
        differences = coordinates - state[:, None]
        logits = log_weights - np.sum((differences / s) ** 2, axis=0) / 2
        terms = np.exp(logits - logits.max())
        log_density[i] = logits.max() + np.log(terms.sum()) - points.shape[1] * np.log(s * np.sqrt(2 * np.pi))
        mean[i] = state + differences @ terms / terms.sum()
    return log_density, mean


def queries(points, noise, count=400):
    """Noisy points, points between, and some far outside."""
    dim = points.shape[1]
    rng = np.random.default_rng(1)
    near = points[rng.integers(0, len(points), count)] + noise * rng.normal(size=(count, dim))
    extent = np.ptp(points, axis=0) + 1e-9
    between = points.min(axis=0) + rng.uniform(size=(count // 4, dim)) * extent
    outside = points.mean(axis=0) + rng.normal(size=(count // 8, dim)) * 100 * (extent + noise)
    return near, np.concatenate([between, outside])


@functools.cache
def weighted(name):
    """Weights of the points, and their denoiser, which sorts them once for every noise."""
    weights = np.random.default_rng(2).exponential(size=len(DATA[name]))
    return weights, EmpiricalDenoiser(DATA[name], weights, evaluator="certified", tolerance=1e-7)


@pytest.mark.parametrize("noise", [0.002, 0.05, 0.5, 5.0, 80.0])
@pytest.mark.parametrize("name", DATA)
def test_within_the_tolerance(name, noise):
    """Float64: all queries, also those far outside, where rounding of the logits is allowed for."""
    points, (weights, denoiser) = DATA[name], weighted(name)
    x = np.concatenate(queries(points, noise))
    mean, log_density = denoiser.posterior(x, noise).mean_and_log_density
    wanted_log, wanted_mean = exact(points, np.log(weights / weights.sum()), x, noise)
    rounding = 8 * 2.3e-16 * np.abs(wanted_log)
    spread = np.max(np.ptp(points, axis=0))
    assert np.all(np.abs(log_density - wanted_log) <= 1e-7 + rounding)
    error = np.linalg.norm(mean - wanted_mean, axis=1)
    assert np.all(error <= 1e-7 * min(noise, 1) + 1e-15 * np.max(np.abs(points)) + 2 * rounding * spread)


@pytest.mark.parametrize("noise", [0.002, 0.05, 0.5, 5.0, 80.0])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_contract_in_float32(offset, noise):
    """What `Posterior` states, at any offset of the data."""
    points = (DATA["square"] + offset).astype(np.float32)
    x = (points[:500] + noise * np.random.default_rng(3).normal(size=(500, 2))).astype(np.float32)
    mean, log_density = posterior(points, x, np.float32(noise), evaluator="certified").mean_and_log_density
    assert mean.dtype == log_density.dtype == np.float32
    wide = points.astype(float), np.full(N, -np.log(N)), x.astype(float), float(np.float32(noise))
    wanted_log, wanted_mean = exact(*wide)
    allowed = 1e-5 * noise + 2 * np.finfo(np.float32).eps * np.abs(points).max()
    assert np.all(np.linalg.norm(mean - wanted_mean, axis=1) <= allowed)
    assert np.all(np.abs(log_density - wanted_log) <= 1e-5 * np.maximum(1, np.abs(wanted_log)))


def test_a_noise_for_each_state():
    """From 1e-3 to 100, in any order: every state has a level of its own."""
    points = DATA["square"]
    count = 550  # queries of the tests above, whose program serves here too
    noise = np.exp(np.random.default_rng(4).uniform(np.log(1e-3), np.log(100.0), count))
    x = points[:count] + noise[:, None] * np.random.default_rng(5).normal(size=(count, 2))
    mean, log_density = posterior(points, x, noise, evaluator="certified", tolerance=1e-7).mean_and_log_density
    wanted_log, wanted_mean = exact(points, np.full(N, -np.log(N)), x, noise)
    np.testing.assert_allclose(log_density, wanted_log, rtol=1e-7, atol=1e-7)
    assert np.all(np.linalg.norm(mean - wanted_mean, axis=1) <= 1e-7 * np.minimum(noise, 1))


@pytest.mark.parametrize("name", ["square", "line", "cube"])
def test_nodes_carry_every_low_moment(name):
    """Interpolation of order p hands on polynomials below degree p without error: their sums agree on all levels."""
    points = DATA[name]
    log_weights = np.log(np.random.default_rng(6).dirichlet(np.ones(len(points))))
    # in NumPy, where a slice of another length compiles nothing
    index = jax.tree.map(np.asarray, build_index(points, log_weights, 1e-7))
    levels = int(np.sum(index.stop > 0))
    assert levels > 2
    for degree in (0, 1, index.order - 1):
        sums = []
        for start, stop in zip(index.start[:levels], index.stop[:levels]):
            rows = slice(int(start), int(stop))
            weights = np.exp(index.logs[rows]) * index.moments[rows, 0]
            terms = weights * np.prod(index.sources[rows], axis=1) ** degree
            sums.append(np.sum(terms))
            assert abs(sums[-1] - sums[0]) <= 1e-12 * np.sum(np.abs(terms))
        assert sums[0] != 0


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_bound_of_interpolation_holds(dim):
    """For one point anywhere in a cell and a state anywhere around it, and within a factor of 1000 for the worst of them."""
    rng = np.random.default_rng(7)
    order, noise = {1: 16, 2: 16, 3: 8}[dim], 0.4
    steps = np.cos((2 * np.arange(order) + 1) * np.pi / (2 * order)) / 2 + 0.5
    largest = 0.0
    for _ in range(300):
        point, state = rng.uniform(size=dim), rng.uniform(-1, 2, size=dim)
        basis = [_basis(steps, at) for at in point]
        factors = [np.sum(b * np.exp(-((x - steps) ** 2) / (2 * noise**2))) for b, x in zip(basis, state)]
        error = abs(np.prod(factors) - np.exp(-np.sum((state - point) ** 2) / (2 * noise**2)))
        outside = np.maximum(np.maximum(-state, state - 1), 0)
        bound = interpolation_error(1 / noise, order, dim) * np.exp(-np.sum(outside**2) / (4 * noise**2))
        largest = max(largest, error / bound)
        assert error <= bound + 1e-15
    assert largest > 1e-3


def _basis(nodes, at):
    return np.array([np.prod([(at - b) / (a - b) for b in nodes if b != a]) for a in nodes])


def test_what_interpolation_cannot_do_is_computed_again(monkeypatch):
    """A state far outside at a noise that nodes serve: without the certificate it would be wrong."""
    points = DATA["square"]
    index = build_index(points, np.full(N, -np.log(N)), 1e-9)
    x = np.concatenate([points[:90], [[40.0, 30.0], [-60.0, 5.0]]])
    noise = np.full(len(x), 1.01 * float(index.least[np.isfinite(index.least)][-1]))
    arguments = index, jnp.asarray(points), jnp.full(N, -np.log(N)), jnp.asarray(x), jnp.asarray(noise)
    wanted, _ = exact(points, np.full(N, -np.log(N)), x, noise)
    wanted += 2 * np.log(noise * np.sqrt(2 * np.pi))
    error = np.abs(certified.moments(*arguments)[0] - wanted)
    assert np.all(error < 1e-9 + 1e-14 * np.abs(wanted))
    monkeypatch.setattr(certified, "interpolation_error", lambda *_: 0.0)
    again = certified.moments.__wrapped__.__wrapped__  # a function that JAX has no compiled program of
    trusting = jax.jit(lambda *values: again(*values))(*arguments)[0]
    assert np.all(np.isnan(trusting[-2:]) | (np.abs(trusting[-2:] - wanted[-2:]) > 1e-6))


def test_transforms():
    """Under jit, vmap and grad the values of float64 sums, and derivatives by their formulas."""
    points, noise = DATA["square"], 0.3
    fast = EmpiricalDenoiser(points, evaluator="certified", tolerance=1e-9)
    x = points[:128].reshape(2, 64, 2) + 0.1
    log_density, mean = exact(points, np.full(N, -np.log(N)), x.reshape(-1, 2), noise)
    for transform in (jax.jit, jax.vmap):
        np.testing.assert_allclose(transform(lambda state: fast(state, noise))(x), mean.reshape(x.shape), atol=1e-9)
    found = jax.jit(jax.grad(lambda x, s: jnp.sum(jnp.sin(fast.log_density(x, s))), (0, 1)))(x, noise)
    # d ln p/dx = (mean - x)/s^2, and d ln p/ds = E|x - y|^2/s^3 - D/s
    outer = np.cos(log_density)
    square = np.sum((x.reshape(-1, 1, 2) - points) ** 2, axis=2)
    weights = np.exp(-square / (2 * noise**2))
    square = np.sum(weights * square, axis=1) / np.sum(weights, axis=1)
    slope = (outer[:, None] * (mean - x.reshape(-1, 2)) / noise**2).reshape(x.shape)
    np.testing.assert_allclose(found[0], slope, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found[1], np.sum(outer * (square / noise**3 - 2 / noise)), rtol=1e-7, atol=1e-7)


def test_traced_bad_values_are_nan_alone():
    fast = EmpiricalDenoiser(DATA["square"], evaluator="certified")
    x = jnp.asarray(DATA["square"][:64]).at[3, 0].set(jnp.inf)
    noise = jnp.full(64, 0.3).at[5].set(-1.0)
    found = np.asarray(jax.jit(lambda x, s: fast(x, s))(x, noise))
    bad = np.isin(np.arange(64), [3, 5])
    assert np.isnan(found[bad]).all()
    assert np.isfinite(found[~bad]).all()


def test_flow_ends_on_the_same_points():
    """Thousands of points from noise above the data to noise below their spacing, through all levels."""
    points = np.asarray(Circle(1.0).even(4200))
    starts = 20.0 * np.random.default_rng(8).normal(size=(64, 2))
    ends = [
        probability_flow(EmpiricalDenoiser(points, evaluator=name), starts, sigma_max=20.0, sigma_min=1e-3).x
        for name in ("dense", "certified")
    ]
    np.testing.assert_allclose(*ends, atol=1e-6)


def test_which_evaluator_is_taken():
    points = np.random.default_rng(9).normal(size=(5000, 2))
    assert EmpiricalDenoiser(points).index is not None
    assert EmpiricalDenoiser(points, evaluator="dense").index is None
    assert EmpiricalDenoiser(points[:1000]).index is None
    assert ErrorProneDenoiser(np.random.default_rng(9).normal(size=(5000, 4)), 0.1).index is None
    assert jax.jit(lambda y: EmpiricalDenoiser(y)(points[:70], 0.3))(points).shape == (70, 2)
    with pytest.raises(ValueError, match='"certified" sorts the points: make it outside jit'):
        jax.jit(lambda y: EmpiricalDenoiser(y, evaluator="certified")(points[:70], 0.3))(points)
    with pytest.raises(ValueError, match="at most 8 dimensions, got 9"):
        EmpiricalDenoiser(np.zeros((4, 9)), evaluator="certified")
    with pytest.raises(ValueError, match="evaluator must be one of 'auto', 'certified', 'dense'"):
        EmpiricalDenoiser(points, evaluator="fast")


def test_one_program_for_all_noise_errors_and_points(caplog):
    """Neither the noise, which chooses the level, nor the error, nor the points of another set compile anything."""
    x = np.random.default_rng(10).normal(size=(200, 2))
    settings = ((0.1, 0.3), (0.0, 0.01), (0.5, 3.0), (2.0, 80.0))
    made = [
        ErrorProneDenoiser(np.random.default_rng(11 + i).uniform(-1, 1, (N, 2)), error, evaluator="certified")
        for i, (error, _) in enumerate(settings)
    ]
    compiled = []
    for denoiser, (_, sigma) in zip(made, settings):
        caplog.clear()
        with jax.log_compiles():
            denoiser(x, sigma)
        compiled.append(sum("Compiling" in record.message for record in caplog.records))
    assert compiled[0] > 0
    assert compiled[1:] == [0, 0, 0]
