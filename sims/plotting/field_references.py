"""How far the field of a network is from exact recall, from the truth and from a linear map, by noise."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.plotting.steps import column_panels, step_handles
from sims.plotting.style import points_with_errors

_TITLES = {
    "truth": "distance from the truth,\n" r"over $\sigma$ ($\sigma$ times score error)",
    "gaussian": "distance from the\n" r"Gaussian denoiser, over $\sigma$",
    "memorizer": "distance from\n" r"exact recall, over $\sigma$",
}


def figure(results: xr.Dataset) -> Figure:
    """Rows: distance from the truth (of images: the Gaussian denoiser) and from recall; linearity. Black: exact recall."""
    other = "truth" if "distance_truth" in results else "gaussian"
    steps, noise = results["step"].values, results["noise"]
    drawing, panels = column_panels(results, 3)
    for row, name in zip(panels, (other, "memorizer")):
        mean, bar = mean_and_error(results, f"distance_{name}")
        apart = mean_and_error(results, f"memorizer_distance_{other}")[0]
        for axes, n in zip(row, results["points"].values):
            for i, step in enumerate(steps):
                value, error = (part.sel(points=n, step=step) / noise for part in (mean, bar))
                points_with_errors(axes, noise, value, error, i, len(steps), ls="-", ms=3, lw=0.8)
            axes.plot(noise, apart.sel(points=n) / noise, color="black", lw=1.2)
            axes.set_yscale("log")
        row[0].set_ylabel(_TITLES[name])
    mean, bar = mean_and_error(results, "linearity")
    for axes, n in zip(panels[2], results["points"].values):
        for i, step in enumerate(steps):
            value, error = (part.sel(points=n, step=step) for part in (mean, bar))
            points_with_errors(axes, noise, value, error, i, len(steps), ls="-", ms=3, lw=0.8)
        for name, line in (("memorizer", "-"), ("truth", "--")):
            if f"linearity_{name}" in results:
                level = results[f"linearity_{name}"].sel(points=n).mean("replicate")
                axes.plot(noise, level, color="black", ls=line, lw=1.2)
    panels[2, 0].set_ylabel("linearity score\n(linear map: 1)")
    handles = [*step_handles(steps), Line2D([], [], color="black", label="exact recall")]
    if other == "truth":
        handles.append(Line2D([], [], color="black", ls="--", label="truth"))
    drawing.legend(handles=handles, loc="outside lower center", ncols=4)
    return drawing
