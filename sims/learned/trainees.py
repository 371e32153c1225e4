"""Networks trained on the sets of a study, all of one width in one program, and how samples are drawn from them."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from sims.learned.clusters import clusters
from sims.learned.config import LearnedConfig
from sims.learned.measure import TOLERANCE, Member
from sims.learned.quality import Quality, features_of, require_samples
from sims.learning import (
    Ensemble,
    LogUniformNoise,
    Mlp,
    Objective,
    Trained,
    TrainingSets,
    UNet,
    default_optimizer,
    train,
)
from sims.populations import Population, population
from theory import Flow, probability_flow
from theory.metrics import generalization_gap

NOISE = LogUniformNoise(2e-3, 20.0)  # in units of the r.m.s. size of the data per coordinate
_DEPTH = 3


@dataclasses.dataclass(frozen=True)
class Sets:
    """The training sets of a study, along one dimension.

    name, values: that dimension. size: from a value to the number of points n. conditions: from a value to the number of
    labels, by which k-means parts the points; 0 for networks without.
    """

    name: str
    values: Sequence[int]
    size: Callable[[int], int]
    conditions: Callable[[int], int] = lambda _: 0


@dataclasses.dataclass(frozen=True)
class Trainees:
    """The networks of one width, trained: for each training set all replicates, one after the other.

    starts: of their samples ``(members, samples, D)``, at noise ``start``; labels: of these samples ``(members, samples)``, or
    None; floor: noise below which sampling ends with one step.
    """

    members: list[Member]
    trained: Trained
    start: float
    floor: float
    starts: Any
    labels: Any
    replicates: int

    @classmethod
    def prepare(cls, config: LearnedConfig, people: Population, sets: Sets, width: int, key) -> "Trainees":
        # data and noise are those of every width
        shared = jax.random.key(config.seed)
        features = features_of(people)
        members = [
            _member(config, people, features, sets, value, jax.random.fold_in(shared, replicate))
            for value in sets.values
            for replicate in range(config.replicates)
        ]
        labels = [member.labels[0] for member in members if member.labels is not None]
        trained = _train(config, members, labels, max(map(sets.conditions, sets.values)), width, key)
        start = float(NOISE.highest * jnp.max(trained.scale))
        starts_key, choice_key = jax.random.split(jax.random.fold_in(shared, len(members)))
        starts = start * jax.random.normal(starts_key, (len(members), config.samples, members[0].train.shape[1]))
        floor = 1e-3 * min(member.length for member in members)
        shown = _labels_of_samples(labels, config.samples, choice_key)
        return cls(members, trained, start, floor, starts, shown, config.replicates)

    def ensemble(self, stop: int) -> Ensemble:
        """All networks after a stop, given the labels of their samples where they have some."""
        ensemble = self.trained.ensemble(stop)
        return ensemble if self.labels is None else given(ensemble, self.labels)

    def sample(self, denoiser, save_at=None) -> Flow:
        """Samples of a denoiser of all members ``(members, samples, D)``, and their states at the noise levels ``save_at``."""
        return probability_flow(
            denoiser,
            self.starts,
            sigma_max=self.start,
            sigma_min=0.0,
            sigma_floor=self.floor,
            save_at=save_at,
            rtol=TOLERANCE,
            atol=TOLERANCE,
        )

    def split(self, values) -> np.ndarray:
        """``(members, ...)`` as (sets, replicates, ...)."""
        return np.reshape(values, (-1, self.replicates, *np.shape(values)[1:]))


def people_of(config: LearnedConfig) -> Population:
    """The population that a study asks for. ``ValueError`` for numbers of points or samples that the data lack."""
    people = population(config.manifold, config.seed, config.points)
    require_samples(people, config.samples)
    return people


def _member(config: LearnedConfig, people: Population, features, sets: Sets, value: int, key) -> Member:
    # sets of one size are the same points
    data_key, validation_key, quality_key, measure_key = jax.random.split(jax.random.fold_in(key, sets.size(value)), 4)
    n, conditions = sets.size(value), sets.conditions(value)
    train = people.train(config.placement, n, data_key)
    count = n if config.placement == "even" else max(n, 256)
    validation = people.validation(config.placement, n, validation_key, count)
    labels = clusters(train, validation, conditions, measure_key) if conditions else None
    quality = Quality.prepare(people, config.samples, quality_key, features)
    return Member.prepare(people, train, validation, labels, config.noises, config.draws, quality, measure_key)


def _train(config: LearnedConfig, members: Sequence[Member], labels, conditions: int, width: int, key) -> Trained:
    first = members[0]
    dim = first.train.shape[1]
    network = partial(Mlp, dim, width, _DEPTH) if first.people.manifold else partial(UNet, (1, 8, 8), width)
    middle = np.asarray(first.noises, np.float32)[len(config.noises) // 2 :][:1]
    seen, unseen = (np.asarray(points, np.float32) for points in (first.train, first.validation))
    name = jax.random.key_data(key).tobytes().hex()

    def watch(ensemble):
        denoiser = ensemble.member(0)
        gap = generalization_gap(denoiser, seen, unseen, middle, key=key, draws=8, norm="squared")
        return f"gap {float(gap[0]):.2f} at sigma {middle[0]:.2g}"

    return train(
        partial(network, labels=conditions) if conditions else network,
        TrainingSets([member.train for member in members], labels or None),
        Objective(NOISE),
        key=key,
        stops=sorted(config.stops),
        batch=config.batch,
        optimizer=default_optimizer(config.rate),
        lengths=(config.average,),
        checkpoint=config.out / "checkpoints" / f"width-{width}-{name}.eqx",
        watch=watch,
    )


def _labels_of_samples(labels: Sequence, samples: int, key) -> Any:
    """Labels ``(members, samples)`` as often as training points have them, or None."""
    if not labels:
        return None
    keys = jax.random.split(key, len(labels))
    return jnp.stack([jax.random.choice(each, own, (samples,)) for own, each in zip(labels, keys)])


@eqx.filter_jit
def given(ensemble: Ensemble, labels) -> Ensemble:
    """Every member given the labels of its samples ``(members, samples)``."""
    return Ensemble(eqx.filter_vmap(lambda denoiser, each: denoiser.given(each))(ensemble.denoisers, labels))
