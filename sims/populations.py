"""Where the data of a sim come from: a manifold with a known truth, or real images with a validation split."""

from collections.abc import Iterable
from typing import Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from theory import Circle, FlatTorus, laws


class Population(Protocol):
    """What a sim asks of its data; arrays are ``(rows, D)``."""

    placements: tuple[str, ...]

    @property
    def manifold(self) -> FlatTorus | None:
        """The manifold, where there is one."""
        ...

    def require_size(self, n: int) -> None:
        """Raise ``ValueError`` unless n training points can be drawn in every placement."""
        ...

    def train(self, placement: str, n: int, key) -> Float[Array, "n D"]:
        """Training points."""
        ...

    def validation(self, placement: str, n: int, key, count: int) -> Float[Array, "count D"]:
        """Points that the model was not trained on: the midway points of an even set, else from the truth."""
        ...

    def fresh(self, key, count: int) -> Float[Array, "count D"]:
        """Perfect samples."""
        ...

    def collapse_error(self, n: int) -> float:
        """Critical model error of Gaussian data of the same covariance [collapse]; NaN where another law applies."""
        ...

    @property
    def reference(self) -> Float[Array, "m D"]:
        """What stands for the truth in a distance: a lattice on a manifold, else the validation data."""
        ...


class ManifoldPopulation(eqx.Module):
    """Even or i.i.d. points on a circle or flat torus of radius 1."""

    manifold: FlatTorus
    placements: tuple[str, ...] = eqx.field(static=True, default=("even", "iid"))

    def require_size(self, n: int) -> None:
        if n < 2:
            raise ValueError(f"points must be at least 2, so that there is a second nearest one, got {n}")
        # for what it raises: nothing is computed
        jax.eval_shape(lambda: self.manifold.even(n))

    def train(self, placement: str, n: int, key) -> Float[Array, "n D"]:
        return self.manifold.even(n) if placement == "even" else self.manifold.sample(key, n)

    def validation(self, placement: str, n: int, key, count: int) -> Float[Array, "count D"]:
        if placement == "even":
            return self.manifold.even(n, phase=0.5)[jnp.arange(count) % n]
        return self.manifold.sample(key, count)

    def fresh(self, key, count: int) -> Float[Array, "count D"]:
        return self.manifold.sample(key, count)

    def collapse_error(self, n: int) -> float:
        return float("nan")

    @property
    def reference(self) -> Float[Array, "m D"]:
        return self.manifold.even(1024)  # a perfect square too


class DigitsPopulation(eqx.Module):
    """scikit-learn's 1797 images of digits, 8 by 8 pixels in [0, 1], centred on the training mean, split by the seed."""

    pool: Float[Array, "train D"]
    held_out: Float[Array, "validation D"]
    pool_labels: Int[Array, " train"]
    held_out_labels: Int[Array, " validation"]
    mean: Float[Array, " D"]
    placements: tuple[str, ...] = eqx.field(static=True, default=("iid",))

    def __init__(self, seed: int, validation: int = 597):
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise ValueError("the digits need scikit-learn: pip install 'recallflow[data]'") from error
        images, labels = load_digits(return_X_y=True)
        images = np.asarray(images, np.float64) / 16
        order = np.random.default_rng(seed).permutation(len(images))
        train, held_out = images[order[validation:]], images[order[:validation]]
        self.mean = jnp.asarray(train.mean(axis=0))
        self.pool, self.held_out = jnp.asarray(train) - self.mean, jnp.asarray(held_out) - self.mean
        self.pool_labels, self.held_out_labels = (
            jnp.asarray(labels[order[part]]) for part in (slice(validation, None), slice(validation))
        )

    @property
    def manifold(self) -> None:
        return None

    def require_size(self, n: int) -> None:
        if not 2 <= n <= len(self.pool):
            raise ValueError(f"points must be between 2 and {len(self.pool)}, the training images, got {n}")

    def train(self, placement: str, n: int, key) -> Float[Array, "n D"]:
        return jax.random.choice(key, self.pool, (n,), replace=False)

    def validation(self, placement: str, n: int, key, count: int) -> Float[Array, "count D"]:
        return self.fresh(key, count)

    def fresh(self, key, count: int) -> Float[Array, "count D"]:
        return self.held_out[jax.random.permutation(key, len(self.held_out))[jnp.arange(count) % len(self.held_out)]]

    def collapse_error(self, n: int) -> float:
        return laws.collapse_noise_gaussian(n, np.cov(np.asarray(self.pool).T))

    @property
    def reference(self) -> Float[Array, "m D"]:
        return self.held_out


def population(manifold: str, seed: int, sizes: Iterable[int] = ()) -> Population:
    """The population that ``--manifold`` names; ``ValueError`` unless it has training sets of all these sizes."""
    people = _population(manifold, seed)
    for n in sizes:
        people.require_size(n)
    return people


def unit(people: Population, n: int):
    """What lengths of a set of n points are measured in: the spacing d on a manifold, else the unit of the data."""
    return 1.0 if people.manifold is None else people.manifold.spacing(n)


def start_noise(people: Population):
    """Noise where trajectories start: Gaussian starts miss the smoothed data by KL <= |y|^2/(2 s_max^2) [early-stopping]."""
    return 40 * jnp.sqrt(jnp.mean(jnp.sum(people.reference**2, axis=1)))


def padded(points: Float[Array, "n D"], size: int) -> tuple[Float[Array, "size D"], Float[Array, " size"]]:
    """The points and their weights, padded with weight 0, so that one compiled program serves every n up to ``size``."""
    padding = size - len(points)
    return jnp.pad(points, ((0, padding), (0, 0)), mode="edge"), jnp.pad(jnp.ones(len(points)), (0, padding))


def _population(manifold: str, seed: int) -> Population:
    if manifold == "digits":
        return DigitsPopulation(seed)
    return ManifoldPopulation(
        Circle(1.0) if manifold == "circle" else FlatTorus(1.0, {"torus": 2, "torus3": 3}[manifold])
    )
