"""All models of one training set and model error, in one compiled program."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from sims.estimates import flat, with_errors
from sims.gaps import gaps_and_peaks
from sims.guidance.labelled import GuidedByLabel, LabelledSet
from sims.store import Variable
from theory import Circle, probability_flow
from theory.metrics import (
    Estimate,
    energy_distance,
    manifold_distance_estimate,
    mean_estimate,
    memorization_ratio_estimate,
    order_parameter_estimate,
    root_mean_square_estimate,
)

KINDS = ("autoguidance", "classifier-free")
SHOWN = 160  # samples of every model that are kept
_SIGMA_MAX = 40.0  # radii: Gaussian starts then miss the smoothed data by KL <= 1/3200 [early-stopping]
_ARC_POINTS = 128  # of the lattice that stands for the truth of a label


def variables() -> dict[str, Variable]:
    """The variables of the store, by name, with the dimensions that each has within a group."""
    by_model = ("kind", "labels", "weight")
    models = {
        "order_parameter": Variable(by_model, "1", "order parameter of memorization, even points (null 0, recall 1)"),
        "memorization_ratio": Variable(by_model, "1", "fraction of projected samples that recall a training point"),
        "manifold_distance": Variable(by_model, "R", "root mean square distance of samples from the ring (null 0)"),
        "energy_distance": Variable(by_model, "R", "energy distance of samples from the arc of their label (null 0)"),
        "outside": Variable(by_model, "1", "fraction of samples outside the arc of their label (null 0)"),
        "diversity": Variable(by_model, "1", "spread of the samples of a label over that of its arc (null 1)"),
        "gap": Variable((*by_model, "norm", "noise"), "1", "relative generalization gap (null 0)"),
        "gap_peak": Variable((*by_model, "norm"), "1", "largest relative generalization gap"),
        "gap_peak_noise": Variable((*by_model, "norm"), "d", "noise of the largest relative gap"),
    }
    nulls = {
        "memorization_ratio_null": Variable(("labels",), "1", "memorization ratio of perfect samples"),
        "energy_distance_null": Variable(("labels",), "R", "energy distance of perfect samples from their arcs"),
        "energy_distance_recall": Variable(("labels",), "R", "energy distance of exact recall from the arcs"),
        "diversity_recall": Variable(("labels",), "1", "spread of exact recall over that of the arcs"),
    }
    return with_errors(models | nulls) | {
        "state": Variable((*by_model, "sample", "coordinate"), "R", "samples, evenly of all labels"),
        "train": Variable(("point", "coordinate"), "R", "training points"),
        "arc": Variable(("labels", "point"), "rad", "angle where the arc of a training point's label starts"),
        "failed": Variable((), "1", "number of trajectories that failed"),
    }


class Shared(eqx.Module):
    """What all models of a group share: starts, noise, and the points that stand for the truth."""

    starts: Float[Array, "samples 2"]
    gap_noise: tuple[Float[Array, "1 draws 2"], Float[Array, "1 draws 2"]]
    midway: Float[Array, "draws 2"]  # validation points of even training points
    places: Float[Array, " draws"]  # of other validation points along their arcs
    perfect: Float[Array, " samples"]  # places of perfect samples
    choice: Float[Array, "samples n"]  # exact recall returns the point of its label with the largest
    of_sample: Array  # the training point whose label a sample has
    of_draw: Array  # the training point that a draw of noise is for

    def __init__(self, ring: Circle, angles, key, trajectories: int, draws: int):
        count = len(angles)
        start_key, train_key, validation_key, place_key, perfect_key, choice_key = jax.random.split(key, 6)
        self.starts = _SIGMA_MAX * jax.random.normal(start_key, (trajectories, 2), angles.dtype)
        self.gap_noise = (
            jax.random.normal(train_key, (1, draws, 2), angles.dtype),
            jax.random.normal(validation_key, (1, draws, 2), angles.dtype),
        )
        self.of_sample = jnp.arange(trajectories) // (trajectories // count)
        self.of_draw = jnp.arange(draws) // (draws // count)
        self.midway = ring.embed((angles + jnp.pi / count)[self.of_draw, None])
        self.places = jax.random.uniform(place_key, (draws,), angles.dtype)
        self.perfect = jax.random.uniform(perfect_key, (trajectories,), angles.dtype)
        self.choice = jax.random.uniform(choice_key, (trajectories, count), angles.dtype)

    def validation(self, ring: Circle, labelled: LabelledSet, even) -> Float[Array, "draws 2"]:
        """Validation points with the labels of the training points that they are drawn beside."""
        random = labelled.on_arcs(ring, self.of_draw, self.places)
        return jnp.where(even, self.midway, random)


@eqx.filter_jit
def measure_set(angles, even, key, error, noises, weights, tolerance, counts, trajectories, draws) -> dict[str, Array]:
    """All variables of training points at ascending ``angles`` ``(n,)``, for every kind, granularity and weight.

    even says whether they are evenly spaced; error and noises are in radii. counts, the numbers of labels, trajectories and
    draws are static.
    """
    ring = Circle(1.0)
    shared = Shared(ring, angles, key, trajectories, draws)
    sets = jax.vmap(lambda count: LabelledSet(ring, angles, count))(jnp.asarray(counts))

    def of_model(args):
        labelled, classifier_free, weight = args

        def model(of_state):
            labels = labelled.labels
            return GuidedByLabel(labelled.points, labels, labels[of_state], error, weight, classifier_free)

        flow = probability_flow(
            model(shared.of_sample),
            shared.starts,
            sigma_max=_SIGMA_MAX,
            sigma_min=0.0,
            rtol=tolerance,
            atol=tolerance * error,
        )
        train, validation = labelled.points[shared.of_draw], shared.validation(ring, labelled, even)
        gaps = gaps_and_peaks(model(shared.of_draw), train, validation, noises, shared.gap_noise)
        return flow.x, {"failed": flow.failed} | gaps | _of_samples(ring, labelled, flow.x, shared.of_sample, even)

    kinds, which, weight = jnp.meshgrid(jnp.arange(2) == 1, jnp.arange(len(counts)), weights, indexing="ij")
    of_each = jax.tree.map(lambda leaf: leaf[which.ravel()], sets)
    samples, measured = jax.lax.map(of_model, (of_each, kinds.ravel(), weight.ravel()))
    samples = samples.reshape(*kinds.shape, trajectories, 2)
    measured = {name: value.reshape(*kinds.shape, *value.shape[1:]) for name, value in measured.items()}
    references, nulls = jax.lax.map(lambda each: _nulls(ring, each, shared), sets)
    by_granularity = samples.swapaxes(0, 1).reshape(len(counts), -1, trajectories, 2)
    energies = _energies(ring, sets, counts, jnp.concatenate([by_granularity, references], axis=1))
    kept = min(SHOWN, trajectories)
    return (
        measured
        | nulls
        | flat(
            {
                "energy_distance": jax.tree.map(
                    lambda e: e[:, :-2].reshape(-1, 2, len(weights)).swapaxes(0, 1), energies
                ),
                "energy_distance_null": jax.tree.map(lambda e: e[:, -2], energies),
                "energy_distance_recall": jax.tree.map(lambda e: e[:, -1], energies),
            }
        )
        | {
            "state": samples[..., jnp.arange(kept) * trajectories // kept, :],
            "train": sets.points[0],
            "arc": sets.start,
            "failed": jnp.sum(measured["failed"]),
        }
    )


def _of_samples(ring, labelled, x, of_sample, even) -> dict[str, Array]:
    on_ring = ring.project(x)
    order = order_parameter_estimate(on_ring, len(labelled.points))
    return flat(
        {
            "order_parameter": jax.tree.map(lambda value: jnp.where(even, value, jnp.nan), order),
            "memorization_ratio": memorization_ratio_estimate(on_ring, labelled.points),
            "manifold_distance": manifold_distance_estimate(x, ring),
            "outside": mean_estimate(labelled.outside(ring, x, of_sample)),
            "diversity": _diversity(labelled, x, of_sample),
        }
    )


def _nulls(ring, labelled, shared) -> tuple[Float[Array, "2 samples 2"], dict[str, Array]]:
    """Perfect samples and those of exact recall, and what they would give."""
    of_sample = shared.of_sample
    perfect = labelled.on_arcs(ring, of_sample, shared.perfect)
    same = labelled.labels[of_sample][:, None] == labelled.labels
    recalled = labelled.points[jnp.argmax(jnp.where(same, shared.choice, -1), axis=1)]
    found = {
        "memorization_ratio_null": memorization_ratio_estimate(perfect, labelled.points),
        "diversity_recall": _diversity(labelled, recalled, of_sample),
    }
    return jnp.stack([perfect, recalled]), flat(found)


def _diversity(labelled, x, of_sample) -> Estimate:
    """Root mean square distance of samples from the mean of their label, over that of the points of its arc."""
    found = root_mean_square_estimate(labelled.spread(x, of_sample))
    truth = jnp.sqrt(jnp.mean(labelled.arc_spread[of_sample] ** 2))
    return Estimate(found.value / truth, found.standard_error / truth)


def _energies(ring, sets, counts, x) -> Estimate:
    """Energy distance from the arc, mean over labels, of sets of samples x ``(granularities, sets, samples, 2)``.

    A label has samples by the number of its points, so each granularity has shapes of its own.
    """
    size = sets.labels.shape[1]
    places = (jnp.arange(_ARC_POINTS) + 0.5) / _ARC_POINTS

    def of_granularity(i, count):
        labelled = jax.tree.map(lambda leaf: leaf[i], sets)
        first = jnp.arange(0, size, size // count)
        arcs = jax.vmap(lambda point: labelled.on_arcs(ring, jnp.full(_ARC_POINTS, point), places))(first)

        def of_label(args):
            return energy_distance(args[0], args[1], lattice=True)

        def of_set(x):
            each = jax.lax.map(of_label, (x.reshape(count, -1, 2), arcs))
            return Estimate(jnp.mean(each.value), jnp.sqrt(jnp.mean(each.standard_error**2) / count))

        return jax.lax.map(of_set, x[i])

    found = [of_granularity(i, count) for i, count in enumerate(counts)]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *found)
