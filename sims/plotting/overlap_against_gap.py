"""Overlap of trajectories with the noisy training data, and the generalization gap beside it, against sigma/delta."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.generalization_gap.peaks import gap_law
from sims.geometry import geometry
from sims.plotting.gap_curves import error_label, handles, name_of
from sims.plotting.style import LAW, colours, law_handle, log_ticks, new_figure, points_with_errors
from sims.trajectory_states.discriminator import isolated, largest_gap

_FLOOR = 1e-12  # of the overlap of images


def figure(results: xr.Dataset) -> Figure:
    """One column for each placement; rows: Bhattacharyya coefficient, error of the best discriminator, relative gap."""
    found, placements, errors = geometry(results), results["placement"].values, results["error"].values
    shown = results.sel(points=results["points"].max(), evaluation="sampling")
    drawing = new_figure(3.3 * len(placements) + (0.3 if found else 0.9), 7.2)
    panels = drawing.subplots(3, len(placements), squeeze=False, sharex=True, sharey="row")
    fine = np.geomspace(results["ratio"].min(), results["ratio"].max(), 200)
    halves = {"bhattacharyya": 1.0, "common_mass": 0.5}
    for column, placement in zip(panels.T, placements):
        for axes, (name, factor), alone in zip(column, halves.items(), isolated(results, fine)):
            mean, bar = (factor * part.sel(placement=placement) for part in mean_and_error(shown, name))
            for i, error in enumerate(errors):
                points_with_errors(axes, results["ratio"], mean.sel(error=error), bar.sel(error=error), i, len(errors))
            axes.plot(fine, factor * alone, color=LAW)
            axes.axhline(factor, color=LAW, ls=":", lw=1)
            if found is None:
                axes.set(yscale="log", ylim=(_FLOOR, 3))
            else:
                axes.set_ylim(0, 1.06 * factor)
        _gap(column[2], shown, placement, fine)
        for i, error in enumerate(errors):
            top = largest_gap(shown, placement, error)
            if top is not None:
                for axes in column:
                    # apart by their widths, where two fall on one level
                    place = results["ratio"].values[top] * 1.04 ** (i - 1)
                    axes.axvline(place, color=colours(len(errors))[i], lw=1, ls="--", zorder=0)
        column[0].set_title(name_of(placement) + f", n = {int(shown['points'])}")
        column[-1].set_xlabel(r"nominal noise over model error, $\sigma/\delta$")
    texts = ("Bhattacharyya coefficient", "error rate of the\nbest discriminator", "relative generalization gap")
    for axes, text in zip(panels[:, 0], texts):
        axes.set_ylabel(text)
    entries = [
        *handles([error_label(results, error) for error in errors]),
        law_handle("law: isolated points, or of the gap" if found else "law: isolated points"),
        law_handle("null: complete overlap", ":"),
        Line2D([], [], color="0.5", lw=0.9, ls="--", label="largest gap"),
    ]
    drawing.legend(handles=entries, loc="outside lower center", ncols=3 if found else 2)
    return drawing


def _gap(axes, shown: xr.Dataset, placement: str, fine) -> None:
    """The relative gap with its law; points that do not stand clear of twice their error are left out."""
    errors, ratio = shown["error"].values, shown["ratio"].values
    mean, bar = (part.sel(placement=placement) for part in mean_and_error(shown, "gap"))
    for i, error in enumerate(errors):
        gap, spread = mean.sel(error=error), bar.sel(error=error)
        points_with_errors(axes, ratio, gap.where(gap > 2 * spread), spread, i, len(errors))
        axes.plot(fine, gap_law(shown, placement, fine * error, error), color=LAW)
    axes.set(xscale="log", yscale="log", ylim=(2e-3, 1e2 if geometry(shown) else 5))
    log_ticks(axes, "x")
