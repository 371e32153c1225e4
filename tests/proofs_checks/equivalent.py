"""Mutants that change nothing, by the reason: each is shown to be one by surviving every comparison."""

EQUIVALENT: dict[str, dict[str, list[str]]] = {}
"""Module, reason, names of mutants (`tests.proofs_checks.mutants.Mutant.name`)."""
