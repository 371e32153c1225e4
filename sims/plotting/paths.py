"""Paths of the flow in the plane and along the ring, and where model error moves their ends."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.plotting.style import LAW, MARKERS, colours, law_handle, log_ticks, new_figure, points_with_errors
from theory import laws


def figure(results: xr.Dataset) -> Figure:
    """Top: paths from noise to data at each kept model error. Bottom: position along the ring, and displacement of ends."""
    errors = results["path_error"].values
    drawing = new_figure(3.0 * len(errors), 6.6)
    rows = drawing.add_gridspec(2, 1, height_ratios=(1, 1.05))
    tops = rows[0].subgridspec(1, len(errors)).subplots(sharex=True, sharey=True, squeeze=False)[0]
    for i, (axes, error) in enumerate(zip(tops, errors)):
        _plane(axes, results, error, colours(len(errors))[i])
    tops[0].set_ylabel("y [R]")
    left, right = rows[1].subgridspec(1, 2, width_ratios=(1.3, 1)).subplots(squeeze=False)[0]
    _along_the_ring(left, results)
    _displacement(right, results)
    return drawing


def _plane(axes, results, error, colour) -> None:
    n = results.attrs["config"]["points"]
    paths = (
        results["path"].isel(replicate=0).sel(path_error=error).transpose("trajectory", "level", "coordinate").values
    )
    for path in paths:
        axes.plot(path[:, 0], path[:, 1], color=colour, lw=0.6, alpha=0.8)
    axes.plot(paths[:, -1, 0], paths[:, -1, 1], "o", color=colour, ms=3.5, mec="white", mew=0.4, zorder=3)
    angles = 2 * np.pi * np.arange(n) / n
    axes.plot(np.cos(angles), np.sin(angles), "+", color=LAW, ms=6, mew=1.0, zorder=4)
    title = "no model error: exact recall" if error == 0 else rf"model error $\delta = {error:g}\,d$"
    axes.set(xlim=(-1.9, 1.9), ylim=(-1.9, 1.9), aspect="equal", xlabel="x [R]", title=title)


def _along_the_ring(axes, results) -> None:
    """Positions within one cell against noise, each trajectory beside the law from its own start."""
    n = results.attrs["config"]["points"]
    errors = results["path_error"].values
    path = results["path"].isel(replicate=0)
    angle = np.arctan2(path.sel(coordinate="y"), path.sel(coordinate="x")) * n / (2 * np.pi)
    start = angle.isel(level=0).sel(path_error=0.0)
    cell = np.round(start)
    position = (angle - cell).transpose("path_error", "trajectory", "level").values
    position = (position + n / 2) % n - n / 2
    chosen = _spread_over(start.values - cell.values, 8)
    level = results["level"].values
    fine = np.geomspace(level[-1], 10.0, 200)
    for i, error in enumerate(errors):
        for trajectory in chosen:
            law = laws.transport_even_inverse(position[0, trajectory, 0], np.hypot(fine, error), 1.0)
            axes.plot(fine, law, color=LAW, lw=0.8)
            axes.plot(level, position[i, trajectory], MARKERS[i], color=colours(len(errors))[i], ms=3.2)
    handles = [
        Line2D([], [], ls="", marker=MARKERS[i], color=colours(len(errors))[i], label=rf"$\delta = {error:g}\,d$")
        for i, error in enumerate(errors)
    ]
    axes.set(xscale="log", xlim=(5.0, 5e-3), ylim=(-0.55, 0.55))
    log_ticks(axes, "x")
    axes.set(xlabel=r"noise $\sigma/d$ (time runs to the right)", ylabel="position along the ring, from a point [d]")
    axes.legend(
        handles=[*handles, law_handle("law: rearrangement")], ncols=2, loc="upper left", bbox_to_anchor=(0, 1.2)
    )


def _spread_over(values, count) -> list[int]:
    """Indices of the values nearest to ``count`` levels between -1/2 and 1/2."""
    targets = (np.arange(count) + 0.5) / count - 0.5
    return [int(np.abs(values - target).argmin()) for target in targets]


def _displacement(axes, results) -> None:
    mean, error = mean_and_error(results, "displacement")
    delta = np.geomspace(results["error"].min() / 1.2, results["error"].max() * 1.2, 200)
    law = laws.displacement_even(delta, 1.0)
    axes.plot(delta, law, color=LAW)
    axes.plot(delta, 2 * delta**2, ":", color=LAW)
    points_with_errors(axes, results["error"], mean, error, 1, 3)
    axes.set(xscale="log", yscale="log", xlabel=r"model error $\delta/d$", ylim=(law.min() / 1.5, law.max() * 1.6))
    axes.set_ylabel(r"mean squared displacement of ends [$d^2$]")
    log_ticks(axes)
    axes.legend(handles=[law_handle("law of the comb"), law_handle(r"$D\,\delta^2$", ":")], loc="upper left")
