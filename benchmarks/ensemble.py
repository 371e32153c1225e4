"""An ensemble of networks in one program against as many single runs, ``python -m benchmarks.ensemble``."""

import dataclasses
import sys
import time
from functools import partial

import jax
import tyro

from sims.learning import LogUniformNoise, Mlp, Objective, TrainingSets, train
from theory import Circle


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Training time of perceptrons on ten points of a ring."""

    networks: int = 16
    width: int = 64
    batch: int = 128
    steps: int = 2000


def main() -> int:
    benchmark = tyro.cli(Benchmark, prog="python -m benchmarks.ensemble")
    seconds(benchmark, 1)  # compiles
    single = sum(seconds(benchmark, 1, seed) for seed in (1, 2)) / 2
    seconds(benchmark, benchmark.networks)
    together = seconds(benchmark, benchmark.networks, 1)
    print(f"{benchmark} on {jax.devices()[0].device_kind}")
    print(f"one network {single:.2f} s, all in one program {together:.2f} s")
    print(f"as many single runs take {benchmark.networks * single / together:.1f} times as long")
    return 0


def seconds(benchmark: Benchmark, networks: int, seed: int = 0) -> float:
    sets = TrainingSets([Circle(1.0).even(10)] * networks)
    begin = time.perf_counter()
    trained = train(
        partial(Mlp, 2, benchmark.width, 3),
        sets,
        Objective(LogUniformNoise(0.002, 20.0)),
        key=jax.random.key(seed),
        stops=(benchmark.steps,),
        batch=benchmark.batch,
        progress=False,
    )
    jax.block_until_ready(trained.loss)
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
