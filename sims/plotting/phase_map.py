"""The (n, delta) map: how much is memorized, the law lines, and the measured transition."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.geometry import geometry, unit
from sims.phase_diagram.transition import transitions
from sims.plotting.style import VERMILION, cell_edges, log_ticks, new_figure


def figure(results: xr.Dataset) -> Figure:
    """One panel for each placement; colour from recall (dark) to the null of perfect samples (light)."""
    placements = results["placement"].values
    drawing = new_figure(4.3 * len(placements) + 1.1, 4.1)
    panels = drawing.subplots(1, len(placements), squeeze=False, sharey=True)[0]
    for axes, placement in zip(panels, placements):
        shades = _map(axes, results, placement)
        _lines(axes, results, placement)
        axes.set(xscale="log", yscale="log", xlabel="number of training points n")
        log_ticks(axes, "y")
        axes.set_xticks(results["points"].values, [str(n) for n in results["points"].values])
        axes.minorticks_off()
        if axes is panels[-1]:
            bar = drawing.colorbar(shades, ax=panels, pad=0.02)
            bar.set_label("memorization (1: exact recall, 0: as perfect samples)")
    panels[0].set_ylabel(rf"model error $\delta$ [{unit(results)}]")
    return drawing


def _map(axes, results, placement):
    """Order parameter of even points, else the memorization ratio above its null over the room there is; of images, where
    scatter in many dimensions spoils that ratio, the weight of the source."""
    if geometry(results) is None:
        shown = mean_and_error(results, "source_weight")[0].sel(placement=placement)
        title = "images: posterior weight of a sample's own source"
    elif placement == "even":
        shown = mean_and_error(results, "order_parameter")[0].sel(placement=placement)
        title = "even points: order parameter $m$"
    else:
        null = results["memorization_ratio_null"]
        shown = ((results["memorization_ratio"] - null) / (1 - null)).mean("replicate").sel(placement=placement)
        title = "i.i.d. points: memorization ratio above its null"
    axes.set_title(title)
    n, error = results["points"].values, results["error"].values
    values = shown.transpose("error", "points").values
    return axes.pcolormesh(cell_edges(n), cell_edges(error), values, cmap="cividis_r", vmin=0, vmax=1, rasterized=True)


def _lines(axes, results, placement):
    found = geometry(results)
    n = results["points"].values
    edges = cell_edges(n)
    for each, style, marker in zip(
        (t for t in transitions(results) if t.placement == placement), ("-", "--"), ("o", "s")
    ):
        if found is None:
            axes.plot(n, each.law, style, color="black", label="law: collapse of Gaussian data\nof the same covariance")
        else:
            smooth = np.geomspace(edges[0], edges[-1], 50)
            law = each.law[0] / found.spacing(n[0]) * found.spacing(smooth)
            axes.plot(smooth, law, style, color="black", label=f"law: {each.criterion}")
        face = "white" if marker == "s" else VERMILION
        axes.errorbar(
            n,
            each.error,
            each.standard_error,
            fmt=marker,
            color=VERMILION,
            mfc=face,
            ms=5.5,
            capsize=2.5,
            label=f"simulated: {each.criterion}",
        )
    error = results["error"].values
    axes.set(xlim=(edges[0], edges[-1]), ylim=cell_edges(error)[[0, -1]])
    axes.legend(loc="lower left" if found else "upper left", frameon=True, framealpha=0.9, edgecolor="none")
