"""The generalization gap in the paper's norm, the mean Euclidean error: independent and evenly spaced points."""

from proofs_checks.gap_norm.leading import gap_norm, gap_norm_peak  # isort: skip  (the order of the ledger)
from proofs_checks.gap_norm.expansion import next_order  # isort: skip
from proofs_checks.gap_norm.even import gap_norm_even  # isort: skip

__all__ = ["gap_norm", "gap_norm_even", "gap_norm_peak", "next_order"]
