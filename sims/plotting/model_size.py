"""The figure of the study, from its stored results."""

import pathlib
from functools import partial

import xarray as xr

from sims.plotting import size_curves, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save it; returns the path of the PNG file."""
    # the gap against noise is that of a number of points that the widest network begins to memorize
    shown = 0 if results.attrs["config"]["manifold"] == "digits" else len(results["points"]) // 2
    figure = partial(size_curves.figure, along="width", series="points", shown=shown)
    return style.save_all({"model_size": figure}, results.isel(step=-1), out)
