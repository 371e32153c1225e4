"""Killed and interrupted runs: resumed, they end with exactly the dataset of an uninterrupted one."""

import dataclasses
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np

from sims.error_schedules import run
from sims.store import Store
from tests.sims import cases

SMALL = cases.SMALL["error_schedules"]  # whose program is the smallest of all


def start(out, cache):
    flags = [str(word) for name, value in SMALL.items() for word in (f"--{name}", *np.atleast_1d(value))]
    # the cache only spares this test the compilation in every process
    environment = {
        **os.environ,
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "sims.error_schedules", *flags, "--out", str(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=environment, **pipes)


def finished(path):
    return Store(path).done if (path / "zarr.json").exists() else np.zeros(0, bool)


def chunk_times(path):
    """When each chunk of a measured variable was written."""
    return {file: file.stat().st_mtime_ns for file in pathlib.Path(path, "spread", "c").rglob("*") if file.is_file()}


def wait_for(path, groups, process):
    """Until as many groups are marked; their chunks are counted, for the process is to have the processor."""
    deadline = time.monotonic() + 90
    while process.poll() is None and sum(file.name.isdigit() for file in path.glob("done/c/*/*")) < groups:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_killed_and_interrupted_runs_end_as_an_uninterrupted_one(small, tmp_path, capsys):
    small_config, small_results = small("error_schedules")
    path = tmp_path / "out" / "error_schedules.zarr"
    cells = len(SMALL["strengths"])
    moments = random.Random(5)
    before, found = {}, 0
    for number, stop in enumerate((signal.SIGINT, signal.SIGKILL, signal.SIGKILL)):
        process = start(tmp_path / "out", tmp_path / "cache")
        wait_for(path, found + 1 + number % 2, process)
        time.sleep(moments.uniform(0, 0.15))
        process.send_signal(stop)
        output = process.communicate(timeout=120)[0]
        if found:
            assert f"resuming: {found * cells} of {12 * cells} cells found done" in output
        if stop == signal.SIGINT:
            assert process.returncode == 130, output
            assert "Run the same command again" in output
        found, before = check_untouched(path, before)
    assert 0 < found < 12
    resumed = run(dataclasses.replace(small_config, out=tmp_path / "out"))
    assert f"resuming: {found * cells} of {12 * cells} cells found done" in capsys.readouterr().out
    check_untouched(path, before)
    for name in small_results.variables:
        np.testing.assert_array_equal(resumed[name].values, small_results[name].values, err_msg=str(name))


def check_untouched(path, before):
    """No group that was found done was written again; how many are done now, and when their chunks were written."""
    times, done = chunk_times(path), finished(path)
    assert {file: times[file] for file in before} == before
    groups = {file: tuple(map(int, file.relative_to(path / "spread" / "c").parts[:2])) for file in times}
    return int(done.sum()), {file: at for file, at in times.items() if done[groups[file]]}
