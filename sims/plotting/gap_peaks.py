"""Height and position of the peak of the relative gap against the laws."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.geometry import Geometry, geometry, unit
from sims.plotting.style import law_handle, log_ticks, new_figure, number_handles, points_with_errors
from theory import laws

_NORMS = {"squared": "squared error", "euclidean": "Euclidean error (as in the paper)"}


def figure(results: xr.Dataset) -> Figure:
    """Rows: height and position. Columns: placement and norm."""
    found = geometry(results)
    placements = results["placement"].values
    columns = [(placement, norm) for placement in placements for norm in _NORMS]
    drawing = new_figure(3.1 * len(columns) + 0.6, 5.6)
    panels = drawing.subplots(2, len(columns), squeeze=False, sharex=True, sharey="row")
    numbers = results["points"].values
    for (top, bottom), (placement, norm) in zip(panels.T, columns):
        measured = {
            name: [part.sel(placement=placement, norm=norm) for part in mean_and_error(results, name)]
            for name in ("gap_peak", "gap_peak_noise")
        }
        for i, n in enumerate(numbers):
            scale = found.spacing(n) if found else 1.0
            height, height_error = (part.sel(points=n) for part in measured["gap_peak"])
            place, place_error = (part.sel(points=n) for part in measured["gap_peak_noise"])
            # a largest of many noisy levels is no peak until it stands clear of its error
            clear = (height > 4 * height_error) & (place_error < 0.4 * place)
            x = results["error"].where(clear) / scale
            points_with_errors(top, x, height, height_error, i, len(numbers))
            points_with_errors(bottom, x, place / scale, place_error / scale, i, len(numbers))
        if found:
            _law(top, bottom, found, placement, norm)
        top.set(xscale="log", yscale="log", title=f"{placement} points\n{_NORMS[norm]}")
        bottom.set(xscale="log", yscale="log", xlabel=_label("model error", r"\delta", found, results))
        log_ticks(bottom)
    if found:
        panels[0, 0].set(xlim=(0.05, 2.0), ylim=(2e-3, 2e3))
        panels[1, 0].set_ylim(0.02, 3.0)
    panels[0, 0].set_ylabel("peak relative gap")
    panels[1, 0].set_ylabel(_label("noise at the peak", r"\sigma^*", found, results))
    law_handles = [law_handle("law"), law_handle("to next order", "--")] if found else []
    panels[0, -1].legend(handles=law_handles + number_handles(numbers))
    return drawing


def _law(top, bottom, found: Geometry, placement: str, norm: str) -> None:
    """Laws in units of d: the peak of the exact or leading gap and, of i.i.d. points, of the gap to the next order."""
    delta = np.geomspace(0.05, 2.0, 60)
    sigma = np.geomspace(0.02, 4.0, 240)[:, None]
    dims = found.dim, found.ambient_dim
    curves = []
    if norm == "squared" and placement == "even":
        curves.append((delta, *_peak(sigma, laws.relative_gap_even(sigma, delta, 1.0, *dims)), "-"))
    elif norm == "squared":
        curves.append((delta, *_peak(sigma, laws.relative_gap_iid(sigma, delta, 1.0, *dims)), "-"))
        wide = delta[delta > 0.35]
        curves.append((wide, *_peak(sigma, laws.relative_gap_iid(sigma, wide, 1.0, *dims, next_order=True)), "--"))
    elif placement == "even" and found.dim == 1:
        near = np.geomspace(0.12, 0.22, 60)[:, None]
        curves.append((delta, *_peak(near, laws.relative_gap_euclidean_even(near, delta, 1.0, found.ambient_dim)), "-"))
    elif placement != "even":
        curves.append((delta, *laws.gap_peak_euclidean_iid(delta, 1.0, *dims), "-"))
        wide = delta[delta > 0.35]
        law = laws.relative_gap_euclidean_iid(sigma, wide, 1.0, *dims, next_order=True)
        curves.append((wide, *_peak(sigma, law), "--"))
    for x, place, height, style in curves:
        top.plot(x, height, style, color="black")
        bottom.plot(x, place, style, color="black")


def _peak(sigma, gap):
    return sigma[np.argmax(gap, axis=0), 0], np.max(gap, axis=0)


def _label(text: str, symbol: str, found: Geometry | None, results) -> str:
    return rf"{text} ${symbol}/d$" if found else rf"{text} ${symbol}$ [{unit(results)}]"
