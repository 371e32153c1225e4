"""Models that are trained, without the law's expansion: kernels on the comb and on noisy data, and a network of two layers."""

from functools import cache

import numpy as np
import scipy.linalg

from proofs_checks.entry import resolve

KERNELS = {
    "every wave at the same rate": lambda m, s: 1.0 + 0 * m,
    "p^-2": lambda m, s: 1 / m**2,
    "a Gaussian of width 0.3 d": lambda m, s: np.exp(-(m**2 - 1) * 2 * (np.pi * 0.3) ** 2),
    "p^-2, falling with the noise": lambda m, s: 1 / m**2 / (1 + (s / 0.15) ** 2),
    "p^-2, rising as its square": lambda m, s: 1 / m**2 * (s / 0.15) ** 2,
}


LENGTH = COUNT = 32  # independent points on a closed line, one per unit length


RATIO, GRID = 0.3, 240  # noise over the spacing, places on the circle where the network is read


def comb_field(noise: float, rates, times, exact: bool = False):
    """Sine amplitudes ``(times, waves)`` of f on the comb of spacing 1 after gradient flow, waves 2 pi m, m = 1, 2, ...

    In the weights of the features sqrt(lambda_m) sin(2 pi m u), over the noisy data 1 + 2 sum q^(m^2) cos(2 pi m u).
    """
    m = np.arange(1, len(rates) + 1)

    def wave(number):
        return np.exp(-2 * (np.pi * number * noise) ** 2)

    root = np.sqrt(rates)
    gram = root[:, None] * (wave(m[:, None] - m) - wave(m[:, None] + m)) * root
    eigenvalues, vectors = scipy.linalg.eigh(gram)
    slope = vectors.T @ (root * -4 * np.pi * noise**2 * m * wave(m))
    decay = np.maximum(eigenvalues, 1e-300) * np.asarray(times)[:, None]
    return root * ((np.asarray(times)[:, None] * -np.expm1(-decay) / decay * slope) @ vectors.T)


def comb_order_parameter(rates, times, steps: int = 150, starts: int = 64, waves: int = 30):
    """m ``(times,)`` of samples of the comb of spacing 1 by Runge and Kutta's rule in ln sigma.

    rates: callable (wave over the first, sigma) -> rates ``(waves,)``; every noise is trained for the same time.
    """
    m, ends = np.arange(1, waves + 1), np.log([1.3, 2e-4])
    levels = np.linspace(*ends, 2 * steps + 1)
    fields = np.array([comb_field(np.exp(s), rates(m, np.exp(s)), times) for s in levels])
    u = np.broadcast_to((np.arange(starts) + 0.5) / starts, (len(times), starts))
    step = (ends[1] - ends[0]) / steps

    def slope(level, u):
        z = np.exp(2j * np.pi * u)
        powers = np.cumprod(np.broadcast_to(z[..., None], (*z.shape, waves)), axis=-1)
        return -np.einsum("tum,tm->tu", powers.imag, fields[level])

    for i in range(0, 2 * steps, 2):
        one = slope(i, u)
        two = slope(i + 1, u + step / 2 * one)
        three = slope(i + 1, u + step / 2 * two)
        four = slope(i + 2, u + step * three)
        u = u + step * (one + 2 * two + 2 * three + four) / 6
    return np.mean(np.cos(2 * np.pi * u), axis=1)


