"""The ledger of proofs: ``python -m proofs_checks``."""

import contextlib
import json
import os
import pathlib
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Annotated

import tyro

from proofs_checks import ledger
from proofs_checks.registry import entries


@dataclass(frozen=True)
class Config:
    """Run every proof and check, and print the ledger; exit code 1 where anything fails."""

    only: tuple[str, ...] = ()
    """Labels to run; all where none is given."""
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None
    """Also write the ledger there as JSON; - writes JSON to the standard output and prints nothing else there."""
    jobs: int = min(2, os.cpu_count() or 1)
    """Processes that share the work."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 where all passes, 1 where anything fails, 2 for bad input."""
    config = tyro.cli(Config, prog="python -m proofs_checks", args=arguments)
    ledger.double_precision()
    wrong = _wrong(config)
    if wrong:
        print(wrong, file=sys.stderr)
        return 2
    start, sources, records = time.perf_counter(), ledger.source_hash(), []

    for record in ledger.run(config.only or entries(), config.jobs):
        records.append(record)
        if config.json != "-":
            print(ledger.text(record), flush=True)
    failed = [record.label for record in records if record.faults]
    document = json.dumps({"sources": sources, "records": [record.as_json() for record in records]}, indent=1)
    if config.json == "-":
        print(document)
        return bool(failed)
    if config.json:
        pathlib.Path(config.json).write_text(document, encoding="utf-8")
    counts = ", ".join(f"{number} {status}" for status, number in Counter(record.status for record in records).items())
    variants = sum(len(line.wrong) for record in records for line in record.steps)
    print(f"\n{len(records)} labels: {counts}; {variants} wrong variants; {time.perf_counter() - start:.0f} s")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


def _wrong(config: Config) -> str | None:
    """What is wrong with what was asked, before any work; makes the folder of the file."""
    unknown = [label for label in config.only if label not in entries()]
    if unknown:
        return f"no label {', '.join(unknown)}: the labels are {', '.join(entries())}"
    if config.jobs < 1:
        return f"jobs must be at least 1, got {config.jobs}"
    if config.json not in (None, "-"):
        file = pathlib.Path(config.json)
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            return f"--json must name a file that can be written, or - for the standard output, got {config.json}"
    return None


if __name__ == "__main__":
    sys.exit(main())
