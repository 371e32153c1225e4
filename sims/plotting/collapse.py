"""The gap in the plane (delta/d, sigma/d), where all n fall on one map."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.plotting.style import colours, log_ticks, new_figure
from theory import laws

_LEVELS = (0.1, 0.3, 1.0, 3.0, 10.0)


def figure(results: xr.Dataset) -> Figure:
    """Contours of the relative gap: the law in black, each n in its colour."""
    found = geometry(results)
    if found is None:
        raise ValueError("the collapse needs a manifold, which sets the length d")
    placements = results["placement"].values
    drawing = new_figure(4.3 * len(placements) + 0.9, 4.1)
    panels = drawing.subplots(1, len(placements), squeeze=False, sharey=True)[0]
    numbers = results["points"].values
    # the smallest n is bent most: its noise leaves the range of the flat laws first
    limit = 0.5 / found.spacing(numbers[-1])
    delta = np.geomspace(0.06, 1.2, 120)
    sigma = np.geomspace(0.03, 1.2, 120)[:, None]
    for axes, placement in zip(panels, placements):
        if placement == "even":
            law = laws.relative_gap_even(sigma, delta, 1.0, found.dim, found.ambient_dim)
            title = "even points, validation midway"
        else:
            law = laws.relative_gap_iid(sigma, delta, 1.0, found.dim, found.ambient_dim, next_order=True)
            # the law is a series in the inverse number of points inside the kernel
            law = np.where(np.hypot(sigma, delta) > 0.5, law, np.nan)
            title = r"i.i.d. points (law to next order, $s > d/2$)"
        axes.contourf(
            delta, sigma[:, 0], np.log10(law), np.linspace(-3, 3, 25), cmap="Greys", alpha=0.45, extend="both"
        )
        black = axes.contour(delta, sigma[:, 0], law, _LEVELS, colors="black", linewidths=1.8)
        axes.clabel(black, fmt="%g", fontsize=7)
        gap = mean_and_error(results, "gap")[0].sel(placement=placement, norm="squared")
        for colour, n in zip(colours(len(numbers)), numbers):
            spacing = found.spacing(n)
            axes.contour(
                results["error"] / spacing,
                results["noise"] / spacing,
                gap.sel(points=n).transpose("noise", "error"),
                _LEVELS,
                colors=[colour],
                linewidths=0.9,
                linestyles="--",
            )
        axes.set(xscale="log", yscale="log", title=title, xlabel=r"model error $\delta/d$")
        log_ticks(axes)
        axes.set(xlim=(delta[0], delta[-1]), ylim=(sigma[0, 0], min(sigma[-1, 0], limit)))
    panels[0].set_ylabel(r"noise $\sigma/d$")
    handles = [Line2D([], [], color="black", lw=1.8, label="law")]
    handles += [Line2D([], [], color=c, ls="--", label=f"n = {n}") for c, n in zip(colours(len(numbers)), numbers)]
    panels[-1].legend(handles=handles, frameon=True, framealpha=0.9, edgecolor="none", loc="lower right")
    drawing.suptitle("relative gap of the squared denoising error, contours at " + ", ".join(f"{x:g}" for x in _LEVELS))
    return drawing
