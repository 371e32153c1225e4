"""The README's example runs, and its commands and figures exist."""

import pathlib
import re

README = pathlib.Path(__file__).parents[1] / "README.md"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.M | re.S)


def test_the_library_example_runs_and_agrees_with_the_law(capsys):
    (example,) = blocks("python")
    names = {}
    exec(example, names)
    simulated, exact = names["simulated"], names["exact"]
    assert abs(float(simulated.value) - exact) < 4 * float(simulated.standard_error)
    assert "order parameter" in capsys.readouterr().out


def test_the_commands_are_there_in_the_order_that_is_promised():
    first_job = next(block for block in blocks("bash") if "sims.phase_diagram" in block)
    first_tests = next(block for block in blocks("bash") if "python -m pytest" in block)
    for block in (first_job, first_tests):
        assert block.startswith("python3 -m venv")
        assert "-c constraints.txt" in block


def test_linked_files_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(), re.S):
        if not target.startswith("http"):
            assert (README.parent / target).exists(), target
