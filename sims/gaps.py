"""The generalization gap as sims store it: both norms, at every noise, with its peak."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from theory.metrics import gap_peak, generalization_gap_estimate

NORMS = ("squared", "euclidean")


def squared(found) -> dict[str, Array]:
    """Of what `gaps_and_peaks` found, the values in the squared norm."""
    return {name: values[NORMS.index("squared")] for name, values in found.items()}


@eqx.filter_jit
def gaps_and_peaks(denoiser, train, validation, noises, gap_noise) -> dict[str, Array]:
    """``gap (norm, noise)``, ``gap_peak`` and ``gap_peak_noise (norm,)`` with their errors, of one program."""
    estimates = [
        generalization_gap_estimate(denoiser, train, validation, noises, noise=gap_noise, norm=norm) for norm in NORMS
    ]
    peaks = [gap_peak(estimate, noises) for estimate in estimates]
    return {
        "gap": jnp.stack([estimate.gap for estimate in estimates]),
        "gap_error": jnp.stack([estimate.standard_error for estimate in estimates]),
        "gap_peak": jnp.stack([peak.height for peak in peaks]),
        "gap_peak_error": jnp.stack([peak.height_error for peak in peaks]),
        "gap_peak_noise": jnp.stack([peak.noise for peak in peaks]),
        "gap_peak_noise_error": jnp.stack([peak.noise_error for peak in peaks]),
    }
