"""Where the gap peaks and how high, beside what the laws say."""

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from sims.geometry import geometry
from theory import laws


def own_validation(placement: str) -> str:
    """The kind of validation that the placement's own law is for: midway between even points, else random ones."""
    return "midway" if placement == "even" else "random"


def gap_law(results: xr.Dataset, placement: str, noise, error, norm: str = "squared"):
    """Relative gap in units of d, validation as in `own_validation`; NaN where there is no law.

    Even points: all orders; on the torus in the Euclidean norm to leading order in q(s), where that is below 0.1. Independent
    points: to the next order in c(s), where there is a point or more in the kernel.
    """
    found = geometry(results)
    noise, error = np.broadcast_arrays(np.asarray(noise, float), error)
    if found is None:
        return np.full(noise.shape, np.nan)
    dims, effective = (found.dim, found.ambient_dim), np.hypot(noise, error)
    if placement != "even":
        law = laws.relative_gap_iid if norm == "squared" else laws.relative_gap_euclidean_iid
        return np.where(effective > 0.5, law(noise, error, 1.0, *dims, next_order=True), np.nan)
    if norm == "squared":
        return laws.relative_gap_even(noise, error, 1.0, *dims)
    if found.dim == 1:
        return laws.relative_gap_euclidean_even(noise, error, 1.0, found.ambient_dim)
    gap = laws.gap_euclidean_even_leading(noise, error, 1.0, *dims)
    training = laws.euclidean_error(noise, error, *dims) - gap / 2
    return np.where(laws.order_parameter_even(effective, 1.0) < 0.1, gap / training, np.nan)


def summary(results: xr.Dataset) -> str:
    """A table of the squared gap at the level where the law, or without one the mean gap, is largest."""
    largest = results["points"].values.max()
    lines = [
        f"relative squared gap where it peaks, n = {largest}: mean +- standard error of "
        f"{results.sizes['replicate']} replicates",
        f"{'placement':<11}{'validation':<12}{'error':>7}{'noise':>9}{'simulated':>22}{'law':>10}",
    ]
    noises = results["noise"].values
    for placement in results["placement"].values:
        kind = own_validation(placement)
        where = {"norm": "squared", "placement": placement, "validation": kind, "points": largest}
        mean, bar = (part.sel(where) for part in mean_and_error(results, "gap"))
        for error in results["error"].values:
            law = gap_law(results, placement, noises, error)
            top = int(np.nanargmax(mean.sel(error=error) if np.isnan(law).all() else law))
            value = f"{float(mean.sel(error=error)[top]):.4f} +- {float(bar.sel(error=error)[top]):.4f}"
            predicted = "-" if np.isnan(law[top]) else f"{law[top]:.4f}"
            lines.append(f"{placement:<11}{kind:<12}{error:>7g}{noises[top]:>9.3f}{value:>22}{predicted:>10}")
    return "\n".join(lines)
