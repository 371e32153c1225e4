"""What is measured of one network: its gap and its samples, and the exact models that show the same."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sims.estimates import flat
from sims.gaps import gaps_and_peaks
from sims.populations import Population, unit
from theory import EmpiricalDenoiser, probability_flow
from theory.metrics import (
    Estimate,
    GapEstimate,
    gap_equivalent_error,
    manifold_distance_estimate,
    memorization_ratio_estimate,
    order_parameter_estimate,
)

_ERRORS = np.geomspace(2.0, 0.01, 40)  # of exact models, in spacings, among which the sample-equivalent one is sought
_TOLERANCE = 1e-4
_QUANTILE = 1.96


@dataclasses.dataclass(frozen=True)
class Measured:
    """What all measures of one number of points share; noises and start in the units of the data."""

    people: Population
    placement: str
    n: int
    noises: Any
    start: float
    samples: int
    draws: int

    @property
    def by_order(self) -> bool:
        """Whether samples are compared by the order parameter, else by the memorization ratio."""
        return self.placement == "even"

    def recall(self, x, train) -> Estimate:
        """How much of the training set samples recall: what the sample-equivalent error equates."""
        if self.by_order:
            return order_parameter_estimate(x, self.n)
        return memorization_ratio_estimate(self.people.manifold.project(x), train)  # pyright: ignore[reportOptionalMemberAccess]


@dataclasses.dataclass(frozen=True)
class Member:
    """What the stops of one member share: data, noise, starts of samples, and recall of perfect samples and exact models."""

    about: Measured
    train: Any
    validation: Any
    starts: Any
    noise: tuple[Any, ...]
    null: Estimate
    exact: tuple[np.ndarray, float] | None

    @classmethod
    def prepare(cls, about: Measured, train, validation, key) -> "Member":
        gap_key, start_key, null_key = jax.random.split(key, 3)
        noise = tuple(
            jax.random.normal(each, (-(-about.draws // len(points)), *points.shape), points.dtype)
            for each, points in zip(jax.random.split(gap_key), (train, validation))
        )
        starts = about.start * jax.random.normal(start_key, (about.samples, train.shape[1]))
        exact = None if about.people.manifold is None else recall_of_exact_models(about, train, starts)
        null = memorization_ratio_estimate(about.people.fresh(null_key, about.samples), train)
        return cls(about, train, validation, starts, noise, null, exact)


def measure(member: Member, denoiser) -> dict:
    """All variables of one member at one stop."""
    about, train, validation, noise = member.about, member.train, member.validation, member.noise
    scale = float(unit(about.people, about.n))
    gaps = gaps_and_peaks(denoiser, train, validation, about.noises, noise)
    placed = gap_equivalent_error(
        GapEstimate(gaps["gap"][0], gaps["gap_error"][0]), train, validation, about.noises, noise=noise, norm="squared"
    )
    flow = probability_flow(
        denoiser,
        member.starts,
        sigma_max=about.start,
        sigma_min=0.0,
        sigma_floor=1e-3 * scale,
        rtol=_TOLERANCE,
        atol=_TOLERANCE,
    )
    samples = flow.x
    found = gaps | {
        "gap_peak_noise": gaps["gap_peak_noise"] / scale,
        "gap_peak_noise_error": gaps["gap_peak_noise_error"] / scale,
        "gap_equivalent": jnp.concatenate([placed.error[:, None], placed.interval], axis=1) / scale,
        "gap_equivalent_flag": placed.flag,
        "failed": flow.failed.sum(),
    }
    manifold = about.people.manifold
    if manifold is None:
        return found | flat({"memorization_ratio": memorization_ratio_estimate(samples, train)})
    recall = about.recall(samples, train)
    estimates = {
        "memorization_ratio": memorization_ratio_estimate(manifold.project(samples), train),
        "order_parameter": recall if about.by_order else order_parameter_estimate(samples, about.n),
        "manifold_distance": manifold_distance_estimate(samples, manifold),
    }
    return found | flat(estimates) | {"sample_equivalent": sample_equivalent(recall, *member.exact)}  # pyright: ignore


def recall_of_exact_models(about: Measured, train, starts) -> tuple[np.ndarray, float]:
    """How much the samples of the error-prone models recall, rising as the errors `_ERRORS` fall, and its standard error.

    They come from one flow of the optimal denoiser, stopped at s = error [early-stopping].
    """
    errors = float(unit(about.people, about.n)) * _ERRORS
    path = probability_flow(
        EmpiricalDenoiser(train),
        starts,
        sigma_max=about.start,
        sigma_min=float(errors[-1]),
        save_at=errors,
        rtol=_TOLERANCE,
        atol=_TOLERANCE,
    ).path
    exact = [about.recall(states, train) for states in path]  # pyright: ignore[reportOptionalIterable]
    values = np.maximum.accumulate([float(each.value) for each in exact])
    return values, float(np.max([each.standard_error for each in exact]))


def sample_equivalent(recall: Estimate, exact: np.ndarray, spread: float) -> np.ndarray:
    """Model error, in spacings, whose samples recall as much, with the ends of its 95% interval; infinity for perfect samples.

    exact, spread: as from `recall_of_exact_models`; both sides are sampled.
    """
    width = _QUANTILE * np.hypot(float(recall.standard_error), spread)
    wanted = float(recall.value) + width * np.array([0.0, 1.0, -1.0])
    found = np.exp(np.interp(wanted, exact + 1e-12 * np.arange(len(exact)), np.log(_ERRORS)))
    return np.select([wanted >= exact[-1], wanted <= exact[0]], [0.0, np.inf], found)
