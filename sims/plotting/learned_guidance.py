"""Recall, gap, distance and straying of guided networks against the weight, beside guided exact models."""

import pathlib

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.learned.report import recall_name
from sims.plotting import style
from sims.plotting.steps import RECALL
from sims.plotting.style import MARKERS, VERMILION, new_figure

_COLOURS = {"classifier-free": "#0072B2", "autoguidance": VERMILION}  # of Okabe and Ito's palette
_LINES = ("-", "--", ":", "-.")


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save it; returns the path of the PNG file."""
    return style.save_all({"learned_guidance": figure}, results.isel(width=0), out)


def figure(results: xr.Dataset) -> Figure:
    """Columns: numbers of conditions. Colour: kind of guidance. Points: networks; lines without: exact models."""
    name, counts = recall_name(results), results["conditions"].values
    size = results["energy_distance"].attrs["units"]
    rows = {
        name: RECALL[name].replace(" of ", "\nof "),
        "gap_peak": "largest relative gap",
        "energy_distance": f"energy distance\nfrom the truth [{size}]",
        "strayed": "share of samples nearest\nto another condition",
    }
    drawing = new_figure(2.7 * len(counts) + 0.9, 8.6)
    panels = drawing.subplots(len(rows), len(counts), squeeze=False, sharex=True, sharey="row")
    models = list(results["model"].values)
    for row, (measure, label) in zip(panels, rows.items()):
        mean, bar = mean_and_error(results, measure)
        if measure == "gap_peak":
            mean = mean.where(mean > 2 * bar)
            row[0].set_yscale("log")
        for axes, count in zip(row, counts):
            for kind, colour in _COLOURS.items():
                for i, model in enumerate(models):
                    value, error = (part.sel(conditions=count, kind=kind, model=model) for part in (mean, bar))
                    own = i == 0
                    axes.errorbar(
                        results["weight"], value, error if own else None, color=colour, ls=_LINES[i % len(_LINES)],
                        marker=MARKERS[0] if own else "", capsize=2, lw=1.2 if own else 0.9,
                    )  # fmt: skip
            if measure == name:
                axes.set_title(f"{count} conditions")
                axes.axhline(1.0, color="grey", lw=0.8, ls=":")
        row[0].set_ylabel(label)
    for axes in panels[-1]:
        axes.set_xlabel("guidance weight w")
    handles = [
        *(Line2D([], [], color=colour, label=kind) for kind, colour in _COLOURS.items()),
        *(
            Line2D(
                [],
                [],
                color="black",
                ls=_LINES[i % len(_LINES)],
                marker="" if i else MARKERS[0],
                label=_text(results, model),
            )
            for i, model in enumerate(models)
        ),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawing


def _text(results, model: str) -> str:
    return model if model == "network" else f"{model} d"
