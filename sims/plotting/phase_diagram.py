"""All figures of a phase diagram, from its stored results."""

import pathlib

import xarray as xr

from sims.geometry import geometry
from sims.plotting import collapse, field_measures, gap_peaks, order_curve, phase_map, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure that the results have; returns the paths of the PNG files."""
    figures = {"phase_diagram": phase_map.figure, "gap_peak": gap_peaks.figure, "measures": field_measures.figure}
    if geometry(results):
        figures |= {"collapse": collapse.figure, "order_parameter": order_curve.figure}
    return style.save_all(figures, results, out)
