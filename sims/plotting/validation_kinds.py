"""The gap by what it is measured on: random points, points midway, or each training point left out."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.generalization_gap.peaks import gap_law
from sims.geometry import geometry
from sims.plotting.gap_curves import clear_curve, error_label, handles, name_of, noise_label
from sims.plotting.style import law_handle, log_ticks, new_figure
from theory import laws


def figure(results: xr.Dataset) -> Figure:
    """Rows: two model errors. Columns: placement."""
    placements = results["placement"].values
    kinds = [*results["validation"].values, "leave-one-out"]
    errors, number = results["error"].values[1::2][:2], results["points"].values.max()
    drawing = new_figure(4.4 * len(placements) + 0.3, 3.2 * len(errors) + 0.5)
    panels = drawing.subplots(len(errors), len(placements), squeeze=False, sharex=True, sharey="row")
    own, left = (mean_and_error(results.sel(points=number), name) for name in ("gap", "left_out_gap"))
    noise = np.geomspace(results["noise"].min(), results["noise"].max(), 200)
    for row, error in zip(panels, errors):
        for axes, placement in zip(row, placements):
            for i, kind in enumerate(kinds):
                where = {"placement": placement, "error": error}
                if kind == kinds[-1]:
                    mean, bar = (part.sel(where) for part in left)
                else:
                    mean, bar = (part.sel(where | {"norm": "squared", "validation": kind}) for part in own)
                clear_curve(axes, results, mean, bar, i, len(kinds))
            axes.plot(noise, gap_law(results, placement, noise, error), color="black", lw=0.9)
            if placement == "even":
                random, left_out = _uniform(results, noise, error)
                axes.plot(noise, random, "--", color="black", lw=0.9)
                axes.plot(noise, left_out, ":", color="black", lw=1.3)
            title = f"{name_of(placement)}, n = {number}, {error_label(results, error)}"
            axes.set(xscale="log", yscale="log", title=title, ylim=(3e-3, 3e1))
            log_ticks(axes, "x")
    for axes in panels[:, 0]:
        axes.set_ylabel("relative gap, squared error")
    for axes in panels[-1]:
        axes.set_xlabel(noise_label(results))
    entries = handles(kinds)
    if geometry(results):
        entries += [
            law_handle("law (even: midway; i.i.d.: next order)"),
            law_handle("even: random", "--"),
            law_handle("even: left out, leading order", ":"),
        ]
    drawing.legend(handles=entries, loc="outside lower center", ncols=len(entries))
    return drawing


def _uniform(results, noise, error):
    """Laws of even training points for random validation and for leaving one out, where fluctuations are small.

    A point left out misses its own kernel alone, whatever the others do: to leading order the gap of independent points.
    """
    found = geometry(results)
    if found is None:
        raise ValueError("even points need a manifold")
    training = found.dim * laws.training_error_even(noise, error, 1.0)
    whole = training + laws.normal_error(noise, error, found.ambient_dim - found.dim)
    effective = np.hypot(noise, error)
    random = laws.gap_jittered(noise, error, 0.0, 1.0, found.dim) / whole
    left_out = laws.gap_iid(noise, error, 1.0, found.dim) / whole
    few = laws.order_parameter_even(effective, 1.0) < 0.15
    return np.where(few, random, np.nan), np.where(effective > 0.5, left_out, np.nan)
