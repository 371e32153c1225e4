"""A changed constant in a law, or a sign in a law or denoiser, makes the ledger fail."""

import pathlib

import pytest

from tests.proofs_checks.equivalent import EQUIVALENT
from tests.proofs_checks.mutants import Watch, mutants, part_of

ROOT = pathlib.Path(__file__).parents[2]
MODULES = [
    f"theory.{part}.{path.stem}"
    for part in ("laws", "denoisers")
    for path in sorted((ROOT / "theory" / part).glob("*.py"))
    if path.stem != "__init__"
]


pytestmark = pytest.mark.mutation


@pytest.fixture(scope="module")
def watches():
    """What the oracles say, computed once for all mutants."""
    return {part: Watch(part) for part in ("theory.laws", "theory.denoisers")}


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_that_changes_something_is_noticed(module, watches):
    harmless = {name for modules in EQUIVALENT.values() for name in modules.get(module, [])}
    everything = mutants(module)
    assert harmless <= {mutant.name for mutant in everything}, "gone: take them from the table"
    watch = watches[part_of(module)]
    assert [mutant.name for mutant in everything if mutant.name not in harmless and not watch.notices(mutant)] == []


def test_there_are_mutants_of_both_kinds():
    """Constants and signs of laws; signs alone of denoisers."""
    places = [mutant.place for mutant in mutants("theory.laws.iid")]
    assert any("«4»" in place for place in places)
    assert any("+" in place.split("«")[1].split("»")[0] for place in places)
    assert len(mutants("theory.denoisers.error_prone")) > 4
