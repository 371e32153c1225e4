"""All entries, by chapter: one module and one page of derivations each."""

import importlib
from functools import cache

from proofs_checks.entry import Entry

CHAPTERS = {
    "identities.posterior": "The posterior and its denoisers",
    "identities.closed_fields": "Fields and flows in closed form",
    "identities.flows": "The probability flow",
    "identities.overlap": "Two smoothings of the same points",
    "identities.stability": "Where trajectories decide",
    "identities.likelihood": "The denoising gap is the slope of the likelihood gap",
    "even.comb": "The comb: its density and the flow to it",
    "even.comb_transition": "From memorization to generalization on the comb",
    "even.comb_gap": "The generalization gap of the comb",
    "even.gap_collapse": "One curve for all numbers of points",
    "iid.response": "Linear response: the gap and the structure of the training set",
    "iid.iid_gap": "Independent points: the gap",
    "iid.poisson_gap": "Independent points: the gap at any density",
    "gap_norm": "The gap in the paper's norm",
    "iid.inference": "Independent points: samples",
    "iid.shot_noise": "Independent points: posteriors at any density",
    "iid.shared_starts": "Independent points: samples from shared starts",
    "iid.nulls": "Nulls of the memorization ratio",
    "scheduled_error": "Error that depends on the noise",
    "high_dimension": "Collapse in high dimension",
    "learned_fields": "Learned fields",
    "equivalent_error": "The gap-equivalent error",
    "lazy_training": "Training time as model error: the lazy regime",
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
