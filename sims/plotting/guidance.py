"""All figures of the study of guidance, from its stored results."""

import pathlib
from functools import partial

import xarray as xr

from sims.plotting import guided_gaps, guided_measures, guided_samples, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure; returns the paths of the PNG files. The first placement has the name of the sim."""
    first, *others = results["placement"].values
    figures = {"guidance": partial(guided_measures.figure, placement=first)}
    figures |= {f"guidance_{each}": partial(guided_measures.figure, placement=each) for each in others}
    figures |= {
        "guided_samples": partial(guided_samples.figure, placement=first),
        "gap_curves": partial(guided_gaps.figure, placement=first),
    }
    return style.save_all(figures, results, out)
