"""Which errors that depend on noise generalize, in a small run, and the schedules themselves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sims.error_schedules import SCHEDULES, ErrorSchedulesConfig, order_parameter_law, schedule, spread_law
from sims.estimates import mean_and_error
from theory import laws


@pytest.fixture(scope="module")
def results(small):
    return small("error_schedules")[1]


def test_spread_follows_the_law(results):
    """[noise-dependent-error]: for every schedule, strength and stop, within sampling error and (s/R)^2."""
    assert int(results["failed"].sum()) == 0
    mean, error = mean_and_error(results, "spread")
    for name in results["schedule"].values:
        for strength in results["strength"].values:
            for stop in results["stop"].values:
                where = {"schedule": name, "strength": strength, "stop": stop}
                law = spread_law(name, strength, 16, stop) * 2 * np.pi / 16
                assert abs(float(mean.sel(where)) - law) <= 4 * float(error.sel(where)) + 0.1 * law, where


def test_a_power_of_one_memorizes_and_half_a_power_does_not(results):
    """[noise-dependent-error]: the spread falls as the power 1/(1 + c^2) of the noise, or stays."""
    spread = results["spread"].mean("replicate").sel(strength=0.8)
    per_decade = np.log10(spread.isel(stop=1) / spread.isel(stop=2)) / 2
    assert float(per_decade.sel(schedule="power 1")) == pytest.approx(1 / 1.64, abs=0.01)
    assert abs(float(per_decade.sel(schedule="power 1/2"))) < 0.01
    order = results["order_parameter"].mean("replicate").sel(strength=0.8).isel(stop=-1)
    assert float(order.sel(schedule="power 1")) > 0.99
    assert float(order.sel(schedule="power 1/2")) < 0.5


def test_order_parameter_law_where_it_holds(results):
    mean, error = (
        part.sel(schedule="growing", strength=0.8).isel(stop=-1) for part in mean_and_error(results, "order_parameter")
    )
    assert abs(float(mean) - order_parameter_law("growing", 0.8)) <= 4 * float(error)
    assert order_parameter_law("constant", 0.4) == pytest.approx(laws.order_parameter_even(0.4, 1.0), rel=1e-9)
    for name, strength in (("power 1", 0.8), ("bump", 0.8), ("growing", 0.2), ("constant", 0.2)):
        assert np.isnan(order_parameter_law(name, strength)), name


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_one_function_for_numpy_and_jax(name):
    sigma = np.array([0.0, 1e-9, 0.05, 0.2, 3.0, 100.0])
    error = schedule(name, 0.6, 0.5)
    values = error(sigma)
    np.testing.assert_allclose(jax.jit(error)(jnp.asarray(sigma)), values, rtol=1e-12)
    np.testing.assert_allclose(values, schedule(name, 0.6)(sigma / 0.5) * 0.5, rtol=1e-12)
    assert values.max() <= 0.6 * 0.5 * (1 + 1e-12)
    if name.startswith("power"):
        power, _ = SCHEDULES[name]
        assert values[0] == pytest.approx(0, abs=1e-60)
        assert values[1] == pytest.approx(0.3 * (1e-9 / 0.5) ** power, rel=1e-9)


BAD = {
    "an unknown schedule": ({"schedules": ("power 3",)}, "schedules must be one of"),
    "no schedule": ({"schedules": ()}, "schedules must name at least one"),
    "strength zero": ({"strengths": (0.0,)}, "strengths must be .* positive"),
    "stop zero": ({"stops": (0.1, 0.0)}, "stops must be .* positive"),
    "a repeated stop": ({"stops": (0.1, 0.1)}, "stops must differ"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_raise(case):
    fields, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        ErrorSchedulesConfig(**fields)
