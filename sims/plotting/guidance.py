"""All figures of the study of guidance, from its stored results."""

import pathlib

import matplotlib as mpl
import xarray as xr

from sims.plotting import guided_gaps, guided_measures, guided_samples, style


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save every figure; returns the paths of the PNG files. The first placement has the name of the sim."""
    first, *others = results["placement"].values
    with mpl.rc_context(style.SETTINGS):
        figures = {"guidance": guided_measures.figure(results, first)}
        figures |= {f"guidance_{each}": guided_measures.figure(results, each) for each in others}
        figures |= {
            "guided_samples": guided_samples.figure(results, first),
            "gap_curves": guided_gaps.figure(results, first),
        }
        return [style.save(figure, out, name) for name, figure in figures.items()]
