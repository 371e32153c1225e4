"""The mathematics of memorization and generalization in diffusion models, as JAX.

Everything here is exact or says how far it is not. Conventions (variance exploding, EDM): x = y + sigma eps; points
``(n, D)``; sigma, the model error and lengths in the units of the data.
"""

from theory.denoisers import EmpiricalDenoiser, ErrorProneDenoiser, GuidedDenoiser
from theory.empirical import Posterior, posterior
from theory.flow import Flow, probability_flow
from theory.manifolds import Circle, FlatTorus
from theory.schedules import edm_schedule, log_uniform_schedule

__all__ = [
    "Circle",
    "EmpiricalDenoiser",
    "ErrorProneDenoiser",
    "FlatTorus",
    "Flow",
    "GuidedDenoiser",
    "Posterior",
    "edm_schedule",
    "log_uniform_schedule",
    "posterior",
    "probability_flow",
]
