"""Estimates in a store: every quantity beside its standard error, and means over replicates with theirs."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Array

from sims.store import Variable
from theory.metrics import Estimate


def with_errors(variables: Mapping[str, Variable]) -> dict[str, Variable]:
    """The variables, each with its standard error ``NAME_error`` beside it."""
    return {
        each: Variable(variable.dims, variable.units, text)
        for name, variable in variables.items()
        for each, text in (
            (name, variable.long_name),
            (f"{name}_error", f"standard error of the {variable.long_name}"),
        )
    }


def flat(estimates: Mapping[str, Estimate]) -> dict[str, Array]:
    """Values and standard errors by the names that `with_errors` gives them."""
    values = {name: estimate.value for name, estimate in estimates.items()}
    return values | {f"{name}_error": estimate.standard_error for name, estimate in estimates.items()}


def mean_and_error(results: xr.Dataset, name: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over replicates and its standard error, the larger of their spread and of the errors within them."""
    return mean_of_replicates(results[name], results[f"{name}_error"])


def mean_of_replicates(values: xr.DataArray, within: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """As `mean_and_error`, of values that are given with the errors within each replicate."""
    count = values.sizes["replicate"]
    inner = np.sqrt((within**2).mean("replicate", skipna=False) / count)
    spread = values.std("replicate", ddof=1, skipna=False) / np.sqrt(count) if count > 1 else inner
    return values.mean("replicate", skipna=False), xr.where(spread > inner, spread, inner)
