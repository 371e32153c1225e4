"""What the denoiser does to noisy states, and the trajectories from noise to data."""

import numpy as np
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.plotting.plane import along, label, landmark_handles, landmarks, point_colours
from sims.plotting.style import new_figure

_STATE, _MOVED = "0.72", "#0072B2"


def denoised(results: xr.Dataset) -> Figure:
    """Lines from noisy states to where the denoiser sends them: one row for each noise, a zoom on a part of the manifold."""
    noises = [noise for noise in results["noise"].values[::-1] if noise <= 0.6] or [results["noise"].values[0]]
    errors = results["error"].values
    first, config = results.isel(replicate=0), results.attrs["config"]
    drawing = new_figure(2.7 * len(errors) + 0.3, 1.62 * len(noises) + 0.6)
    panels = drawing.subplots(len(noises), len(errors), squeeze=False, sharex=True, sharey=True)
    for row, noise in zip(panels, noises):
        states = first["noisy"].sel(noise=noise).transpose("state", "component").values
        for axes, error in zip(row, errors):
            moved = first["denoised"].sel(noise=noise, error=error).transpose("state", "component").values
            axes.add_collection(LineCollection(list(np.stack([states, moved], axis=1)), colors="0.8", linewidths=0.6))
            axes.plot(*states.T, ".", ms=2.5, color=_STATE)
            landmarks(axes, first, size=6)
            axes.plot(*moved.T, ".", ms=4, color=_MOVED, zorder=5)
            axes.set(xlim=(-1.15, 1.15), ylim=(0.15, 1.4) if config["manifold"] == "circle" else (-0.65, 0.65))
    for axes, error in zip(panels[0], errors):
        axes.set_title("optimal denoiser" if error == 0 else rf"model error $\delta$ = {error:g} d")
    for axes, noise in zip(panels[:, 0], noises):
        axes.set_ylabel(rf"$\sigma$ = {noise:g} d" + "\n" + label(config, "$x_2$"))
    for axes in panels[-1]:
        axes.set_xlabel(label(config, "$x_1$"))
    handles = [
        Line2D([], [], ls="", marker=".", ms=6, color=_STATE, label="noisy states x"),
        Line2D([], [], ls="", marker=".", ms=7, color=_MOVED, label=r"denoised $D(x, \sigma)$"),
        *landmark_handles(),
    ]
    drawing.legend(handles=handles, loc="outside upper center", ncols=4)
    return drawing


def trajectories(results: xr.Dataset) -> Figure:
    """In the plane, and along the manifold against noise; coloured by the training point that they end nearest to."""
    errors = results["error"].values[[0, len(results["error"]) // 2, -1]]
    errors = np.unique(errors)
    first, config = results.isel(replicate=0), results.attrs["config"]
    palette = point_colours(first)
    noise = first["path_noise"].values
    drawing = new_figure(2.9 * len(errors) + 0.4, 5.9)
    plane, lines = drawing.subplots(2, len(errors), squeeze=False, height_ratios=(1.15, 1))
    for above, below, error in zip(plane, lines, errors):
        at = first.sel(error=error)
        path = at["path"].transpose("trajectory", "path_noise", "component").values
        colours = palette[at["nearest"].values.astype(int)]
        above.add_collection(LineCollection(list(path), colors=colours, linewidths=0.8))
        end = at["end"].transpose("trajectory", "component").values
        above.scatter(*end.T, s=7, color=colours, zorder=5, edgecolor="white", linewidth=0.3)
        landmarks(above, first, 6, list(palette))
        above.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), xlabel=label(config, "$x_1$"))
        above.set_title(r"optimal flow, $\delta$ = 0" if error == 0 else rf"model error $\delta$ = {error:g} d")
        # unwrapped from the end on, and drawn once more on either side of the cut
        places = np.concatenate([along(config, path), along(config, end)[:, None]], axis=1)
        if config["manifold"] == "circle":
            places = np.unwrap(places[:, ::-1], axis=1)[:, ::-1]
        shown = np.append(noise, noise[-1] / 2)
        of_points = along(config, first["points"].transpose("point", "component").values)
        for shift in (-2 * np.pi, 0, 2 * np.pi) if config["manifold"] == "circle" else (0,):
            lines_at = [np.stack([shown, place + shift], axis=1) for place in places]
            below.add_collection(LineCollection(lines_at, colors=colours, linewidths=0.7))
            ends = np.full(len(of_points), shown[-1])
            below.scatter(ends, of_points + shift, s=22, c=palette, ec="white", lw=0.5, zorder=4)
        below.set(xscale="log", xlabel=r"noise $\sigma/d$", xlim=(10, noise[-1] / 3))
        if config["manifold"] == "circle":
            below.set_ylim(-1.03 * np.pi, 1.03 * np.pi)
            below.set_yticks([-np.pi, 0, np.pi], [r"$-\pi$", "0", r"$\pi$"])
        else:
            below.set_ylim(-2, 2)
    plane[0].set_ylabel(label(config, "$x_2$"))
    lines[0].set_ylabel("angle along the ring" if config["manifold"] == "circle" else label(config, "$x_1$"))
    return drawing
