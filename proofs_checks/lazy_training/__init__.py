"""The lazy regime of training, and models trained to see how far its laws hold."""

from proofs_checks.lazy_training.wave_by_wave import lazy_time

__all__ = ["lazy_time"]
