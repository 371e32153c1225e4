"""The command line: help that explains itself, one sentence and exit code 2 for bad input."""

import dataclasses
import subprocess
import sys

import pytest

from sims.phase_diagram import main


def exit_code(arguments):
    """The code that the process would end with, whether main returns it or the parser exits."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return stop.code


BAD = {
    "unknown manifold": (["--manifold", "circel"], "circle"),
    "missing value": (["--preset"], "preset"),
    "negative error": (["--errors", "-0.1"], "errors must be finite and positive"),
    "NaN noise": (["--noises", "nan", "1", "2"], "noises must be finite and positive"),
    "one noise": (["--noises", "0.1"], "at least 3"),
    "repeated error": (["--errors", "0.1", "0.1"], "differ"),
    "no points": (["--points"], "points"),
    "one point": (["--points", "1"], "points must be at least 2"),
    "not a square": (["--manifold", "torus", "--points", "10"], "perfect power"),
    "too many images": (["--manifold", "digits", "--points", "5000"], "1200"),
    "no trajectories": (["--trajectories", "0"], "trajectories must be at least 3"),
    "tolerance not positive": (["--tolerance", "0"], "tolerance must be finite and positive"),
}


@pytest.mark.parametrize(("arguments", "said"), BAD.values(), ids=BAD)
def test_bad_input_ends_with_code_2_and_says_what_was_expected(arguments, said, tmp_path, capsys):
    assert exit_code([*arguments, "--out", tmp_path / "out"]) == 2
    printed = capsys.readouterr()
    assert said in printed.err + printed.out
    assert "Traceback" not in printed.err
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_ends_with_code_2(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert exit_code(["--out", tmp_path / "out"]) == 2
    assert "must be a folder" in capsys.readouterr().err


def test_a_store_of_another_configuration_ends_with_code_2(small_results, small_config, capsys):
    assert exit_code(["--out", small_config.out]) == 2
    said = capsys.readouterr().err
    for field in ("points", "errors", "noises", "seed", "draws"):
        assert f"{field} is" in said
    assert "manifold is" not in said


def test_flags_override_the_preset(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("sims.experiment.Experiment.run", lambda _, config: seen.append(config) or exit(0))
    exit_code(["--seed", "3", "--preset", "paper", "--points", "5", "6", "--out", tmp_path])
    (config,) = seen
    assert (config.preset, config.seed, config.points, config.replicates) == ("paper", 3, (5, 6), 8)
    assert dataclasses.replace(config, seed=4) != config


def test_help_explains_itself():
    ran = subprocess.run([sys.executable, "-m", "sims.phase_diagram", "--help"], capture_output=True, text=True)
    assert ran.returncode == 0
    for words in ("Map memorization against generalization", "--manifold", "--points", "torus", "resumes"):
        assert words in ran.stdout
