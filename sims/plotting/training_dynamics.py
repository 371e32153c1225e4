"""All figures of the study of training, from its stored results."""

import pathlib

import xarray as xr

from sims.plotting import gap_by_step, placed_networks, style, training_curves


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure; returns the paths of the PNG files."""
    figures = {
        "training_dynamics": training_curves.figure,
        "gap_by_step": gap_by_step.figure,
        "placed_networks": placed_networks.figure,
    }
    return style.save_all(figures, results, out)
