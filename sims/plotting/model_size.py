"""The figure of the study, from its stored results."""

import pathlib
from functools import partial

import xarray as xr

from sims.plotting import size_curves, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save it; returns the path of the PNG file."""
    figure = partial(size_curves.figure, along="width", series="points", shown=len(results["points"]) // 2)
    return style.save_all({"model_size": figure}, results.isel(step=-1), out)
