"""Where the flow loses its stable path: the noise at which it commits to a cluster, and the ridge of the smoothed ring."""

from proofs_checks.identities.speciation import speciation  # isort: skip  (the order of the ledger)
from proofs_checks.identities.ridge import ridge  # isort: skip

__all__ = ["ridge", "speciation"]
