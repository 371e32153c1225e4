"""Both figures of the collapse in many dimensions, from its stored results."""

import pathlib

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.high_dimension import DIGITS, crossing
from sims.plotting import digits_dimension, style
from theory import laws


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save the figures; returns the paths of the PNG files."""
    figures = {"high_dimension": figure, "digits_dimension": digits_dimension.figure}
    return style.save_all(figures, results, out)


def figure(results: xr.Dataset) -> Figure:
    """Left: weight of the source against sigma/sigma_C. Right: where it is one half, against the law."""
    names, numbers = results["data"].values, results["points"].values
    drawing = style.new_figure(9.2, 4.3)
    left, right = drawing.subplots(1, 2)
    weight, bar = mean_and_error(results, "source_weight")
    place, place_error = crossing(results)
    scale = results["collapse_noise"].mean("replicate")
    for i, name in enumerate(names):
        colour = style.VERMILION if name == DIGITS else style.colours(len(names))[i]
        for j, n in enumerate(numbers):
            where = {"data": name, "points": n}
            look = {"color": colour, "marker": style.MARKERS[j % len(style.MARKERS)]}
            style.points_with_errors(left, results["noise"], weight.sel(where), bar.sel(where), i, len(names), **look)
            length = scale.sel(where)
            at, within = length * place.sel(where), length * place_error.sel(where)
            style.points_with_errors(right, n, at, within, i, len(names), **look)
        if name != DIGITS:
            many = np.geomspace(numbers.min() / 1.5, numbers.max() * 1.5, 100)
            right.plot(many, laws.collapse_noise(many, int(name), 1.0), color="black", lw=0.9)
        else:
            right.plot(numbers, scale.sel(data=name), "--", color="black", lw=0.9)
    left.axvline(1.0, color="black", lw=0.9)
    left.axhline(0.5, color="grey", lw=0.7, ls=":")
    left.set(
        xscale="log",
        xlabel=r"noise $\sigma/\sigma_C$ (or model error $\delta/\sigma_C$)",
        ylabel="mean weight of the true source",
        title="the posterior condenses at the law's noise",
    )
    right.set(
        xscale="log",
        yscale="log",
        xlabel="number of training points n",
        ylabel=r"noise [standard deviation; digits: pixel range]",
        title="where the source has half of the weight",
    )
    style.log_ticks(left, "x")
    style.log_ticks(right, "y")
    entries = [
        Line2D(
            [],
            [],
            ls="-",
            lw=3,
            color=style.VERMILION if name == DIGITS else style.colours(len(names))[i],
            label=name if name == DIGITS else f"D = {name}",
        )
        for i, name in enumerate(names)
    ]
    entries += [
        Line2D([], [], ls="", marker=style.MARKERS[j % len(style.MARKERS)], color="grey", label=f"n = {n}")
        for j, n in enumerate(numbers)
    ]
    entries += [style.law_handle(r"law $\sigma_C$"), style.law_handle("law, covariance of the digits", "--")]
    drawing.legend(handles=entries, loc="outside lower center", ncols=5)
    return drawing
