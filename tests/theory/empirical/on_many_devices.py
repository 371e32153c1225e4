"""Posterior and flow on a mesh of two times two devices against one; run by `test_sharded`, in one process or in two.

``python -m tests.theory.empirical.on_many_devices [PORT PROCESS]``
"""

import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import multihost_utils

from theory import EmpiricalDenoiser, ErrorProneDenoiser, posterior, probability_flow


def everything(array):
    """A result on all devices as a NumPy array, on every process."""
    return np.asarray(multihost_utils.process_allgather(array, tiled=True) if jax.process_count() > 1 else array)


def check(shape, axes, points, x, weights, *, flows=True):
    mesh = jax.make_mesh(shape, axes)
    for dtype, rounding in ((np.float64, 1e-12), (np.float32, 1e-5)):
        case = {"points": points.astype(dtype), "x": x.astype(dtype), "sigma": dtype(0.3)}
        expected, found = (posterior(**case, weights=weights, mesh=each).mean_and_log_density for each in (None, mesh))
        np.testing.assert_allclose(everything(found[0]), expected[0], rtol=0, atol=rounding)
        np.testing.assert_allclose(everything(found[1]), expected[1], rtol=rounding)
    # 101 points and 53 states divide by nothing; all points of the first device may have weight zero
    if flows:
        check_flows(mesh, points, x, weights)
    if jax.process_count() > 1:
        return

    def loss(points, mesh):
        mean, log_density = posterior(points, x, 0.3, weights=weights, mesh=mesh).mean_and_log_density
        return jnp.sum(mean**2) + jnp.sum(log_density)

    slopes = (jax.jit(jax.grad(partial(loss, mesh=each)))(points) for each in (mesh, None))
    np.testing.assert_allclose(*slopes, rtol=1e-9, atol=1e-9)


def check_flows(mesh, points, x, weights):
    """In one process of states that do not divide; in two of states that do, and stay divided."""
    one, many = (ErrorProneDenoiser(points, 0.1, weights, mesh=each) for each in (None, mesh))
    times = 4 if jax.process_count() > 1 else 1
    starts = (x, np.tile(x, (times, 1)))
    expected, found = (
        probability_flow(denoiser, start, sigma_max=10.0, sigma_min=0.01)
        for denoiser, start in zip((one, many), starts)
    )
    np.testing.assert_allclose(everything(found.x), np.tile(expected.x, (times, 1)), rtol=0, atol=1e-10)
    assert int(found.stats["num_steps"]) == int(expected.stats["num_steps"])
    if times > 1:
        assert found.x.sharding.shard_shape(found.x.shape)[0] * mesh.shape["states"] == len(found.x)


def main(port: str = "", process: str = "0") -> None:
    jax.config.update("jax_num_cpu_devices", 2 if port else 4)
    jax.config.update("jax_enable_x64", True)
    if port:
        jax.distributed.initialize(f"localhost:{port}", 2, int(process))
    rng = np.random.default_rng(20261127)
    points, x = rng.normal(size=(101, 2)), 3 * rng.normal(size=(53, 2))
    weights = np.where(np.arange(101) < 60, 0, rng.uniform(size=101))
    check((2, 2), ("states", "points"), points, x, weights)
    if port:
        return
    check((4,), ("points",), points, x, weights, flows=False)
    with pytest.raises(ValueError, match="needs all points: divide the states only"):
        EmpiricalDenoiser(points, evaluator="certified", mesh=jax.make_mesh((4,), ("points",)))
    mesh = jax.make_mesh((4,), ("states",))
    many = rng.uniform(-1, 1, (5000, 2))
    one, four = (EmpiricalDenoiser(many, tolerance=1e-9, mesh=each) for each in (None, mesh))
    assert one.index is not None
    np.testing.assert_allclose(four(x, 0.1), one(x, 0.1), rtol=0, atol=3e-9)


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("as on one device")
