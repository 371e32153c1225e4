"""Bad values: concrete ones raise a ValueError that names the culprit, traced ones give NaN."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import (
    Circle,
    ConditionalDenoiser,
    EmpiricalDenoiser,
    ErrorProneDenoiser,
    FlatTorus,
    FlatTorusDenoiser,
    GaussianDenoiser,
    GaussianMixtureDenoiser,
    GuidedDenoiser,
    LinearSubspace,
    ScheduledErrorDenoiser,
    Segment,
    Sphere,
    SwissRoll,
    edm_schedule,
    log_likelihood,
    log_uniform_schedule,
    metrics,
    padded,
    posterior,
    probability_flow,
)

P = np.asarray(Circle(1.0).even(4))
X = np.array([[0.5, 0.2], [1.0, -2.0], [0.1, 0.3]])
NAN_POINTS, INFINITE_POINTS = np.where(P > 0.9, np.nan, P), np.where(P > 0.9, np.inf, P)
DENOISER = ErrorProneDenoiser(P, 0.3)
FLAT = GaussianDenoiser([0.0, 1.0], [[1.0, 0.0], [0.0, 0.0]])
LABELLED = ConditionalDenoiser(P, [0, 1, 1, 0], 0.3)
KEY = jax.random.key(0)
NOISE = (np.ones((2, 4, 2)), np.ones((2, 3, 2)))


def flow(x=X, denoiser=DENOISER, sigma_max=5.0, sigma_min=0.1, **options):
    return probability_flow(denoiser, x, sigma_max=sigma_max, sigma_min=sigma_min, **options)


def likelihood(x=X, denoiser=DENOISER, sigma_max=5.0, sigma_min=0.1, **options):
    return log_likelihood(denoiser, x, sigma_max=sigma_max, sigma_min=sigma_min, **options)


def gap(train=P, validation=X, sigmas=(1.0, 0.1), **options):
    return metrics.generalization_gap(DENOISER, train, validation, sigmas, **({"noise": NOISE} | options))


def on(manifold):
    """All that a manifold says, in one array."""
    x = np.zeros(manifold.ambient_dim)
    points = (manifold.even(4), manifold.sample(KEY, 4), manifold.project(x))
    return jnp.concatenate([jnp.ravel(each) for each in (*points, manifold.density(x), manifold.volume)])


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
    "padding below the points": (lambda: padded(P, size=3), "size must be at least 4, got 3"),
    "tolerance zero": (lambda: posterior(P, X, 1.0, tolerance=0.0), "tolerance must be .* positive, got 0"),
    "negative tolerance": (lambda: EmpiricalDenoiser(P, tolerance=-1e-3), "tolerance must be .* positive"),
    "complex x": (lambda: DENOISER(X + 1j, 1.0), "x must be an array of real numbers"),
    "words for x": (lambda: DENOISER(["a", "b"], 1.0), "x must be an array of real numbers"),
    "guide that is no denoiser": (lambda: GuidedDenoiser(DENOISER, P, 1.0), "negative must be a denoiser"),
    "covariance not symmetric": (
        lambda: GaussianDenoiser([0.0, 1.0], [[1.0, 0.5], [0.0, 1.0]]),
        "covariance .* symmetric",
    ),
    "covariance not semi-definite": (
        lambda: GaussianMixtureDenoiser(P, [[1.0, 2.0], [2.0, 1.0]]),
        "covariances must be positive semi-definite, got an eigenvalue of -1",
    ),
    "covariance of another dimension": (lambda: GaussianDenoiser([0.0, 1.0], np.eye(3)), r"must have shape \(2, 2\)"),
    "too few covariances": (
        lambda: GaussianMixtureDenoiser(P, np.ones((3, 1, 1)) * np.eye(2)),
        r"shape \(4, 2, 2\) or",
    ),
    "NaN covariance": (lambda: GaussianDenoiser([0.0, 1.0], np.nan * np.eye(2)), "covariance must be finite"),
    "NaN mean": (lambda: GaussianDenoiser([0.0, np.nan], np.eye(2)), "mean must be finite"),
    "means for one Gaussian": (lambda: GaussianDenoiser(P, np.eye(2)), r"mean must have shape \(D,\)"),
    "NaN means": (lambda: GaussianMixtureDenoiser(NAN_POINTS, np.eye(2)), "means must be finite"),
    "negative weights of a mixture": (
        lambda: GaussianMixtureDenoiser(P, np.eye(2), [1.0, -1, 1, 1]),
        "weights must be",
    ),
    "no weight in a mixture": (
        lambda: GaussianMixtureDenoiser(P, np.eye(2), np.zeros(4)),
        "weights must not all be zero",
    ),
    "too few weights of a mixture": (
        lambda: GaussianMixtureDenoiser(P, np.eye(2), [1.0]),
        r"weights must have shape \(4,\)",
    ),
    "zero sigma of a flat Gaussian": (lambda: FLAT(X, 0.0), "sigma must be positive where a covariance is singular"),
    "negative sigma of a Gaussian": (lambda: FLAT.log_density(X, -1.0), "sigma must be finite and at least 0"),
    "too few labels": (lambda: ConditionalDenoiser(P, [0, 1]), r"labels must have shape \(4,\), one for each point"),
    "zero sigma of circles": (lambda: FlatTorusDenoiser(Circle(1.0))(X, 0.0), "sigma must be finite and positive"),
    "state of another torus": (lambda: FlatTorusDenoiser(FlatTorus(1.0, 2))(X, 1.0), r"x must have shape"),
    "denoiser of a sphere": (lambda: FlatTorusDenoiser(Sphere(1.0, 2)), "manifold must be a Circle or a FlatTorus"),
    "half a label": (lambda: ConditionalDenoiser(P, [0, 1, 1.5, 0]), r"labels must be whole numbers, got \[1.5"),
    "label without points": (lambda: LABELLED.given(7), "label must be one that a point has, got 7"),
    "label between two": (lambda: LABELLED.guided(0.5, 1.0), "label must be a whole number, got 0.5"),
    "two labels at once": (lambda: LABELLED.given([0, 1]), "label must be a scalar"),
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
    "array radius": (lambda: Circle(np.ones(2)), r"radius must be a scalar, got shape \(2,\)"),
    "sphere without dimension": (lambda: Sphere(1.0, 0), "dim must be at least 1, got 0"),
    "sphere of no radius": (lambda: Sphere(-1.0, 2), "radius must be .* positive, got -1"),
    "even points in three dimensions": (lambda: Sphere(1.0, 3).even(8), "dim must be 1 or 2 .* got 3"),
    "even points on no sphere": (lambda: Sphere(1.0, 2).even(0), "n must be at least 1, got 0"),
    "segment without length": (lambda: Segment(0.0), "length must be .* positive, got 0"),
    "cube out of space": (lambda: LinearSubspace(1.0, 3, 2), "ambient_dim must be at least 3, got 2"),
    "cube not a square": (lambda: LinearSubspace(1.0, 2, 3).even(8), "n must be a perfect power .* got 8"),
    "roll without turns": (lambda: SwissRoll(1.0, turns=0.0), "turns must be .* positive, got 0"),
    "flat roll": (lambda: SwissRoll(1.0, -2.0), "height must be .* positive, got -2"),
    "roll not a square": (lambda: SwissRoll(1.0).even(8), "n must be a perfect power .* got 8"),
    "density elsewhere": (lambda: Sphere(1.0, 2).density(np.ones(2)), r"x must have shape \(\*batch, 3\)"),
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
    "equivalent error of other levels": (
        lambda: metrics.gap_equivalent_error(metrics.GapEstimate(P[0], P[0]), P, X, [1.0], noise=NOISE),
        r"one gap and one standard error for each of 1 levels, got shapes \(2,\)",
    ),
    "threshold zero": (lambda: metrics.memorization_ratio(X, P, 0.0), "threshold must be .* positive"),
    "ratio to one point": (lambda: metrics.memorization_ratio(X, P[:1]), "train must hold at least 2"),
    "order parameter of none": (lambda: metrics.order_parameter(X, 0), "n must be at least 1"),
    "NaN samples": (lambda: metrics.order_parameter(X * np.nan, 4), "samples, must be finite"),
    "likelihood of a plain callable": (
        lambda: metrics.likelihood_gap(lambda x, sigma: x, P, P, [1.0], key=KEY),
        "denoiser must have a log_density",
    ),
    "likelihood gap at level 0": (
        lambda: metrics.likelihood_gap(DENOISER, P, P, [0.0], key=KEY),
        "sigmas must be .* positive, got",
    ),
    "likelihood quadrature on an even rule": (
        lambda: metrics.likelihood_gap_quadrature(DENOISER, P, P, [1.0], nodes=8),
        "nodes must be odd",
    ),
    "local dimension of NaN": (lambda: metrics.local_dimension(P * np.nan, [1.0], key=KEY), "points must be finite"),
    "local dimension of one draw": (
        lambda: metrics.local_dimension(P, [1.0], key=KEY, draws=1),
        "draws must be at least 2",
    ),
    "local dimension without weight": (
        lambda: metrics.local_dimension(P, [1.0], key=KEY, weights=np.zeros(4)),
        "weights must not all be zero",
    ),
    "two samples": (lambda: metrics.chi_square(X[:2], Circle(1.0), 4), "at least 3 samples"),
    "overlap in 3-D": (lambda: metrics.overlap_quadrature(np.ones((2, 3)), 0.2, 0.1), "one or two dimensions"),
    "even nodes of overlap": (lambda: metrics.overlap_quadrature(P, 0.2, 0.1, nodes=6), "nodes must be odd"),
    "overlap at noise 0": (lambda: metrics.overlap_quadrature(P, 0.2, 0.0), "other must be .* positive, got 0"),
    "overlap at two noises": (lambda: metrics.overlap_estimate(P, [0.2, 0.1], 0.1, key=KEY), "noise must be a scalar"),
    "overlap of few samples": (lambda: metrics.overlap_estimate(P, 0.2, 0.1, key=KEY, samples=7), "samples must be"),
    "weights of overlap": (lambda: metrics.overlap_quadrature(P, 0.2, 0.1, weights=np.ones(3)), "weights must have"),
    "one batch": (lambda: metrics.wasserstein_estimate(P, 0.2, 0.1, key=KEY, batches=1), "batches must be"),
    "states elsewhere": (lambda: metrics.state_measures(P, np.ones((2, 3)), 1.0), "states must have 2 columns"),
    "one state": (lambda: metrics.state_measures(P, X[:1], 1.0), "at least 2 states, got 1"),
    "noise of other states": (lambda: metrics.state_measures(P, X, np.ones(2)), r"noise must be .* shape \(3,\)"),
    "effective error at level 0": (
        lambda: metrics.effective_error(DENOISER, P, [1.0, 0.0], key=KEY),
        "sigmas must be .* positive, got",
    ),
    "effective error of few draws": (
        lambda: metrics.effective_error(DENOISER, P, [1.0], key=KEY, draws=3),
        "draws must be at least 4, got 3",
    ),
    "tangents of another shape": (
        lambda: metrics.effective_error(DENOISER, P, [1.0], key=KEY, tangents=np.ones((4, 2))),
        r"tangents must have shape \(4, 2, k\)",
    ),
    "tangents not orthonormal": (
        lambda: metrics.effective_error(DENOISER, P, [1.0], key=KEY, tangents=np.ones((4, 2, 2))),
        "tangents must have orthonormal columns",
    ),
    "effective error without weight": (
        lambda: metrics.effective_error(DENOISER, P, [1.0], key=KEY, weights=np.zeros(4)),
        "weights must not all be zero",
    ),
    "linearity of one point": (
        lambda: metrics.linearity_score(DENOISER, P[:1], [1.0], key=KEY),
        "points must hold at least 2",
    ),
    "linearity of one pair": (
        lambda: metrics.linearity_score(DENOISER, P, [1.0], key=KEY, pairs=1),
        "pairs must be at least 2",
    ),
    "transport of two samples": (
        lambda: metrics.sliced_wasserstein(X[:2], P, key=KEY),
        "samples, must hold at least 3",
    ),
    "transport to another space": (
        lambda: metrics.sliced_wasserstein(X, np.ones((4, 3)), key=KEY),
        "reference must have 2 columns",
    ),
    "covariance of two samples": (
        lambda: metrics.frechet_distance(P, X[:2]),
        "reference must hold at least 3 points, for a covariance in 2 dimensions, got 2",
    ),
    "nulls of few fresh points": (
        lambda: metrics.beside_nulls(len, P, fresh=X, train=P),
        "fresh must hold at least as many points as samples, 4, got 3",
    ),
    "nulls of no metric": (lambda: metrics.beside_nulls(1.0, X, fresh=P, train=P), "metric must be a callable"),
    "negative sigma of smoothness": (lambda: metrics.smoothness(DENOISER, X, -1.0), "sigma must be"),
    "schedule that is a number": (lambda: ScheduledErrorDenoiser(P, 0.3), "schedule must be a callable .* got float"),
    "negative schedule": (
        lambda: ScheduledErrorDenoiser(P, lambda s: 0.2 - s)(X, [0.1, 0.3, 1.0]),
        r"the values of schedule must be .* at least 0, got \[-0.1",
    ),
    "NaN schedule": (lambda: ScheduledErrorDenoiser(P, lambda s: np.nan)(X, 1.0), "schedule must be finite"),
    "schedule that is not elementwise": (
        lambda: ScheduledErrorDenoiser(P, lambda s: s[:2])(X, np.ones(3)),
        r"schedule must be elementwise, got values of shape \(2,\) for shape \(3,\)",
    ),
    "zero noise and zero scheduled error": (
        lambda: ScheduledErrorDenoiser(P, lambda s: s).score(X, [1.0, 0.0, 1.0]),
        "sigma must be positive where the schedule is zero",
    ),
    "likelihood without error at zero noise": (
        lambda: likelihood(denoiser=EmpiricalDenoiser(P), sigma_min=0.0),
        "sigma_min must be positive where the model error is zero",
    ),
    "likelihood of a callable at zero noise": (
        lambda: likelihood(denoiser=lambda x, s: x, sigma_min=0.0),
        "sigma_min must be positive: only a constant error",
    ),
    "likelihood of no states": (lambda: likelihood(np.zeros((0, 2))), "x must hold at least one"),
    "likelihood of NaN": (lambda: likelihood(NAN_POINTS), "states of the likelihood, must be finite"),
    "likelihood upside down": (lambda: likelihood(sigma_min=6.0), "sigma_min must be below sigma_max"),
    "likelihood at rising levels": (lambda: likelihood(save_at=[0.1, 1.0]), "save_at must descend"),
    "likelihood at rtol zero": (lambda: likelihood(rtol=0.0), "rtol must be .* positive"),
    "likelihood without error estimate": (lambda: likelihood(solver=diffrax.Euler()), "Euler .* cannot adapt"),
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
    "covariance": (
        lambda covariance: GaussianDenoiser(P[0], covariance)(X, 1.0),
        np.eye(2),
        (-np.eye(2), np.array([[1.0, 0.5], [0.0, 1.0]]), np.nan * np.eye(2)),
    ),
    "sigma of a flat Gaussian": (lambda sigma: FLAT(X, sigma), 1.0, (0.0, -1.0, np.nan, np.inf)),
    "sigma of the Jacobian of a mixture": (lambda sigma: FLAT.jacobian(X, sigma), 1.0, (0.0, -1.0, np.nan)),
    "sigma of the density of a mixture": (lambda sigma: FLAT.log_density(X, sigma), 1.0, (0.0, -1.0, np.nan)),
    "label": (lambda label: LABELLED.given(label)(X, 1.0), 1, (2, -1)),
    "label of guidance": (lambda label: LABELLED.guided(label, 1.0)(X, 1.0), 1, (2, -1)),
    "schedule of an error": (
        lambda shift: ScheduledErrorDenoiser(P, lambda s: shift + s)(X, 0.0),
        0.1,
        (0.0, -0.1, np.nan),
    ),
    "sigma of circles": (lambda sigma: FlatTorusDenoiser(Circle(1.0))(X, sigma), 1.0, (0.0, -1.0, np.nan)),
    "radius of circles": (lambda r: FlatTorusDenoiser(Circle(r)).log_density(X, 1.0), 1.0, (0.0, -1.0, np.nan)),
    "guidance": (lambda w: GuidedDenoiser(DENOISER, DENOISER, w)(X, 1.0), 1.0, (np.nan, np.inf)),
    "radius of even points": (lambda radius: Circle(radius).even(4), 1.0, (-1.0, 0.0, np.nan)),
    "radius of samples": (lambda radius: FlatTorus(radius, 2).sample(KEY, 4), 1.0, (-1.0, 0.0, np.nan)),
    "radius of a sphere": (lambda radius: on(Sphere(radius, 2)), 1.0, (-1.0, 0.0, np.nan)),
    "length of a segment": (lambda length: on(Segment(length)), 1.0, (-1.0, 0.0, np.nan)),
    "radius of a roll": (lambda radius: on(SwissRoll(radius)), 1.0, (-1.0, 0.0, np.nan)),
    "height of a roll": (lambda height: on(SwissRoll(1.0, height)), 1.0, (-1.0, 0.0, np.nan)),
    "state of a density": (lambda x: Segment(1.0).density(jnp.stack([x, x])), 0.1, (np.nan, np.inf)),
    "radius of a volume": (lambda radius: FlatTorus(radius, 2).volume, 1.0, (-1.0, 0.0, np.nan)),
    "schedule": (lambda low: edm_schedule(4, low, 1.0), 0.1, (-0.1, 0.0, 2.0, np.nan)),
    "level of a likelihood gap": (
        lambda level: metrics.likelihood_gap(DENOISER, P, X, jnp.reshape(level, 1), noise=NOISE).gap,
        1.0,
        (-1.0, 0.0, np.nan),
    ),
    "level of a gap-equivalent error": (
        lambda level: (
            metrics.gap_equivalent_error(
                metrics.GapEstimate(jnp.ones(1), jnp.ones(1)), P, X, jnp.reshape(level, 1), noise=NOISE
            ).error
        ),
        1.0,
        (-1.0, 0.0, np.nan),
    ),
    "level of linearity": (
        lambda level: metrics.linearity_score(DENOISER, P, jnp.reshape(level, 1), key=KEY, pairs=8).score,
        1.0,
        (-1.0, 0.0, np.nan),
    ),
    "level of a local dimension": (
        lambda level: metrics.local_dimension(P, jnp.reshape(level, 1), key=KEY, draws=2).dimension,
        1.0,
        (-1.0, 0.0, np.nan),
    ),
    "noise of states": (lambda noise: metrics.state_measures(P, X, noise).entropy.value, 1.0, (-1.0, 0.0, np.nan)),
    "noise of an overlap": (lambda noise: metrics.overlap_quadrature(P, noise, 0.2).kl.value, 1.0, (-1.0, 0.0, np.nan)),
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
