"""The probability flow of many trajectories among many points, certified and dense, ``python -m benchmarks.flow``.

In more than three dimensions all is dense. In fewer the dense evaluator carries fewer trajectories, since its time is
proportional to their number; both solve with the same tolerances, and the end points of the trajectories that both carry are
compared. Trajectories and points are divided over the devices of one process or, started once on each, of many.
"""

import dataclasses
import resource
import sys
import time

import jax
import numpy as np
import tyro
from jax.experimental import multihost_utils

from theory import EmpiricalDenoiser, probability_flow


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Time and peak memory of an adaptive flow from noise above the data to noise below the spacing."""

    points: int = 100_000
    """Number of training points, uniform in a cube of side 2."""
    trajectories: int = 10_000
    dim: int = 2
    dense_trajectories: int = 200
    """Trajectories that the dense evaluator carries beside the certified one; 0 for none."""
    sigma_max: float = 80.0
    sigma_min: float = 0.002
    tolerance: float = 1e-5
    """Of the solver, relative and absolute, and of the certified evaluator."""
    batch_size: int | None = None
    """Trajectories of one solve."""
    over_states: int = 1
    """Devices, of all processes, over which trajectories are divided."""
    over_points: int = 1
    """Devices over which points are divided; then all is dense."""
    coordinator: str = ""
    """HOST:PORT of the first process, the same for all processes; "auto" where a cluster's scheduler knows it."""
    processes: int = 1
    process: int = 0
    """Which of the processes this one is, from 0."""
    seed: int = 0


def main() -> int:
    benchmark = tyro.cli(Benchmark, prog="python -m benchmarks.flow")
    if benchmark.coordinator == "auto":
        jax.distributed.initialize()
    elif benchmark.coordinator:
        jax.distributed.initialize(benchmark.coordinator, benchmark.processes, benchmark.process)
    wanted = benchmark.over_states * benchmark.over_points
    if wanted not in (1, jax.device_count()):
        print(
            f"{wanted} devices were asked for, JAX sees {jax.device_count()}: divide over all of them", file=sys.stderr
        )
        return 2
    rng = np.random.default_rng(benchmark.seed)
    points = rng.uniform(-1, 1, (benchmark.points, benchmark.dim)).astype(np.float32)
    starts = (benchmark.sigma_max * rng.normal(size=(benchmark.trajectories, benchmark.dim))).astype(np.float32)
    _say(f"{benchmark.points} points, {benchmark.dim} dimensions, float32, {wanted} x {jax.devices()[0].device_kind}")
    mesh = None
    if wanted > 1:
        mesh = jax.make_mesh((benchmark.over_states, benchmark.over_points), ("states", "points"))
    if benchmark.dim > 3 or benchmark.over_points > 1:
        _timed("dense", EmpiricalDenoiser(points, evaluator="dense", mesh=mesh), starts, benchmark)
        return 0
    begin = time.perf_counter()
    certified = EmpiricalDenoiser(points, evaluator="certified", tolerance=benchmark.tolerance, mesh=mesh)
    _say(f"index {time.perf_counter() - begin:.2f} s")
    ends, each = _timed("certified", certified, starts, benchmark)
    if benchmark.dense_trajectories:
        some = starts[: benchmark.dense_trajectories]
        others, dense_each = _timed("dense", EmpiricalDenoiser(points, evaluator="dense", mesh=mesh), some, benchmark)
        apart = np.linalg.norm(ends[: len(some)] - others, axis=1)
        _say(f"certified is {dense_each / each:.1f} times faster for each trajectory and step")
        _say(f"distance of end points: median {np.median(apart):.1e}, 99% below {np.quantile(apart, 0.99):.1e}")
    return 0


def _say(text: str) -> None:
    if jax.process_index() == 0:
        print(text, flush=True)


def _timed(name, denoiser, starts, benchmark):
    """End points, and seconds for each trajectory and step."""
    begin = time.perf_counter()
    found = probability_flow(
        denoiser,
        starts,
        sigma_max=benchmark.sigma_max,
        sigma_min=benchmark.sigma_min,
        rtol=benchmark.tolerance,
        atol=benchmark.tolerance,
        batch_size=benchmark.batch_size,
        progress=jax.process_index() == 0 and sys.stderr.isatty(),
    )
    ends, steps = jax.block_until_ready(found.x), int(found.stats["num_steps"])
    seconds = time.perf_counter() - begin
    if jax.process_count() > 1:
        ends = multihost_utils.process_allgather(ends, tiled=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    on_device = (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0) / 2**20
    _say(
        f"{name:>10}: {len(starts)} trajectories, {steps} steps, {seconds:.1f} s with compilation, "
        f"{int(np.sum(~np.isfinite(ends).all(axis=1)))} failed, peak so far {peak:.0f} MiB"
        + (f", of the device {on_device:.0f} MiB" if on_device else "")
    )
    return np.asarray(ends), seconds / steps / len(starts)


if __name__ == "__main__":
    sys.exit(main())
