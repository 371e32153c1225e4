"""Two models of disjoint training sets: disagreement of their fields, and of their samples from shared starts."""

import pathlib
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sims.disjoint_models import field_law, sample_law
from sims.estimates import mean_and_error
from sims.geometry import geometry
from sims.plotting.style import (
    LAW,
    MARKERS,
    VERMILION,
    colours,
    law_handle,
    log_ticks,
    new_figure,
    number_handles,
    points_with_errors,
    save_all,
)
from theory import laws


def draw(results: xr.Dataset, out) -> list[pathlib.Path]:
    """Write the figures of a result into ``out`` and return their paths."""
    return save_all({"disjoint_models": fields, "shared_starts": shared_starts}, results, out)


def fields(results: xr.Dataset) -> Figure:
    """Disagreement of the fields against effective noise, where all errors, n and k collapse; and by model error."""
    found = geometry(results)
    drawing = new_figure(8.6, 4.2)
    collapse, by_error = drawing.subplots(1, 2)
    entries = _collapse(collapse, results, found)
    _by_error(by_error, results, found)
    drawing.legend(handles=entries, loc="outside lower center", ncols=len(entries))
    return drawing


def _collapse(axes, results, found):
    numbers, errors = results["points"].values, results["error"].values
    mean, bar = mean_and_error(results, "field_disagreement")
    noise = results["noise"].values
    for placement in results["placement"].values[::-1]:
        for i, n in enumerate(numbers):
            for error in (errors[0], errors[len(errors) // 2 + 1]):
                at = {"placement": placement, "points": n, "error": error}
                effective = np.hypot(noise, error)
                factor = (effective / noise) ** 4
                value, spread = (part.sel(at).values * factor for part in (mean, bar))
                shown = (effective < (0.5 / found.spacing(n) if found else np.inf)) & (value > 3e-6)
                style: dict[str, Any] = {
                    "mfc": "white" if placement == "even" else None,
                    "ms": 5.5 if error == errors[0] else 3.2,
                }
                points_with_errors(axes, effective[shown], value[shown], spread[shown], i, len(numbers), **style)
    entries = number_handles(numbers)
    if found:
        line = np.geomspace(0.15, 9, 50)
        for k in (1, 2, 3):
            law = field_law(k, line, 1e-9)
            axes.plot(
                line,
                law,
                color=LAW if k == found.dim else "0.6",
                lw=1.3 if k == found.dim else 0.9,
                ls="-" if k == found.dim else "--",
            )
            axes.annotate(
                f"k = {k}",
                (line[-1], law[-1]),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=LAW if k == found.dim else "0.45",
                fontsize=8,
                annotation_clip=False,
            )
        entries += [law_handle("law, i.i.d. points"), *_placement_handles()]
        axes.set(xlim=(0.12, 9), ylim=(1e-4, 100))
        axes.set_xlabel(r"effective noise $s\,\rho^{1/k} = s/d$")
        axes.set_title("all model errors and numbers of points")
    else:
        axes.set_xlabel("effective noise $s$ [pixel range]")
        axes.set_title("all model errors")
    axes.set(xscale="log", yscale="log")
    axes.set_ylabel(r"$\mathrm{E}|D_A - D_B|^2\,s^2/\sigma^4$")
    log_ticks(axes, "x")
    return entries


def _by_error(axes, results, found):
    n = results["points"].values.max()
    errors = results["error"].values[::2]
    mean, bar = (part.sel(placement="iid", points=n) for part in mean_and_error(results, "field_disagreement"))
    noise, palette = results["noise"].values, colours(len(errors))
    line = np.geomspace(noise.min(), noise.max(), 80)
    for i, error in enumerate(errors):
        at = {"error": error}
        # where there is no law to follow, a line leads the eye
        points_with_errors(axes, noise, mean.sel(at), bar.sel(at), i, len(errors), ls="" if found else ":")
        if found:
            axes.plot(line, field_law(found.dim, line, error), color=LAW, lw=1.0)
            leading = field_law(found.dim, line, error, laws.disagreement_iid)
            axes.plot(line, leading, color=LAW, lw=0.9, ls=":")
    unit = r"\,d" if found else ""
    entries = [
        Line2D([], [], ls="", marker=MARKERS[i], color=palette[i], label=rf"$\delta = {error:g}{unit}$")
        for i, error in enumerate(errors)
    ]
    if found:
        entries += [law_handle("law, any density"), law_handle("its leading order", ":")]
    axes.legend(handles=entries, loc="upper right")
    axes.set(xscale="log", yscale="log", ylim=(1e-4, 100))
    axes.set_xlabel(r"noise $\sigma/d$" if found else r"noise $\sigma$ [pixel range]")
    axes.set_ylabel(r"$\mathrm{E}|D_A - D_B|^2/s^2$")
    axes.set_title(f"{'i.i.d. points, ' if found else ''}n = {n}")
    log_ticks(axes, "x")


def shared_starts(results: xr.Dataset) -> Figure:
    """Distance of samples from one start, and of samples to the nearest training points, against model error."""
    found = geometry(results)
    numbers, errors = results["points"].values, results["error"].values
    drawing = new_figure(8.6, 4.2)
    samples, nearest = drawing.subplots(1, 2)
    mean, bar = mean_and_error(results, "sample_disagreement")
    null = float(results["sample_null"].mean())
    for placement in results["placement"].values[::-1]:
        for i, n in enumerate(numbers):
            at = {"placement": placement, "points": n}
            value, spread = (part.sel(at) / null for part in (mean, bar))
            fill = "white" if placement == "even" else None
            points_with_errors(
                samples, errors, value.where(value > 1e-6), spread, i, len(numbers), mfc=fill, ls="-", lw=0.8
            )
    manifold, line = results.attrs["config"]["manifold"], np.geomspace(errors.min(), errors.max(), 60)
    curves = [curve for n in numbers if (curve := sample_law(manifold, n, line)) is not None]
    for curve in curves:
        samples.plot(line, curve / null, color=LAW, lw=1.0)
    samples.axhline(1, color=VERMILION, ls="--", lw=1.2)
    samples.set(xscale="log", yscale="log", ylim=(1e-6 if found else 1e-3, 2.5))
    samples.set_ylabel(r"$\mathrm{E}|x_A - x_B|^2$ / that of independent perfect samples")
    samples.set_title(f"{'projected ' if found else ''}samples of both models from one start")
    entries = number_handles(numbers) + (_placement_handles() if found else [])
    entries.append(Line2D([], [], color=VERMILION, ls="--", label="independent perfect samples"))
    if curves:
        entries.append(law_handle("law, independent sets"))
    drawing.legend(handles=entries, loc="outside lower center", ncols=4)
    parts = {name: mean_and_error(results, f"nearest_{name}") for name in ("own", "other", "null")}
    for i, n in enumerate(numbers):
        at, unit = {"placement": "iid", "points": n}, 1 / found.spacing(n) if found else 1
        for name, fill in (("own", None), ("other", "white")):
            value, spread = (unit * part.sel(at) for part in parts[name])
            points_with_errors(nearest, errors, value, spread, i, len(numbers), mfc=fill, ls="-", lw=0.8)
        nearest.plot(errors, unit * parts["null"][0].sel(at), color=VERMILION, ls="--", lw=1.2)
    nearest.set(xscale="log", yscale="log")
    nearest.set_ylabel("r.m.s. distance to the nearest training point" + (" / d" if found else ""))
    nearest.set_title(f"{'i.i.d. points, samples projected' if found else 'samples'} and training sets")
    grey: dict[str, Any] = {"color": "0.3", "ls": "", "marker": "o"}
    nearest.legend(
        handles=[
            Line2D([], [], label="own training set", **grey),
            Line2D([], [], label="the other model's", mfc="white", **grey),
            Line2D([], [], color=VERMILION, ls="--", label="perfect samples"),
        ],
        loc="lower right",
    )
    for axes in (samples, nearest):
        axes.set_xlabel(r"model error $\delta/d$" if found else r"model error $\delta$ [pixel range]")
        log_ticks(axes, "x")
    log_ticks(nearest, "y")
    return drawing


def _placement_handles():
    grey: dict[str, Any] = {"color": "0.3", "ls": "", "marker": "o"}
    return [
        Line2D([], [], label="independent sets", **grey),
        Line2D([], [], label="interleaved even sets", mfc="white", **grey),
    ]
