"""What every study measures of a network: its gap, and how its samples compare with perfect ones and with recall."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from sims.estimates import flat, with_errors
from sims.gaps import gaps_and_peaks
from sims.learned import quality
from sims.learned.conditional import ByLabel
from sims.learned.quality import Quality
from sims.populations import Population, unit
from sims.store import Variable
from theory.metrics import (
    Estimate,
    manifold_distance_estimate,
    memorization_ratio_estimate,
    order_parameter_estimate,
)

TOLERANCE = 1e-4  # of flows
SHOWN = 8  # samples of the first replicate that are kept, with their nearest training points


@dataclasses.dataclass(frozen=True)
class Member:
    """One training set and all that its networks share: validation points, noise of the gap, and perfect samples.

    labels: of the training and of the validation points, or None. ``length`` is the unit of lengths, d or the pixel range.
    """

    people: Population
    train: Any
    validation: Any
    labels: tuple[Any, Any] | None
    noises: Any
    noise: tuple[Any, Any]
    quality: Quality

    @classmethod
    def prepare(cls, people, train, validation, labels, noises, draws, quality, key) -> "Member":
        """noises: levels in ``length``; draws: how many noisy points of either set."""

        def drawn(key, points):
            return jax.random.normal(key, (-(-draws // len(points)), *points.shape), points.dtype)

        train_key, validation_key = jax.random.split(key)
        noise = drawn(train_key, train), drawn(validation_key, validation)
        noises = float(unit(people, len(train))) * jnp.sort(jnp.asarray(noises))
        return cls(people, train, validation, labels, noises, noise, quality)

    @property
    def length(self) -> float:
        return float(unit(self.people, len(self.train)))

    def gaps(self, denoiser) -> dict:
        """Gap and peak of the gap, with errors [gap-comb]."""
        arguments = self.train, self.validation, self.noises, self.noise
        if self.labels is not None:
            train, validation = (
                jnp.concatenate([points, jnp.asarray(labels, points.dtype)[:, None]], axis=1)
                for points, labels in zip((self.train, self.validation), self.labels)
            )
            noise = tuple(jnp.concatenate([each, jnp.zeros_like(each[..., :1])], axis=-1) for each in self.noise)
            arguments, denoiser = (train, validation, self.noises, noise), ByLabel(denoiser)
        found = gaps_and_peaks(denoiser, *arguments)
        return found | {name: found[name] / self.length for name in ("gap_peak_noise", "gap_peak_noise_error")}

    def of_samples(self, samples) -> dict[str, Estimate]:
        """What samples are compared by, each an estimate."""
        found, manifold = self.quality(samples), self.people.manifold
        if manifold is None:
            return found | {"memorization_ratio": memorization_ratio_estimate(samples, self.train)}
        return found | {
            "memorization_ratio": memorization_ratio_estimate(manifold.project(samples), self.train),
            "order_parameter": order_parameter_estimate(samples, len(self.train)),
            "manifold_distance": manifold_distance_estimate(samples, manifold),
        }

    def nulls(self) -> dict[str, Estimate]:
        """The same of perfect samples, where that is not 0 but for its error."""
        found = self.of_samples(self.quality.perfect)
        return {
            f"{name}_null": each for name, each in found.items() if name in nulled(self.people.manifold is not None)
        }

    def nearest(self, samples):
        """For each sample the training point nearest to it."""
        square = jnp.sum((samples[:, None] - self.train) ** 2, axis=-1)
        return self.train[jnp.argmin(square, axis=1)]


def nulled(on_manifold: bool) -> tuple[str, ...]:
    """The measures of samples whose null is measured too."""
    return ("memorization_ratio", *quality.variables(on_manifold))


def variables(on_manifold: bool, member: tuple[str, ...]) -> dict[str, Variable]:
    """What `measure` finds, and the nulls; ``member`` names the dimensions of a training set, its stop comes after them."""
    cell, unit = (*member, "step"), "d" if on_manifold else "pixel range"
    size = "R" if on_manifold else "pixel range"
    estimates = {
        "gap": Variable((*cell, "norm", "noise"), "1", "relative generalization gap (null 0)"),
        "gap_peak": Variable((*cell, "norm"), "1", "largest relative gap (null about 2 standard errors)"),
        "gap_peak_noise": Variable((*cell, "norm"), unit, "noise of the largest gap"),
        "memorization_ratio": Variable(cell, "1", "share of samples that recall a training point (recall 1)"),
    }
    estimates |= {name: Variable(cell, *about) for name, about in quality.variables(on_manifold).items()}
    estimates |= {
        f"{name}_null": Variable(member, estimates[name].units, f"the {name.replace('_', ' ')} of perfect samples")
        for name in nulled(on_manifold)
    }
    if on_manifold:
        estimates |= {
            "order_parameter": Variable(cell, "1", "order parameter of even points (null 0, recall 1)"),
            "manifold_distance": Variable(cell, size, "r.m.s. distance of samples from the manifold (null 0)"),
        }
    shown = (*(dim for dim in cell if dim != "replicate"), "sample", "coordinate")
    return with_errors(estimates) | {
        "loss": Variable(cell, "1", "training loss, mean since the stop before"),
        "failed": Variable(("step",), "1", "samples that failed"),
        "state": Variable(shown, size, "samples of the first replicate"),
        "nearest": Variable(shown, size, "the training point nearest to each of these samples"),
    }


def measure(member: Member, denoiser, samples) -> dict:
    """The variables of one network, by name."""
    return member.gaps(denoiser) | flat(member.of_samples(samples))
