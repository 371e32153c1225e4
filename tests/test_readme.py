"""The README's example runs, and its commands and figures exist."""

import pathlib
import re

from tests.sims.cases import SMALL

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


def pages():
    docs = README.parent / "docs"
    return [README, *sorted(page for page in docs.rglob("*.md") if "_build" not in page.parts)]


def test_linked_files_exist():
    for page in pages():
        prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#]+)\)", prose, re.S):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), (page.name, target)


def test_every_sim_has_a_page_with_its_command_and_a_picture_in_the_gallery():
    gallery = (README.parent / "docs" / "gallery.md").read_text()
    for name in SMALL:
        command = f"python -m sims.{name}"
        page = README.parent / "docs" / f"{name}.md"
        assert command in page.read_text()
        assert f"[`{command}`](docs/{name}.md)" in README.read_text()
        assert command in gallery
        assert f"]({name}.md)" in gallery
        assert f"](images/{name}.png)" in gallery
