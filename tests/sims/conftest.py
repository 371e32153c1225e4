"""A small phase diagram, computed once, that the tests of sims share."""

import dataclasses

import pytest

from sims.phase_diagram import preset, run

SMALL = {
    "points": (4, 9),
    "errors": (0.1, 0.2, 0.4, 0.8),
    "noises": (0.1, 0.2, 0.4, 0.8),
    "replicates": 3,
    "trajectories": 300,
    "draws": 60,
    "seed": 7,
}


@pytest.fixture(scope="session")
def small_config(tmp_path_factory):
    return dataclasses.replace(preset("quick", "circle"), **SMALL, out=tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def small_results(small_config):
    return run(small_config)
