"""Two models of disjoint training sets, where they agree and where they part, ``python -m sims.disjoint_models``."""

import dataclasses
import pathlib
import sys
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from sims.estimates import flat, mean_and_error, with_errors
from sims.experiment import Experiment, Preset, Study, StudyConfig, octaves, require_distinct
from sims.geometry import geometry
from sims.populations import DigitsPopulation, Population, population, unit
from sims.store import Variable
from theory import ErrorProneDenoiser, laws, probability_flow
from theory.checks import require_choice, require_count, require_levels, require_positive
from theory.manifolds import Manifold
from theory.metrics import Estimate, mean_estimate, root_mean_square_estimate

_START = 40.0  # sigma_max, for every manifold: 40 radii of the circle, 18 times the size of the digits
ManifoldName = Literal["circle", "torus", "torus3", "digits"]


@dataclasses.dataclass(frozen=True)
class DisjointModelsConfig(StudyConfig):
    """Compare two exact models of disjoint training sets: their fields, and their samples from shared starts.

    Independent training sets, and the two even ones that interleave. Fields are compared at noisy fresh data, samples at the
    end of the flow from the same noise. Errors and noises are in units of the spacing d = (volume/n)^(1/k) of one set on a
    manifold, in the image's [0, 1] for digits; all other lengths are in radii. Results go to OUT/disjoint_models.zarr,
    figures to OUT/*.png and OUT/*.pdf. An interrupted run resumes.
    """

    manifold: ManifoldName = "circle"
    """Where the data live: circle, flat torus of two or three circles (k = 1, 2, 3), or the real images of digits."""
    out: pathlib.Path = pathlib.Path("results/disjoint_models")
    points: tuple[int, ...] = ()
    """Numbers n of training points of each of the two models (on a torus perfect k-th powers)."""
    errors: tuple[float, ...] = ()
    """Model errors delta, the same for both models."""
    noises: tuple[float, ...] = ()
    """Noise levels sigma at which the fields are compared."""
    states: int = 512
    """Noisy states at which the fields are compared."""
    trajectories: int = 256
    """Shared starts."""
    tolerance: float = 1e-4
    """Relative tolerance of the flow; the absolute one is this times a tenth of the smallest error."""

    def __post_init__(self):
        super().__post_init__()
        require_choice("manifold", self.manifold, ("circle", "torus", "torus3", "digits"))
        if not self.points:
            raise ValueError("points must hold at least one number")
        for n in self.points:
            require_count("points", n, 2)
        for name in ("errors", "noises"):
            require_levels(name, getattr(self, name))
        for name in ("points", "errors", "noises"):
            require_distinct(name, getattr(self, name))
        require_count("states", self.states, 2)
        require_count("trajectories", self.trajectories, 2)
        require_positive("tolerance", self.tolerance)


def preset(preset: Preset = "quick", manifold: ManifoldName = "circle") -> DisjointModelsConfig:
    """The configuration of a preset for a manifold. Raises ``KeyError`` for names that are not known."""
    numbers = {
        "circle": {"quick": (16, 64, 256), "paper": (16, 64, 256, 1024), "large": (16, 64, 256, 1024, 4096)},
        "torus": {"quick": (16, 100, 576), "paper": (64, 256, 1024), "large": (64, 256, 1024, 4096)},
        "torus3": {"quick": (64, 343, 1728), "paper": (64, 512, 4096), "large": (64, 512, 4096, 13824)},
        "digits": {"quick": (50, 200, 600), "paper": (75, 150, 300, 600), "large": (75, 150, 300, 600)},
    }[manifold][preset]
    replicates, count, per_octave = {"quick": (8, 256, 1), "paper": (24, 1024, 2), "large": (96, 2048, 3)}[preset]
    small = manifold in ("circle", "torus")
    highest = {"circle": 3.0, "torus": 2.0, "torus3": 1.0, "digits": 1.0}[manifold]
    return DisjointModelsConfig(
        preset=preset,
        manifold=manifold,
        points=numbers,
        errors=octaves(-3.0, 1.0, per_octave) if manifold == "digits" else octaves(-4.0, 1.0, per_octave),
        noises=octaves(-3.0, highest, per_octave),
        replicates=replicates if manifold == "circle" else replicates // 2,
        states=2 * count if small else count,
        trajectories=count if manifold == "circle" else count // 2,
    )


def prepare(config: DisjointModelsConfig) -> Study:
    """One group for each pair of training sets. ``ValueError`` for numbers of points that the manifold does not have."""
    people = population(config.manifold, config.seed, config.points)
    for n in config.points:
        if isinstance(people, DigitsPopulation) and 2 * n > len(people.pool):
            raise ValueError(f"two disjoint sets of {n} need {2 * n} training images, there are {len(people.pool)}")
    axes = {"error": sorted(config.errors), "noise": sorted(config.noises)}

    def compute(cell, key):
        n = cell["points"]
        train_key, state_key, key = jax.random.split(key, 3)
        scale = unit(people, n)
        errors, noises = (scale * jnp.asarray(axis) for axis in axes.values())
        sets = two_sets(people, cell["placement"], n, train_key)
        truth = people.fresh(state_key, config.states)
        return measure(
            people.manifold, sets, truth, errors, noises, jnp.asarray(config.tolerance), config.trajectories, key
        )

    grid = {"placement": people.placements, "points": config.points, "replicate": range(config.replicates)}
    return Study(grid, axes, variables(), compute, cells=len(config.errors))


