"""What figures of the plane share: landmarks, the colours of training points, and units."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.lines import Line2D

from sims.plotting.style import VERMILION, colours

MAGNITUDES = (3e-3, 2.0)  # range of the length of a move, in radii


def landmarks(axes, first: xr.Dataset, size: float = 4.5, palette=None) -> None:
    """The manifold as a thin line and the training points of one replicate, each in its colour of the palette."""
    axes.plot(*manifold_line(first.attrs["config"]), color="black", lw=0.8, zorder=3)
    points = first["points"].transpose("point", "component").values
    for point, colour in zip(points, palette or [VERMILION] * len(points)):
        axes.plot(*point, "o", ms=size, color=colour, mec="white", mew=0.6, zorder=4)
    axes.set_aspect("equal")


def landmark_handles() -> list[Line2D]:
    """Legend entries for them."""
    return [
        Line2D([], [], ls="", marker="o", ms=4.5, color=VERMILION, mec="white", label="training points"),
        Line2D([], [], color="black", lw=0.8, label="manifold"),
    ]


def manifold_line(config) -> np.ndarray:
    """The circle or segment as a line ``(2, m)``."""
    if config["manifold"] == "segment":
        return np.array([[-1.0, 1.0], [0.0, 0.0]])
    angles = np.linspace(0, 2 * np.pi, 200)
    return np.stack([np.cos(angles), np.sin(angles)])


def along(config, x: np.ndarray) -> np.ndarray:
    """Coordinate along the manifold of points ``(..., 2)``: the angle on the circle, the first coordinate on a segment."""
    return np.arctan2(x[..., 1], x[..., 0]) if config["manifold"] == "circle" else x[..., 0]


def point_colours(first: xr.Dataset) -> np.ndarray:
    """A colour for every training point, in order along the manifold, cyclic on the circle."""
    config = first.attrs["config"]
    places = along(config, first["points"].transpose("point", "component").values)
    order = np.argsort(np.argsort(places))
    if config["manifold"] != "circle":
        return np.array(colours(len(order)))[order]
    cyclic = mpl.colormaps["twilight"]((order + 0.5) / len(order))
    # the palest are darkened, to show on white
    light = cyclic[:, :3] @ [0.3, 0.59, 0.11]
    cyclic[:, :3] *= np.minimum(1, 0.62 / light)[:, None]
    return cyclic


def label(config, quantity: str) -> str:
    """The quantity with its unit: radii of the circle, or half lengths of the segment."""
    return f"{quantity} [{'R' if config['manifold'] == 'circle' else 'L/2'}]"
