"""The posterior mean and log density over training points, ours beside its peers, ``python -m benchmarks.posterior``.

Each peer runs in a process of its own, one after the other, so that its peak memory is its own. The time is the least of
several calls; preparation (with the first call, which compiles) is given beside it.
"""

import dataclasses
import json
import pathlib
import subprocess
import sys
import time
from typing import Literal

import numpy as np
import tyro

from benchmarks.peers import PEERS, finished

_CHECKED = 200  # queries that are compared with float64 sums of differences


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Time, error and peak memory of the posterior over training points."""

    points: int = 10_000
    """Number of training points, uniform in a cube of side 2."""
    queries: int = 10_000
    """Number of states: training points with noise."""
    dim: int = 2
    noises: tuple[float, ...] = (0.002, 0.05, 0.5, 5.0)
    dtype: Literal["float32", "float64"] = "float32"
    peers: tuple[str, ...] = tuple(PEERS)
    """Whom to time; the last is compared with all others."""
    repeats: int = 5
    seed: int = 0
    only: str = ""
    """One peer in this process, as JSON: how the benchmark calls itself."""


def main() -> int:
    benchmark = tyro.cli(Benchmark, prog="python -m benchmarks.posterior")
    if benchmark.only:
        print(json.dumps([_measured(benchmark, noise) for noise in benchmark.noises]))
        return 0
    print(f"{benchmark.points} points, {benchmark.queries} queries, {benchmark.dim} dimensions, {benchmark.dtype}")
    limit = exponentials(benchmark.dtype)
    print(f"10^9 exponentials/s: {limit:.2f} (JAX, all cores)")
    ours = benchmark.peers[-1]
    print(
        f"{'peer':>16}{'noise':>8}{'seconds':>10}{'prepared':>10}{'10^9 pairs/s':>14}{'over limit':>12}{f'{ours} is':>14}"
        f"{'mean error/min(s,1)':>21}{'log density error':>19}{'peak MiB':>10}"
    )
    rows = {name: _in_own_process(benchmark, name) for name in benchmark.peers}
    pairs = benchmark.points * benchmark.queries / 1e9
    for i, noise in enumerate(benchmark.noises):
        for name, of_peer in rows.items():
            row = of_peer[i]
            ratio = f"{row['seconds'] / rows[ours][i]['seconds']:.1f} x"
            log_error = "-" if row["log_error"] is None else f"{row['log_error']:.1e}"
            rate = f"{pairs / row['seconds']:>14.3f}{pairs / row['seconds'] / limit:>12.2f}"
            print(
                f"{name:>16}{noise:>8g}{row['seconds']:>10.4f}{row['prepared']:>10.2f}{rate}{ratio:>14}"
                f"{row['mean_error']:>21.1e}{log_error:>19}{row['peak']:>10.0f}"
            )
    return 0


def exponentials(dtype: str) -> float:
    """10^9 exponentials a second of numbers in cache, in compiled code: what no sum over points can pass."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", dtype == "float64")
    numbers, times = jnp.asarray(-np.random.default_rng(0).random((2, 2**17)), dtype), 200
    program = jax.jit(lambda z: jax.lax.fori_loop(0, times, lambda _, z: jnp.exp(z) - 2, z))
    return times * numbers.size / _least_time(lambda: jax.block_until_ready(program(numbers)), 3) / 1e9


def _in_own_process(benchmark: Benchmark, name: str) -> list[dict]:
    fields = dataclasses.asdict(benchmark) | {"only": name}
    flags = [
        part
        for key, value in fields.items()
        for part in (f"--{key}", *(map(str, value) if isinstance(value, tuple) else [str(value)]))
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.posterior", *flags], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _measured(benchmark: Benchmark, noise: float) -> dict:
    import jax

    jax.config.update("jax_enable_x64", benchmark.dtype == "float64")
    rng = np.random.default_rng(benchmark.seed)
    points = rng.uniform(-1, 1, (benchmark.points, benchmark.dim)).astype(benchmark.dtype)
    chosen = points[rng.integers(0, len(points), benchmark.queries)]
    x = (chosen + noise * rng.normal(size=chosen.shape)).astype(benchmark.dtype)
    noise = points.dtype.type(noise)
    begin = time.perf_counter()
    call = PEERS[benchmark.only](points, noise)
    mean, log_density = finished(call(x))
    prepared = time.perf_counter() - begin
    seconds = _least_time(lambda: jax.block_until_ready(call(x)), benchmark.repeats)
    wanted_mean, wanted_log = _exact(points.astype(float), x[:_CHECKED].astype(float), float(noise))
    status = pathlib.Path("/proc/self/status")
    peak = (
        next((line for line in status.read_text().splitlines() if line.startswith("VmHWM")), "0 0")
        if status.exists()
        else "0 0"
    )
    return {
        "seconds": seconds,
        "prepared": prepared,
        "mean_error": float(np.max(np.linalg.norm(mean[:_CHECKED] - wanted_mean, axis=1)) / min(noise, 1)),
        "log_error": None if log_density is None else float(np.max(np.abs(log_density[:_CHECKED] - wanted_log))),
        "peak": int(peak.split()[1]) / 1024,
    }


def _least_time(call, repeats: int) -> float:
    call()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def _exact(points, x, noise):
    mean, log_density = np.empty_like(x), np.empty(len(x))
    for i, state in enumerate(x):
        logits = -np.sum(((state - points) / noise) ** 2, axis=1) / 2
        terms = np.exp(logits - logits.max())
        mean[i] = state + terms @ (points - state) / terms.sum()
        log_density[i] = logits.max() + np.log(terms.mean()) - points.shape[1] * np.log(noise * np.sqrt(2 * np.pi))
    return mean, log_density


if __name__ == "__main__":
    sys.exit(main())
