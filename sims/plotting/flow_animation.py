"""The field over the noise, from large to small, as a GIF."""

import pathlib

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.animation import PillowWriter
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sims.plotting.plane import MAGNITUDES, label, landmarks


def save(results: xr.Dataset, path: pathlib.Path) -> pathlib.Path:
    """Write the animation: for no error and a middling one, the magnitude of the move and its direction."""
    errors = np.unique(results["error"].values[[0, len(results["error"]) // 2]])
    first, config = results.isel(replicate=0), results.attrs["config"]
    x, y = first["coarse_x"].values, first["coarse_y"].values
    # a fixed layout: constrained ones are solved again for every frame
    drawing = Figure(figsize=(6.4, 3.5))
    panels = drawing.subplots(1, 2, sharey=True)
    drawing.subplots_adjust(left=0.11, right=0.86, bottom=0.13, top=0.84, wspace=0.06)
    fields, images, arrows, titles = [], [], [], []
    for axes, error in zip(panels, errors):
        field = first["animated"].sel(error=error).transpose("component", "frame", "coarse_y", "coarse_x").values
        magnitude = np.maximum(np.hypot(*field), 1e-12)
        fields.append((field / magnitude, magnitude))
        extent = (x[0], x[-1], y[0], y[-1])
        options = {"extent": extent, "origin": "lower", "cmap": "cividis", "interpolation": "bilinear"}
        images.append(axes.imshow(fields[-1][1][0], norm=LogNorm(*MAGNITUDES), **options))
        arrows.append(
            axes.quiver(x, y, *fields[-1][0][:, 0], color="white", pivot="mid", scale=30, width=0.004, alpha=0.85)
        )
        landmarks(axes, first)
        axes.set(xlim=extent[:2], ylim=extent[2:], xlabel=label(config, "$x_1$"))
        titles.append(axes.set_title(""))
    panels[0].set_ylabel(label(config, "$x_2$"))
    bar = drawing.add_axes((0.87, 0.16, 0.016, 0.65))
    drawing.colorbar(images[0], cax=bar, label=label(config, "$|D - x|$"))
    heading = drawing.suptitle("")
    writer = PillowWriter(fps=8)
    with mpl.rc_context({"savefig.dpi": 72}), writer.saving(drawing, str(path), dpi=72):
        for frame, noise in enumerate(first["frame"].values):
            heading.set_text(rf"noise $\sigma$ = {noise:.2f} d")
            for error, title, (direction, magnitude), image, arrow in zip(errors, titles, fields, images, arrows):
                effective = np.hypot(noise, error)
                title.set_text(rf"$\delta$ = {error:g} d,  s = {effective:.2f} d")
                image.set_data(magnitude[frame])
                arrow.set_UVC(*direction[:, frame])
            writer.grab_frame()
    return path
