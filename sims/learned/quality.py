"""How far samples are from the truth, beside perfect samples: on a manifold from all of it, for images from held-out ones."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax

from sims.populations import DigitsPopulation, Population
from theory.metrics import Estimate, energy_distance, frechet_distance


class Quality(eqx.Module):
    """Distances of samples from a reference, in pixels and in features where there are `features`.

    perfect: samples of the truth, of which the reference for images holds none. lattice: whether the reference is a rule.
    """

    perfect: Any
    reference: Any
    lattice: bool = eqx.field(static=True)
    features: Callable | None = eqx.field(static=True)

    @classmethod
    def prepare(cls, people: Population, samples: int, key, features: Callable | None) -> "Quality":
        """For so many samples; images are parted into perfect samples and reference by the key."""
        if not isinstance(people, DigitsPopulation):
            return cls(people.fresh(key, samples), people.reference, True, None)
        order = jax.random.permutation(key, len(people.held_out))
        return cls(people.held_out[order[:samples]], people.held_out[order[samples:]], False, features)

    def __call__(self, samples) -> dict[str, Estimate]:
        """Distances by name; those of images in pixels and in features."""
        found = {"energy_distance": energy_distance(samples, self.reference, lattice=self.lattice)}
        if self.features is None:
            return found
        seen, reference = self.features(samples), self.features(self.reference)
        return found | {
            "energy_distance_features": energy_distance(seen, reference),
            "frechet_distance": frechet_distance(samples, self.reference),
            "frechet_distance_features": frechet_distance(seen, reference),
        }


def features_of(people: Population) -> Callable | None:
    """Features of a classifier trained on the images, by which they are compared; None on a manifold."""
    if not isinstance(people, DigitsPopulation):
        return None
    # loaded where there are images: scikit-learn is an extra
    from sims.learned.classifier import Classifier

    return Classifier(people.pool, people.pool_labels, 0).features


def require_samples(people: Population, samples: int) -> None:
    """Raise ``ValueError`` for numbers of images that leave no reference, or have no covariance of full rank."""
    if isinstance(people, DigitsPopulation):
        least, most = people.held_out.shape[1] + 1, len(people.held_out) // 2
        if not least <= samples <= most:
            raise ValueError(f"samples must be between {least} and {most} for digits, got {samples}")


def variables(on_manifold: bool) -> dict[str, tuple[str, str]]:
    """Units and long names of the distances, by name."""
    size = "R" if on_manifold else "pixel range"
    found = {"energy_distance": (size, "energy distance of samples from the truth (null 0)")}
    if on_manifold:
        return found
    return found | {
        "energy_distance_features": ("feature size", "energy distance in the features of a classifier (null 0)"),
        "frechet_distance": ("pixel range^2", "squared Frechet distance of samples from the truth (null positive)"),
        "frechet_distance_features": (
            "feature size^2",
            "squared Frechet distance in the features of a classifier (null positive)",
        ),
    }
