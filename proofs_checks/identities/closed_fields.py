"""Data whose denoiser, flow and end points have a closed form: one point, two points, a Gaussian."""

from proofs_checks.identities.gaussian import gaussian_data
from proofs_checks.identities.guided import guidance
from proofs_checks.identities.one_and_two import one_point, two_points

__all__ = ["gaussian_data", "guidance", "one_point", "two_points"]
