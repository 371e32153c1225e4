"""Small runs of the sims, each computed once, that the tests share."""

import dataclasses
import importlib

import pytest

from sims.experiment import Experiment
from tests.sims.cases import SMALL


def experiment(name) -> Experiment:
    return importlib.import_module(f"sims.{name}").EXPERIMENT


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """small(name) -> (configuration, results) of the small run of a sim."""
    done = {}

    def run(name):
        if name not in done:
            sim = experiment(name)
            config = dataclasses.replace(sim.preset(), **SMALL[name], out=tmp_path_factory.mktemp(name))
            done[name] = config, sim.run(config)
        return done[name]

    return run


@pytest.fixture
def small_config(small):
    return small("phase_diagram")[0]


@pytest.fixture
def small_results(small):
    return small("phase_diagram")[1]
