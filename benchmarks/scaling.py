"""Time of the posterior for each state against the number of points and the noise, ``python -m benchmarks.scaling``.

Left: noise in multiples of the spacing, so that the same number of neighbours counts at every n. Right: all noise levels of a
flow among the most points. Times are of calls of a denoiser made once; its making is timed beside them. Rows are printed, the
figure is saved.
"""

import dataclasses
import pathlib
import sys
import time

import jax
import matplotlib as mpl
import numpy as np
import tyro

from sims.plotting.style import MARKERS, SETTINGS, colours, new_figure, save
from theory import EmpiricalDenoiser


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Time of mean and log density, float32, two dimensions, of the dense and the certified evaluator."""

    points: tuple[int, ...] = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    """Numbers of training points, uniform in a square of side 2."""
    queries: int = 10_000
    """Number of states: training points with noise."""
    widths: tuple[float, ...] = (0.3, 3.0, 30.0)
    """Noise over the spacing 2/sqrt(n)."""
    noises: tuple[float, ...] = (0.002, 0.005, 0.02, 0.1, 0.5, 5.0, 80.0)
    """Noise among the most points, as many states as points."""
    most_dense: int = 30_000
    """The dense evaluator meets no more points than these."""
    tolerance: float = 1e-6
    repeats: int = 3
    seed: int = 0
    out: pathlib.Path = pathlib.Path("results/scaling")


def main() -> int:
    benchmark = tyro.cli(Benchmark, prog="python -m benchmarks.scaling")
    print(f"{jax.devices()[0].device_kind}, {benchmark.queries} queries, tolerance {benchmark.tolerance:g}")
    print(
        f"{'points':>9}{'evaluator':>11}{'made in s':>11}{'noise':>10}{'queries':>9}{'us a query, least and most':>28}"
    )
    rng = np.random.default_rng(benchmark.seed)
    by_width: dict = {}
    for count in benchmark.points:
        points = rng.uniform(-1, 1, (count, 2)).astype(np.float32)
        for evaluator in ("dense", "certified") if count <= benchmark.most_dense else ("certified",):
            denoiser, made = _made(points, evaluator, benchmark)
            for width in benchmark.widths:
                noise = width * 2 / np.sqrt(count)
                times = _times(denoiser, points, noise, benchmark.queries, benchmark, rng)
                by_width.setdefault((evaluator, width), []).append((count, *times))
                _print(count, evaluator, made, noise, benchmark.queries, times)
    by_noise, few = [], dataclasses.replace(benchmark, repeats=2)
    for noise in benchmark.noises:
        by_noise.append((noise, *_times(denoiser, points, noise, count, few, rng)))
        _print(count, "certified", made, noise, count, by_noise[-1][1:])
    benchmark.out.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(SETTINGS):
        print(save(_figure(by_width, np.array(by_noise), benchmark), benchmark.out, "scaling"))
    return 0


def _made(points, evaluator, benchmark):
    begin = time.perf_counter()
    denoiser = EmpiricalDenoiser(points, evaluator=evaluator, tolerance=benchmark.tolerance)
    return denoiser, time.perf_counter() - begin


def _times(denoiser, points, noise, queries, benchmark, rng) -> tuple[float, float]:
    """Microseconds for each query, the least and the most of several calls after the first."""
    x = points[rng.integers(0, len(points), queries)] + np.float32(noise) * rng.normal(size=(queries, 2)).astype("f")
    times = []
    for _ in range(benchmark.repeats + 1):
        begin = time.perf_counter()
        jax.block_until_ready(denoiser.posterior(x, np.float32(noise)).mean_and_log_density)
        times.append((time.perf_counter() - begin) / queries * 1e6)
    return min(times[1:]), max(times[1:])


def _print(count, evaluator, made, noise, queries, times) -> None:
    print(
        f"{count:>9}{evaluator:>11}{made:>11.2f}{noise:>10.4g}{queries:>9}{times[0]:>18.3f}{times[1]:>10.3f}",
        flush=True,
    )


def _figure(by_width, by_noise, benchmark):
    figure = new_figure(8.0, 3.4)
    left, right = figure.subplots(1, 2)
    palette = colours(len(benchmark.widths))
    for i, width in enumerate(benchmark.widths):
        for evaluator, style, fill in (("dense", "--", "none"), ("certified", "-", palette[i])):
            count, least, most = np.array(by_width.get((evaluator, width), np.empty((0, 3)))).T
            left.errorbar(
                count,
                least,
                [0 * least, most - least],
                color=palette[i],
                marker=MARKERS[i],
                markerfacecolor=fill,
                ls=style,
                capsize=2,
                label=f"{evaluator}, noise {width:g} spacings",
            )
    left.set(xscale="log", yscale="log", xlabel="number of training points n", ylabel="time for each state (µs)")
    left.set_title(f"{benchmark.queries} states, noise in spacings")
    left.legend(fontsize=7, loc="lower right")
    left.set_ylim(bottom=0.08)
    noise, least, most = by_noise.T
    right.errorbar(noise, least, [0 * least, most - least], color=palette[0], marker=MARKERS[0], capsize=2)
    right.set(xscale="log", yscale="log", xlabel="noise s (side of the square: 2)", ylabel="time for each state (µs)")
    right.set_title(f"certified, n = {max(benchmark.points)} points and states")
    return figure


if __name__ == "__main__":
    sys.exit(main())
