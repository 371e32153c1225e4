"""The accuracy of every denoiser with a density, against 50 digits: tiny noise, and data far from the origin."""

import equinox as eqx
import mpmath
import numpy as np
import pytest

from tests.theory.cases import DENOISERS, WITH_DENSITY
from tests.theory.mixtures import DenoiserCase, arrays, mixture, sticks

pytestmark = pytest.mark.optimized

CASES = {name: DENOISERS[name] for name in WITH_DENSITY} | {
    "flat mixture": DenoiserCase(lambda points, error: mixture(sticks(points, error)), sticks)
}
POINTS = np.random.default_rng(0).normal(size=(6, 3))
ERROR = 0.4
LEVELS = (0.002, 0.05, 0.6, 40.0)
CONTRACT = {np.float32: 1e-5, np.float64: 1e-12}


def exact(data, x, sigma):
    """Posterior mean, score and log density at one state, and |x - mu| over the least width of the likeliest component."""
    with mpmath.workdps(50):
        q, s = mpmath.matrix([float(value) for value in x]), mpmath.mpf(float(sigma))
        logits, parts, strains = [], [], []
        for weight, mean, covariance in zip(*arrays(data)):
            if weight > 0:
                # a covariance that rounding made indefinite stands for the nearest one
                eigenvalues, axes = mpmath.eigsy(mpmath.matrix(covariance.tolist()))
                variances = [max(each, mpmath.mpf(0)) + s**2 for each in eigenvalues]
                to_mean = axes.T * (mpmath.matrix(mean.tolist()) - q)
                square = sum(each**2 / variance for each, variance in zip(to_mean, variances))
                volume = sum(mpmath.log(2 * mpmath.pi * variance) for variance in variances)
                logits.append(mpmath.log(weight) - (square + volume) / 2)
                parts.append(axes * mpmath.matrix([each / variance for each, variance in zip(to_mean, variances)]))
                strains.append(float(mpmath.norm(to_mean) / mpmath.sqrt(min(variances))))
        top = max(logits)
        terms = [mpmath.exp(logit - top) for logit in logits]
        total = mpmath.fsum(terms)
        score = [mpmath.fsum(t * part[d] for t, part in zip(terms, parts)) / total for d in range(len(q))]
        mean = [each + s**2 * slope for each, slope in zip(q, score)]
        log_density = float(top + mpmath.log(total))
        return np.array(mean, float), np.array(score, float), log_density, strains[logits.index(top)]


@eqx.filter_jit
def evaluate(denoiser, x, sigma):
    return denoiser(x, sigma), denoiser.score(x, sigma), denoiser.log_density(x, sigma)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_accuracy(rng, name, dtype):
    """At states x = y + sigma eps, y drawn from a component of the data."""
    case, bound, eps = CASES[name], CONTRACT[dtype], np.finfo(dtype).eps
    levels = np.array(LEVELS, dtype)
    for offset in (0.0, 1000.0):
        points = (POINTS + offset).astype(dtype)
        denoiser = case.build(points, dtype(ERROR))
        data = [case.data(points, dtype(ERROR), level) for level in levels]
        centre, covariance = (part[-1] for part in arrays(data[0])[1:])
        spread = rng.multivariate_normal(np.zeros(3), covariance, size=len(levels), method="svd")
        x = (centre + spread + levels[:, None] * rng.normal(size=(len(levels), 3))).astype(dtype)
        found = evaluate(denoiser, x, levels)
        assert all(each.dtype == dtype for each in found)
        for mean, score, log_density, state, level, part in zip(*map(np.asarray, found), x, levels, data):
            true_mean, true_score, true_log_density, strain = exact(part, state, level)
            size = np.abs(np.concatenate([points.ravel(), state])).max()
            assert np.linalg.norm(mean - true_mean) <= bound * level + 2 * eps * size
            allowed = bound * np.linalg.norm(true_score) + 4 * eps * strain / level
            assert np.linalg.norm(score - true_score) <= allowed
            assert abs(log_density - true_log_density) <= bound * max(1, abs(true_log_density)) + 4 * eps * strain
