"""The (n, width) map of trained networks at the end of training: how much is recalled, and the largest gap."""

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sims.learned.memorization_time import recalled
from sims.plotting.style import cell_edges, new_figure


def figure(results: xr.Dataset) -> Figure:
    """Left: recall of samples. Right: largest relative gap over noise, blank where two standard errors reach none."""
    last = results.isel(step=-1)
    drawing = new_figure(8.6, 3.5)
    left, right = drawing.subplots(1, 2, sharey=True)
    numbers, widths = results["points"].values, results["width"].values
    gap = last["gap_peak"].sel(norm="squared")
    error = last["gap_peak_error"].sel(norm="squared")
    shown = gap.where(gap > 2 * error).mean("replicate")
    maps = (
        (left, recalled(last)[0].mean("replicate"), {"vmin": 0, "vmax": 1}, "recall (1: exact, 0: as perfect samples)"),
        (right, shown, {"norm": LogNorm(*_decades(shown))}, "largest relative gap"),
    )
    for axes, values, colours, label in maps:
        grid = values.transpose("width", "points").values
        shades = axes.pcolormesh(
            cell_edges(numbers), cell_edges(widths), grid, cmap="cividis_r", rasterized=True, **colours
        )
        drawing.colorbar(shades, ax=axes, pad=0.02).set_label(label)
        axes.set(xscale="log", yscale="log", xlabel="number of training points n")
        axes.set_xticks(numbers, [str(n) for n in numbers])
        axes.set_yticks(widths, [str(width) for width in widths])
        axes.minorticks_off()
    left.set_ylabel("width of the network")
    drawing.suptitle(f"after {int(last['step'])} steps", fontsize=9.5)
    return drawing


def _decades(values: xr.DataArray) -> tuple[float, float]:
    """Powers of ten around all positive values, or one decade where there are none."""
    seen = values.values[np.isfinite(values.values) & (values.values > 0)]
    if not len(seen):
        return 0.1, 1.0
    low, high = np.floor(np.log10(seen.min())), np.ceil(np.log10(seen.max()))
    return 10.0**low, 10.0 ** max(high, low + 1)
