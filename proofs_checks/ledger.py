"""Running entries: each step must hold, refute its wrong variants, and each function agree with its oracle."""

import hashlib
import pathlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field

import jax

from proofs_checks.entry import Comparison, Entry, Step
from proofs_checks.evidence import Disproved
from proofs_checks.registry import entries, page_of


@dataclass
class Line:
    """One line of the ledger: a step or a function of an entry. faults: what went wrong, empty where it passed."""

    what: str
    """Name of the step, or dotted name of the function."""
    status: str
    """Status word of a step; "agrees" for a function."""
    shown: str
    wrong: list[str] = field(default_factory=list)
    """Wrong variants of a step, all refuted where there are no faults."""
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Record:
    """An entry after it was run."""

    label: str
    statement: str
    status: str
    page: str
    simulations: list[str]
    steps: list[Line]
    functions: list[Line]
    seconds: float

    @property
    def faults(self) -> list[str]:
        """Everything that went wrong."""
        return [f"{line.what}: {fault}" for line in [*self.steps, *self.functions] for fault in line.faults]

    def as_json(self) -> dict:
        """Plain data, with ``passed``."""
        return asdict(self) | {"passed": not self.faults}


def run_step(step: Step) -> Line:
    """Prove the claim and refute each wrong variant."""
    line = Line(step.name, step.status, step.shown, list(step.wrong))
    start = time.perf_counter()
    try:
        step.prove(step.claim)
    except Exception as error:
        line.faults.append(f"{type(error).__name__}: {error}")
    for name, variant in step.wrong.items():
        try:
            step.prove(variant)
        except Disproved:
            continue
        except Exception as error:
            line.faults.append(f"the wrong variant '{name}' was not refuted but broke: {type(error).__name__}: {error}")
        else:
            line.faults.append(f"the wrong variant '{name}' passed")
    line.seconds = time.perf_counter() - start
    return line


def run_comparison(comparison: Comparison) -> Line:
    """Compare a function with its oracle."""
    allowed = f"{comparison.rtol:.0e} relative" + (f", {comparison.atol:.0e} absolute" if comparison.atol else "")
    line = Line(comparison.function, "agrees", f"{len(comparison.inputs)} inputs, {allowed}")
    start = time.perf_counter()
    try:
        worst = comparison.check()
        line.shown += f"; largest error {worst:.1g} of that"
    except Exception as error:
        line.faults.append(f"{type(error).__name__}: {error}")
    line.seconds = time.perf_counter() - start
    return line


def run_entry(entry: Entry) -> Record:
    """Run all steps and comparisons of an entry."""
    steps = [run_step(step) for step in entry.steps]
    functions = [run_comparison(comparison) for comparison in entry.comparisons]
    seconds = sum(line.seconds for line in [*steps, *functions])
    for nothing, said in ((steps, "no step"), (functions, "no function of theory")):
        if not nothing:
            nothing.append(Line(entry.label, "open", said, faults=[f"the entry has {said}"]))
    simulations = list(entry.simulations)
    return Record(
        entry.label, entry.statement, str(entry.status), page_of(entry.label), simulations, steps, functions, seconds
    )


def run(labels: Iterable[str], jobs: int = 1) -> Iterator[Record]:
    """Records in the order of the labels, as they are done, by that many processes."""
    labels = list(labels)
    if jobs == 1:
        yield from map(_run_label, labels)
        return
    with ProcessPoolExecutor(jobs, initializer=double_precision) as pool:
        yield from pool.map(_run_label, labels)


def double_precision() -> None:
    """Set JAX to float64, which the comparisons assume: for entry points and their processes."""
    jax.config.update("jax_enable_x64", True)


def source_hash() -> str:
    """Of all that a ledger depends on, to tell whether one that was kept is of the present sources."""
    root = pathlib.Path(__file__).parents[1]
    sources = sorted(path for package in ("theory", "proofs_checks") for path in (root / package).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _run_label(label: str) -> Record:
    return run_entry(entries()[label])


def text(record: Record) -> str:
    """What the ledger prints of an entry."""
    verdict = "FAILED" if record.faults else record.status
    link = f"docs/{record.page}#{record.label}"
    head = f"[{record.label}]"
    lines = [f"{head:<26} {verdict:<8} {record.seconds:6.1f} s  {link}", f"    {record.statement}"]
    for line in record.steps:
        refuted = f"; refuted: {', '.join(line.wrong)}" if line.wrong else ""
        lines.append(f"    {line.status:<8} {line.shown}{refuted}")
    lines += [f"    {line.status:<8} {line.what}: {line.shown}" for line in record.functions]
    lines += [f"    FAILED   {fault}" for fault in record.faults]
    return "\n".join(lines)