def descent_on_noise(noise: float, kernel_width: float, times, sets: int = 200, passes: int = 64, seed: int = 0):
    """Squared gaps ``(times, sets)`` of f = theta.phi after gradient descent on noisy data, and what the sets' own waves say.

    Features sqrt(2 lambda_p) (cos px, sin px), lambda_p = e^(-p^2 l^2/2); validation uniform. The second array is 2 sigma^4
    sum p^2 |P_p|^2 e^(-p^2 sigma^2) (1 - e^(-lambda_p t)), to take the scatter between sets off the first.
    """
    rng = np.random.default_rng(seed)
    train, fresh = rng.uniform(0, LENGTH, (2, sets, COUNT))
    p = 2 * np.pi / LENGTH * np.arange(1, int(5 / noise * LENGTH / (2 * np.pi)) + 1)
    rates = np.exp(-((p * kernel_width) ** 2) / 2)

    def features(x):
        z = np.exp(1j * 2 * np.pi / LENGTH * x)
        waves = np.cumprod(np.broadcast_to(z[..., None], (*z.shape, len(p))), axis=-1)
        return np.concatenate([waves.real, waves.imag], axis=-1) * np.sqrt(2 * np.tile(rates, 2))

    def noisy(places, count):
        eps = noise * rng.normal(size=(sets, count, COUNT))
        return features((places[:, None] + eps).reshape(sets, -1)), -eps.reshape(sets, -1)

    step, theta, gaps = times[-1] / passes, np.zeros((sets, 2 * len(p))), []
    for passed in range(1, passes + 1):
        phi, target = noisy(train, 4)
        rest = np.einsum("sij,sj->si", phi, theta) - target
        theta = theta - step * np.einsum("si,sij->sj", rest, phi) / rest.shape[1]
        if np.any(np.isclose(passed * step, times)):
            errors = []
            for places in (fresh, train):
                phi, target = noisy(places, 64)
                errors.append(np.mean((np.einsum("sij,sj->si", phi, theta) - target) ** 2 - target**2, axis=1))
            gaps.append(errors[0] - errors[1])
    own = np.abs(np.exp(-1j * p[:, None, None] * train).mean(axis=-1)) ** 2
    learned = p**2 * np.exp(-((p * noise) ** 2)) * -np.expm1(-rates * np.asarray(times)[:, None])
    return np.array(gaps), 4 * noise**4 * learned @ own


@cache
def trained_network(width: int, seed: int = 0, points: int = 3, steps: int = 192, step: float = 1.25, draws: int = 48):
    """Times rate t and gaps over that of exact recall of a network of two layers, by gradient descent on fresh noise.

    f = sum_j a_j relu(w_j.x)/sqrt(width) less what it is at the start, x = (cos u, sin u, 1), all weights trained; noise in
    pairs of opposite sign, about even points on a circle, validation midway. rate: that of the wave 2 pi/d for the network's
    kernel at the start, averaged over places.
    """
    rng = np.random.default_rng(seed)
    spacing = 2 * np.pi / points
    noise, k = RATIO * spacing, np.fft.fftfreq(GRID, 1 / GRID)
    heard = np.exp(-(k**2) * noise**2 / 2)
    inner, outer = rng.normal(size=(3, width)), rng.normal(size=width)
    start = inner.copy(), outer.copy()

    def lifted(u):
        return np.stack([np.cos(u), np.sin(u), np.ones_like(u)], axis=1)

    def network(x, inner, outer):
        return np.maximum(x @ inner, 0) @ outer / np.sqrt(width)

    grid = lifted(2 * np.pi * np.arange(GRID) / GRID)
    active = (grid @ inner > 0) * 1.0
    slopes = [active * (grid @ inner), *(active * outer * x[:, None] for x in grid.T)]
    rate = sum(np.sum(np.abs(np.fft.fft(slope, axis=0)[points] / GRID) ** 2) for slope in slopes) / width
    exact = resolve("theory.laws.gap_even_leading")(noise, 0.0, spacing)

    def gap(f):
        """E|f + sigma eps|^2 over the noise, midway less at the points; E eps f = sigma E f'."""
        linear = np.fft.ifft(2j * k * np.fft.fft(f) * heard).real * noise**2
        errors = (linear + np.fft.ifft(np.fft.fft(f**2) * heard).real).reshape(points, -1)
        return np.mean(errors[:, GRID // points // 2] - errors[:, 0])

    times, gaps = [0.0], [0.0]
    for passed in range(1, steps + 1):
        eps = noise * rng.normal(size=(points, draws))
        eps = np.concatenate([eps, -eps], axis=1)
        x = lifted((spacing * np.arange(points)[:, None] + eps).ravel())
        hidden = np.maximum(x @ inner, 0)
        rest = (hidden @ outer / np.sqrt(width) - network(x, *start) + eps.ravel()) / (len(x) * np.sqrt(width))
        slope = x.T @ (rest[:, None] * (hidden > 0) * outer)
        inner, outer = inner - step * slope, outer - step * hidden.T @ rest
        if passed % (steps // 8) == 0:
            times.append(rate * step * passed)
            gaps.append(gap(network(grid, inner, outer) - network(grid, *start)) / exact)
    return np.array(times), np.array(gaps)
