"""Where results go: a zarr grid that knows its configuration, which groups are done, and that survives being killed."""

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import pathlib
import shutil
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
import zarr

_DONE = "done"
_LAYOUT = 1  # raise it when the variables of a store change their meaning


@dataclasses.dataclass(frozen=True)
class Variable:
    """One quantity of a result: dimensions after those of the grid, units and a long name."""

    dims: tuple[str, ...]
    units: str
    long_name: str


class Store:
    """A grid of results on disk, written one group (one cell of the grid dimensions) at a time.

    The template is written to a temporary name and moved into place; every chunk holds one group; a group's ``done``
    mark is set after its values. So a run that is killed leaves whole groups or groups to be computed again.
    """

    def __init__(self, path: pathlib.Path):
        self.path = pathlib.Path(path)
        self._group = zarr.open_group(self.path, mode="r+")

    @classmethod
    def open(
        cls,
        path,
        *,
        config: Mapping,
        grid: Mapping[str, Sequence],
        axes: Mapping[str, Sequence],
        variables: Mapping[str, Variable],
    ) -> "Store":
        """Open the store at ``path``, or make it; refuse one that another configuration made.

        config: what determines the results, as JSON values. grid: coordinates of the grid dimensions. axes: coordinates
        of the dimensions within a group. Raises ``ValueError`` that names the fields that differ, or a path that is no
        store.
        """
        path = pathlib.Path(path)
        config = json.loads(json.dumps({**config, "layout": _LAYOUT}))
        if not path.exists():
            _write_template(path, config, grid, axes, variables)
        _require_config(path, config)
        return cls(path)

    @property
    def done(self) -> np.ndarray:
        """Which groups are finished, boolean, in the shape of the grid."""
        return np.asarray(self._array(_DONE)[...]).astype(bool)

    def write(self, index: tuple[int, ...], values: Mapping[str, np.ndarray]) -> None:
        """Write one group and then mark it done."""
        for name, value in values.items():
            self._array(name)[index] = np.asarray(value)
        self._array(_DONE)[index] = 1

    def read(self) -> xr.Dataset:
        """The whole store in memory. Raises ``ValueError`` while groups are missing."""
        missing = int((~self.done).sum())
        if missing:
            raise ValueError(
                f"{self.path} is not complete: {missing} of {self.done.size} groups are missing; "
                "run the same command without --redraw to compute them"
            )
        with xr.open_zarr(self.path, chunks=None) as dataset:
            return dataset.load()

    def _array(self, name: str) -> zarr.Array:
        array = self._group[name]
        if not isinstance(array, zarr.Array):
            raise ValueError(f"{self.path} holds no variable {name}")
        return array


def config_of(path) -> dict:
    """The configuration kept in the store at ``path``; ``ValueError`` if there is no store."""
    try:
        return dict(zarr.open_group(path, mode="r").attrs["config"])  # pyright: ignore[reportArgumentType, reportCallIssue]
    except (FileNotFoundError, KeyError, NotADirectoryError) as error:
        raise ValueError(f"{path} is no result of this package: give another --out, or run without --redraw") from error


def _write_template(path: pathlib.Path, config, grid, axes, variables) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(f"the output {path.parent} must be a folder, but a file of that name is in the way") from error
    shutil.rmtree(temporary, ignore_errors=True)
    group = zarr.open_group(temporary, mode="w")
    packages = ("jax", "diffrax", "equinox", "numpy", "zarr")
    group.attrs.update(
        config=config,
        config_hash=hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16],
        versions={name: importlib.metadata.version(name) for name in packages},
    )
    coordinates = {**grid, **axes}
    sizes = {name: len(values) for name, values in coordinates.items()}
    for name, values in coordinates.items():
        array = group.create_array(name, data=_plain(values), dimension_names=[name])
        array.attrs["long_name"] = name
    fields = {_DONE: Variable((), "1", "1 when the group is finished"), **variables}
    for name, variable in fields.items():
        group.create_array(
            name,
            shape=[sizes[dim] for dim in (*grid, *variable.dims)],
            chunks=(*[1] * len(grid), *(sizes[dim] for dim in variable.dims)),
            dtype="int8" if name == _DONE else "float64",
            fill_value=0 if name == _DONE else float("nan"),
            dimension_names=[*grid, *variable.dims],
            attributes={"units": variable.units, "long_name": variable.long_name},
            config={"write_empty_chunks": True},
        )
    with warnings.catch_warnings():
        # zarr 3 calls consolidated metadata not yet specified; without it xarray.open_zarr(path) warns its reader
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(temporary)
    os.replace(temporary, path)


def _plain(values) -> np.ndarray:
    array = np.asarray(values)
    return array if array.dtype.kind in "iuf" else array.astype(np.dtypes.StringDType())


def _require_config(path: pathlib.Path, config: Mapping) -> None:
    stored = config_of(path)
    differing = [name for name in {**config, **stored} if config.get(name) != stored.get(name)]
    if differing:
        shown = "; ".join(
            f"{name} is {stored.get(name)} there and {config.get(name)} here" for name in sorted(differing)
        )
        raise ValueError(f"{path} holds results of another configuration: {shown}. Give another --out")
