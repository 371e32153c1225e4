"""The digits as a real case: local dimension, entropy, and how far the law of the gap holds with that dimension."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from sims.estimates import mean_and_error
from sims.high_dimension import DIGITS
from sims.plotting.gap_curves import handles
from sims.plotting.style import law_handle, log_ticks, new_figure, points_with_errors
from theory import laws


def figure(results: xr.Dataset) -> Figure:
    """Left: local dimension. Middle: entropy. Right: gap of the largest set of images over its law."""
    images = results.sel(data=DIGITS)
    images = images.isel(points=np.flatnonzero(images["collapse_noise"].notnull().all("replicate")))
    numbers, scale = images["points"].values, images["collapse_noise"].mean("replicate")
    drawing = new_figure(11.2, 4.0)
    left, middle, right = drawing.subplots(1, 3)
    for axes, name in ((left, "dimension"), (middle, "entropy")):
        mean, bar = mean_and_error(images, name)
        for i, n in enumerate(numbers):
            noise = scale.sel(points=n) * images["noise"]
            points_with_errors(axes, noise, mean.sel(points=n), bar.sel(points=n), i, len(numbers))
            axes.axvline(scale.sel(points=n), color="grey", ls=":", lw=0.9)
            if name == "dimension":
                gaussian = images["gaussian_dimension"].mean("replicate").sel(points=n)
                axes.plot(noise, gaussian, color="black", lw=0.9)
            else:
                axes.axhline(np.log(n), color="black", ls="--", lw=0.9)
        axes.set(xscale="log", xlabel=r"noise $\sigma$ [pixel range]")
        log_ticks(axes, "x")
    left.set(ylim=(-0.5, 15), ylabel="local dimension", title="local dimension: slope of the entropy")
    middle.set(ylabel="posterior entropy [nat]", title="posterior entropy")
    _gap(right, images.sel(points=numbers.max()))
    entries = [*handles([f"n = {n}" for n in numbers]), law_handle("Gaussian data of the same covariance")]
    entries += [law_handle(r"$\sigma_C$", ":"), law_handle("null: prior, ln n", "--")]
    drawing.legend(handles=entries, loc="outside lower left", ncols=len(entries))
    return drawing


def _gap(axes, images) -> None:
    """The leave-one-out gap over sigma^2 against noise, with the law of the measured dimension and participation."""
    scale = float(images["collapse_noise"].mean("replicate"))
    (mean, bar), noise = mean_and_error(images, "gap"), images["noise"].values
    errors = images["error"].values
    dimension, crowding = (images[name].mean("replicate").values for name in ("dimension", "source_weight"))
    for i, error in enumerate(errors):
        square = (scale * noise) ** 2
        points_with_errors(axes, noise, mean.sel(error=error) / square, bar.sel(error=error) / square, i, len(errors))
        # both are read off at sqrt(t), where they were measured
        at = np.log(np.sqrt(noise**2 + error**2 / 2))
        logs = np.log(noise)
        k, c = np.interp(at, logs, dimension), np.exp(np.interp(at, logs, np.log(crowding)))
        law = laws.gap_local(scale * noise, scale * error, k, c) / square
        inside = at <= logs[-1]
        axes.plot(noise[inside & (c >= 0.3)], law[inside & (c >= 0.3)], ":", color="black", lw=1.2)
        axes.plot(noise[inside & (c < 0.3)], law[inside & (c < 0.3)], color="black", lw=0.9)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=r"noise $\sigma/\sigma_C$",
        ylabel=r"squared gap / $\sigma^2$",
        title=f"leave-one-out gap, n = {int(images['points'])}",
    )
    log_ticks(axes, "x")
    labels = [rf"$\delta = {error:g}\,\sigma_C$" for error in errors]
    entries = [*handles(labels), law_handle("law, c < 0.3"), law_handle("law, c > 0.3", ":")]
    axes.legend(handles=entries)
