"""How a study of trained networks is computed: widths by training sets by replicates by stops."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np
from tqdm import tqdm

from sims.estimates import flat
from sims.experiment import Study
from sims.gaps import NORMS
from sims.learned import placement
from sims.learned.config import LearnedConfig
from sims.learned.measure import SHOWN, Member, measure, variables
from sims.learned.trainees import Sets, Trainees, people_of
from sims.populations import Population
from sims.store import Variable


@dataclasses.dataclass(frozen=True)
class Extra:
    """What a study measures of each training set besides: further axes, variables, and a function from a `Member` to them."""

    axes: Mapping[str, Sequence]
    variables: Mapping[str, Variable]
    compute: Callable[[Member], dict]


def prepare(
    config: LearnedConfig, sets: Sets | None = None, *, placed: bool = False, extra: Extra | None = None
) -> Study:
    """The grid of a study: widths by training sets by replicates by stops. ``ValueError`` for sizes that the data lack.

    sets: by default one for each number of points. placed: whether networks are placed among the exact models too.
    """
    people = people_of(config)
    sets = sets or Sets("points", config.points, int)
    member = (sets.name, "replicate")
    on_manifold = people.manifold is not None
    return Study(
        grid={"width": config.widths},
        axes={
            sets.name: sets.values,
            "replicate": range(config.replicates),
            "step": sorted(config.stops),
            "norm": NORMS,
            "noise": sorted(config.noises),
            "sample": range(SHOWN),
            "coordinate": range(people.reference.shape[1]),
        }
        | ({"side": ("value", "lower", "upper")} if placed else {})
        | (dict(extra.axes) if extra else {}),
        variables=variables(on_manifold, member)
        | (placement.variables(on_manifold, member) if placed else {})
        | (dict(extra.variables) if extra else {}),
        compute=lambda cell, key: _compute(config, people, sets, placed, extra, cell["width"], key),
        cells=len(sets.values) * config.replicates * len(config.stops),
    )


def _compute(
    config: LearnedConfig, people: Population, sets: Sets, placed: bool, extra: Extra | None, width: int, key
) -> dict:
    trainees = Trainees.prepare(config, people, sets, width, key)
    members = trainees.members
    places = [None] * len(members)
    if placed:
        keys = jax.random.split(jax.random.key(config.seed), len(members))
        places = [
            placement.Place.prepare(member, config.placement, trainees.start, starts, each)
            for member, starts, each in zip(members, trainees.starts, keys)
        ]
    found, failed, kept = [], [], []
    with tqdm(total=len(config.stops) * len(members), desc="measuring", unit="network", leave=False) as bar:
        for stop in range(len(config.stops)):
            ensemble, flow = trainees.trained.ensemble(stop), trainees.sample(trainees.ensemble(stop))
            failed.append(int(flow.failed.sum()))
            found.append([])
            for i, (member, place) in enumerate(zip(members, places)):
                denoiser, samples = ensemble.member(i), flow.x[i]
                measured = measure(member, denoiser, samples)
                found[-1].append(measured | ({} if place is None else place.measure(denoiser, samples, measured)))
                jax.block_until_ready(found[-1][-1])
                bar.update()
            few = [(member, flow.x[i][:SHOWN]) for i, member in enumerate(members) if i % config.replicates == 0]
            kept.append([(samples, member.nearest(samples)) for member, samples in few])

    split = trainees.split
    nulls = [
        flat(member.nulls())
        | ({} if place is None else place.nulls())
        | ({} if extra is None else extra.compute(member))
        for member, place in zip(members, places)
    ]
    # each (stops, sets, samples, D); images with the mean that was taken off
    samples, nearest = np.moveaxis(np.asarray(kept), 2, 0) + getattr(people, "mean", 0.0)
    return (
        {name: split([[stop[i][name] for stop in found] for i in range(len(members))]) for name in found[0][0]}
        | {name: split([null[name] for null in nulls]) for name in nulls[0]}
        | {
            "loss": split(trainees.trained.loss.T),
            "failed": failed,
            "state": np.swapaxes(samples, 0, 1),
            "nearest": np.swapaxes(nearest, 0, 1),
        }
    )
