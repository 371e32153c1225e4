"""Conditions without classes: k-means parts the training points, as the paper parts its images."""

import jax
import numpy as np
import scipy.cluster.vq
import scipy.spatial.distance


def clusters(train, validation, count: int, key) -> tuple[np.ndarray, np.ndarray]:
    """Labels ``(n,)`` of training and ``(m,)`` of validation points, those of the nearest of ``count`` centres.

    k-means++ and Lloyd's iteration of scipy, the best of eight starts; as many clusters as points are the points themselves.
    Raises ``ValueError`` for more clusters than points.
    """
    train, validation = np.asarray(train, float), np.asarray(validation, float)
    if count > len(train):
        raise ValueError(f"conditions must be at most the number of training points, {len(train)}, got {count}")
    if count == len(train):
        return np.arange(count), _nearest(validation, train)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    tries = [scipy.cluster.vq.kmeans2(train, count, minit="++", rng=rng) for _ in range(8)]
    centres = min((found[0] for found in tries), key=lambda c: np.sum((train - c[_nearest(train, c)]) ** 2))
    return _nearest(train, centres), _nearest(validation, centres)


def _nearest(points, centres):
    return np.argmin(scipy.spatial.distance.cdist(points, centres), axis=1)