def variables() -> dict[str, Variable]:
    """The variables of the store, by name, with the dimensions that each has within a pair of models."""
    nearest = {
        "nearest_own": "r.m.s. distance of projected samples to the nearest own training point (recall 0)",
        "nearest_other": "r.m.s. distance of projected samples to the nearest point of the other set",
        "nearest_null": "r.m.s. distance of perfect samples, blurred and projected alike, to the nearest training point",
    }
    measured = {
        "field_disagreement": Variable(
            ("error", "noise"), "1", "mean square difference of the denoisers over s^2 (null 0 for one model twice)"
        )
    }
    about = "mean square distance of projected samples from shared starts (null 0 for one model twice)"
    measured["sample_disagreement"] = Variable(("error",), "length^2", about)
    measured |= {name: Variable(("error",), "length", text) for name, text in nearest.items()}
    return with_errors(measured) | {
        "sample_null": Variable((), "length^2", "mean square distance of independent perfect samples"),
        "sample_recall": Variable(
            (), "length^2", "mean square distance of independent recalls of the two training sets"
        ),
        "failed": Variable((), "1", "number of trajectories that failed"),
    }


def two_sets(people: Population, placement: str, n: int, key) -> Float[Array, "2 n D"]:
    """Two disjoint training sets of n points: two halves of 2 n independent ones, or an even set and its cell centres."""
    if placement == "even" and people.manifold is not None:
        return jnp.stack([people.manifold.even(n), people.manifold.even(n, phase=0.5)])
    both = people.train(placement, 2 * n, key)
    return both.reshape(2, n, -1)


@eqx.filter_jit
def measure(
    manifold: Manifold | None,
    sets: Float[Array, "2 n D"],
    truth: Float[Array, "states D"],
    errors: Float[Array, " errors"],
    noises: Float[Array, " noises"],
    tolerance: Float[Array, ""],
    trajectories: int,
    key,
) -> dict[str, Array]:
    """All variables of one pair of models."""
    field_key, start_key, null_key = jax.random.split(key, 3)
    starts = _START * jax.random.normal(start_key, (trajectories, sets.shape[-1]), sets.dtype)
    ends, failed = _end_points(sets, starts, errors, tolerance)
    # the mean square distance of independent draws: twice the variance, or that of two sets and between their means
    perfect = 2 * jnp.sum(jnp.var(truth, axis=0, ddof=1))
    shift = jnp.sum((jnp.mean(sets[0], axis=0) - jnp.mean(sets[1], axis=0)) ** 2)

    def on_manifold(x):
        return x if manifold is None else manifold.project(x)

    places = on_manifold(ends)
    blurred = truth + errors[:, None, None] * jax.random.normal(null_key, truth.shape, truth.dtype)
    pairs = jnp.asarray([[0, 0], [1, 1], [0, 1], [1, 0]])
    distances = jax.lax.map(lambda pair: _nearest(places[pair[0]], sets[pair[1]]), pairs)
    own, other = (jnp.concatenate(list(distances[2 * i : 2 * i + 2]), axis=-1) for i in range(2))
    estimates = {
        "field_disagreement": field_disagreement(sets, truth, errors, noises, field_key),
        "sample_disagreement": mean_estimate(jnp.sum((places[0] - places[1]) ** 2, axis=-1)),
        "nearest_own": root_mean_square_estimate(own),
        "nearest_other": root_mean_square_estimate(other),
        "nearest_null": root_mean_square_estimate(_nearest(on_manifold(blurred), sets[0])),
    }
    recall = jnp.sum(jnp.var(sets, axis=1)) + shift
    return flat(estimates) | {"sample_null": perfect, "sample_recall": recall, "failed": failed}


def field_disagreement(sets, truth, errors, noises, key) -> Estimate:
    """E|D_A - D_B|^2/s^2 over x = y + s eps, y the true data: states of the law's average, p_s; ``(errors, noises)``."""
    noise = jax.random.normal(key, truth.shape, truth.dtype)

    def at(error, sigma):
        effective = jnp.hypot(error, sigma)
        states = truth + effective * noise
        first, second = jax.lax.map(lambda points: ErrorProneDenoiser(points, error)(states, sigma), sets)
        return mean_estimate(jnp.sum((first - second) ** 2, axis=-1) / effective**2)

    return jax.lax.map(lambda error: jax.lax.map(lambda sigma: at(error, sigma), noises), errors)


