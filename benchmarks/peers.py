"""Who computes the posterior mean over training points: ours and what else is at hand, each prepared once and then called.

Every entry of `PEERS` takes points ``(n, D)`` and the noise and returns a function from queries ``(m, D)`` to the mean and the
log density, or None where it has none. Results may be arrays of any library; `finished` makes numpy arrays of them.
"""

from collections.abc import Callable

import numpy as np


def numpy_form(points, noise) -> Callable:
    """What a script does first: the matrix of squared distances by a product, softmax, and another product."""
    square = np.sum(points**2, axis=1)

    def call(x):
        logits = (x @ points.T - square / 2 - np.sum(x**2, axis=1, keepdims=True) / 2) / noise**2
        top = logits.max(axis=1, keepdims=True)
        weights = np.exp(logits - top)
        total = weights.sum(axis=1, keepdims=True)
        return weights @ points / total, _log_density(top[:, 0] + np.log(total[:, 0]), points, noise)

    return call


def torch_attention(points, noise) -> Callable:
    """Torch's fused attention: keys are points and -|y|^2/(2 s^2), values points; no log density."""
    import torch

    keys = torch.tensor(np.concatenate([points, -np.sum(points**2, axis=1, keepdims=True) / (2 * noise**2)], axis=1))
    # values as wide as keys, which is faster
    values = torch.tensor(np.concatenate([points, points[:, :1]], axis=1))

    def call(x):
        queries = torch.tensor(np.concatenate([x / noise**2, np.ones_like(x[:, :1])], axis=1))
        found = torch.nn.functional.scaled_dot_product_attention(
            queries[None, None], keys[None, None], values[None, None], scale=1.0
        )
        return found[0, 0, :, :-1].numpy(), None

    return call


def keops(points, noise) -> Callable:
    """KeOps' symbolic matrices: log-sum-exp and softmax-weighted sum of direct differences, two reductions."""
    from pykeops.numpy import LazyTensor

    columns, values = LazyTensor(points[None]), LazyTensor(points[None])

    def call(x):
        logits = -((LazyTensor(x[:, None]) - columns) ** 2).sum(-1) / (2 * float(noise) ** 2)
        return logits.sumsoftmaxweight(values, axis=1), _log_density(logits.logsumexp(axis=1)[:, 0], points, noise)

    return call


def dense(points, noise) -> Callable:
    """Ours, every state meeting every point."""
    return _ours(points, noise, "dense", None)


def certified(points, noise, tolerance=1e-6) -> Callable:
    """Ours, with what cannot matter left out and crowds of points replaced."""
    return _ours(points, noise, "certified", tolerance)


def _ours(points, noise, evaluator, tolerance):
    from theory import EmpiricalDenoiser

    denoiser = EmpiricalDenoiser(points, evaluator=evaluator, tolerance=tolerance)

    def call(x):
        return denoiser.posterior(x, noise).mean_and_log_density

    return call


def finished(found) -> tuple[np.ndarray, np.ndarray | None]:
    """Mean and log density as numpy arrays, once they are computed."""
    mean, log_density = found
    return np.asarray(mean), None if log_density is None else np.asarray(log_density)


def _log_density(log_sum, points, noise):
    count, dim = points.shape
    return log_sum - np.log(count) - dim * np.log(noise * np.sqrt(2 * np.pi))


PEERS = {
    "numpy": numpy_form,
    "torch attention": torch_attention,
    "KeOps": keops,
    "dense": dense,
    "certified": certified,
}
