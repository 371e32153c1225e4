"""All figures of the phase diagram of trained networks, from its stored results."""

import pathlib

import xarray as xr

from sims.plotting import learned_map, memorization_times, style, width_map


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure; returns the paths of the PNG files."""
    figures = {
        "learned_phase_diagram": learned_map.figure,
        "width_map": width_map.figure,
        "memorization_times": memorization_times.figure,
    }
    return style.save_all(figures, results, out)
