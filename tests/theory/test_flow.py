"""The probability flow against exact solutions, its order of convergence and its transforms."""

from functools import partial
from itertools import pairwise
from typing import ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tqdm import tqdm

from theory import Circle, EmpiricalDenoiser, ErrorProneDenoiser, probability_flow

TIGHT = {"rtol": 1e-10, "atol": 1e-10}


@pytest.mark.parametrize("sigma_min", [0.0, 0.002])
@pytest.mark.parametrize("error", [0.0, 0.3])
def test_one_point(rng, sigma_min, error):
    """[one-point]: x - y shrinks as the effective noise."""
    point, starts = np.array([[1.0, 2.0]]), 80 * rng.normal(size=(20, 2))
    flow = probability_flow(ErrorProneDenoiser(point, error), starts, sigma_max=80.0, sigma_min=sigma_min, **TIGHT)
    exact = point + (starts - point) * np.hypot(sigma_min, error) / np.hypot(80.0, error)
    assert np.max(np.abs(flow.x - exact)) <= 1e-9


class TestOrder:
    """Slope of the error against the number of steps, on one problem, from refined grids."""

    points = np.random.default_rng(1).normal(size=(8, 2))
    starts = 3 * np.random.default_rng(2).normal(size=(20, 2))
    denoiser = ErrorProneDenoiser(points, 0.4)

    @pytest.fixture(scope="class")
    @classmethod
    def exact(cls):
        return probability_flow(
            cls.denoiser,
            cls.starts,
            sigma_max=3.0,
            sigma_min=0.5,
            rtol=1e-13,
            atol=1e-13,
            solver=diffrax.Dopri8(),
        )

    def test_dopri8_adapts(self, exact):
        by_default = probability_flow(self.denoiser, self.starts, sigma_max=3.0, sigma_min=0.5, rtol=1e-11, atol=1e-11)
        assert exact.result == diffrax.RESULTS.successful
        assert np.max(np.abs(exact.x - by_default.x)) <= 1e-9

    @pytest.mark.parametrize(
        ("solver", "order", "steps"),
        [
            (diffrax.Euler(), 1, (160, 320)),
            (diffrax.Heun(), 2, (160, 320)),
            (diffrax.Tsit5(), 5, (20, 40, 80)),
        ],
    )
    def test_order(self, exact, solver, order, steps):
        errors = [self._error(exact, solver, count) for count in steps]
        slopes = -np.diff(np.log(errors)) / np.diff(np.log(steps))
        assert np.all(np.abs(slopes - order) < 0.15 * order), slopes

    def _error(self, exact, solver, count):
        # the levels end at 0.5 and go on to as many in all: one program for each solver
        grid = np.append(np.linspace(3.0, 0.5, count + 1), np.linspace(0.5, 0.4, 322 - count)[1:])
        flow = probability_flow(self.denoiser, self.starts, grid=grid, save_at=[0.5], solver=solver)
        return np.max(np.abs(flow.path[0] - exact.x))


class TestPath:
    points = Circle(1.0).even(8)
    starts = 20 * np.random.default_rng(3).normal(size=(20, 2))

    def flow(self, error, levels):
        end = float(np.sqrt(400.0 - error**2))
        return probability_flow(
            ErrorProneDenoiser(self.points, error), self.starts, sigma_max=end, sigma_min=0.0, save_at=levels, **TIGHT
        )

    def test_one_optimal_flow_holds_the_end_points_of_every_model_error(self):
        """[early-stopping]: saved at s = error_j, it gives the column that independent flows give."""
        errors = [0.5, 0.25, 0.1]
        column = self.flow(0.0, errors)
        for error, state in zip(errors, column.path):
            alone = self.flow(error, [1.0, 0.5, 0.0])
            assert np.max(np.abs(alone.x - state)) <= 1e-8

    def test_path_starts_and_ends_with_the_flow(self):
        flow = self.flow(0.25, [float(np.sqrt(400.0 - 0.25**2)), 1.0, 0.0])
        assert np.array_equal(flow.path[0], self.starts)
        assert np.array_equal(flow.path[-1], flow.x)
        assert not np.allclose(flow.path[1], flow.x, atol=1e-3)

    def test_path_of_a_grid(self):
        """Against Euler's rule by hand; the last step, to zero noise, ends on D."""
        grid = np.append(np.geomspace(20.0, 0.1, 30), 0.0)
        denoiser, x = EmpiricalDenoiser(self.points), self.starts
        flow = probability_flow(denoiser, x, grid=grid, save_at=grid[[0, 12, -1]], solver=diffrax.Euler())
        states = [x := x + (after - before) * (x - denoiser(x, before)) / before for before, after in pairwise(grid)]
        assert np.array_equal(flow.path[0], self.starts)
        assert np.max(np.abs(flow.path[1] - states[11])) <= 1e-12
        assert np.max(np.abs(flow.x - states[-1])) <= 1e-12
        assert np.array_equal(flow.path[2], flow.x)


