"""A network as a denoiser: preconditioned, so that what it has to learn is of size 1 at every noise."""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theory.checks import common_float, poison, require_choice, require_nonnegative, require_positive

TARGETS = ("clean", "noise", "velocity")
Target = Literal["clean", "noise", "velocity"]


def coefficients(target: str, sigma, scale) -> tuple[Any, Any]:
    """(a, b) in D = a x + b F, F what a network predicts, of size 1; scale is the r.m.s. size of the data per coordinate.

    "clean": F = y/scale. "noise": F = eps = (x - y)/sigma. "velocity": F = (scale eps - sigma y/scale)/sqrt(sigma^2 + scale^2),
    which up to its sign is the preconditioning of EDM (Karras et al., 2206.00364).
    """
    total = sigma**2 + scale**2
    if target == "clean":
        return jnp.zeros_like(total), scale * jnp.ones_like(total)
    if target == "noise":
        return jnp.ones_like(total), -sigma
    return scale**2 / total, -sigma * scale / jnp.sqrt(total)


class NetworkDenoiser(eqx.Module):
    """The denoiser D(x, sigma) = a x + b F(x/sqrt(sigma^2 + scale^2), ln sigma) of a network F, with `coefficients` a and b.

    Arguments: network, called with a state, ln(sigma/scale) and a label; scale, a length, the r.m.s. size of the data per
    coordinate; target, what the network predicts. A denoiser as those of `theory`: x ``(*batch, D)``, sigma
    broadcastable to ``(*batch,)``. The network works in float32; the result has the dtype of the inputs. At sigma = 0, D = x
    (with target "clean" the limit of small noise).
    """

    network: Any
    scale: Float[Array, ""]
    target: str = eqx.field(static=True)
    label: Any

    def __init__(self, network, scale, target: Target = "velocity", label=None):
        require_positive("scale", scale)
        require_choice("target", target, TARGETS)
        self.network = network
        self.scale = jnp.asarray(scale, jnp.float32)
        self.target = target
        self.label = label

    def given(self, label) -> "NetworkDenoiser":
        """The denoiser given a label, a whole number that may be traced, or one for each state of a batch ``(*batch,)``."""
        return NetworkDenoiser(self.network, self.scale, self.target, jnp.asarray(label))  # pyright: ignore[reportArgumentType]

    def __call__(self, x, sigma) -> Float[Array, "*batch D"]:
        """The denoised state ``(*batch, D)``. Raises ``ValueError`` for negative noise."""
        require_nonnegative("sigma", sigma)
        x, sigma = common_float(x=x, sigma=sigma)
        sigma = jnp.broadcast_to(sigma, x.shape[:-1])
        scale = self.scale.astype(x.dtype)
        within = (x / jnp.hypot(sigma, scale)[..., None]).astype(jnp.float32)
        # an embedding of no noise at all: the network is trained far above
        log_noise = jnp.log(jnp.maximum(sigma / scale, 1e-6)).astype(jnp.float32)
        label = None if self.label is None else jnp.broadcast_to(self.label, sigma.shape)
        out = self.network(within, log_noise, label).astype(x.dtype)
        a, b = (part[..., None] for part in coefficients(self.target, sigma, scale))
        return poison(a * x + b * out, (sigma >= 0)[..., None])

    def score(self, x, sigma) -> Float[Array, "*batch D"]:
        """(D - x)/sigma^2, ``(*batch, D)`` [tweedie]. Raises ``ValueError`` unless sigma is positive."""
        require_positive("sigma", sigma)
        x, sigma = common_float(x=x, sigma=sigma)
        return (self(x, sigma) - x) / sigma[..., None] ** 2


class Ensemble(eqx.Module):
    """Denoisers of one make as one denoiser: x ``(members, *batch, D)``, each member at its own states.

    Arguments: denoisers, one whose every array leaf has a leading axis of members, as `train` makes it. The noise is shared or
    broadcastable to ``(members, *batch)``, so that `theory.probability_flow` carries all members in one solve.
    """

    denoisers: Any

    def __len__(self) -> int:
        return jax.tree.leaves(eqx.filter(self.denoisers, eqx.is_array))[0].shape[0]

    def member(self, index: int):
        """One member, a denoiser of its own. Raises ``ValueError`` for an index out of range."""
        if not -len(self) <= index < len(self):
            raise ValueError(f"index must be that of one of the {len(self)} members, got {index}")
        arrays, static = eqx.partition(self.denoisers, eqx.is_array)
        return eqx.combine(at_place(arrays, (index,)), static)

    def __call__(self, x, sigma) -> Float[Array, "members *batch D"]:
        """The denoised states. Raises ``ValueError`` unless x has one row of states for each member."""
        if np.ndim(x) < 2 or np.shape(x)[0] != len(self):
            raise ValueError(
                f"x must have shape ({len(self)}, ..., D), a part for each member, got shape {np.shape(x)}"
            )
        x, sigma = common_float(x=x, sigma=sigma)
        sigma = jnp.broadcast_to(sigma, x.shape[:-1])
        return eqx.filter_vmap(lambda denoiser, states, noise: denoiser(states, noise))(self.denoisers, x, sigma)


@jax.jit
def at_place(arrays, place: tuple):
    """Every array of a tree at one place of its leading axes, by one program for all places."""
    return jax.tree.map(lambda leaf: leaf[place], arrays)
