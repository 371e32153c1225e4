"""Closed forms of the theory, an oracle that shares no numerical code with the rest of the package.

Concrete numbers are evaluated by NumPy and SciPy in float64, whatever JAX is set to; traced ones by ``jax.numpy``, so
that laws can be compiled and differentiated. Arguments broadcast; bad concrete values raise ``ValueError``, traced ones
give NaN. even: equally spaced points on a curve or lattice. iid: independent points. general: any data, or the ring.
"""

from theory.laws.even import (
    chi_square_even,
    critical_error_even,
    entropy_even,
    gap_even,
    gap_even_leading,
    jacobian_square_even,
    memorization_ratio_even,
    order_parameter_even,
    order_parameter_ring,
    relative_gap_even,
    training_error_even,
)
from theory.laws.general import collapse_noise, collapse_noise_gaussian, normal_error, ridge_radius, speciation_noise
from theory.laws.iid import (
    chi_square_iid,
    chi_square_ring,
    critical_error_iid,
    entropy_iid,
    gap_iid,
    gap_iid_correction,
    gap_over_chi_square_iid,
    gap_peak_euclidean_ring,
    gap_peak_height_iid,
    gap_peak_noise_iid,
    memorization_ratio_null,
    relative_gap_iid,
)

__all__ = [
    "chi_square_even",
    "chi_square_iid",
    "chi_square_ring",
    "collapse_noise",
    "collapse_noise_gaussian",
    "critical_error_even",
    "critical_error_iid",
    "entropy_even",
    "entropy_iid",
    "gap_even",
    "gap_even_leading",
    "gap_iid",
    "gap_iid_correction",
    "gap_over_chi_square_iid",
    "gap_peak_euclidean_ring",
    "gap_peak_height_iid",
    "gap_peak_noise_iid",
    "jacobian_square_even",
    "memorization_ratio_even",
    "memorization_ratio_null",
    "normal_error",
    "order_parameter_even",
    "order_parameter_ring",
    "relative_gap_even",
    "relative_gap_iid",
    "ridge_radius",
    "speciation_noise",
    "training_error_even",
]