def _end_points(sets, starts, errors, tolerance):
    """Samples of both models for every error ``(2, errors, trajectories, D)``, all from one start each.

    The flow under error delta to zero noise is the optimal flow stopped at delta [early-stopping].
    """
    order = jnp.argsort(-errors)

    def of_set(points):
        flow = probability_flow(
            ErrorProneDenoiser(points, 0.0),
            starts,
            sigma_max=_START,
            sigma_min=jnp.min(errors),
            save_at=errors[order],
            rtol=tolerance,
            atol=tolerance * jnp.min(errors) / 10,
        )
        if flow.path is None:
            raise ValueError("a flow with save_at has a path")
        return flow.path[jnp.argsort(order)], jnp.sum(flow.failed)

    ends, failed = jax.lax.map(of_set, sets)
    return ends, jnp.sum(failed)


def _nearest(x, points):
    """Distance of every x ``(*batch, D)`` to the nearest of the points ``(n, D)``."""
    states = x.reshape(-1, x.shape[-1])
    one = jax.lax.map(
        lambda state: jnp.min(jnp.sum((points - state) ** 2, axis=-1)), states, batch_size=min(len(states), 64)
    )
    return jnp.sqrt(one).reshape(x.shape[:-1])


def field_law(dim: int, noise, error, law=laws.disagreement_poisson):
    """E|D_A - D_B|^2/s^2 of independent sets [disjoint-iid], lengths in spacings; at any density, or by another law."""
    return law(noise, error, 1.0, dim) / (noise**2 + error**2)


def sample_law(manifold: str, n: int, errors) -> np.ndarray | None:
    """E|x_A - x_B|^2 of projected samples from one start, independent sets [shared-starts]; errors in spacings.

    None where there is no such law: off the ring (of radius 1), and below 4 points.
    """
    if manifold != "circle" or n < 4:
        return None
    return laws.shared_starts_ring(np.asarray(errors) * 2 * np.pi / n, float(n), 1.0)


def summary(results: xr.Dataset) -> str:
    """Fields against the law where it is good, and samples from shared starts beside their null, by number of points."""
    config = results.attrs["config"]
    found = geometry(results)
    unit = "d" if found else "pixel range"
    lines = [
        f"two models of disjoint sets of n {config['manifold']} points; mean +- standard error of "
        f"{results.sizes['replicate']} replicates; delta in units of {unit}"
    ]
    if found:
        n = results["points"].values.max()
        lines.append(
            f"fields of independent sets over the law, n = {n}; c(s), the inverse number of points in the kernel;"
        )
        lines.append("s is to be small against R")
        lines.append(f"  {'sigma/d':>7} {'s/R':>7} {'c(s)':>7}  measured/law")
        for noise, radius, kernel, ratio, bar in law_ratios(results, n):
            lines.append(f"  {noise:>7.3g} {radius:>7.3f} {kernel:>7.3f}  {ratio:.3f} +- {bar:.3f}")
    lines.append("projected samples from shared starts, mean square distance over that of independent perfect samples:")
    lines.append(f"  {'delta':>7}" + "".join(f"{f'{where}, n = {n}':>24}" for where, n in _columns(results)))
    mean, bar = mean_and_error(results, "sample_disagreement")
    null = float(results["sample_null"].mean())
    for error in results["error"].values:
        cells = [{"placement": where, "points": n, "error": error} for where, n in _columns(results)]
        shown = [f"{mean.sel(at) / null:.5f} +- {bar.sel(at) / null:.5f}" for at in cells]
        lines.append(f"  {error:>7.3g}" + "".join(f"{text:>24}" for text in shown))
    n = results["points"].values.max()
    law = sample_law(config["manifold"], n, results["error"].values)
    if law is not None:
        lines.append(f"the same over the law of independent sets, n = {n}:")
        at = {"placement": "iid", "points": n}
        for error, value, spread, right in zip(results["error"].values, mean.sel(at).values, bar.sel(at).values, law):
            lines.append(f"  {error:>7.3g}  {value / right:.3f} +- {spread / right:.3f}")
    failed = int(results["failed"].sum())
    return "\n".join(lines + ([f"warning: {failed} trajectories failed"] if failed else []))


def law_ratios(results: xr.Dataset, n: int) -> list[tuple[float, ...]]:
    """(sigma/d, s/R, c(s), field disagreement over its law, standard error) at each noise, for the smallest error."""
    found = geometry(results)
    if found is None:
        raise ValueError("images have no law of their dimension")
    error, noise = float(results["error"][0]), results["noise"].values
    effective = np.hypot(error, noise)
    mean, bar = (
        part.sel(placement="iid", points=n)[0].values for part in mean_and_error(results, "field_disagreement")
    )
    law = field_law(found.dim, noise, error)
    radius, kernel = effective * found.spacing(n), (4 * np.pi * effective**2) ** (-found.dim / 2)
    return list(zip(noise, radius, kernel, mean / law, bar / law))


def _columns(results):
    return [(where, n) for where in results["placement"].values for n in results["points"].values]


EXPERIMENT = Experiment("disjoint_models", DisjointModelsConfig, preset, prepare, summary, ("preset", "manifold"))
run, main = EXPERIMENT.run, EXPERIMENT.main

if __name__ == "__main__":
    sys.exit(main())
