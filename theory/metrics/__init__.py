"""Measures of memorization and generalization; every one takes any denoiser or any samples.

gap: validation against training denoising error. memorization: where samples sit among the training points.
distances, transport: samples against the true distribution. nulls: a metric beside what perfect samples and exact
recall give. effective, linearity, distance: which model error, how linear a map, and which other denoiser a field resembles.
equivalent: which model error shows the same gap. smoothness: how sharply the field turns. overlap, states: trajectories
against noisy training data.
"""

from theory.metrics.cross_entropy import (
    LikelihoodGap,
    QuadratureLikelihoodGap,
    likelihood_gap,
    likelihood_gap_quadrature,
)
from theory.metrics.dimension import LocalDimension, local_dimension
from theory.metrics.distance import denoiser_distance
from theory.metrics.distances import chi_square, energy_distance
from theory.metrics.effective import EffectiveError, FitFlag, effective_error
from theory.metrics.equivalent import GapEquivalentError, GapFlag, gap_equivalent_error
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
from theory.metrics.linearity import Linearity, linearity_score
from theory.metrics.memorization import (
    manifold_distance,
    manifold_distance_estimate,
    memorization_ratio,
    memorization_ratio_estimate,
    order_parameter,
    order_parameter_estimate,
)
from theory.metrics.nulls import BesideNulls, beside_nulls
from theory.metrics.overlap import Overlap, overlap_estimate, overlap_quadrature, wasserstein_estimate
from theory.metrics.states import StateMeasures, state_measures
from theory.metrics.transport import frechet_distance, sliced_wasserstein

__all__ = [
    "BesideNulls",
    "EffectiveError",
    "Estimate",
    "FitFlag",
    "GapEquivalentError",
    "GapEstimate",
    "GapFlag",
    "GapPeak",
    "LeaveOneOutGap",
    "LikelihoodGap",
    "Linearity",
    "LocalDimension",
    "Overlap",
    "QuadratureGap",
    "QuadratureLikelihoodGap",
    "Smoothness",
    "StateMeasures",
    "beside_nulls",
    "chi_square",
    "denoiser_distance",
    "effective_error",
    "energy_distance",
    "frechet_distance",
    "gap_equivalent_error",
    "gap_peak",
    "generalization_gap",
    "generalization_gap_estimate",
    "generalization_gap_quadrature",
    "leave_one_out_gap",
    "likelihood_gap",
    "likelihood_gap_quadrature",
    "linearity_score",
    "local_dimension",
    "manifold_distance",
    "manifold_distance_estimate",
    "mean_estimate",
    "memorization_ratio",
    "memorization_ratio_estimate",
    "order_parameter",
    "order_parameter_estimate",
    "overlap_estimate",
    "overlap_quadrature",
    "root_mean_square_estimate",
    "sliced_wasserstein",
    "smoothness",
    "state_measures",
    "wasserstein_estimate",
]
