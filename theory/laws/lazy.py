"""Training time as an axis of the diagram: a denoiser trained in the lazy regime, by gradient flow with a fixed kernel.

Gradient flow of half the mean squared error, df/dt = -K p (f - f*) with p the density of the noisy data and f = D - x from
f = 0, learns every wave p of the optimal field at its own rate lambda_p: for a translation-invariant kernel K its
transform times the mean density, to leading order in the fluctuation. The share 1 - e^(-lambda_p t) is learned where a
model error would leave e^(-p^2 delta^2/2). To first order in t this holds at any density, since p f* = sigma^2 grad p.
"""

import math

import numpy as np

from theory.checks import is_traced
from theory.laws._arguments import arguments, plain
from theory.laws.flows import log_quadrature
from theory.laws.response import gap_from_structure


def learned_share(rate, time):
    """1 - e^(-rate time), the share of a wave of the optimal field that is learned after that time [lazy-time].

    rate and time at least 0, in inverse units. Gaps of first order in the fluctuation, as `gap_lattice` without error, are
    those of exact recall times it, wave by wave.
    """
    xp, rate, time = arguments(nonnegative={"rate": rate, "time": time})
    return -xp.expm1(-rate * time)


def effective_error_lazy(rate, time, wave_number):
    """Model error sqrt(-2 ln(1 - e^(-rate time)))/p that leaves the same share of the wave p [lazy-time].

    Infinite at time 0, where nothing is learned, and 0 for exact recall; not one number, but one for each wave. wave_number
    p: positive, in 1/length; 2 pi/d on the comb. rate, time: as for `learned_share`.
    """
    xp, rate, time, wave_number = arguments(
        nonnegative={"rate": rate, "time": time}, positive={"wave_number": wave_number}
    )
    with np.errstate(divide="ignore", over="ignore"):  # nothing learned, all learned
        damping = xp.log1p(1 / xp.expm1(rate * time))  # -ln(1 - e^-x), with its digits for small and for large x
    return xp.sqrt(2 * damping) / wave_number


def gap_lazy(sigma, time, wave_numbers, rates, density, dim: int = 1):
    """Squared gap (2 sigma^4/rho) int p^2 e^(-p^2 sigma^2) (1 - e^(-lambda_p t)) dp/(2 pi)^k after that time [lazy-time].

    For independent points, validation uniform: from 0 to `gap_iid` without error, wave after wave. Exact to first order in
    t, relative remainder O(c(sigma)) later. wave_numbers p ``(m,)``, ascending, must reach a few 1/sigma; rates lambda_p
    there ``(*batch, m)``, at this noise. sigma, time and density broadcast with the batch. By the trapezoidal rule of
    `gap_from_structure`, which takes other training sets: their S(p) times `learned_share`.
    """
    _, time, rates = arguments(nonnegative={"time": time, "rates": rates})
    if rates.shape[-1:] != np.shape(wave_numbers):
        raise ValueError(
            f"rates must have one value for each wave number, got shapes {rates.shape} and {np.shape(wave_numbers)}"
        )
    share = learned_share(rates, time[..., None])
    return gap_from_structure(sigma, 0.0, wave_numbers, share, density, dim)


def order_parameter_lazy(rate, time, spacing):
    """Order parameter of samples of the comb, each noise level trained for that time, leading order [lazy-time].

    m = int w(sigma) (1 - e^(-lambda(sigma) t)) dsigma, the learned share averaged over noise by Rayleigh's law of scale
    d/(2 pi), w = (4 pi^2/d^2) sigma e^(-2 pi^2 sigma^2/d^2); for one rate at all noise it is `learned_share`. Where rates do
    not grow towards sigma = 0 it is exact to first order in t and for t -> infinity, good to 6% up to m = 1/2 and to 15%
    after. rate: elementwise callable sigma -> lambda at the wave number 2 pi/d, values at least 0. spacing: scalar; time: any
    shape, that of the result. Not traced.
    """
    if not callable(rate):
        raise ValueError(f"rate must be a callable sigma -> rate, got {type(rate).__name__}")
    spacing = float(plain("spacing", spacing))
    sigma, measure = log_quadrature(1e-9 * spacing, 2.5 * spacing)  # the weight is below e^-100 above
    weight = 4 * math.pi**2 * (sigma / spacing) ** 2 * np.exp(-2 * math.pi**2 * (sigma / spacing) ** 2)
    rates = rate(sigma)
    if is_traced(rates, time):
        raise ValueError("rate or time is traced: this law is evaluated by NumPy, so call it outside jit")
    share = learned_share(np.broadcast_to(np.asarray(rates), sigma.shape), np.asarray(time)[..., None])
    return np.sum(measure * weight * share, axis=-1)
