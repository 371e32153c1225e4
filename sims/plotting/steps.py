"""What figures of training share: entries for the stops, and the label of the noise."""

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D

from sims.plotting.style import MARKERS, colours


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
    on_manifold = results["gap_equivalent"].attrs["units"] == "d"
    return r"noise $\sigma/d$" if on_manifold else r"noise $\sigma$ [pixel range]"
