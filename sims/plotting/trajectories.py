"""All figures of the trajectories, from their stored results."""

import pathlib

import matplotlib as mpl
import xarray as xr

from sims.plotting import early_stopping, paths, style, work_precision


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save the figures; returns the paths of the PNG files."""
    figures = {
        "trajectories": paths.figure,
        "early_stopping": early_stopping.figure,
        "work_precision": work_precision.figure,
    }
    with mpl.rc_context(style.SETTINGS):
        return [style.save(make(results), out, name) for name, make in figures.items()]
