"""The posterior over training points on a GPU, ours beside plain XLA and torch's attention, ``python -m benchmarks.gpu``.

The limit is what the GPU's special-function units manage, measured in the same run: 2^x of numbers that stay in registers.
Errors are those of some states against float64 on the same GPU.
"""

import dataclasses
import sys
import time
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton

from theory.empirical import certified, dense, fused
from theory.empirical.index import MOST_DIMENSIONS, build_index

_CHECKED = 500  # queries that are compared with float64


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Time and error of the float32 posterior mean and log density on a GPU."""

    points: int = 2**17
    """Number of training points, uniform in a cube of side 2."""
    queries: int = 2**17
    """Number of states: training points with noise."""
    dim: int = 2
    noises: tuple[float, ...] = (0.002, 0.05, 0.5, 5.0, 80.0)
    tolerance: float = 1e-6
    """Of the certified evaluator."""
    peers: tuple[str, ...] = ("plain XLA", "torch attention", "dense", "kernel", "certified")
    """Whom to time; in more than eight dimensions there is no kernel, in more than three nothing certified."""
    repeats: int = 5
    seed: int = 0


def main() -> int:
    benchmark = tyro.cli(Benchmark, prog="python -m benchmarks.gpu")
    if jax.default_backend() != "gpu":
        print(f"benchmarks.gpu needs a GPU that JAX sees, got the devices {jax.devices()}", file=sys.stderr)
        return 2
    jax.config.update("jax_enable_x64", True)
    limit = exponentials(benchmark.repeats)
    print(f"{jax.devices()[0].device_kind}, jax {jax.__version__}; {limit / 1e12:.2f} 10^12 exponentials/s")
    print(f"{benchmark.points} points, {benchmark.queries} queries, {benchmark.dim} dimensions, float32")
    print(
        f"{'peer':>16}{'noise':>8}{'prepared s':>12}{'ms':>10}{'10^12 pairs/s':>15}{'of the limit':>14}"
        f"{'mean error/min(s,1)':>21}{'log density error':>19}"
    )
    rng = np.random.default_rng(benchmark.seed)
    points = rng.uniform(-1, 1, (benchmark.points, benchmark.dim)).astype(np.float32)
    chosen = points[rng.integers(0, len(points), benchmark.queries)]
    normal = rng.normal(size=chosen.shape).astype(np.float32)
    for noise in benchmark.noises:
        x = chosen + np.float32(noise) * normal
        wanted = _exact(points, x[:_CHECKED], noise)
        for name in benchmark.peers:
            if name == "kernel" and benchmark.dim > dense.FEW_DIMENSIONS:
                continue
            if name == "certified" and benchmark.dim > MOST_DIMENSIONS:
                continue
            begin = time.perf_counter()
            call = PEERS[name](points, x, noise, benchmark.tolerance)
            mean, log_density = call()
            prepared = time.perf_counter() - begin
            seconds = least_time(call, benchmark.repeats)
            rate = benchmark.points * benchmark.queries / seconds
            off = np.linalg.norm(np.asarray(mean)[:_CHECKED] - wanted[0], axis=1).max() / min(noise, 1)
            log_off = "-"
            if log_density is not None:
                log_off = f"{np.abs(np.asarray(log_density)[:_CHECKED] - wanted[1]).max():.1e}"
            print(
                f"{name:>16}{noise:>8g}{prepared:>12.2f}{seconds * 1e3:>10.3f}{rate / 1e12:>15.4f}{rate / limit:>14.3f}"
                f"{off:>21.1e}{log_off:>19}",
                flush=True,
            )
    return 0


def exponentials(repeats: int) -> float:
    """2^x a second of float32 numbers in registers, by the instruction that the kernel uses."""
    programs, size, chains, steps = 4096, 256, 8, 1000
    exp2, _ = fused.arithmetic(np.dtype(np.float32), interpret=False)

    def kernel(start, end):
        numbers = tuple(start[:] + 0.1 * i for i in range(chains))
        numbers = jax.lax.fori_loop(0, steps, lambda _, each: tuple(exp2(-x) for x in each), numbers)
        end[:] = reduce(jnp.add, numbers)

    block = pl.BlockSpec((size,), lambda i: (i,))
    program = jax.jit(
        pl.pallas_call(
            kernel,
            out_shape=jax.ShapeDtypeStruct((programs * size,), np.float32),
            grid=(programs,),
            in_specs=[block],
            out_specs=block,
            compiler_params=triton.CompilerParams(num_warps=8),
        )
    )
    numbers = jnp.zeros(programs * size, np.float32)
    return programs * size * chains * steps / least_time(lambda: program(numbers), repeats)


def least_time(call, repeats: int) -> float:
    """The least of several means over calls that follow on each other, in seconds."""
    jax.block_until_ready(call())
    begin = time.perf_counter()
    jax.block_until_ready(call())
    calls = max(1, int(0.1 / (time.perf_counter() - begin)))
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready([call() for _ in range(calls)][-1])
        times.append((time.perf_counter() - begin) / calls)
    return min(times)


def _ours(evaluate):
    def prepare(points, x, noise, tolerance):
        arguments = _arrays(points, x, noise)
        evaluate_these = evaluate(points, tolerance)

        @jax.jit
        def moments(points, log_weights, x, noise):
            log_total, offset = evaluate_these(points, log_weights, x, noise)
            mean = dense.nearest_in_box(points, x) + offset
            return mean, log_total - points.shape[1] * (jnp.log(noise) + np.log(2 * np.pi) / 2)

        return lambda: moments(*arguments)

    return prepare


def _certified(points, tolerance):
    index = build_index(points, np.full(len(points), -np.log(len(points)), np.float32), tolerance)
    return lambda *arguments: certified.moments(index, *arguments)


def _plain(points, tolerance):
    """What a JAX script does first: the matrix of squared distances by a product, softmax, and another product."""

    def moments(points, log_weights, x, noise):
        def some(x):
            square = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(points**2, axis=1)
            logits = -(square - 2 * jnp.dot(x, points.T, precision="highest")) / (2 * noise[0] ** 2)
            log_total = jax.nn.logsumexp(logits, axis=1, keepdims=True)
            mean = jnp.dot(jnp.exp(logits - log_total), points, precision="highest")
            return log_total[:, 0] + log_weights[0], mean - dense.nearest_in_box(points, x)

        size = min(len(x), 4096)
        parts = jnp.pad(x, ((0, -len(x) % size), (0, 0))).reshape(-1, size, x.shape[1])
        log_total, offset = jax.lax.map(some, parts)
        return log_total.reshape(-1)[: len(x)], offset.reshape(-1, x.shape[1])[: len(x)]

    return moments


def _torch(points, x, noise, tolerance):
    """Torch's attention: keys are points and -|y|^2/(2 s^2), values points; no log density, no TensorFloat-32."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    width = -(-(points.shape[1] + 1) // 8) * 8
    keys, queries, values = (
        torch.zeros((1, 1, len(rows), width), device="cuda", dtype=torch.float32) for rows in (points, x, points)
    )
    on_gpu = torch.tensor(points, device="cuda")
    dim = points.shape[1]
    keys[0, 0, :, :dim], keys[0, 0, :, dim] = on_gpu, -torch.sum(on_gpu**2, dim=1) / (2 * noise**2)
    queries[0, 0, :, :dim], queries[0, 0, :, dim] = torch.tensor(x, device="cuda") / noise**2, 1
    values[0, 0, :, :dim] = on_gpu

    def call():
        found = torch.nn.functional.scaled_dot_product_attention(queries, keys, values, scale=1.0)
        torch.cuda.synchronize()
        return found[0, 0, :_CHECKED, :dim].cpu().numpy(), None

    return call


def _arrays(points, x, noise, dtype=np.float32):
    count = len(points)
    return tuple(
        jnp.asarray(each, dtype) for each in (points, np.full(count, -np.log(count)), x, np.full(len(x), noise))
    )


def _exact(points, x, noise):
    log_total, offset = dense.moments(*_arrays(points, x, np.float32(noise), np.float64))
    mean = dense.nearest_in_box(points.astype(float), x.astype(float)) + offset
    return np.asarray(mean), np.asarray(log_total) - points.shape[1] * np.log(np.float32(noise) * np.sqrt(2 * np.pi))


PEERS = {
    "plain XLA": _ours(_plain),
    "torch attention": _torch,
    "dense": _ours(lambda *_: dense.moments),
    "kernel": _ours(lambda *_: fused.kernel_moments),
    "certified": _ours(_certified),
}


if __name__ == "__main__":
    sys.exit(main())
