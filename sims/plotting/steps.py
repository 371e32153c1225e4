"""What figures of trained networks share: panels, entries for the stops, labels, and the line of the exact models."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.geometry import Geometry, geometry
from sims.plotting.style import MARKERS, colours, log_ticks, new_figure
from theory import laws

RECALL = {"order_parameter": "order parameter $m$ of samples", "memorization_ratio": "memorization ratio of samples"}


def step_handles(steps) -> list[Line2D]:
    """Legend entries for numbers of training steps, as `points_with_errors` draws them."""
    palette = colours(len(steps))
    return [
        Line2D([], [], ls="-", lw=0.8, marker=MARKERS[i % len(MARKERS)], color=palette[i], label=f"{step} steps")
        for i, step in enumerate(steps)
    ]


def log_limits(*values) -> tuple[float, float]:
    """Limits of a logarithmic axis that hold all positive values, or a decade where there are none."""
    seen = np.concatenate([np.ravel(each) for each in values])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    return (seen.min() / 1.5, seen.max() * 1.5) if len(seen) else (0.1, 1.0)


def noise_label(results: xr.Dataset) -> str:
    """The axis of the noise, with its unit."""
    on_manifold = geometry(results) is not None
    return r"noise $\sigma/d$" if on_manifold else r"noise $\sigma$ [pixel range]"


def column_panels(results: xr.Dataset, rows: int) -> tuple[Figure, np.ndarray]:
    """A figure with a column for each number of points and so many rows, which share the axis of the noise."""
    numbers, noise = results["points"].values, results["noise"].values
    drawing = new_figure(2.6 * len(numbers) + 0.8, 2.3 * rows + 1.2)
    panels = drawing.subplots(rows, len(numbers), squeeze=False, sharex=True, sharey="row")
    for axes, n in zip(panels[0], numbers):
        axes.set_title(f"n = {n}")
    for axes in panels[-1]:
        axes.set(xscale="log", xlabel=noise_label(results), xlim=(noise.min() / 1.2, noise.max() * 1.2))
        log_ticks(axes, "x")
        axes.tick_params(axis="x", rotation=45)
    return drawing, panels


def exact_line(found: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """(peak of the relative squared gap, order parameter) of even points by model error [gap-comb, debye-waller]."""
    errors, noises = np.geomspace(0.03, 0.8, 60), np.geomspace(0.01, 3.0, 300)
    gaps = laws.relative_gap_even(noises[:, None], errors, 1.0, found.dim, found.ambient_dim)
    return np.max(gaps, axis=0), laws.order_parameter_even(errors, 1.0)
