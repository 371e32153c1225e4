"""The denoising error along the manifold, from one even training point to the next: it dips at both."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.plotting.gap_curves import error_label, handles
from sims.plotting.style import VERMILION, law_handle, new_figure, points_with_errors
from theory import laws

_NORMS = {"squared": "squared error", "euclidean": "Euclidean error"}


def figure(results: xr.Dataset) -> Figure:
    """Left the squared error, right the Euclidean one, both over the error at a training point, with their laws."""
    found = geometry(results)
    if found is None:
        raise ValueError("places between even points need a manifold")
    number, noise = results["points"].values.max(), results.attrs["config"]["angle_noise"]
    errors = results["error"].values
    drawing = new_figure(9.2, 4.0)
    panels = drawing.subplots(1, 2)
    for axes, norm in zip(panels, _NORMS):
        where = {"placement": "even", "points": number, "norm": norm}
        mean, bar = (part.sel(where) for part in mean_and_error(results, "gap_by_position"))
        for i, error in enumerate(errors):
            own = 1 + mean.sel(error=error), bar.sel(error=error)
            points_with_errors(axes, results["position"], *own, i, len(errors))
            _law(axes, found, norm, noise, error)
        axes.set(
            yscale="log",
            xlim=(-0.03, 1.03),
            xlabel="place between two training points, in units of $d$",
            title=rf"{_NORMS[norm]}, even points, n = {number}, $\sigma = {noise:g}\,d$",
        )
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    panels[0].set_ylabel("error / error at a training point")
    midway = Line2D([], [], ls="", marker="_", color=VERMILION, ms=14, mew=2, label="exact law midway")
    entries = [*handles([error_label(results, each) for each in errors]), law_handle("law, leading order"), midway]
    drawing.legend(handles=entries, loc="outside lower center", ncols=len(entries))
    return drawing


def _law(axes, found, norm, noise, error) -> None:
    """The exact gap midway, where it is known, and the leading order in q(s), where that is small, at every place."""
    dims = found.dim, found.ambient_dim
    if norm == "squared":
        exact = laws.relative_gap_even(noise, error, 1.0, *dims)
        training = found.dim * laws.training_error_even(noise, error, 1.0)
        training += laws.normal_error(noise, error, found.ambient_dim - found.dim)
        midway = laws.gap_lattice(noise, error, 1.0, 0.5, found.dim)
    else:
        midway = laws.gap_euclidean_even_leading(noise, error, 1.0, *dims)
        training = laws.euclidean_error(noise, error, *dims) - midway / 2
        exact = laws.relative_gap_euclidean_even(noise, error, 1.0, found.ambient_dim) if found.dim == 1 else np.nan
    axes.plot(0.5, 1 + exact, "_", color=VERMILION, ms=16, mew=2, zorder=5)
    if laws.order_parameter_even(np.hypot(noise, error), 1.0) < 0.1:
        places = np.linspace(0, 1, 101)
        axes.plot(places, 1 + midway / training * np.sin(np.pi * places) ** 2, color="black", lw=0.9)
