"""All figures of the study of the gap, from its stored results."""

import pathlib

import xarray as xr

from sims.geometry import geometry
from sims.plotting import gap_by_position, gap_curves, style, validation_kinds


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure that the results have; returns the paths of the PNG files."""
    figures = {"generalization_gap": gap_curves.figure, "validation_kinds": validation_kinds.figure}
    if geometry(results):
        figures["gap_by_angle"] = gap_by_position.figure
    return style.save_all(figures, results, out)
