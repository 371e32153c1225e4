"""Measures of memorization and generalization; every one takes any denoiser or any samples.

gap: validation against training denoising error. memorization: where samples sit among the training points.
distances: samples against the true distribution. smoothness: how sharply the field turns.
"""

from theory.metrics.distances import chi_square, energy_distance
from theory.metrics.estimate import Estimate, mean_estimate, root_mean_square_estimate
from theory.metrics.gap import (
    GapEstimate,
    GapPeak,
    LeaveOneOutGap,
    QuadratureGap,
    gap_peak,
    generalization_gap,
    generalization_gap_estimate,
    generalization_gap_quadrature,
    leave_one_out_gap,
)
from theory.metrics.jacobian import Smoothness, smoothness
from theory.metrics.memorization import (
    manifold_distance,
    manifold_distance_estimate,
    memorization_ratio,
    memorization_ratio_estimate,
    order_parameter,
    order_parameter_estimate,
)

__all__ = [
    "Estimate",
    "GapEstimate",
    "GapPeak",
    "LeaveOneOutGap",
    "QuadratureGap",
    "Smoothness",
    "chi_square",
    "energy_distance",
    "gap_peak",
    "generalization_gap",
    "generalization_gap_estimate",
    "generalization_gap_quadrature",
    "leave_one_out_gap",
    "manifold_distance",
    "manifold_distance_estimate",
    "mean_estimate",
    "memorization_ratio",
    "memorization_ratio_estimate",
    "order_parameter",
    "order_parameter_estimate",
    "root_mean_square_estimate",
    "smoothness",
]
