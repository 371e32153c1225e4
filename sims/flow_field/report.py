"""What the trajectories and basins say in numbers, beside laws and nulls."""

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from theory import laws


def summary(results: xr.Dataset) -> str:
    """Order parameter and memorization ratio beside laws and null, how the samples and the plane are shared among the
    training points, and how far the field moves."""
    config, n, replicates = results.attrs["config"], results.sizes["point"], results.sizes["replicate"]
    order, order_error = mean_and_error(results, "order")
    ratio, ratio_error = mean_and_error(results, "memorization")
    null, noise = results["memorization_null"].mean().item(), results["noise"].values[0]
    # chi-square of the numbers of samples against equal ones
    uneven = ((results["share"] - 1 / n) ** 2).sum("point").mean("replicate") * n * config["trajectories"] / (n - 1)
    moves = results["magnitude"].sel(noise=noise).max(("replicate", "y", "x"))
    lines = [
        f"{n} {config['placement']} points on the {config['manifold']}; mean +- standard error of {replicates} replicates",
        f"{'delta/d':>7}  {'order parameter':>16}  {'law':>6}  {'memorization':>16}  {'law':>6}  {'null':>6}"
        f"  {'shares':>6}  {'longest move':>12}",
    ]
    for error in results["error"].values:
        at = {"error": error}
        cells = [
            f"{error:>7.3g}",
            *(
                f"{value.sel(at):>7.4f} +- {bar.sel(at):.4f}"
                for value, bar in ((order, order_error), (ratio, ratio_error))
            ),
            f"{null:.4f}",
            f"{uneven.sel(at):>6.2f}",
            f"{moves.sel(at):>12.4f}",
        ]
        for place, law in zip((2, 4), order_and_ratio_laws(results, error)):
            cells.insert(place, f"{law:>6.4f}")
        lines.append("  ".join("-".rjust(len(cell)) if "nan" in cell else cell for cell in cells))
    lines += [
        f"shares: chi-square over its degrees of freedom of samples by nearest point; 1 +- "
        f"{np.sqrt(2 / (n - 1) / replicates):.2f} where every point draws as many, as it does without error",
        f"longest move |D - x| in the window at sigma = {noise:g} d: with an error about sigma^2/s^2 of the one without",
    ]
    for noise in results["basin_noise"].values:
        smallest, largest = basin_range(results, noise)
        lines.append(f"basins of the optimal flow from sigma = {noise:g} d: {smallest:.4f} to {largest:.4f} of a disc")
    failed = int(results["failed"].sum())
    return "\n".join(lines + ([f"warning: {failed} trajectories failed"] if failed else []))


def order_and_ratio_laws(results: xr.Dataset, error: float) -> tuple[float, float]:
    """Order parameter of the even ring, exactly [debye-waller], and memorization ratio of the comb [third-rule-null].

    The error is in spacings. NaN for other training sets.
    """
    config, n = results.attrs["config"], results.sizes["point"]
    if (config["placement"], config["manifold"]) != ("even", "circle"):
        return np.nan, np.nan
    order = float(laws.order_parameter_ring(error * 2 * np.pi / n, n, 1.0)) if error > 0 else 1.0
    return order, float(laws.memorization_ratio_even(error, 1.0))


def basin_range(results: xr.Dataset, noise: float) -> tuple[float, float]:
    """Smallest and largest basin of a training set as fractions of the disc in the window, means over replicates."""
    disc = results["x"] ** 2 + results["y"] ** 2 < results["x"][-1] ** 2
    basin = results["basin"].sel(basin_noise=noise).where(disc)
    sizes = (basin == results["point"]).sum(("x", "y")) / disc.sum()
    return sizes.min("point").mean().item(), sizes.max("point").mean().item()