class TestTransforms:
    points = Circle(1.0).even(8)

    def test_inside_jit_and_vmap_over_seeds(self):
        """With another solver, of order 3, so that agreement says that both are exact."""

        def ends(key, error, **options):
            starts = 20 * jax.random.normal(key, (20, 2))
            denoiser = ErrorProneDenoiser(self.points, error)
            return probability_flow(denoiser, starts, sigma_max=20.0, sigma_min=0.0, **options).x

        keys = jax.random.split(jax.random.key(0), 3)
        options = {"solver": diffrax.Bosh3(), "rtol": 1e-8, "atol": 1e-8}
        batched = jax.jit(jax.vmap(lambda key, error: ends(key, error, **options), in_axes=(0, None)))(keys, 0.3)
        assert batched.shape == (3, 20, 2)
        assert np.max(np.abs(ends(keys[1], 0.3, **TIGHT) - batched[1])) <= 1e-6

    def test_grad_with_respect_to_the_error(self):
        """One point: x = y + (x_T - y) error/s_T, so its derivative is known."""
        point, start = np.array([[1.0, 2.0]]), np.array([[3.0, -4.0]])

        def total(error):
            flow = probability_flow(
                ErrorProneDenoiser(point, error),
                start,
                sigma_max=2.0,
                sigma_min=0.0,
                rtol=1e-8,
                atol=1e-8,
                max_steps=64,
            )
            return flow.x.sum()

        error = 0.3
        slope = jax.jit(jax.grad(total))(error)
        exact = np.sum(start - point) * 4.0 / np.hypot(2.0, error) ** 3
        assert abs(slope - exact) <= 1e-6 * abs(exact)

    def test_single_precision_far_from_the_origin(self):
        """A ring moved by 1000 in float32: the same flow, moved, to the rounding of its coordinates."""
        starts = 20 * np.random.default_rng(4).normal(size=(20, 2))
        moved = (np.asarray(self.points) + 1000).astype(np.float32)
        flow = probability_flow(
            ErrorProneDenoiser(moved, np.float32(0.3)),
            (starts + 1000).astype(np.float32).reshape(2, 10, 2),
            sigma_max=20.0,
            sigma_min=0.0,
        )
        exact = probability_flow(
            ErrorProneDenoiser(moved.astype(float) - 1000, 0.3),
            (starts + 1000).astype(np.float32).astype(float) - 1000,
            sigma_max=20.0,
            sigma_min=0.0,
            **TIGHT,
        )
        assert flow.x.dtype == jnp.float32
        assert flow.failed.shape == (2, 10)
        assert not flow.failed.any()
        assert np.max(np.abs(flow.x.astype(float).reshape(20, 2) - 1000 - exact.x)) <= 5e-3


class TestBatches:
    denoiser = ErrorProneDenoiser(Circle(1.0).even(8), 0.1)
    starts = 20 * np.random.default_rng(4).normal(size=(2, 5, 2))
    ends: ClassVar = {"sigma_max": 20.0, "sigma_min": 0.0, "save_at": [1.0, 0.5], "batch_size": 4, "max_steps": 64}

    def test_each_is_a_flow_of_its_own(self):
        whole = probability_flow(self.denoiser, self.starts, **self.ends)
        flat, alone = self.starts.reshape(-1, 2), {**self.ends, "batch_size": None}
        parts = [probability_flow(self.denoiser, part, **alone) for part in (flat[:4], flat[4:8], flat[8:])]
        assert whole.x.shape == (2, 5, 2)
        assert whole.path.shape == (2, 2, 5, 2)
        assert whole.failed.shape == (2, 5)
        np.testing.assert_array_equal(whole.x.reshape(-1, 2), np.concatenate([part.x for part in parts]))
        np.testing.assert_array_equal(
            whole.path.reshape(2, -1, 2), np.concatenate([part.path for part in parts], axis=1)
        )
        assert whole.stats["num_steps"] == max(part.stats["num_steps"] for part in parts)

    def test_the_first_failure_is_told(self):
        flow = probability_flow(self.denoiser, self.starts, **self.ends, rtol=1e-13, atol=1e-13)
        assert flow.result != diffrax.RESULTS.successful
        assert np.all(flow.failed)

    def test_bars(self, capsys, monkeypatch):
        monkeypatch.setattr("theory.flow.tqdm", partial(tqdm, mininterval=0))
        probability_flow(self.denoiser, self.starts, **self.ends, progress=True)
        assert "4/10" in capsys.readouterr().err
        probability_flow(self.denoiser, self.starts, sigma_max=20.0, sigma_min=0.0, progress=True)
        assert "100.00%" in capsys.readouterr().err

    def test_none_is_refused(self):
        with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
            probability_flow(self.denoiser, self.starts, **{**self.ends, "batch_size": 0})
