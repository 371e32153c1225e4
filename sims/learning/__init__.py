"""Trained networks as denoisers: networks, what they minimise, training in ensembles, and models from elsewhere.

A `NetworkDenoiser`, an `Ensemble` and what `from_torch` returns are denoisers like those of `theory`: every flow and metric
takes them.
"""

from sims.learning.denoiser import Ensemble, NetworkDenoiser
from sims.learning.networks import Mlp, UNet
from sims.learning.objective import LogNormalNoise, LogUniformNoise, Objective
from sims.learning.pytorch import TorchDenoiser, from_torch
from sims.learning.training import Trained, TrainingSets, default_optimizer, train

__all__ = [
    "Ensemble",
    "LogNormalNoise",
    "LogUniformNoise",
    "Mlp",
    "NetworkDenoiser",
    "Objective",
    "TorchDenoiser",
    "Trained",
    "TrainingSets",
    "UNet",
    "default_optimizer",
    "from_torch",
    "train",
]
