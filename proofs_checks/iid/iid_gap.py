"""The gap of independent points: two orders in c(s), any k, and where it peaks."""

from proofs_checks.iid.gap_orders import gap_iid  # isort: skip  (the order of the ledger)
from proofs_checks.iid.gap_peak import gap_iid_peak  # isort: skip

__all__ = ["gap_iid", "gap_iid_peak"]
