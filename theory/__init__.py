"""The mathematics of memorization and generalization in diffusion models, as JAX.

Everything here is exact or says how far it is not. Conventions (variance exploding, EDM): x = y + sigma eps; points
``(n, D)``; sigma, the model error and lengths in the units of the data.
"""

from theory.denoisers import (
    ConditionalDenoiser,
    EmpiricalDenoiser,
    ErrorProneDenoiser,
    FlatTorusDenoiser,
    GaussianDenoiser,
    GaussianMixtureDenoiser,
    GuidedDenoiser,
    ScheduledErrorDenoiser,
)
from theory.empirical import Posterior, padded, posterior
from theory.flow import Flow, probability_flow
from theory.likelihood import Likelihood, log_likelihood
from theory.manifolds import Circle, FlatTorus, LinearSubspace, Manifold, Segment, Sphere, SwissRoll
from theory.schedules import edm_schedule, log_uniform_schedule

__all__ = [
    "Circle",
    "ConditionalDenoiser",
    "EmpiricalDenoiser",
    "ErrorProneDenoiser",
    "FlatTorus",
    "FlatTorusDenoiser",
    "Flow",
    "GaussianDenoiser",
    "GaussianMixtureDenoiser",
    "GuidedDenoiser",
    "Likelihood",
    "LinearSubspace",
    "Manifold",
    "Posterior",
    "ScheduledErrorDenoiser",
    "Segment",
    "Sphere",
    "SwissRoll",
    "edm_schedule",
    "log_likelihood",
    "log_uniform_schedule",
    "padded",
    "posterior",
    "probability_flow",
]
