"""Denoisers in closed form: of finitely many points, of circles, of Gaussian mixtures, conditional and guided.

A denoiser is any callable ``denoiser(x, sigma)`` with x ``(*batch, D)``, sigma scalar or broadcastable to ``(*batch,)``
and result ``(*batch, D)``. Those here also have a score.
"""

from theory.denoisers.conditional import ConditionalDenoiser
from theory.denoisers.error_prone import EmpiricalDenoiser, ErrorProneDenoiser
from theory.denoisers.flat_torus import FlatTorusDenoiser
from theory.denoisers.gaussian import GaussianDenoiser, GaussianMixtureDenoiser
from theory.denoisers.guided import GuidedDenoiser
from theory.denoisers.scheduled import ScheduledErrorDenoiser

__all__ = [
    "ConditionalDenoiser",
    "EmpiricalDenoiser",
    "ErrorProneDenoiser",
    "FlatTorusDenoiser",
    "GaussianDenoiser",
    "GaussianMixtureDenoiser",
    "GuidedDenoiser",
    "ScheduledErrorDenoiser",
]
