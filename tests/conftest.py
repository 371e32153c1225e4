"""Double precision and quick compilation in every test; no deadline for hypothesis, whose first example compiles."""

import os
import pathlib

import hypothesis
import jax
import numpy as np
import pytest
from jax._src import compiler
from xdist.scheduler import LoadScopeScheduling

from tests.sims.cases import OF_NETWORKS

jax.config.update("jax_enable_x64", True)
hypothesis.settings.register_profile("compiled", deadline=None)
hypothesis.settings.load_profile("compiled")

# all of whose tests are marked ``optimized``: in one process, which changes to this compilation and back once
OPTIMIZED = ("empirical/test_accuracy", "test_denoiser_accuracy", "test_flow_order_parameter")


class ByFile(LoadScopeScheduling):
    """Processes (``-n``) share a run by file; tests of all sims of one kind go to one, which computes their small runs once.

    Mutants are shared by halves of about one length, each of which asks the oracles once.
    """

    def _split_scope(self, nodeid):
        if nodeid.startswith("tests/sims/") and nodeid.split("/")[2] not in ("learning", "learned"):
            return "networks" if any(name in nodeid for name in OF_NETWORKS) else "sims"
        if nodeid.split(".py")[0].removeprefix("tests/theory/") in OPTIMIZED:
            return "optimized"
        if "test_every_mutant" in nodeid:
            return f"mutants, {'laws.' < nodeid.split('[theory.')[-1] < 'laws.norm'}"
        return nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


# Options of XLA that save two thirds of the time to compile: other loops for fused operations, one piece a program
QUICK = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_parallel_codegen_split_count": 1}
# a worker finds those of the process that started it; XLA reads them when it first compiles
FLAGS = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if flag.strip("-").split("=")[0] not in QUICK]
os.environ["XLA_FLAGS"] = " ".join(FLAGS)
compile_options = getattr(compiler, "get_compile_options", None)  # not public: without it tests compile longer


def quick_options(*arguments, **named):
    """No setting of jax changes options of XLA for every program."""
    options = compile_options(*arguments, **named)  # pyright: ignore[reportOptionalCall]
    options.env_option_overrides = [*options.env_option_overrides, *QUICK.items()]
    return options


def knows(options):
    """Does this version of XLA have them? Of an unknown flag in its environment it would die."""
    try:
        jax.jit(lambda: 0, compiler_options=options)()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def compile_quickly(quick):
    """Most of the suite's time is compilation: do it, here and in what the tests start, without costly optimisation?"""
    jax.config.update("jax_disable_most_optimizations", quick)
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = str(int(quick))
    if KNOWN:
        compiler.get_compile_options = quick_options if quick else compile_options
        os.environ["XLA_FLAGS"] = " ".join([*FLAGS, *(f"--{name}={value}" for name, value in QUICK.items() if quick)])
    jax.clear_caches()


KNOWN = compile_options is not None and knows(QUICK)
compile_quickly(True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Compilation as users have it for tests marked ``optimized``, and for the fixtures that one of them sets up."""
    wanted = item.get_closest_marker("optimized") is None
    if wanted != (os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] == "1"):
        compile_quickly(wanted)


@pytest.fixture(scope="session")
def reference():
    """Figures of the original authors' toy model (arXiv 2603.13419), by file name."""
    folder = pathlib.Path(__file__).parent / "data"
    return {name: dict(np.load(folder / f"{name}.npz")) for name in ("toy_gap", "toy_endpoints")}


@pytest.fixture
def rng():
    """A NumPy generator with a fixed seed."""
    return np.random.default_rng(20260)
