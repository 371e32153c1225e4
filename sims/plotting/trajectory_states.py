"""All figures of the comparison of states, from its stored results."""

import pathlib

import xarray as xr

from sims.plotting import overlap_against_gap, overlap_bounds, state_measures, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure; returns the paths of the PNG files."""
    figures = {
        "trajectory_states": overlap_against_gap.figure,
        "state_measures": state_measures.figure,
        "overlap_bounds": overlap_bounds.figure,
    }
    return style.save_all(figures, results, out)
