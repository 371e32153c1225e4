"""The ledger says so if an entry does not hold."""

import json

import mpmath
import pytest
import sympy as sp

from proofs_checks import __main__ as command_line
from proofs_checks import ledger
from proofs_checks.entry import Entry, Status
from proofs_checks.evidence import Disproved, Undecided, agree, equal, remainder_order, true, valid_range, within
from proofs_checks.registry import entries

x, y = sp.symbols("x y", positive=True)


def test_every_step_of_every_entry_has_wrong_variants_and_every_entry_a_function():
    """That each holds, refutes its variants and agrees is for ``python -m proofs_checks``, which runs them all."""
    assert all(entry.steps and entry.comparisons for entry in entries().values())
    variants = [len(step.wrong) for entry in entries().values() for step in entry.steps]
    assert min(variants) >= 1
    assert sum(variants) > 500


def entry_of(claim=x**2, wrong=x**3, function="theory.laws.order_parameter_even", right=lambda e, d: 1.0):
    """A small entry: the derivative of x^3/3 is ``claim``, and not ``wrong``; m = 1 without error."""
    entry = Entry("tweedie", "a square")

    @entry.step(Status.PROVED, "by differentiation", claim=claim, wrong={"the exponent": wrong})
    def derivative(claim):
        equal(sp.diff(x**3 / 3, x), claim)

    entry.ships(function, right, [(0.0, 1.0)])
    return entry


def test_an_entry_that_holds_has_no_faults():
    record = ledger.run_entry(entry_of())
    assert record.faults == []
    assert record.status == "proved"
    assert record.as_json()["passed"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"claim": x**4}, "Disproved: x\\*\\*4 was claimed"),
        ({"wrong": x * x}, "the wrong variant 'the exponent' passed"),
        ({"wrong": "x["}, "was not refuted but broke: SympifyError"),
        ({"right": lambda e, d: 1 + mpmath.mpf(10) ** -12}, "the oracle says"),
        ({"function": "theory.laws.no_such_law"}, "AttributeError"),
    ],
)
def test_what_is_wrong_is_a_fault(changes, fault):
    (found,) = ledger.run_entry(entry_of(**changes)).faults
    with pytest.raises(AssertionError, match=fault):
        raise AssertionError(found)


def test_an_entry_without_proof_or_function_fails():
    record = ledger.run_entry(Entry("tweedie", "nothing"))
    assert record.status == "open"
    assert len(record.faults) == 2


def test_status_is_that_of_the_weakest_step():
    entry = entry_of()
    entry.step(Status.NUMERIC, "by numbers", claim=1, wrong={"two": 2})(lambda claim: true(claim == 1, "one"))
    assert entry.status is Status.NUMERIC
    with pytest.raises(ValueError, match="at least one wrong variant"):
        entry.step(Status.PROVED, "nothing can fail", claim=1, wrong={})


def test_equal_refutes_with_numbers_and_never_takes_ignorance_for_a_proof():
    equal((x + y) ** 2, x**2 + 2 * x * y + y**2)
    with pytest.raises(Disproved, match="at a random place"):
        equal((x + y) ** 2, x**2 + y**2)
    with pytest.raises(Disproved, match="shows nothing"):
        equal(x - x, 0)
    with pytest.raises(Undecided):
        equal((x + y) ** 2, x**2 + 2 * x * y + y**2, simplify=lambda e: e)
    n, i = sp.symbols("n i", integer=True, positive=True)
    a = sp.IndexedBase("a")
    total = sp.Sum(a[i] * x, (i, 1, n))
    equal(total, x * sp.Sum(a[i], (i, 1, n)), simplify=lambda e: sp.simplify(sp.factor_terms(e)))
    with pytest.raises(Disproved):
        equal(total, x**2 * sp.Sum(a[i], (i, 1, n)))


def test_numbers_agree_or_are_refuted():
    agree([mpmath.pi, 1], [mpmath.pi * (1 + mpmath.mpf(10) ** -20), 1], 19)
    with pytest.raises(Disproved):
        agree(mpmath.pi, 3.14159265, 10)
    with pytest.raises(Disproved):
        agree(1.0, float("nan"), 10)
    within([1.02, 0.97], 0.01, 1.0)
    with pytest.raises(Disproved):
        within(1.05, 0.01, 1.0)
    remainder_order([0.1, 0.01], [3e-2, 3e-4], 2)
    with pytest.raises(Disproved):
        remainder_order([0.1, 0.01], [3e-2, 3e-4], 3)


def test_range_of_validity_is_the_longest_run():
    assert valid_range([1, 1, 1, 1, 1], [1.005, 2, 1, 1.009, 1.02], [1, 2, 3, 4, 5], 0.01) == (3, 4)
    assert valid_range([1, 1], [2, 2], [1, 2], 0.1) != valid_range([1, 1], [2, 1], [1, 2], 0.1) == (2, 2)


def test_command_line(tmp_path, capsys, monkeypatch):
    target = tmp_path / "new" / "ledger.json"
    assert command_line.main(["--only", "tweedie", "--jobs", "1", "--json", str(target)]) == 0
    printed = capsys.readouterr().out
    assert "[tweedie]" in printed
    assert "docs/derivations/posterior.md#tweedie" in printed
    (record,) = json.loads(target.read_text())["records"]
    assert record["label"] == "tweedie"
    assert record["passed"]
    assert command_line.main(["--only", "no-such-label"]) == 2
    assert "no label no-such-label" in capsys.readouterr().err
    assert command_line.main(["--only", "tweedie", "--json", str(tmp_path)]) == 2
    assert "must name a file that can be written" in capsys.readouterr().err
    assert command_line.main(["--only", "tweedie", "--jobs", "0"]) == 2
    assert "jobs must be at least 1, got 0" in capsys.readouterr().err
    monkeypatch.setitem(entries(), "tweedie", entry_of(claim=x))
    assert command_line.main(["--only", "tweedie", "--jobs", "1"]) == 1
    assert "failed: tweedie" in capsys.readouterr().out
