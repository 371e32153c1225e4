"""The probability flow of many trajectories among many points, certified and dense, ``python -m benchmarks.flow``.

The dense evaluator carries fewer trajectories, since its time is proportional to their number; both solve with the same
tolerances, and the end points of the trajectories that both carry are compared.
"""

import dataclasses
import resource
import sys
import time

import jax
import numpy as np
import tyro

from theory import EmpiricalDenoiser, probability_flow


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Time and peak memory of an adaptive flow from noise above the data to noise below the spacing."""

    points: int = 100_000
    """Number of training points, uniform in a square of side 2."""
    trajectories: int = 10_000
    dense_trajectories: int = 200
    """Trajectories that the dense evaluator carries; 0 for none."""
    sigma_max: float = 80.0
    sigma_min: float = 0.002
    tolerance: float = 1e-5
    """Of the solver, relative and absolute, and of the certified evaluator."""
    seed: int = 0


def main() -> int:
    benchmark = tyro.cli(Benchmark, prog="python -m benchmarks.flow")
    rng = np.random.default_rng(benchmark.seed)
    points = rng.uniform(-1, 1, (benchmark.points, 2)).astype(np.float32)
    starts = (benchmark.sigma_max * rng.normal(size=(benchmark.trajectories, 2))).astype(np.float32)
    begin = time.perf_counter()
    certified = EmpiricalDenoiser(points, evaluator="certified", tolerance=benchmark.tolerance)
    print(
        f"{benchmark.points} points, float32, {jax.devices()[0].device_kind}; index {time.perf_counter() - begin:.2f} s"
    )
    ends, each = _timed("certified", certified, starts, benchmark)
    if benchmark.dense_trajectories:
        some = starts[: benchmark.dense_trajectories]
        dense = EmpiricalDenoiser(points, evaluator="dense")
        others, dense_each = _timed("dense", dense, some, benchmark)
        apart = np.linalg.norm(ends[: len(some)] - others, axis=1)
        print(f"certified is {dense_each / each:.1f} times faster for each trajectory and step")
        print(f"distance of end points: median {np.median(apart):.1e}, 99% below {np.quantile(apart, 0.99):.1e}")
    return 0


def _timed(name, denoiser, starts, benchmark):
    """End points, and seconds for each trajectory and step."""

    def flow():
        return jax.block_until_ready(
            probability_flow(
                denoiser,
                starts,
                sigma_max=benchmark.sigma_max,
                sigma_min=benchmark.sigma_min,
                rtol=benchmark.tolerance,
                atol=benchmark.tolerance,
            )
        )

    begin = time.perf_counter()
    found = flow()
    seconds, steps = time.perf_counter() - begin, int(found.stats["num_steps"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:>10}: {len(starts)} trajectories, {steps} steps, {seconds:.1f} s with compilation, "
        f"{int(found.failed.sum())} failed, peak so far {peak:.0f} MiB",
        flush=True,
    )
    return np.asarray(found.x), seconds / steps / len(starts)


if __name__ == "__main__":
    sys.exit(main())
