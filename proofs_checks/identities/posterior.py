"""The posterior over training points and the denoisers that it makes, for any n and D.

Sums over points of free sequences stand for any points in any dimension, see `proofs_checks.identities.points`.
"""

from proofs_checks.identities.denoising import error_prone, posterior_mean, tweedie
from proofs_checks.identities.derivatives import jacobian, noise_derivative
from proofs_checks.identities.scaling import scaling

__all__ = ["error_prone", "jacobian", "noise_derivative", "posterior_mean", "scaling", "tweedie"]
