"""Overlaps and distances between their bounds, in units of the bound of isolated points."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.geometry import geometry, unit
from sims.plotting.gap_curves import error_label, handles, name_of
from sims.plotting.style import LAW, colours, law_handle, log_ticks, new_figure, points_with_errors
from sims.trajectory_states.discriminator import ambient_dim, isolated
from theory import laws

_TITLES = {
    "bhattacharyya": "Bhattacharyya coefficient\n/ lower bound",
    "kl": "KL of trajectories from training\n/ upper bound",
    "reverse_kl": "KL of training from trajectories\n/ upper bound",
    "wasserstein": r"$W_2^2$ / upper bound $D(s-\sigma)^2$",
}


def figure(results: xr.Dataset) -> Figure:
    """One row for each placement, one column for each measure, against the effective noise; the largest n."""
    found, placements, errors = geometry(results), results["placement"].values, results["error"].values
    shown, count = results.sel(points=results["points"].max()), len(errors)
    drawing = new_figure(10.4, 2.6 * len(placements) + 0.8)
    panels = drawing.subplots(len(placements), 4, squeeze=False, sharex=True, sharey="col")
    ratio = results["ratio"].values
    for row, placement in zip(panels, placements):
        part = shown.sel(placement=placement)
        for axes, name in zip(row, _TITLES):
            for i, error in enumerate(errors):
                at, s = part.sel(error=error), np.hypot(1, ratio) * error
                scale = _bound(results, name, ratio)
                for way in results["evaluation"].values if "evaluation" in part[name].dims else (None,):
                    mean, bar = mean_and_error(at if way is None else at.sel(evaluation=way), name)
                    if way == "quadrature":
                        axes.plot(s, mean / scale, marker="x", ls="", color=colours(count)[i], ms=6, mew=0.8)
                    else:
                        clear = mean.where(mean > 5 * bar)  # divergences of nearly equal noises drown in their error
                        points_with_errors(axes, s, clear / scale, bar / scale, i, count, mfc="none")
                other = {"bhattacharyya": "bhattacharyya_upper", "wasserstein": "wasserstein_lower"}.get(name)
                if other:
                    axes.plot(s, at[other].mean("replicate") / scale, color=colours(count)[i], lw=1, ls="--")
            axes.axhline(1, color=LAW)
            axes.set(xscale="log", title=_TITLES[name])
            log_ticks(axes, "x")
            if name == "bhattacharyya":
                axes.set_yscale("log")
                log_ticks(axes, "y")
            else:
                axes.set_ylim(0, 1.12)
        row[0].set_ylabel(name_of(placement))
    for axes in panels[-1]:
        axes.set_xlabel(r"effective noise $s/d$" if found else rf"effective noise $s$ [{unit(results)}]")
    entries = [
        *handles([error_label(results, error) for error in errors], mfc="none"),
        law_handle("bound attained by isolated points"),
        Line2D([], [], color="0.4", ls="--", label="other bound"),
    ]
    if "quadrature" in results["evaluation"].values:
        entries.append(Line2D([], [], color="0.4", marker="x", ls="", label="quadrature"))
    drawing.legend(handles=entries, loc="outside lower center", ncols=len(entries))
    return drawing


def _bound(results: xr.Dataset, name: str, ratio):
    """The bound that isolated points attain at sigma/delta."""
    s, dim = np.hypot(1, ratio), ambient_dim(results)
    if name == "bhattacharyya":
        return isolated(results, ratio)[0]
    if name == "wasserstein":
        return np.ones_like(s)  # it is stored in units of its bound
    return laws.kl_bound(s, ratio, dim) if name == "kl" else laws.kl_bound(ratio, s, dim)
