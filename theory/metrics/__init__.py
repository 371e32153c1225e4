"""Measures of memorization and generalization; every one takes any denoiser or any samples.

gap: validation against training denoising error. memorization: where samples sit among the training points.
distances: samples against the true distribution. smoothness: how sharply the field turns.
"""

from theory.metrics.distances import Estimate, chi_square, energy_distance
from theory.metrics.gap import (
    GapEstimate,
    LeaveOneOutGap,
    QuadratureGap,
    generalization_gap,
    generalization_gap_estimate,
    generalization_gap_quadrature,
    leave_one_out_gap,
)
from theory.metrics.memorization import manifold_distance, memorization_ratio, order_parameter
from theory.metrics.smoothness import Smoothness, smoothness

__all__ = [
    "Estimate",
    "GapEstimate",
    "LeaveOneOutGap",
    "QuadratureGap",
    "Smoothness",
    "chi_square",
    "energy_distance",
    "generalization_gap",
    "generalization_gap_estimate",
    "generalization_gap_quadrature",
    "leave_one_out_gap",
    "manifold_distance",
    "memorization_ratio",
    "order_parameter",
    "smoothness",
]
