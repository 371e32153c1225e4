"""What is printed: for the last stop, the gap's peak and the samples, and the two errors that they correspond to."""

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from theory.metrics import GapFlag


def recall_name(results: xr.Dataset) -> str:
    """The measure of memorization that is drawn: the order parameter of even points, else the memorization ratio."""
    return "order_parameter" if results.attrs["config"]["placement"] == "even" else "memorization_ratio"


def by_gap(results: xr.Dataset) -> xr.DataArray:
    """Gap-equivalent errors, NaN where no error is singled out or where it is for half of the replicates at most."""
    found = results["gap_equivalent_flag"] == GapFlag.FOUND
    return results["gap_equivalent"].sel(side="value").where(found).where(found.mean("replicate") > 0.5)


def by_samples(results: xr.Dataset) -> xr.DataArray:
    """Sample-equivalent errors, NaN where most replicates have samples that pass for perfect ones (no upper end)."""
    if "sample_equivalent" not in results:
        return xr.full_like(results["loss"], np.nan)
    sides = results["sample_equivalent"]
    seen = sides.sel(side="upper") < np.inf
    return sides.sel(side="value").where(seen.mean("replicate") > 0.5)


def summary(results: xr.Dataset) -> str:
    """A row for each number of points: mean and standard error over replicates, at the last stop."""
    last = results.isel(step=-1)
    name = recall_name(results)
    unit = results["gap_equivalent"].attrs["units"]
    lines = [
        f"after {int(last['step'])} steps: mean +- standard error of {results.sizes['replicate']} replicates; "
        f"equivalent model errors, medians in units of {unit}, - where none is singled out",
        f"{'n':>6}{'largest gap':>22}{name.replace('_', ' '):>24}{'perfect':>10}{'by gap, largest noise':>24}"
        f"{'smallest noise':>16}{'by samples':>12}",
    ]
    for n in results["points"].values:
        row = last.sel(points=n)
        peak = [f"{float(part):.3g}" for part in mean_and_error(row.sel(norm="squared"), "gap_peak")]
        recall = [f"{float(part):.3f}" for part in mean_and_error(row, name)]
        null = 0.0 if name == "order_parameter" else float(row["memorization_ratio_null"].mean())
        gaps = by_gap(row).median("replicate").dropna("noise")
        ends = [_shown(gaps[place]) if len(gaps) else "-" for place in (-1, 0)]
        samples = _shown(by_samples(row).median("replicate"))
        lines.append(
            f"{n:>6}{' +- '.join(peak):>22}{' +- '.join(recall):>24}{null:>10.3f}{ends[0]:>24}{ends[1]:>16}{samples:>12}"
        )
    failed = int(results["failed"].sum())
    if failed:
        lines.append(f"warning: {failed} samples failed")
    return "\n".join(lines)


def _shown(error) -> str:
    return "-" if np.isnan(error) else f"{float(error):.3g}"
