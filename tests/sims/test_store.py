"""The store: written group by group, refused to other configurations, readable by anyone with xarray."""

import numpy as np
import pytest
import xarray as xr

from sims.store import Store, Variable, config_of
from sims.sweep import run_serially

GRID = {"placement": ("even", "iid"), "points": (4, 9)}
AXES = {"error": (0.1, 0.2, 0.3)}
VARIABLES = {"m": Variable(("error",), "1", "order parameter")}
CONFIG = {"seed": 1, "errors": (0.1, 0.2, 0.3)}


def open_store(path, config=CONFIG):
    return Store.open(path, config=config, grid=GRID, axes=AXES, variables=VARIABLES)


def value(index):
    return {"m": np.arange(3.0) + 10 * index[0] + 100 * index[1]}


def test_a_store_gives_back_what_was_written_with_its_coordinates(tmp_path):
    store = open_store(tmp_path / "x.zarr")
    run_serially(store, value, cells=3)
    results = store.read()
    for i, placement in enumerate(GRID["placement"]):
        for j, n in enumerate(GRID["points"]):
            np.testing.assert_array_equal(results["m"].sel(placement=placement, points=n), value((i, j))["m"])
    assert results["m"].attrs == {"units": "1", "long_name": "order parameter"}
    assert results.attrs["config"]["errors"] == [0.1, 0.2, 0.3]
    assert {"jax", "numpy", "zarr"} <= set(results.attrs["versions"])


def test_anyone_can_open_it_with_xarray(tmp_path):
    run_serially(open_store(tmp_path / "x.zarr"), value, cells=3)
    with xr.open_zarr(tmp_path / "x.zarr") as results:
        assert float(results["m"].sel(placement="iid", points=9, error=0.2)) == 111.0


def test_only_missing_groups_are_computed(tmp_path, capsys):
    store = open_store(tmp_path / "x.zarr")
    store.write((0, 1), value((0, 1)))
    computed = []
    run_serially(open_store(tmp_path / "x.zarr"), lambda index: computed.append(index) or value(index), cells=3)
    assert computed == [(0, 0), (1, 0), (1, 1)]
    assert "3 of 12 cells found done" in capsys.readouterr().out


def test_an_incomplete_store_says_how_much_is_missing(tmp_path):
    store = open_store(tmp_path / "x.zarr")
    store.write((0, 0), value((0, 0)))
    with pytest.raises(ValueError, match="3 of 4 groups are missing"):
        store.read()


def test_another_configuration_is_refused_with_the_fields_that_differ(tmp_path):
    open_store(tmp_path / "x.zarr")
    with pytest.raises(ValueError, match="seed is 1 there and 2 here") as caught:
        open_store(tmp_path / "x.zarr", {**CONFIG, "seed": 2})
    assert "errors" not in str(caught.value)


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_output_path_that_is_a_file_is_refused(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file"):
        open_store(tmp_path / place / "x.zarr")


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(ValueError, match="no result"):
        open_store(tmp_path / "x.zarr")
    with pytest.raises(ValueError, match="no result"):
        config_of(tmp_path / "nothing.zarr")
