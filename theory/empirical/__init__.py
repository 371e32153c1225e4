"""The distribution of finitely many points under Gaussian noise: its posterior and the evaluators that compute it."""

from theory.empirical.distribution import Posterior, normalized_log_weights, padded, posterior

__all__ = ["Posterior", "normalized_log_weights", "padded", "posterior"]
