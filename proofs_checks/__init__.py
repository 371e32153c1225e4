"""Machine proofs and checks of every identity and law: ``python -m proofs_checks`` prints the ledger.

entry: what is claimed under one label, how it is shown, and which function computes it. evidence: how a claim is shown or
refuted. ledger: running entries and printing what came out. One file for each page of derivations.
"""
