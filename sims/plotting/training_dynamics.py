"""All figures of the study of training, from its stored results."""

import pathlib

import xarray as xr

from sims.plotting import (
    field_references,
    gap_by_step,
    image_distances,
    nearest_images,
    placed_networks,
    style,
    training_curves,
)


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure that the results have; returns the paths of the PNG files."""
    figures = {
        "training_dynamics": training_curves.figure,
        "gap_by_step": gap_by_step.figure,
        "placed_networks": placed_networks.figure,
        "field_references": field_references.figure,
    }
    if results.attrs["config"]["manifold"] == "digits":
        figures |= {"nearest_images": nearest_images.figure, "image_distances": image_distances.figure}
    return style.save_all(figures, results.isel(width=0), out)
