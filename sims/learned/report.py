"""What summaries and figures of trained networks share: which measures are shown, and the errors that are singled out."""

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error


def recall_name(results: xr.Dataset) -> str:
    """The measure of memorization that is drawn: the order parameter of even points, else the memorization ratio."""
    return "order_parameter" if results.attrs["config"]["placement"] == "even" else "memorization_ratio"


def singled_out(results: xr.Dataset, name: str) -> xr.DataArray:
    """Equivalent errors of a name with both ends, NaN where none is singled out or at most half of the replicates have one.

    name: gap_equivalent, effective, tangential or normal.
    """
    found = results[f"{name}_flag"] == 0  # GapFlag.FOUND, FitFlag.FITTED
    return results[name].where(found).where(found.mean("replicate") > 0.5)


def by_samples(results: xr.Dataset) -> xr.DataArray:
    """Sample-equivalent errors, NaN where most replicates have samples that pass for perfect ones (no upper end)."""
    if "sample_equivalent" not in results:
        return xr.full_like(results["loss"], np.nan)
    sides = results["sample_equivalent"]
    seen = sides.sel(side="upper") < np.inf
    return sides.sel(side="value").where(seen.mean("replicate") > 0.5)


def failures(results: xr.Dataset) -> list[str]:
    """A warning line where samples failed."""
    failed = int(results["failed"].sum())
    return [f"warning: {failed} samples failed"] if failed else []


def both(pair, digits: str = ".3f") -> str:
    """A mean and its standard error, as text; a dash for what is not there."""
    return "-" if np.isnan(float(pair[0])) else " +- ".join(format(float(part), digits) for part in pair)


def table(results: xr.Dataset, dims: tuple[str, str]) -> str:
    """A row for each pair of coordinates of two dimensions, at the last stop: gap, recall and distance beside their nulls."""
    last = results.isel(step=-1)
    name = recall_name(results)
    size = results["energy_distance"].attrs["units"]
    lines = [
        f"after {int(last['step'])} steps: mean +- standard error of {results.sizes['replicate']} replicates",
        f"{dims[0]:>10}{dims[1]:>12}{'largest gap':>22}{'at noise':>18}{name.replace('_', ' '):>22}{'perfect':>10}"
        f"{f'energy distance [{size}]':>30}{'perfect':>20}",
    ]
    for row in last.stack(row=dims).transpose("row", ...).groupby("row", squeeze=False):
        place, found = row[0], row[1].isel(row=0)
        null = mean_and_error(found, "memorization_ratio_null")[0] if name == "memorization_ratio" else 0.0
        squared = found.sel(norm="squared")
        cells = [
            (both(mean_and_error(squared, "gap_peak"), ".3g"), 22),
            (both(mean_and_error(squared, "gap_peak_noise"), ".2g"), 18),
            (both(mean_and_error(found, name)), 22),
            (f"{float(null):.3f}", 10),
            (both(mean_and_error(found, "energy_distance"), ".2g"), 30),
            (both(mean_and_error(found, "energy_distance_null"), ".1g"), 20),
        ]
        lines.append(f"{place[0]:>10}{place[1]:>12}" + "".join(f"{text:>{width}}" for text, width in cells))
    return "\n".join(lines + failures(results))
