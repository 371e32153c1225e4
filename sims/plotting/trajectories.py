"""All figures of the trajectories, from their stored results."""

import pathlib

import xarray as xr

from sims.plotting import early_stopping, paths, style, work_precision


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save the figures; returns the paths of the PNG files."""
    figures = {
        "trajectories": paths.figure,
        "early_stopping": early_stopping.figure,
        "work_precision": work_precision.figure,
    }
    return style.save_all(figures, results, out)
