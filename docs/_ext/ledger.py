"""What the ledger of proofs says, on the pages: ``{ledger} LABEL`` for one entry, ``{ledger-table}`` for all.

The ledger is run once for a build, or read from ``_build/ledger.json`` where that was written by the present sources:
``python -m proofs_checks --json docs/_build/ledger.json``.
"""

import inspect
import json
import pathlib
import subprocess
import sys

from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from proofs_checks.entry import resolve
from proofs_checks.ledger import source_hash
from proofs_checks.registry import CHAPTERS, chapter_entries, entries

_HERE = pathlib.Path(__file__).parents[1]
_FILE = _HERE / "_build" / "ledger.json"


def read_ledger() -> dict[str, dict]:
    """Records by label; runs the ledger where there is none of the present sources."""
    if not _FILE.exists() or json.loads(_FILE.read_text())["sources"] != source_hash():
        _FILE.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "proofs_checks", "--json", str(_FILE)]
        subprocess.run(command, cwd=_HERE.parent, check=False)
    records = json.loads(_FILE.read_text())["records"]
    failed = [record["label"] for record in records if not record["passed"]]
    if failed:
        raise ExtensionError(f"the ledger of proofs fails for {', '.join(failed)}: run python -m proofs_checks")
    return {record["label"]: record for record in records}


def _badge(status: str) -> str:
    return f'<span class="status status-{status}">{status}</span>'


def _function(name: str) -> str:
    """A link, for an inherited method to the class that defines it."""
    owner, _, method = name.rpartition(".")
    if inspect.isclass(resolve(owner)):
        defined = resolve(name).__qualname__.partition(".")[0]
        return f"{{py:obj}}`{name} <{owner.rpartition('.')[0]}.{defined}.{method}>`"
    return f"{{py:obj}}`{name}`"


class LedgerCard(SphinxDirective):
    """Status, steps with their proofs in code, functions and experiments of one label."""

    required_arguments = 1

    def run(self):
        """The card, from the ledger."""
        label = self.arguments[0]
        record = self.env.app.ledger.get(label)
        if record is None:
            raise self.error(f"the ledger has no label {label}")
        lines = [f"{_badge(record['status'])} {record['statement']}", ""]
        for line in record["steps"]:
            wrong = f" *Refuted in the same way:* {'; '.join(line['wrong'])}." if line["wrong"] else ""
            lines.append(f"- {_badge(line['status'])} {line['shown']}.{wrong}")
        for line in record["functions"]:
            lines.append(
                f"- {_badge('agrees')} {_function(line['what'])} with an oracle in 50 digits: {line['shown']}."
            )
        if record["simulations"]:
            pages = ", ".join(f"[{name}](/{name}.md)" for name in record["simulations"])
            lines.append(f"- Simulated in {pages}.")
        code = "\n\n".join(inspect.getsource(step.prove).rstrip() for step in entries()[label].steps)
        lines += ["", "::::{dropdown} The proof in code", "```python", *code.splitlines(), "```"]
        lines += [f"`python -m proofs_checks --only {label}` runs it.", "::::"]
        text = "\n".join([":::::{admonition} " + f"[{label}]", ":class: ledger", *lines, ":::::"])
        return self.parse_text_to_nodes(text)


class LedgerTable(SphinxDirective):
    """All labels by chapter, with status and functions."""

    def run(self):
        """One table for each chapter."""
        text = []
        for chapter, title in CHAPTERS.items():
            text += [f"**{title}**", "", "| label | status | says | computed by |", "|---|---|---|---|"]
            for entry in chapter_entries(chapter):
                record = self.env.app.ledger[entry.label]
                functions = ", ".join(dict.fromkeys(_function(line["what"]) for line in record["functions"]))
                statement = record["statement"].replace("|", "\\|")
                text.append(f"| [{entry.label}] | {_badge(record['status'])} | {statement} | {functions} |")
            text.append("")
        return self.parse_text_to_nodes("\n".join(text))


def _load(app):
    app.ledger = read_ledger()


def setup(app):
    """Register with Sphinx."""
    app.connect("builder-inited", _load)
    app.add_directive("ledger", LedgerCard)
    app.add_directive("ledger-table", LedgerTable)
    return {"parallel_read_safe": True}
