"""The figure of the study, from its stored results."""

import pathlib
from functools import partial

import xarray as xr

from sims.plotting import size_curves, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save it; returns the path of the PNG file."""
    figure = partial(size_curves.figure, along="conditions", series="step")
    return style.save_all({"condition_granularity": figure}, results.isel(width=0), out)
