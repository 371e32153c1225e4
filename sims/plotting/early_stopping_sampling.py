"""All figures of early stopping in sampling, from its stored results."""

import pathlib

import xarray as xr

from sims.plotting import learned_states, stopped_samples, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure; returns the paths of the PNG files."""
    figures = {"early_stopping_sampling": stopped_samples.figure, "learned_states": learned_states.figure}
    return style.save_all(figures, results.isel(width=0), out)
