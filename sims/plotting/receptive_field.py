"""How far denoisers look, and what windows do to gap and samples, from stored results."""

import pathlib

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.plotting import style
from sims.plotting.steps import column_panels
from sims.plotting.style import LAW, MARKERS, VERMILION, colours, new_figure, points_with_errors


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Draw and save both figures; returns the paths of the PNG files."""
    figures = {"receptive_field": by_noise, "windows": samples_by_window}
    return style.save_all(figures, results.isel(width=0), out)


def by_noise(results: xr.Dataset) -> Figure:
    """Rows: reach of the gradients; distance of the network from each window, over the noise; gap of windows and network."""
    drawing, panels = column_panels(results, 3)
    noise, radii, models = results["noise"], results["radius"].values, results["model"].values
    reach, apart, gap, own = (mean_and_error(results, name) for name in ("range", "distance", "window_gap", "gap"))
    lines = {"network": (VERMILION, "-"), "exact recall": (LAW, "-"), "Gaussian": (LAW, "--")}
    for column, n in zip(panels.T, results["points"].values):
        for model in models:
            value, error = (part.sel(points=n, model=model) for part in reach)
            colour, line = lines[model]
            column[0].errorbar(
                noise, value, error, color=colour, ls=line, capsize=2, marker="." if model == "network" else ""
            )
        for i, radius in enumerate(radii):
            at = {"points": n, "radius": radius}
            points_with_errors(
                column[1], noise, apart[0].sel(at) / noise, apart[1].sel(at) / noise, i, len(radii), ls="-", ms=3
            )
            value, error = (part.sel(at) for part in gap)
            points_with_errors(column[2], noise, value.where(value > 2 * error), error, i, len(radii), ls="-", ms=3)
        value, error = (part.sel(points=n) for part in own)
        column[2].errorbar(noise, value.where(value > 2 * error), error, color=VERMILION, marker=".", capsize=2)
        for axes in column[1:]:
            axes.set_yscale("log")
    panels[0, 0].set_ylabel("reach of the gradient [pixel]")
    panels[1, 0].set_ylabel("distance of the network\n" r"from the window, over $\sigma$")
    panels[2, 0].set(ylabel="relative gap", ylim=(1e-2, 1e5))
    handles = [
        *(Line2D([], [], color=colour, ls=line, label=model) for model, (colour, line) in lines.items()),
        *_window_handles(radii),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=4)
    return drawing


def samples_by_window(results: xr.Dataset) -> Figure:
    """Recall and distance from the truth of the samples of each window; lines: network, perfect samples."""
    drawing = new_figure(8.2, 3.6)
    numbers, radii = results["points"].values, results["radius"].values
    palette = colours(len(numbers))
    labels = {
        "memorization_ratio": "memorization ratio",
        "energy_distance": "energy distance from the truth [pixel range]",
    }
    for axes, (name, label) in zip(drawing.subplots(1, 2), labels.items()):
        window, own = mean_and_error(results, f"window_{name}"), mean_and_error(results, name)
        for i, n in enumerate(numbers):
            value, error = (part.sel(points=n) for part in window)
            points_with_errors(axes, 2 * radii + 1, value, error, i, len(numbers), ls="-")
            axes.axhline(float(own[0].sel(points=n)), color=palette[i], ls="--", lw=1)
        axes.axhline(float(results[f"{name}_null"].mean()), color="grey", ls=":", lw=0.9)
        axes.set(xlabel="width of the window [pixel]", ylabel=label, xticks=2 * radii + 1)
    handles = [
        *(Line2D([], [], color=palette[i], marker=MARKERS[i], label=f"n = {n}") for i, n in enumerate(numbers)),
        Line2D([], [], color="black", ls="--", label="network"),
        Line2D([], [], color="grey", ls=":", label="perfect samples"),
    ]
    drawing.legend(handles=handles, loc="outside lower center", ncols=4)
    return drawing


def _window_handles(radii) -> list[Line2D]:
    palette = colours(len(radii))
    return [
        Line2D([], [], color=palette[i], marker=MARKERS[i % len(MARKERS)], label=f"window of {2 * radius + 1} pixels")
        for i, radius in enumerate(radii)
    ]
