"""Order parameter and memorization ratio against delta/d, with the Debye-Waller curve."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.plotting.style import law_handle, log_ticks, new_figure, number_handles, points_with_errors
from theory import laws


def figure(results: xr.Dataset) -> Figure:
    """Left: order parameter of even points. Right: memorization ratio of both placements above its nulls."""
    found = geometry(results)
    if found is None:
        raise ValueError("the order parameter needs a manifold of evenly placed points")
    drawing = new_figure(9.2, 3.9)
    left, right = drawing.subplots(1, 2)
    numbers = results["points"].values
    delta = np.geomspace(0.02, 2.0, 300)
    left.plot(delta, laws.order_parameter_even(delta, 1.0), color="black")
    handles = [law_handle(r"Debye-Waller, $e^{-2\pi^2\delta^2/d^2}$")]
    if found.dim == 1:
        smallest = numbers[0]
        exact = laws.order_parameter_ring(delta * found.spacing(smallest), smallest, 1.0)
        left.plot(delta, exact, ":", color="black")
        handles.append(law_handle(f"exact ring law, n = {smallest}", ":"))
    for placement, fill in (("even", None), ("iid", "white")):
        mean, error = mean_and_error(results, "memorization_ratio")
        for i, n in enumerate(numbers):
            x = results["error"] / found.spacing(n)
            where = {"placement": placement, "points": n}
            points_with_errors(right, x, mean.sel(where), error.sel(where), i, len(numbers), mfc=fill)
            if placement == "even":
                order, order_error = (part.sel(where) for part in mean_and_error(results, "order_parameter"))
                points_with_errors(left, x, order, order_error, i, len(numbers))
    left.axhline(0, color="grey", lw=0.7)
    left.axhline(0.5, color="grey", lw=0.7, ls=":")
    left.axvline(laws.critical_error_even(1.0), color="grey", lw=0.7, ls=":")
    left.legend(handles=handles + number_handles(numbers))
    left.set(ylabel="order parameter $m$", title="even points")
    right_handles = []
    if found.dim == 1:
        right.plot(delta, laws.memorization_ratio_even(delta, 1.0), color="black")
        right_handles.append(law_handle("law, even points"))
    nulls = results["memorization_ratio_null"].mean(("points", "replicate", "error"))
    for placement, style in (("even", "--"), ("iid", ":")):
        right.axhline(float(nulls.sel(placement=placement)), color="black", lw=0.9, ls=style)
        right_handles.append(law_handle(f"null: perfect samples, {placement}", style))
    right.legend(handles=right_handles)
    right.set(ylabel="memorization ratio of projected samples", title="even (filled) and i.i.d. points (open)")
    for axes in (left, right):
        axes.set(xscale="log", xlim=(0.02, 2.0), ylim=(-0.08, 1.06), xlabel=r"model error $\delta/d$")
        log_ticks(axes, "x")
    return drawing
