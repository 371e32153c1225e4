"""Every label has one entry, one section, and a function that cites it; nothing cites a label that does not exist."""

import inspect
import pathlib
import re
from collections import Counter

import pytest

from proofs_checks.entry import resolve
from proofs_checks.registry import CHAPTERS, chapter_entries, entries, page_of
from theory import laws

ROOT = pathlib.Path(__file__).parents[2]
DERIVATIONS = ROOT / "docs" / "derivations"
# the labels of the theory that the package set out to prove
FIRST = (ROOT / "tests" / "data" / "labels.txt").read_text().split()
CITED = re.compile(r"\[([a-z0-9]+(?:-[a-z0-9]+)*)\]")


def sections():
    """Page and label of each section anchor, (label)= above a heading."""
    for page in sorted(DERIVATIONS.glob("*.md")):
        for label in re.findall(r"^\(([a-z0-9-]+)\)=\n+#", page.read_text(), re.M):
            yield f"derivations/{page.name}", label


def cards():
    for page in sorted(DERIVATIONS.glob("*.md")):
        for label in re.findall(r"^```\{ledger\} (.+)\n", page.read_text(), re.M):
            yield f"derivations/{page.name}", label


def test_every_label_that_was_set_out_has_an_entry():
    assert set(FIRST) <= set(entries())


@pytest.mark.parametrize("places", [sections, cards])
def test_every_label_has_one_section_with_one_card_on_the_page_of_its_chapter(places):
    assert Counter(places()) == Counter((page_of(label), label) for label in entries())


def test_every_chapter_has_a_page_in_the_index_and_every_page_a_chapter():
    pages = {chapter.split(".")[-1] for chapter in CHAPTERS}
    others = {"index", "corrections"}
    assert {page.stem for page in DERIVATIONS.glob("*.md")} == pages | others
    index = (DERIVATIONS / "index.md").read_text()
    assert all(re.search(rf"^{page}$", index, re.M) for page in (pages | others) - {"index"})
    assert all(chapter_entries(chapter) for chapter in CHAPTERS)


@pytest.mark.parametrize("label", entries())
def test_a_function_that_the_entry_compares_cites_the_label(label):
    entry = entries()[label]
    docs = [inspect.getdoc(resolve(name)) or "" for name in entry.functions]
    assert any(f"[{label}]" in text for text in docs), entry.functions


def test_every_law_is_compared_with_an_oracle():
    compared = {name for entry in entries().values() for name in entry.functions}
    assert {f"theory.laws.{name}" for name in laws.__all__} <= compared


def test_nothing_cites_a_label_without_an_entry():
    """In brackets, in docstrings and pages; labels have a hyphen or are among these, unlike other words in brackets."""
    known = set(entries())
    for path in [
        *ROOT.glob("theory/**/*.py"),
        *ROOT.glob("sims/**/*.py"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "README.md",
    ]:
        if "_build" in path.parts:
            continue
        text = (
            re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", path.read_text(), flags=re.S)
            if path.suffix == ".md"
            else path.read_text()
        )
        cited = {label for label in CITED.findall(text) if "-" in label and not label.isdigit()}
        assert cited <= known, path


@pytest.mark.parametrize("label", entries())
def test_experiments_that_an_entry_names_cite_it_on_their_page(label):
    for name in entries()[label].simulations:
        assert f"[{label}]" in (ROOT / "docs" / f"{name}.md").read_text(), name
