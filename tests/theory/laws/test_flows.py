"""Closed-form flows against flows that are integrated, and the schedule laws against both."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from theory import Circle, EmpiricalDenoiser, laws, probability_flow

TIGHT = {"rtol": 1e-11, "atol": 1e-11}
MEAN = np.array([1.0, -2.0, 0.5])
TURN = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]


def test_closed_forms_compile_and_take_a_level_for_each_state(rng):
    starts, levels = rng.normal(size=(4, 3)), np.array([0.0, 0.1, 1.0, 2.0])
    covariance = TURN @ np.diag([4.0, 1.0, 0.5]) @ TURN.T

    def both(starts, levels):
        return laws.gaussian_flow(starts, MEAN, covariance, levels, 2.0), laws.one_point_flow(starts, MEAN, levels, 2.0)

    for compiled, plain in zip(jax.jit(both)(starts, levels), both(starts, levels)):
        np.testing.assert_allclose(compiled, plain, rtol=1e-12)
        np.testing.assert_allclose(plain[3], starts[3], rtol=1e-12)
    assert np.isnan(jax.jit(both)(starts, -levels)[0][1:]).all()


def over_one_cell(n, sigma):
    """Starts sigma times a normal draw in the plane, by quadrature over one of the n cells of angle and over the
    quantiles of |x|: angles, starts ``(400, 2)`` and their probabilities."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    angle, quantile = (grid.ravel() for grid in np.meshgrid(np.pi / n * nodes, (1 + nodes) / 2))
    distance = sigma * np.sqrt(-2 * np.log(quantile))
    return (
        angle,
        distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1),
        np.outer(weights, weights).ravel() / 4,
    )


@pytest.fixture(scope="module")
def ring_flows():
    """Start positions and paths on rings of 64 and 128 points, at s = 0.6, 0.35, 0.2 d and next to nothing."""

    def flow(n):
        points = np.zeros((128, 2))
        points[:n] = Circle(1.0).even(n)
        angle, starts, weights = over_one_cell(n, 30.0)
        spacing = 2 * np.pi / n
        levels = spacing * np.array([0.6, 0.35, 0.2, 1e-4])
        path = probability_flow(
            EmpiricalDenoiser(points, np.arange(128) < n),
            starts,
            sigma_max=30.0,
            sigma_min=levels[-1],
            save_at=levels,
            rtol=1e-8,
            atol=1e-8,
        ).path
        return spacing, angle, weights, levels, np.asarray(path)

    return {n: flow(n) for n in (64, 128)}


def test_transport(ring_flows):
    """[transport]: per trajectory up to O(s/R), so that in units of the spacing twice the points halve the difference."""

    def differences(n):
        spacing, angle, _, levels, path = ring_flows[n]
        at_level = np.arctan2(path[..., 1], path[..., 0])
        law = laws.transport_even_inverse(angle, levels[:, None], spacing)
        assert np.abs(law[:3] - angle).max() > 0.05 * spacing  # there is something to predict
        return np.abs(at_level - law).max(axis=1)[:3] / spacing

    coarse, fine = differences(64), differences(128)
    assert np.all(fine <= 0.25 * 2 * np.pi / 128 * np.array([0.6, 0.35, 0.2]))
    # at 0.6 d, where little is transported, the next order shows
    assert np.all(np.abs(coarse / fine - 2)[1:] < 0.2), coarse / fine


def test_displacement(ring_flows):
    """[pfd-comb]: by [early-stopping] one path holds the end points of every model error from shared starts."""
    spacing, _, weights, levels, path = ring_flows[128]
    found = np.sum((path[:3] - path[3]) ** 2, axis=-1) @ weights
    np.testing.assert_allclose(found, laws.displacement_even(levels[:3], spacing), rtol=0.015)
    np.testing.assert_allclose(
        laws.displacement_even(np.array([0.1, 0.2, 0.35, 0.6]), 1.0), [0.02, 0.0784, 0.1968, 0.4433], atol=6e-5
    )
    assert laws.displacement_even(1e-6, 1.0, 5) == pytest.approx(5e-12, rel=1e-12)
    assert laws.displacement_even(0.25, 1.0) == pytest.approx(laws.displacement_even(0.25 + 1e-13, 1.0), rel=1e-11)


