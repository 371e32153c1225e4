"""All entries, by chapter: one module and one page of derivations each."""

import importlib
from functools import cache

from proofs_checks.entry import Entry

CHAPTERS = {
    "identities.posterior": "The posterior and its denoisers",
    # one line for each module, in the order of the site
}


@cache
def entries() -> dict[str, Entry]:
    """Entries by label, in the order of the chapters; a label must not have two."""
    found: dict[str, Entry] = {}
    for chapter in CHAPTERS:
        for entry in chapter_entries(chapter):
            if entry.label in found:
                raise ValueError(f"the label {entry.label} has two entries, in {chapter} and before")
            found[entry.label] = entry
    return found


def chapter_entries(chapter: str) -> list[Entry]:
    """Entries of one chapter, in the order of the file."""
    module = importlib.import_module(f"proofs_checks.{chapter}")
    return [value for value in vars(module).values() if isinstance(value, Entry)]


def chapter_of(label: str) -> str:
    """The chapter with that label."""
    return next(chapter for chapter in CHAPTERS if any(entry.label == label for entry in chapter_entries(chapter)))


def page_of(label: str) -> str:
    """The page of derivations with that label, below docs/."""
    return f"derivations/{chapter_of(label).split('.')[-1]}.md"
