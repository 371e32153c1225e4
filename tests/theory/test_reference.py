"""The original authors' figures of the two-dimensional toy model, reproduced draw by draw."""

import diffrax
import numpy as np
import pytest

from theory import Circle, ErrorProneDenoiser, GuidedDenoiser, edm_schedule, probability_flow
from theory.metrics import generalization_gap

LEVELS = edm_schedule(120, 2e-3, 80.0)
POINTS = Circle(10.0).even(20, phase=0.2)
TRAIN, VALIDATION = POINTS[::2], POINTS[1::2]


@pytest.fixture(scope="module")
def noise():
    draws = np.random.RandomState(0).randn(50, 20, 2)
    return draws[:, ::2], draws[:, 1::2]


def gap(denoiser, noise):
    return generalization_gap(denoiser, TRAIN, VALIDATION, LEVELS[::-1], noise=noise)


def test_levels(reference):
    assert np.allclose(LEVELS[::-1], reference["toy_gap"]["sigma"], rtol=1e-14, atol=0)


@pytest.mark.parametrize("fraction", [f"{percent / 100:.2f}" for percent in range(12, 23)])
def test_gap_of_model_error(reference, noise, fraction):
    found = gap(ErrorProneDenoiser(TRAIN, 10 * float(fraction)), noise)
    assert found.dtype == np.float64
    assert np.max(np.abs(found - reference["toy_gap"][f"sym_delta_{fraction}"])) <= 1e-10


@pytest.mark.parametrize("weight", [f"{fifth / 5:.1f}" for fifth in range(11)])
def test_gap_of_autoguidance(reference, noise, weight):
    strong, weak = ErrorProneDenoiser(TRAIN, 1.8), ErrorProneDenoiser(TRAIN, 2.2)
    found = gap(GuidedDenoiser(strong, weak, float(weight)), noise)
    assert np.max(np.abs(found - reference["toy_gap"][f"sym_guid_{weight}"])) <= 1e-10


@pytest.mark.parametrize(("name", "solver"), [("euler", diffrax.Euler()), ("heun", diffrax.Heun())])
@pytest.mark.parametrize("error", ["0.0", "1.2", "2.0"])
def test_end_points(reference, name, solver, error):
    starts = 80 * np.random.RandomState(0).randn(1000, 2)
    flow = probability_flow(ErrorProneDenoiser(TRAIN, float(error)), starts, grid=np.append(LEVELS, 0.0), solver=solver)
    assert flow.x.dtype == np.float64
    assert not flow.failed.any()
    assert np.max(np.abs(flow.x - reference["toy_endpoints"][f"{name}_delta_{error}"])) <= 1e-9


def test_every_reference_is_used(reference):
    names = {f"sym_delta_{percent / 100:.2f}" for percent in range(12, 23)}
    names |= {f"sym_guid_{fifth / 5:.1f}" for fifth in range(11)} | {"sigma"}
    assert set(reference["toy_gap"]) == names
    ends = {f"{name}_delta_{error}" for name in ("euler", "heun") for error in ("0.0", "1.2", "2.0")}
    assert set(reference["toy_endpoints"]) == ends