def test_transport_and_its_inverse():
    """The derivative is the density of the comb, both forms agree where they meet, and the inverse undoes it."""
    position = np.linspace(-2.2, 2.2, 89)
    for noise in (0.04, 0.1, 0.25, 0.2501, 0.6, 3.0):
        there = laws.transport_even(position, noise, 0.8)
        assert np.all(np.diff(there) >= 0)
        np.testing.assert_allclose(
            laws.transport_even(laws.transport_even_inverse(position, noise, 0.8), noise, 0.8), position, atol=1e-13
        )
    position[0] = laws.transport_even_inverse(0.1, 0.2, 0.8)
    slope = jax.jit(jax.vmap(jax.grad(lambda u: laws.transport_even(u, 0.2, 0.8))))(position)
    density = 1 + 2 * sum(
        np.exp(-2 * (np.pi * m * 0.25) ** 2) * np.cos(2 * np.pi * m * position / 0.8) for m in range(1, 7)
    )
    np.testing.assert_allclose(slope, density, rtol=1e-12)
    np.testing.assert_allclose(
        laws.transport_even(position, 0.2 + 1e-14, 0.8), laws.transport_even(position, 0.2 - 1e-14, 0.8), atol=1e-13
    )
    np.testing.assert_array_equal(laws.transport_even_inverse([0.3, 0.5, -1.1], 0.0, 0.8), [0.0, 0.8, -0.8])
    inverse_slope = jax.jit(jax.grad(lambda u: laws.transport_even_inverse(u, 0.2, 0.8)))(0.1)
    assert float(inverse_slope * slope[0]) == pytest.approx(1, rel=1e-9)


class Schedule(eqx.Module):
    """A bump in ln sigma and a rise towards the data; one compiled program for both."""

    bump: jax.Array
    floor: jax.Array
    rise: jax.Array
    scale: jax.Array

    def __call__(self, sigma):
        ratio = sigma / self.scale
        return self.bump * jnp.exp(-(jnp.log(ratio) ** 2)) + self.floor + self.rise / (1 + ratio**4)


SPACING = 2 * np.pi / 64
BUMP, RISE = (
    Schedule(*(jnp.asarray(SPACING * part) for part in parts)) for parts in [(0.4, 0.0, 0.0, 0.2), (0.0, 0.1, 0.4, 0.2)]
)


def test_schedule_laws_in_closed_form():
    for error in (0.05, 0.2, 0.5):
        law = laws.order_parameter_even(error, 0.8)
        assert laws.order_parameter_schedule(lambda s, error=error: error, 0.8) == pytest.approx(law, rel=1e-12)
        spread = 3.0 * error / np.hypot(3.0, error)
        assert laws.end_spread(lambda s, error=error: error + 0 * s, 3.0) == pytest.approx(spread, rel=1e-10)


@pytest.mark.parametrize("power", [0.25, 0.5, 0.9, 0.99])
def test_spread_of_a_power_below_one_stays(power):
    """[noise-dependent-error]: by the integral in closed form, and by SciPy's quadrature above a lowest noise."""
    exponent = 2 * (1 - power)
    exact = 5.0 * np.exp(-np.log1p(5.0**exponent / 0.09) / exponent)
    assert laws.end_spread(lambda s: 0.3 * s**power, 5.0) == pytest.approx(exact, rel=1e-9)
    integral = scipy.integrate.quad(lambda t: 1 / (1 + 0.09 * np.exp(-exponent * t)), np.log(1e-3), np.log(5.0))[0]
    assert laws.end_spread(lambda s: 0.3 * s**power, 5.0, 1e-3) == pytest.approx(5 * np.exp(-integral), rel=1e-8)


@pytest.mark.parametrize("power", [1.0, 1.01, 2.0])
def test_spread_of_a_power_from_one_up_vanishes(power):
    """[noise-dependent-error]: an error c sigma^p memorizes for p >= 1; at p = 1 as the power 1/(1 + c^2) of sigma."""
    assert laws.end_spread(lambda s: 0.3 * s**power, 5.0) == 0
    assert laws.end_spread(lambda s: 0 * s, 5.0) == 0
    spreads = [laws.end_spread(lambda s: 0.3 * s, 5.0, sigma) for sigma in (1e-2, 1e-4)]
    assert np.log10(spreads[0] / spreads[1]) == pytest.approx(2 / 1.09, rel=1e-9)


BAD = {
    "schedule that is a number": (lambda: laws.end_spread(0.3, 1.0), "schedule must be a callable .* got float"),
    "negative schedule": (lambda: laws.end_spread(lambda s: -s, 1.0), "the values of schedule must be .* at least 0"),
    "spread upside down": (lambda: laws.end_spread(lambda s: s, 1.0, 2.0), "sigma_min must be below sigma_max"),
    "traced schedule": (
        lambda: jax.jit(lambda c: laws.end_spread(lambda s: c * s, 1.0))(1.0),
        "schedule returns traced values",
    ),
    "spacing zero": (lambda: laws.order_parameter_schedule(lambda s: s, 0.0), "spacing must be .* positive"),
    "NaN position": (lambda: laws.transport_even(np.nan, 0.1, 1.0), "position must be finite"),
    "no covariance": (
        lambda: laws.gaussian_flow(MEAN, MEAN, TURN, 0.1, 1.0),
        "covariance must be symmetric",
    ),
    "start at zero noise": (lambda: laws.one_point_flow(MEAN, MEAN, 0.1, 0.0), "sigma_max must be .* positive"),
    "no ambient dimension": (lambda: laws.displacement_even(0.1, 1.0, 0), "ambient_dim must be at least 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_raise(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()
