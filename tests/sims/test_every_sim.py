"""What every sim promises: presets, a store that anyone can read, repeatable groups, redrawing, the command line."""

import inspect
import itertools
import pathlib

import jax
import numpy as np
import pytest
import xarray as xr

from sims.experiment import PRESETS, StudyConfig
from sims.plotting import style
from tests.sims.cases import MANIFOLDS, SMALL
from tests.sims.conftest import experiment

every = pytest.mark.parametrize("name", SMALL)


def test_the_table_holds_every_sim():
    folder = pathlib.Path(inspect.getfile(StudyConfig)).parent
    declared = {path.stem for path in folder.glob("*.py") if "Experiment(" in path.read_text()} - {"experiment"}
    declared |= {path.parent.name for path in folder.glob("*/__init__.py") if "Experiment(" in path.read_text()}
    assert declared == set(SMALL)


@every
def test_presets_are_valid(name):
    sim = experiment(name)
    for preset, manifold in itertools.product(PRESETS, MANIFOLDS.get(name, (None,))):
        config = sim.preset(preset) if manifold is None else sim.preset(preset, manifold)
        assert config.preset == preset
        assert config.out == pathlib.Path("results") / name
        study = sim.prepare(config)
        assert study.grid
        assert study.variables


@every
def test_results_are_open_to_anyone(name, small):
    config, results = small(name)
    with xr.open_zarr(experiment(name).path(config.out)) as opened:
        xr.testing.assert_identical(opened.load(), results)
    for variable in results.data_vars.values():
        if variable.name != "done":
            assert variable.attrs["units"]
            assert variable.attrs["long_name"]
    assert results.attrs["config"]["seed"] == config.seed


@every
def test_a_group_computed_alone_has_the_same_digits(name, small):
    """Which is what a resumed run does; and another seed has others."""
    config, results = small(name)
    with jax.enable_x64(True):
        study = experiment(name).prepare(config)
        index = tuple(len(values) - 1 for values in study.grid.values())
        number = np.ravel_multi_index(index, [len(values) for values in study.grid.values()])
        cell = {dim: values[place] for (dim, values), place in zip(study.grid.items(), index)}
        once, other = (
            study.compute(cell, jax.random.fold_in(jax.random.key(seed), int(number)))
            for seed in (config.seed, config.seed + 1)
        )
    last = results.isel(dict(zip(study.grid, index)))
    assert set(once) == set(study.variables)
    for variable, value in once.items():
        np.testing.assert_array_equal(last[variable], np.asarray(value, float), err_msg=variable)
    assert any(not np.array_equal(once[variable], other[variable], equal_nan=True) for variable in once)


@every
def test_figures_are_redrawn_from_the_store_without_computing(name, small, capsys, monkeypatch):
    config, _ = small(name)
    monkeypatch.setattr("sims.experiment.Experiment.run", lambda *_: pytest.fail("redrawing computes"))
    # outlines of the glyphs: parts of fonts, as users have them, cost a quarter of the time and are the same everywhere
    monkeypatch.setitem(style.SETTINGS, "pdf.fonttype", 3)
    # fewer pixels, for the same reason
    monkeypatch.setitem(style.SETTINGS, "savefig.dpi", 60)
    for old in [*config.out.glob("*.png"), *config.out.glob("*.pdf")]:
        old.unlink()
    assert experiment(name).main(["--redraw", "--out", str(config.out)]) == 0
    printed = capsys.readouterr().out
    figures = sorted(config.out.glob("*.png"))
    assert config.out / f"{name}.png" in figures
    for figure in figures:
        assert str(figure) in printed
        assert figure.stat().st_size > 1000
        assert figure.with_suffix(".pdf").stat().st_size > 1000
    assert len(printed.splitlines()) > 3


BAD = {
    "unknown flag": (["--pionts", "8"], "pionts"),
    "unknown preset": (["--preset", "quik"], "quick"),
    "mistyped number": (["--seed", "one"], "seed"),
    "no replicates": (["--replicates", "0"], "replicates must be at least 1"),
    "negative seed": (["--seed", "-1"], "seed must be at least 0"),
    "nothing to redraw": (["--redraw"], "no result"),
}


@every
@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_code_2_and_says_what_was_expected(name, case, tmp_path, capsys):
    arguments, said = BAD[case]
    try:
        code = experiment(name).main([*arguments, "--out", str(tmp_path / "out")])
    except SystemExit as stop:
        code = stop.code
    printed = capsys.readouterr()
    assert code == 2
    assert said in printed.err + printed.out
    assert "Traceback" not in printed.err
    assert not (tmp_path / "out").exists()


@every
def test_another_configuration_is_refused(name, small, capsys):
    config, _ = small(name)
    assert experiment(name).main(["--seed", "12345", "--out", str(config.out)]) == 2
    assert f"seed is {config.seed} there and 12345 here" in capsys.readouterr().err
