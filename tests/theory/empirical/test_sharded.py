"""Many devices and processes find what one does."""

import os
import socket
import subprocess
import sys

import jax
import numpy as np
import pytest

from theory import EmpiricalDenoiser, posterior

COMMAND = (sys.executable, "-m", "tests.theory.empirical.on_many_devices")


def outputs(*arguments):
    """What processes of these arguments, run at once, print; all must end well."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    running = [
        subprocess.Popen(
            [*COMMAND, *each], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        for each in arguments
    ]
    try:
        printed = [process.communicate(timeout=300)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    for process, text in zip(running, printed):
        assert process.returncode == 0, text
    return printed


def test_four_devices_of_one_process():
    assert "as on one device" in outputs(())[0]


def test_two_processes_of_two_devices():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    assert all("as on one device" in text for text in outputs((port, "0"), (port, "1")))


def test_a_mesh_of_one_device(rng):
    points, x = rng.normal(size=(30, 3)), rng.normal(size=(4, 5, 3))
    mesh = jax.make_mesh((1, 1), ("points", "states"))
    found, expected = (posterior(points, x, 0.5, mesh=each) for each in (mesh, None))
    np.testing.assert_allclose(found.shift, expected.shift, atol=1e-14)
    np.testing.assert_allclose(found.covariance, expected.covariance, atol=1e-14)


def test_bad_meshes(rng):
    points = rng.normal(size=(30, 2))
    with pytest.raises(ValueError, match='mesh must have no axes but "states" and "points"'):
        EmpiricalDenoiser(points, mesh=jax.make_mesh((1,), ("batch",)))
