"""The lazy regime: limits, the other laws that it meets, and gradient flow in function space on grids."""

import jax
import numpy as np
import pytest

from theory import laws

P = np.linspace(0, 60, 2401)
TIMES = np.array([0.3, 1.0, 3.0])


def test_share_and_the_error_that_leaves_it():
    """[lazy-time]: half at ln 2/rate, where the comb has its critical error; nothing at time 0 and all at late times."""
    assert laws.learned_share(2.0, np.log(2) / 2) == pytest.approx(0.5, rel=1e-12)
    half = laws.effective_error_lazy(3.0, np.log(2) / 3, 2 * np.pi / 0.7)
    assert half == pytest.approx(float(laws.critical_error_even(0.7)), rel=1e-12)
    np.testing.assert_array_equal(laws.effective_error_lazy(1.0, [0.0, 1e4], 2.0), [np.inf, 0.0])
    assert laws.effective_error_lazy(0.0, 5.0, 2.0) == np.inf
    assert np.isinf(jax.jit(laws.effective_error_lazy)(1.0, 0.0, 2.0))
    error, wave = laws.effective_error_lazy(1.3, TIMES, 4.0), 4.0
    np.testing.assert_allclose(np.exp(-((wave * error) ** 2) / 2), laws.learned_share(1.3, TIMES), rtol=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_limits_of_the_gap(dim):
    """Nothing, then an error-prone model of the kernel's width times the largest rate, then exact recall."""
    rates = 5 * np.exp(-((0.3 * P) ** 2) / 2)
    start, early, late = laws.gap_lazy(0.4, [0.0, 1e-8, 1e9], P[:800], rates[:800], 2.0, dim)
    assert start == 0
    assert early / 5e-8 == pytest.approx(laws.gap_iid(0.4, 0.3, 2.0, dim), rel=1e-5)
    assert late == pytest.approx(laws.gap_iid(0.4, 0.0, 2.0, dim), rel=1e-4)


def test_gap_takes_times_noises_and_their_rates():
    rates = np.stack([np.exp(-((width * P) ** 2) / 2) for width in (0.2, 0.3, 0.5)])
    found = laws.gap_lazy([0.2, 0.3, 0.4], TIMES, P, rates, [1.0, 2.0, 3.0])
    one_by_one = [laws.gap_lazy(0.2 + 0.1 * i, TIMES[i], P, rates[i], 1.0 + i) for i in range(3)]
    np.testing.assert_allclose(found, one_by_one, rtol=1e-12)


def test_order_parameter_is_that_of_a_scheduled_error():
    """[noise-dependent-error], the schedule being the error that leaves the learned share of the wave of the spacing."""
    spacing, wave = 0.8, 2 * np.pi / 0.8

    def rate(s):
        return 2 / (1 + (s / 0.2) ** 2)

    found = laws.order_parameter_lazy(rate, TIMES, spacing)
    for time, m in zip(TIMES, found, strict=True):

        def schedule(s, time=time):
            return laws.effective_error_lazy(rate(s), time, wave)

        assert m == pytest.approx(laws.order_parameter_schedule(schedule, spacing), rel=1e-12)
    np.testing.assert_allclose(
        laws.order_parameter_lazy(lambda s: 1.5, TIMES, spacing), laws.learned_share(1.5, TIMES), rtol=1e-12
    )


def test_gap_of_random_points_on_a_torus():
    """Steps of gradient flow in function space on a grid of a torus in two dimensions, kernel 1/(1 + p^2)."""
    size, cells, sigma, count, rng = 12.0, 24, 1.2, 144, np.random.default_rng(0)
    p = 2 * np.pi / size * np.fft.fftfreq(cells, 1 / cells)
    waves = np.stack(np.meshgrid(p, p, indexing="ij"))
    square = np.sum(waves**2, axis=0)
    rates = 1 / (1 + square)
    ratios = []
    for _ in range(40):
        y = size * rng.random((count, 2))
        sums = np.exp(-1j * p[:, None] * y[:, 0]) @ np.exp(-1j * p[:, None] * y[:, 1]).T / count
        weights = sums * np.exp(-square * sigma**2 / 2)
        density = np.fft.ifft2(weights).real * cells**2
        slope = np.fft.ifft2(1j * waves * weights).real * cells**2
        f, gaps = np.zeros_like(slope), []
        for step in range(60):
            f -= 0.05 * np.fft.ifft2(rates * np.fft.fft2(density * f - sigma**2 * slope)).real
            if step in (9, 59):
                # E|f - (y - x)|^2 over uniform y less that over the points; E[y - x | x] = sigma^2 grad ln p
                gaps.append(np.mean(np.sum(2 * sigma**2 * slope * f + (1 - density) * f**2, axis=0)))
        ratios.append(gaps)
    law = laws.gap_lazy(sigma, [0.5, 3.0], P[:400], 1 / (1 + P[:400] ** 2), 1.0, 2)
    found, spread = np.mean(ratios, axis=0) / law, np.std(ratios, axis=0, ddof=1) / np.sqrt(40) / law
    assert np.all(spread < 0.05)
    assert np.all(np.abs(found - 1) < 4 * spread + 0.03), (found, spread)


def test_gap_and_order_parameter_of_the_comb():
    """The same on a grid of one cell at many noise levels, and the flow of samples through the fields."""
    cells, steps, levels = 96, 400, np.geomspace(1.2, 0.03, 60)
    u, k = np.arange(cells) / cells, 2 * np.pi * np.fft.rfftfreq(cells, 1 / cells)
    rates = np.exp(-(k**2 - 4 * np.pi**2) * 0.1**2 / 2)  # 1 at the wave of the spacing
    distance = u - np.arange(-6, 7)[:, None]
    kernels = np.exp(-((distance / levels[:, None, None]) ** 2) / 2) / (np.sqrt(2 * np.pi) * levels[:, None, None])
    density, slope = kernels.sum(axis=1), (-distance / levels[:, None, None] ** 2 * kernels).sum(axis=1)
    f = np.zeros_like(density)
    for step in range(1, steps + 1):
        f -= 1e-3 * np.fft.irfft(rates * np.fft.rfft(density * f - levels[:, None] ** 2 * slope), n=cells)
        if step not in (100, steps):
            continue
        time = 1e-3 * step
        at = np.argmin(np.abs(levels - 0.4))
        heard = np.exp(-((k * levels[at]) ** 2) / 2)
        linear = np.fft.irfft(2j * k * np.fft.rfft(f[at]) * heard, n=cells) * levels[at] ** 2
        errors = linear + np.fft.irfft(np.fft.rfft(f[at] ** 2) * heard, n=cells)
        law = laws.learned_share(1.0, time) * laws.gap_even_leading(levels[at], 0.0, 1.0)
        assert errors[cells // 2] - errors[0] == pytest.approx(float(law), rel=2e-3)
        x = (np.arange(64) + 0.5) / 64
        for i, width in enumerate(-np.diff(np.log(levels))):  # Heun's rule in ln sigma
            first = np.interp(x, u, f[i], period=1.0)
            second = np.interp(x + width * first, u, f[i + 1], period=1.0)
            x = x + width * (first + second) / 2
        law = laws.order_parameter_lazy(lambda s: 1.0, time, 1.0)
        # below the last level lies a share 2 pi^2 sigma^2 of the weight
        assert np.cos(2 * np.pi * x).mean() == pytest.approx(float(law), rel=0.035)


BAD = {
    "rates of other waves": (lambda: laws.gap_lazy(0.3, 1.0, P, P[1:], 1.0), "one value for each wave number"),
    "one rate": (lambda: laws.gap_lazy(0.3, 1.0, P, 1.0, 1.0), "one value for each wave number"),
    "negative rate": (lambda: laws.gap_lazy(0.3, 1.0, P, -P, 1.0), "rates must be .* at least 0"),
    "half a dimension": (lambda: laws.gap_lazy(0.3, 1.0, P, P, 1.0, 0), "dim must be at least 1"),
    "wave number 0": (lambda: laws.effective_error_lazy(1.0, 1.0, 0.0), "wave_number must be .* positive"),
    "rate that is a number": (lambda: laws.order_parameter_lazy(1.0, 1.0, 1.0), "rate must be a callable .* float"),
    "negative values of rate": (
        lambda: laws.order_parameter_lazy(lambda s: -s, 1.0, 1.0),
        "rate must be .* at least 0",
    ),
    "traced time": (
        lambda: jax.jit(lambda t: laws.order_parameter_lazy(lambda s: s, t, 1.0))(1.0),
        "rate or time is traced",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_raise(case):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call()
