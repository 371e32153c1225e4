"""States of sampling trajectories of networks beside noisy training and validation points, by noise."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.plotting.steps import column_panels
from sims.plotting.style import MARKERS, colours, points_with_errors

_ROWS = {
    "nearest_distance": "distance from the nearest\n" r"training point [$\sigma$]",
    "nearest_weight": "posterior weight of the\nnearest training point",
    "states_distance": "energy distance from noisy\n" r"training points [$\sigma$]",
}


def figure(results: xr.Dataset) -> Figure:
    """Rows: distance and posterior weight of the nearest training point; distance of the states from noisy training points."""
    drawing, panels = column_panels(results, len(_ROWS))
    names, noise = results["population"].values, results["noise"]
    palette = colours(len(names))
    for row, (name, label) in zip(panels, _ROWS.items()):
        mean, bar = mean_and_error(results, name)
        for axes, n in zip(row, results["points"].values):
            for i, population in enumerate(names):
                value, error = (part.sel(points=n, population=population) for part in (mean, bar))
                points_with_errors(axes, noise, value, error, i, len(names), ls="-")
            if name == "states_distance":
                axes.axhline(0.0, color="grey", lw=0.9)
        row[0].set_ylabel(label)
    panels[0, 0].set_yscale("log")
    handles = [Line2D([], [], marker=MARKERS[i], color=palette[i], lw=0.9, label=name) for i, name in enumerate(names)]
    drawing.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawing
