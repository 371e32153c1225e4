"""Killed and interrupted runs: resumed, they end with exactly the dataset of an uninterrupted one."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import xarray as xr

from sims.store import Store
from tests.sims.conftest import SMALL


def start(out, cache):
    flags = [str(word) for name, value in SMALL.items() for word in (f"--{name}", *np.atleast_1d(value))]
    # the cache only spares this test the compilation in every process
    environment = {
        **os.environ,
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "sims.phase_diagram", *flags, "--out", str(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def finished(path):
    return Store(path).done if (path / "zarr.json").exists() else np.zeros(0, bool)


def chunk_times(path):
    """When each chunk of a measured variable was written."""
    return {file: file.stat().st_mtime_ns for file in pathlib.Path(path, "gap", "c").rglob("*") if file.is_file()}


def wait_for(path, groups, process):
    deadline = time.monotonic() + 90
    while process.poll() is None and finished(path).sum() < groups:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_killed_and_interrupted_runs_end_as_an_uninterrupted_one(small_results, tmp_path):
    path = tmp_path / "out" / "phase_diagram.zarr"
    moments = random.Random(5)
    before, stops = {}, [signal.SIGINT, signal.SIGKILL, signal.SIGKILL, None]
    for number, stop in enumerate(stops):
        found = int(finished(path).sum()) if path.exists() else 0
        process = start(tmp_path / "out", tmp_path / "cache")
        if stop is not None:
            wait_for(path, found + 1 + number % 2, process)
            time.sleep(moments.uniform(0, 0.15))
            process.send_signal(stop)
        output = process.communicate(timeout=120)[0]
        if found:
            cells = len(SMALL["errors"])
            assert f"resuming: {found * cells} of {finished(path).size * cells} cells found done" in output
        if stop == signal.SIGINT:
            assert process.returncode == 130, output
            assert "Run the same command again" in output
        elif stop is None:
            assert process.returncode == 0, output
        times = chunk_times(path)
        # no group that was found done is written again
        assert {file: times[file] for file in before} == before
        done = finished(path)
        before = {
            file: at
            for file, at in times.items()
            if done[tuple(map(int, file.relative_to(path / "gap" / "c").parts[:3]))]
        }
    with xr.open_zarr(path) as resumed:
        for name in small_results.variables:
            np.testing.assert_array_equal(resumed[name].values, small_results[name].values, err_msg=str(name))
