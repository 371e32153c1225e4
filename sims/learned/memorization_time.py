"""When training memorizes: the number of steps at which half of the training set is recalled, and how it grows with n."""

import dataclasses

import numpy as np
import scipy.special
import xarray as xr

from sims.learned.report import recall_name


def recalled(results: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """How much samples recall, from 0 for perfect ones to 1 for exact recall, with its standard error.

    The order parameter of even points, else the memorization ratio above its null, over the room that there is.
    """
    name = recall_name(results)
    value, error = results[name], results[f"{name}_error"]
    if name == "order_parameter":
        return value, error
    null = results["memorization_ratio_null"].mean("replicate")
    return (value - null) / (1 - null), error / (1 - null)


def memorization_time(results: xr.Dataset) -> xr.DataArray:
    """Steps at which a network first recalls half, on a straight line in ln steps between two stops; without the step.

    Infinity where it does not by the last stop, 0 where it does at the first.
    """
    value, _ = recalled(results)
    logs = np.log(results["step"].values)

    def first(row):
        above = np.flatnonzero(row >= 0.5)
        if not len(above):
            return np.nan if np.isnan(row).any() else np.inf
        i = above[0]
        if i == 0:
            return 0.0
        share = (0.5 - row[i - 1]) / (row[i] - row[i - 1])
        return np.exp(logs[i - 1] + share * (logs[i] - logs[i - 1]))

    return xr.apply_ufunc(first, value, input_core_dims=[["step"]], vectorize=True)


@dataclasses.dataclass(frozen=True)
class Growth:
    """Memorization time a n^exponent: the fit, the 95% half width of the exponent, and the n that it is of."""

    exponent: float
    half_width: float
    scale: float
    points: np.ndarray

    def at(self, n) -> np.ndarray:
        return self.scale * np.asarray(n, float) ** self.exponent


def growth(times: xr.DataArray) -> Growth | None:
    """The power of n in memorization times ``(points, replicate)``, by least squares of the logarithms.

    Of those n at which every replicate's time is known, so that what is not reached does not bias it; None for fewer than
    three. The interval takes the residuals of all replicates as independent.
    """
    values = times.transpose("points", "replicate").values
    known = (np.isfinite(values) & (values > 0)).all(axis=1)
    n, kept = times["points"].values[known], values[known]
    if len(n) < 3:
        return None
    x = np.log(np.broadcast_to(n[:, None], kept.shape)).ravel()
    (slope, intercept), covariance = np.polyfit(x, np.log(kept).ravel(), 1, cov=True)
    half = np.sqrt(covariance[0, 0]) * scipy.special.stdtrit(x.size - 2, 0.975)
    return Growth(float(slope), float(half), float(np.exp(intercept)), n)
