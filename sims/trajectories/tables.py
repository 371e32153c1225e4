"""What is printed of the trajectories."""

import numpy as np
import xarray as xr

from sims.estimates import mean_and_error
from sims.trajectories.costs import orders
from sims.trajectories.flows import VARIANTS
from theory import laws


def summary(results: xr.Dataset) -> str:
    """Early stopping, the ways to stop, displacement and the orders of the solvers."""
    config = results.attrs["config"]
    order, order_error = mean_and_error(results, "order_parameter")
    displacement = mean_and_error(results, "displacement")
    n, replicates = config["points"], results.sizes["replicate"]
    lines = [
        "end points under model error against the optimal flow stopped at s = delta: at most "
        f"{float(results['stopping_difference'].max()):.1e} d apart, over all errors and {replicates} replicates",
        f"order parameter by way of stopping, standard errors at most {float(order_error.max()):.3f}",
        f"{'delta/d':<9}" + "".join(f"{name:>18}" for name in VARIANTS) + f"{'ring law':>10}"
        f"{'displacement/d^2':>24}{'comb law':>10}",
    ]
    for delta in results["error"].values:
        moved, moved_error = (float(part.sel(error=delta)) for part in displacement)
        lines.append(
            f"{delta:<9.4g}"
            + "".join(f"{float(order.sel(error=delta, variant=name)):>18.3f}" for name in VARIANTS)
            + f"{float(laws.order_parameter_ring(delta * 2 * np.pi / n, n, 1.0)):>10.3f}"
            + f"{f'{moved:.4f} +- {moved_error:.4f}':>24}{float(laws.displacement_even(delta, 1.0)):>10.4f}"
        )
    for measure, name in (("median_error", "median"), ("largest_error", "largest")):
        found = ", ".join(f"{solver} {order:.2f}" for solver, order in orders(results, measure).items())
        lines.append(f"orders of the solvers, by the {name} error: {found}")
    failed = int(results["failed"].sum())
    if failed:
        lines.append(f"warning: {failed} trajectories failed")
    return "\n".join(lines)
