"""How far the images that networks draw are from held-out ones, as training goes on, beside perfect samples."""

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.estimates import mean_and_error
from sims.plotting.style import log_ticks, new_figure, number_handles, points_with_errors

_PANELS = {
    "energy_distance": "energy distance, pixels",
    "energy_distance_features": "energy distance, features",
    "frechet_distance": "Fréchet distance$^2$, pixels",
    "frechet_distance_features": "Fréchet distance$^2$, features",
}


def figure(results: xr.Dataset) -> Figure:
    """Colour: number of training images. Dashed: perfect samples, as many."""
    drawing = new_figure(8.4, 5.6)
    numbers = results["points"].values
    for axes, (name, title) in zip(drawing.subplots(2, 2).ravel(), _PANELS.items()):
        mean, bar = mean_and_error(results, name)
        for i, n in enumerate(numbers):
            value, error = (part.sel(points=n) for part in (mean, bar))
            points_with_errors(axes, results["step"], value, error, i, len(numbers), ls="-")
        null = results[f"{name}_null"].mean(["points", "replicate"])
        axes.axhline(float(null), color="grey", lw=0.9, ls="--")
        axes.set(xscale="log", yscale="log" if "frechet" in name else "linear", xlabel="training steps")
        axes.set(title=title, ylabel=f"[{results[name].attrs['units']}]".replace("^2", "$^2$"))
        axes.set_xticks(results["step"].values, [f"{step:g}" for step in results["step"].values])
        if "frechet" in name:
            log_ticks(axes, "y")
        axes.minorticks_off()
    perfect = Line2D([], [], color="grey", ls="--", lw=0.9, label="perfect samples")
    drawing.legend(handles=[*number_handles(numbers), perfect], loc="outside lower center", ncols=5)
    return drawing
