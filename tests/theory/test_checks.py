"""Bad values: concrete ones raise a ValueError that names the culprit, traced ones give NaN."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import (
    Circle,
    EmpiricalDenoiser,
    ErrorProneDenoiser,
    FlatTorus,
    GuidedDenoiser,
    edm_schedule,
    log_uniform_schedule,
    metrics,
    posterior,
    probability_flow,
)

P = np.asarray(Circle(1.0).even(4))
X = np.array([[0.5, 0.2], [1.0, -2.0], [0.1, 0.3]])
NAN_POINTS, INFINITE_POINTS = np.where(P > 0.9, np.nan, P), np.where(P > 0.9, np.inf, P)
DENOISER = ErrorProneDenoiser(P, 0.3)
KEY = jax.random.key(0)
NOISE = (np.ones((2, 4, 2)), np.ones((2, 3, 2)))


def flow(x=X, denoiser=DENOISER, sigma_max=5.0, sigma_min=0.1, **options):
    return probability_flow(denoiser, x, sigma_max=sigma_max, sigma_min=sigma_min, **options)


def gap(train=P, validation=X, sigmas=(1.0, 0.1), **options):
    return metrics.generalization_gap(DENOISER, train, validation, sigmas, **({"noise": NOISE} | options))


BAD = {
    "no points": (lambda: posterior(np.zeros((0, 2)), X, 1.0), "points must have shape"),
    "points without dimensions": (lambda: EmpiricalDenoiser(np.zeros((3, 0))), "points must have shape"),
    "1-D points": (lambda: ErrorProneDenoiser([1.0, 2.0], 0.1), r"points must have shape \(n, D\)"),
    "ragged points": (lambda: EmpiricalDenoiser([[1.0, 2.0], [1.0]]), "points must be .* rows of different length"),
    "NaN points": (lambda: EmpiricalDenoiser(NAN_POINTS), r"points must be finite, got \[nan"),
    "infinite points": (lambda: posterior(INFINITE_POINTS, X, 1.0), r"points must be finite, got \[inf"),
    "x of another dimension": (lambda: DENOISER(np.zeros((3, 3)), 1.0), r"x must have shape \(\*batch, 2\)"),
    "scalar x": (lambda: DENOISER(1.0, 1.0), "x must have shape"),
    "NaN x": (lambda: posterior(P, [np.nan, 1.0], 1.0), "x must be finite"),
    "negative sigma": (lambda: DENOISER(X, -1.0), "sigma must be finite and at least 0, got -1"),
    "one negative sigma": (lambda: DENOISER(X, np.array([1.0, -2.0, 1.0])), r"sigma must be .* got \[-2"),
    "NaN sigma": (lambda: DENOISER.score(X, np.nan), "sigma must be finite"),
    "infinite sigma": (lambda: posterior(P, X, np.inf), "sigma must be finite"),
    "words for sigma": (lambda: DENOISER(X, "low"), "sigma must be an array of real numbers"),
    "sigma of another batch": (lambda: DENOISER(X, np.ones(4)), "sigma must be a scalar or broadcast"),
    "negative error": (lambda: ErrorProneDenoiser(P, -0.1), "error must be finite and at least 0, got -0.1"),
    "NaN error": (lambda: ErrorProneDenoiser(P, np.nan), "error must be finite"),
    "array error": (lambda: ErrorProneDenoiser(P, np.ones(4)), "error must be a scalar"),
    "zero sigma and zero error": (lambda: EmpiricalDenoiser(P)(X, 0.0), "sigma must be positive"),
    "zero sigma of a posterior": (lambda: posterior(P, X, 0.0), "sigma must be finite and positive, got 0"),
    "one zero sigma": (lambda: ErrorProneDenoiser(P, 0.0).log_density(X, [1.0, 0.0, 1.0]), "sigma must be positive"),
    "negative weights": (lambda: EmpiricalDenoiser(P, [1.0, -1.0, 1.0, 1.0]), "weights must be .* at least 0"),
    "NaN weights": (lambda: posterior(P, X, 1.0, weights=[1.0, np.nan, 1.0, 1.0]), "weights must be finite"),
    "all weights zero": (lambda: EmpiricalDenoiser(P, np.zeros(4)), "weights must not all be zero"),
    "too few weights": (lambda: EmpiricalDenoiser(P, np.ones(3)), r"weights must have shape \(4,\)"),
    "unknown evaluator": (lambda: EmpiricalDenoiser(P, evaluator="fast"), "evaluator must be one of .* got 'fast'"),
    "tolerance zero": (lambda: posterior(P, X, 1.0, tolerance=0.0), "tolerance must be .* positive, got 0"),
    "negative tolerance": (lambda: EmpiricalDenoiser(P, tolerance=-1e-3), "tolerance must be .* positive"),
    "complex x": (lambda: DENOISER(X + 1j, 1.0), "x must be an array of real numbers"),
    "words for x": (lambda: DENOISER(["a", "b"], 1.0), "x must be an array of real numbers"),
    "guide that is no denoiser": (lambda: GuidedDenoiser(DENOISER, P, 1.0), "negative must be a denoiser"),
    "NaN guidance": (lambda: GuidedDenoiser(DENOISER, DENOISER, np.nan), "weight must be finite"),
    "sigma_min above sigma_max": (lambda: flow(sigma_min=6.0), "sigma_min must be below sigma_max"),
    "sigma_min at sigma_max": (lambda: flow(sigma_min=5.0), "sigma_min must be below sigma_max"),
    "negative sigma_min": (lambda: flow(sigma_min=-1.0), "sigma_min must be"),
    "NaN sigma_max": (lambda: flow(sigma_max=np.nan), "sigma_max must be finite"),
    "no ends": (lambda: probability_flow(DENOISER, X), "give sigma_max and sigma_min"),
    "ends and grid": (lambda: flow(grid=[2.0, 1.0]), "either grid or sigma_max"),
    "rising grid": (lambda: probability_flow(DENOISER, X, grid=[1.0, 2.0]), "grid must descend"),
    "grid that stalls": (lambda: probability_flow(DENOISER, X, grid=[2.0, 2.0, 1.0]), "grid must descend"),
    "grid of one": (lambda: probability_flow(DENOISER, X, grid=[2.0]), "grid must hold at least two"),
    "empty grid": (lambda: probability_flow(DENOISER, X, grid=[]), "grid must be .* at least one noise level"),
    "NaN in grid": (lambda: probability_flow(DENOISER, X, grid=[2.0, np.nan]), "grid must be finite"),
    "rising save_at": (lambda: flow(save_at=[0.1, 1.0]), "save_at must descend"),
    "no save_at": (lambda: flow(save_at=[]), "save_at must be .* at least one noise level"),
    "save_at out of range": (lambda: flow(save_at=[6.0, 1.0]), "save_at must lie between"),
    "save_at off the grid": (
        lambda: probability_flow(DENOISER, X, grid=[2.0, 1.0], save_at=[1.5]),
        "save_at must name levels of the grid",
    ),
    "no starts": (lambda: flow(np.zeros((0, 2))), "x must hold at least one start"),
    "NaN start": (lambda: flow([[np.nan, 1.0]]), "starts of the flow, must be finite"),
    "start of another dimension": (lambda: flow(np.zeros((2, 3))), r"x must have shape \(\*batch, 2\)"),
    "rtol zero": (lambda: flow(rtol=0.0), "rtol must be .* positive"),
    "negative atol": (lambda: flow(atol=-1e-5), "atol must be .* positive"),
    "solver without error estimate": (lambda: flow(solver=diffrax.Euler()), "Euler .* cannot adapt"),
    "even of none": (lambda: Circle(1.0).even(0), "n must be at least 1, got 0"),
    "sample of none": (lambda: FlatTorus(1.0, 2).sample(KEY, 0), "n must be at least 1"),
    "half a point": (lambda: Circle(1.0).even(2.5), "n must be a whole number"),
    "torus not a square": (lambda: FlatTorus(1.0, 2).even(8), "n must be a perfect power .* got 8; near it are .*4, 9"),
    "radius zero": (lambda: Circle(0.0), "radius must be .* positive, got 0"),
    "negative radius": (lambda: FlatTorus(-1.0, 2), "radius must be .* positive, got -1"),
    "NaN radius": (lambda: Circle(np.nan), "radius must be finite"),
    "torus without circles": (lambda: FlatTorus(1.0, 0), "dim must be at least 1"),
    "projecting another dimension": (lambda: Circle(1.0).project(np.ones(3)), "x must have shape"),
    "no levels": (lambda: edm_schedule(0, 0.1, 1.0), "number of noise levels n must be at least 1"),
    "schedule upside down": (lambda: log_uniform_schedule(3, 1.0, 0.1), "sigma_min must be below sigma_max"),
    "schedule to zero": (lambda: log_uniform_schedule(3, 0.0, 1.0), "sigma_min must be .* positive"),
    "rho zero": (lambda: edm_schedule(3, 0.1, 1.0, rho=0.0), "rho must be .* positive"),
    "gap at no level": (lambda: gap(sigmas=[]), "sigmas must be .* at least one noise level"),
    "gap at level 0": (lambda: gap(sigmas=[1.0, 0.0]), "sigmas must be .* positive, got"),
    "gap at scalar level": (lambda: gap(sigmas=1.0), "sigmas must be a one-dimensional array"),
    "empty training set": (lambda: gap(train=np.zeros((0, 2))), "train must have shape"),
    "empty validation set": (lambda: gap(validation=np.zeros((0, 2))), "validation must have shape"),
    "validation elsewhere": (lambda: gap(validation=np.zeros((3, 3))), "validation must have 2 columns"),
    "unknown norm": (lambda: gap(norm="L1"), "norm must be one of 'euclidean', 'squared', got 'L1'"),
    "noise and key": (lambda: gap(key=KEY), "either noise=.* or key"),
    "neither noise nor key": (lambda: gap(noise=None), "either noise=.* or key"),
    "noise of another shape": (lambda: gap(noise=NOISE[::-1]), "train noise must have shape"),
    "one noise": (lambda: gap(noise=np.ones((3, 2, 4, 2))), "noise must be a pair"),
    "NaN noise": (lambda: gap(noise=(NOISE[0] * np.nan, NOISE[1])), "train noise must be finite"),
    "no draws": (lambda: gap(noise=None, key=KEY, draws=0), "draws must be at least 1"),
    "leaving out the only point": (
        lambda: metrics.leave_one_out_gap(P[:1], 0.1, [1.0], key=KEY),
        "at least 2 points",
    ),
    "quadrature in 3-D": (
        lambda: metrics.generalization_gap_quadrature(lambda x, s: x, np.ones((2, 3)), np.ones((2, 3)), [1.0]),
        "two dimensions",
    ),
    "threshold zero": (lambda: metrics.memorization_ratio(X, P, 0.0), "threshold must be .* positive"),
    "ratio to one point": (lambda: metrics.memorization_ratio(X, P[:1]), "train must hold at least 2"),
    "order parameter of none": (lambda: metrics.order_parameter(X, 0), "n must be at least 1"),
    "NaN samples": (lambda: metrics.order_parameter(X * np.nan, 4), "samples, must be finite"),
    "two samples": (lambda: metrics.chi_square(X[:2], Circle(1.0), 4), "at least 3 samples"),
    "negative sigma of smoothness": (lambda: metrics.smoothness(DENOISER, X, -1.0), "sigma must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_concrete_bad_values_raise(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()


def test_measures_take_levels_in_any_order():
    levels = np.array([0.1, 2.0, 0.5])
    np.testing.assert_allclose(gap(sigmas=levels)[::-1], gap(sigmas=levels[::-1]), rtol=1e-12)


# Name: f(value) to be compiled, a good value and bad ones.
TRACED = {
    "sigma of a denoiser": (lambda sigma: DENOISER(X, sigma), 1.0, (-1.0, np.nan, np.inf)),
    "sigma of a score": (lambda sigma: DENOISER.score(X, sigma), 0.0, (-1.0, np.nan)),
    "sigma of a log density": (lambda sigma: DENOISER.log_density(X, sigma), 0.0, (-1.0, np.nan)),
    "sigma of a Jacobian": (lambda sigma: DENOISER.jacobian(X, sigma), 1.0, (-1.0, np.nan)),
    "sigma of a posterior": (lambda sigma: posterior(P, X, sigma).mean, 1.0, (0.0, -1.0, np.nan)),
    "sigma without error": (lambda sigma: EmpiricalDenoiser(P)(X, sigma), 1.0, (0.0, -1.0)),
    "error": (lambda error: ErrorProneDenoiser(P, error)(X, 1.0), 0.0, (-0.1, np.nan, np.inf)),
    "error of a Jacobian": (lambda error: ErrorProneDenoiser(P, error).jacobian(X, 1.0), 0.1, (-0.1, np.nan)),
    "error at zero sigma": (lambda error: ErrorProneDenoiser(P, error).log_density(X, 0.0), 0.1, (0.0, -0.1)),
    "points": (lambda points: EmpiricalDenoiser(points)(X, 1.0), P, (NAN_POINTS, INFINITE_POINTS)),
    "points of a density": (lambda points: posterior(points, X, 1.0).log_density, P, (NAN_POINTS, INFINITE_POINTS)),
    "weights": (
        lambda weights: posterior(P, X, 1.0, weights=weights).mean,
        np.array([1.0, 0, 1, 1]),
        (np.array([1.0, -1, 1, 1]), np.zeros(4), np.array([1.0, np.nan, 1, 1])),
    ),
    "guidance": (lambda w: GuidedDenoiser(DENOISER, DENOISER, w)(X, 1.0), 1.0, (np.nan, np.inf)),
    "radius of even points": (lambda radius: Circle(radius).even(4), 1.0, (-1.0, 0.0, np.nan)),
    "radius of samples": (lambda radius: FlatTorus(radius, 2).sample(KEY, 4), 1.0, (-1.0, 0.0, np.nan)),
    "radius of a volume": (lambda radius: FlatTorus(radius, 2).volume, 1.0, (-1.0, 0.0, np.nan)),
    "schedule": (lambda low: edm_schedule(4, low, 1.0), 0.1, (-0.1, 0.0, 2.0, np.nan)),
    "level of a gap": (
        lambda level: metrics.generalization_gap(DENOISER, P, X, jnp.reshape(level, 1), noise=NOISE),
        1.0,
        (-1.0, 0.0, np.nan),
    ),
}


@pytest.mark.parametrize("case", TRACED)
def test_traced_bad_values_give_nan(case):
    function, good, bad = TRACED[case]
    compiled = jax.jit(function)
    assert np.isfinite(compiled(jnp.asarray(good))).all()
    for value in bad:
        assert np.isnan(compiled(jnp.asarray(value))).all(), value


def test_one_bad_state_of_a_traced_batch_is_nan_alone():
    states = jnp.asarray(X).at[1, 0].set(jnp.nan)
    levels = jnp.array([1.0, 1.0, -1.0])
    found = eqx.filter_jit(DENOISER)(states, levels)
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True]
    np.testing.assert_allclose(found[0], DENOISER(X[0], 1.0), rtol=1e-12)
