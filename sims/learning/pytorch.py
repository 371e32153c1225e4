"""A PyTorch module as a denoiser, so that a model trained elsewhere can be put on the diagram."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from sims.learning.denoiser import coefficients
from theory.checks import common_float, poison, require_choice, require_nonnegative, require_positive

PREDICTIONS = ("denoiser", "noise", "velocity")


class TorchDenoiser:
    """What `from_torch` returns: called with x ``(*batch, D)`` and sigma, as the denoisers of `theory`."""

    def __init__(self, module, prediction, scale, shape, batch_size):
        self._module, self._prediction, self._scale = module, prediction, scale
        self._shape, self._batch_size = shape, batch_size
        self._output = _differentiable(self._evaluate, self._slope)

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised state ``(*batch, D)``. Raises ``ValueError`` for negative noise and for states of another size."""
        require_nonnegative("sigma", sigma)
        x, sigma = common_float(x=x, sigma=sigma)
        if self._shape is not None and x.shape[-1] != math.prod(self._shape):
            raise ValueError(
                f"x must have {math.prod(self._shape)} columns, the size of shape {self._shape}, got {x.shape[-1]}"
            )
        sigma = jnp.broadcast_to(sigma, x.shape[:-1])
        out = self._output(x, sigma)
        if self._prediction == "denoiser":
            return poison(out, (sigma >= 0)[..., None])
        a, b = (part[..., None] for part in coefficients(self._prediction, sigma, self._scale))
        return poison(a * x + b * out, (sigma >= 0)[..., None])

    def _evaluate(self, x, sigma):
        import torch

        with torch.no_grad():
            return self._in_parts(lambda state, noise: self._module(state, noise), x, sigma)

    def _slope(self, x, sigma, dx, dsigma):
        import torch

        def along(state, noise, dstate, dnoise):
            return torch.func.jvp(lambda *inputs: self._module(*inputs), (state, noise), (dstate, dnoise))[1]

        with torch.no_grad():
            return self._in_parts(along, x, sigma, dx, dsigma)

    def _in_parts(self, function: Callable, *arrays):
        """The function of torch on NumPy arrays of states ``(*batch, D)`` and noises ``(*batch,)``, by parts of the batch."""
        import torch

        first = next(self._module.parameters(), torch.zeros(()))
        shape = arrays[0].shape
        event = self._shape or shape[-1:]
        rows = math.prod(shape[:-1])
        flat = [
            # a copy that is writable and contiguous, which torch asks of what it shares
            torch.from_dlpack(np.array(each).reshape(rows, *(event if np.shape(each) == shape else ()))).to(
                device=first.device, dtype=first.dtype
            )
            for each in arrays
        ]
        parts = [
            function(*(each[start : start + self._batch_size] for each in flat))
            for start in range(0, rows, self._batch_size)
        ]
        out = torch.cat(parts) if parts else torch.zeros((0, *event))
        if out.shape != (rows, *event):
            raise ValueError(f"the module must return shape {(rows, *event)}, got {tuple(out.shape)}")
        return np.from_dlpack(out.to(device="cpu", dtype=_dtype(torch, arrays[0])).contiguous()).reshape(shape)


def from_torch(
    module: Any,
    prediction: Literal["denoiser", "noise", "velocity"] = "denoiser",
    *,
    shape: Sequence[int] | None = None,
    scale: float = 1.0,
    batch_size: int = 4096,
) -> TorchDenoiser:
    """A PyTorch module as a denoiser, for every flow and metric of `theory`.

    The module is called with x ``(batch, *shape)``, x = y + sigma eps in variance-exploding units, and sigma ``(batch,)``, on
    the device and in the dtype of its parameters, in evaluation mode, at most ``batch_size`` states at a time. prediction says
    what it returns, ``(batch, *shape)``: "denoiser", the clean data (EDM); "noise", eps = (x - y)/sigma; "velocity",
    v = (scale eps - sigma y/scale)/sqrt(sigma^2 + scale^2), the v-prediction of Salimans & Ho (2202.00512), whose data have
    scale 1. shape: that of one state, by default ``(D,)``. A model of another convention is wrapped first (docs/learning.md).

    Works inside jit and vmap; derivatives are taken forward (``jax.jvp``) through ``torch.func``, as the metrics take them.
    Raises ``ValueError`` without PyTorch, for something that is no module and for a prediction of another name.
    """
    try:
        import torch
    except ImportError as error:
        raise ValueError("from_torch needs PyTorch: pip install 'recallflow[torch]'") from error
    if not isinstance(module, torch.nn.Module):
        raise ValueError(f"module must be a torch.nn.Module, got {type(module).__name__}")
    require_choice("prediction", prediction, PREDICTIONS)
    require_positive("scale", scale)
    return TorchDenoiser(module.eval(), prediction, scale, None if shape is None else tuple(shape), batch_size)


def _differentiable(evaluate, slope):
    """A host function of (x, sigma) inside JAX programs, with a host function of (x, sigma, dx, dsigma) for its derivative."""

    def called(function, *arrays):
        like = jax.ShapeDtypeStruct(arrays[0].shape, arrays[0].dtype)
        return jax.pure_callback(
            lambda *values: function(*map(np.asarray, values)), like, *arrays, vmap_method="broadcast_all"
        )

    @jax.custom_jvp
    def output(x, sigma):
        return called(evaluate, x, sigma)

    @output.defjvp
    def _(primals, tangents):
        return output(*primals), called(slope, *primals, *tangents)

    return output


def _dtype(torch, array):
    return torch.float64 if array.dtype == np.float64 else torch.float32
