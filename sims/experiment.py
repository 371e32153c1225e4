"""What all sims share: a configuration with presets, a resumable store, a command line, and redrawing from the store."""

import dataclasses
import importlib
import math
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import jax
import numpy as np
import tyro
import xarray as xr

from sims import command_line
from sims.store import Store, Variable, config_of
from sims.sweep import run_serially
from theory.checks import require_choice, require_count

PRESETS = ("quick", "paper", "large")
Preset = Literal["quick", "paper", "large"]


@dataclasses.dataclass(frozen=True)
class StudyConfig:
    """The fields that every sim has; a sim adds its own, and the default of ``out``."""

    preset: Preset = "quick"
    """Size of the study; any other flag overrides the preset's value."""
    out: pathlib.Path = pathlib.Path("results")
    """Folder for results and figures."""
    seed: int = 0
    """Seed of everything random."""
    replicates: int = 4
    """Independent repetitions; error bars are over these."""
    redraw: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Draw the figures of a finished result in OUT again, without computing; other flags are not used."""

    def __post_init__(self):
        require_choice("preset", self.preset, PRESETS)
        require_count("seed", self.seed, 0)
        require_count("replicates", self.replicates)

    def science(self) -> dict:
        """The fields that determine the results, as they are kept in the store."""
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if name not in ("preset", "out", "redraw")}


Config = TypeVar("Config", bound=StudyConfig)


@dataclasses.dataclass(frozen=True)
class Study:
    """What one configuration asks for: a grid of groups, and how one group is computed.

    grid: coordinates of the grid dimensions, whose points are the groups, the units of work. axes: coordinates of the
    dimensions within a group. compute: from the coordinates of a group, by dimension, and its key to its variables.
    cells: how many cells a group holds, for what is printed.
    """

    grid: Mapping[str, Sequence]
    axes: Mapping[str, Sequence]
    variables: Mapping[str, Variable]
    compute: Callable[[dict[str, Any], Any], Mapping[str, Any]]
    cells: int = 1


@dataclasses.dataclass(frozen=True)
class Experiment(Generic[Config]):
    """A sim: results in OUT/NAME.zarr, figures by ``sims.plotting.NAME.draw(results, out)``.

    preset: from the ``selectors`` (preset, and manifold where there is one), by name, to a configuration. prepare: from
    a configuration to its `Study`. summary: from results to what is printed.
    """

    name: str
    config_class: type[Config]
    preset: Callable[..., Config]
    prepare: Callable[[Config], Study]
    summary: Callable[[xr.Dataset], str]
    selectors: tuple[str, ...] = ("preset",)

    def path(self, out) -> pathlib.Path:
        """Where the results of a run into the folder ``out`` are."""
        return pathlib.Path(out) / f"{self.name}.zarr"

    def run(self, config: Config) -> xr.Dataset:
        """Compute what ``config.out`` lacks of the results and return all of them.

        Works in float64 whatever JAX is set to. Raises ``ValueError`` for what the study cannot be made of and for an
        output that is no folder or holds another configuration.
        """
        with jax.enable_x64(True):
            study = self.prepare(config)
            store = Store.open(
                self.path(config.out),
                config=config.science(),
                grid=study.grid,
                axes=study.axes,
                variables=study.variables,
            )
            shape = store.done.shape

            def compute(index):
                cell = {name: values[place] for (name, values), place in zip(study.grid.items(), index)}
                # the seed of a group is its place in the grid, so that a resumed run repeats it
                key = jax.random.fold_in(jax.random.key(config.seed), int(np.ravel_multi_index(index, shape)))
                return {name: np.asarray(value) for name, value in study.compute(cell, key).items()}

            run_serially(store, compute, cells=study.cells)
            return store.read()

    def main(self, argv: list[str] | None = None) -> int:
        """Run the command line and return its exit code: 0, 2 for bad input, 130 when interrupted."""
        arguments = sys.argv[1:] if argv is None else argv

        def job():
            config = command_line.parse(
                f"python -m sims.{self.name}", self.config_class, self.preset, self.selectors, arguments
            )
            path = self.path(config.out)
            if config.redraw:
                config_of(path)
                results = Store(path).read()
            else:
                results = self.run(config)
            print(self.summary(results))
            # matplotlib is loaded only where something is drawn
            figures = importlib.import_module(f"sims.plotting.{self.name}").draw(results, config.out)
            print(f"results  {path}")
            print("figures  " + " ".join(str(figure) for figure in figures))

        return command_line.execute(job, resume="Run the same command again to go on.")


def octaves(lowest: float, highest: float, per_octave: int) -> tuple[float, ...]:
    """Powers of two from 2^lowest to 2^highest, to four digits so that they can be typed."""
    count = round((highest - lowest) * per_octave) + 1
    values = (2 ** (lowest + (highest - lowest) * i / (count - 1)) for i in range(count))
    return tuple(round(value, 3 - math.floor(math.log10(value))) for value in values)


def require_distinct(name: str, values) -> None:
    """Raise ``ValueError`` for coordinates that repeat."""
    if len(set(values)) < len(values):
        raise ValueError(f"{name} must differ from each other, got {values}")
