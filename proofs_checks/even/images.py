"""The comb of spacing 1 as a sum over its points, in mpmath: what the laws by Fourier series are compared with."""

import functools

import mpmath

EXPONENT = 60  # what is below e^-60 of the rest is left out


def density(u, s):
    """Of the smoothed comb, normalised on one cell: Gaussians about all whole numbers."""
    nearest, weights = _weights(u, s)
    return mpmath.npdf(u, nearest, s) * sum(weights.values())


def posterior(u, s):
    """Mean and variance of the training point, given the state u at effective noise s."""
    nearest, weights = _weights(u, s)
    total = sum(weights.values())
    mean = sum(j * w for j, w in weights.items()) / total
    return nearest + mean, sum(j * j * w for j, w in weights.items()) / total - mean**2


def entropy(u, s):
    """Entropy of that posterior, in nats."""
    weights = _weights(u, s)[1].values()
    total = sum(weights)
    return -sum(w / total * mpmath.log(w / total) for w in weights)


def denoised(u, sigma, error):
    """The error-prone denoiser by its definition, a mean of the state and the posterior mean at s."""
    square = sigma**2 + error**2
    return (error**2 * u + sigma**2 * posterior(u, mpmath.sqrt(square))[0]) / square


@functools.cache
def denoising_error(sigma, error, place, accuracy=EXPONENT):
    """E|D(place + sigma eps) - place|^2, place 0 or 1/2."""
    if sigma == 0:
        return mpmath.mpf(0)
    place = mpmath.mpf(place)
    return normal_mean(lambda u: (denoised(place + u, sigma, error) - place) ** 2, sigma, sigma**2 + error**2, accuracy)


def normal_mean(f, sigma, square, accuracy=EXPONENT):
    """E f(sigma eps), f even and analytic but for poles no nearer to the real line than those of the field, pi s^2.

    The trapezoidal rule, whose error is about e^-accuracy: shift the line of integration towards the poles.
    """
    step = min(sigma * mpmath.pi * mpmath.sqrt(2 / mpmath.mpf(accuracy)), mpmath.pi**2 * square / accuracy)
    nodes = int(mpmath.ceil(sigma * mpmath.sqrt(2 * accuracy) / step))
    values = (f(i * step) * mpmath.exp(-((i * step / sigma) ** 2) / 2) for i in range(1, nodes + 1))
    return step * (f(mpmath.mpf(0)) + 2 * sum(values)) / (sigma * mpmath.sqrt(2 * mpmath.pi))


def cell_mean(f, square, accuracy=EXPONENT):
    """Mean over one cell of such a function of period 1, by the trapezoidal rule, equally exact."""
    half = int(mpmath.ceil(accuracy / (4 * mpmath.pi**2 * square))) + 4
    inner = sum(f(mpmath.mpf(i) / (2 * half)) for i in range(1, half))
    return (f(mpmath.mpf(0)) + 2 * inner + f(mpmath.mpf(1) / 2)) / (2 * half)


def _weights(u, s):
    """The nearest point, and by distance from it the weights of the points relative to its own."""
    nearest = mpmath.nint(u)
    step, kernel = mpmath.exp((u - nearest) / s**2), mpmath.exp(-1 / (2 * s**2))
    weights = {0: mpmath.mpf(1)}
    for j in range(int(mpmath.ceil(s * mpmath.sqrt(3 * EXPONENT))) + 1):
        odd = kernel ** (2 * j + 1)
        weights[j + 1] = weights[j] * step * odd
        weights[-j - 1] = weights[-j] / step * odd
    return nearest, weights
