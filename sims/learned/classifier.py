"""Features of a small classifier of the digits, in which distances of images say more than in their pixels."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from sklearn.neural_network import MLPClassifier

_LAYERS = (64, 32)


class Classifier:
    """A perceptron trained on labelled images; its features are its last hidden layer, of r.m.s. size 1 on these images.

    Arguments: images ``(n, D)``, labels ``(n,)``, seed. The same arguments give the same features.
    """

    def __init__(self, images, labels, seed: int):
        images = np.asarray(images)
        self.model = MLPClassifier(_LAYERS, random_state=seed, max_iter=2000).fit(images, labels)
        self.size = float(np.sqrt(np.mean(np.sum(self._hidden(images) ** 2, axis=1))))

    def features(self, images) -> Float[Array, "m 32"]:
        """Features of images ``(m, D)``."""
        return jnp.asarray(self._hidden(np.asarray(images)) / self.size)

    def accuracy(self, images, labels) -> float:
        """Share of images whose label is found."""
        return float(self.model.score(np.asarray(images), labels))

    def _hidden(self, state):
        for weight, bias in zip(self.model.coefs_[:-1], self.model.intercepts_):
            state = np.maximum(state @ weight + bias, 0)
        return state
