"""How the study of training is computed: for each number of points, all replicates in one program."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from sims.estimates import flat, with_errors
from sims.experiment import Study
from sims.gaps import NORMS
from sims.learning import LogUniformNoise, Mlp, Objective, TrainingSets, UNet, default_optimizer, train
from sims.populations import Population, population, unit
from sims.store import Variable
from sims.training_dynamics.config import TrainingDynamicsConfig
from sims.training_dynamics.measure import Measured, Member, measure
from theory.metrics import generalization_gap

_NOISE = LogUniformNoise(2e-3, 20.0)  # in units of the r.m.s. size of the data per coordinate
_DEPTH = 3


def prepare(config: TrainingDynamicsConfig) -> Study:
    """The grid of the study. ``ValueError`` for sizes that the manifold does not have."""
    people = population(config.manifold, config.seed, config.points)
    return Study(
        grid={"points": config.points},
        axes={
            "replicate": range(config.replicates),
            "step": sorted(config.stops),
            "norm": NORMS,
            "noise": sorted(config.noises),
            "side": ("value", "lower", "upper"),
        },
        variables=_variables(people.manifold is not None),
        compute=lambda cell, key: _compute(config, people, cell["points"], key),
        cells=config.replicates * len(config.stops),
    )


def _variables(on_manifold: bool) -> dict[str, Variable]:
    cell = ("replicate", "step")
    unit = "d" if on_manifold else "pixel range"
    estimates = {
        "gap": Variable((*cell, "norm", "noise"), "1", "relative generalization gap (null 0)"),
        "gap_peak": Variable((*cell, "norm"), "1", "largest relative gap (null about 2 standard errors)"),
        "gap_peak_noise": Variable((*cell, "norm"), unit, "noise of the largest gap"),
        "memorization_ratio": Variable(cell, "1", "share of samples that recall a training point (recall 1)"),
        "memorization_ratio_null": Variable(("replicate",), "1", "the same for perfect samples"),
    }
    plain = {
        "loss": Variable(cell, "1", "training loss, mean since the stop before"),
        "gap_equivalent": Variable((*cell, "noise", "side"), unit, "model error of the same gap, 95% interval"),
        "gap_equivalent_flag": Variable((*cell, "noise"), "1", "GapFlag of the gap-equivalent error (0 found)"),
        "failed": Variable(cell, "1", "samples that failed"),
    }
    if on_manifold:
        estimates |= {
            "order_parameter": Variable(cell, "1", "order parameter of even points (null 0, recall 1)"),
            "manifold_distance": Variable(cell, "R", "r.m.s. distance of samples from the manifold (null 0)"),
        }
        plain["sample_equivalent"] = Variable(
            (*cell, "side"), unit, "model error whose samples recall as much, 95% interval"
        )
    return with_errors(estimates) | plain


def _compute(config: TrainingDynamicsConfig, people: Population, n: int, key) -> dict:
    data_key, validation_key, train_key, measure_key = jax.random.split(key, 4)
    members = range(config.replicates)
    sets = [people.train(config.placement, n, jax.random.fold_in(data_key, r)) for r in members]
    count = n if config.placement == "even" else max(n, 256)
    validation = [people.validation(config.placement, n, jax.random.fold_in(validation_key, r), count) for r in members]
    dim = sets[0].shape[1]
    network = partial(Mlp, dim, config.width, _DEPTH) if people.manifold else partial(UNet, (1, 8, 8), config.width)
    noises = float(unit(people, n)) * np.sort(config.noises)
    middle = noises[len(noises) // 2 :][:1].astype(np.float32)
    seen, unseen = (np.asarray(points[0], np.float32) for points in (sets, validation))
    name = jax.random.key_data(train_key).tobytes().hex()

    def watch(ensemble):
        first = generalization_gap(ensemble.member(0), seen, unseen, middle, key=measure_key, draws=8, norm="squared")
        return f"gap {float(first[0]):.2f} at sigma {middle[0]:.2g}"

    trained = train(
        network,
        TrainingSets(sets),
        Objective(_NOISE),
        key=train_key,
        stops=sorted(config.stops),
        batch=config.batch,
        optimizer=default_optimizer(config.rate),
        lengths=(config.average,),
        checkpoint=config.out / "checkpoints" / f"{n}-{name}.eqx",
        watch=watch,
    )
    start = float(_NOISE.highest * jnp.max(trained.scale))
    measured = Measured(people, config.placement, n, noises, start, config.samples, config.draws)
    prepared = [Member.prepare(measured, sets[r], validation[r], jax.random.fold_in(measure_key, r)) for r in members]
    ensembles = [trained.ensemble(stop) for stop in range(len(config.stops))]
    found = [[measure(member, ensemble.member(r)) for ensemble in ensembles] for r, member in enumerate(prepared)]
    nulls = [flat({"memorization_ratio_null": member.null}) for member in prepared]
    return (
        {name: np.array([[stop[name] for stop in member] for member in found]) for name in found[0][0]}
        | {name: np.array([null[name] for null in nulls]) for name in nulls[0]}
        | {"loss": np.asarray(trained.loss).T}
    )
