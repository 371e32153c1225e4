"""Exact laws of one label for each point, where the model given a label is that of a single point [one-point].

With r = x - y and gain g(sigma) = (1 + w) delta^2/s^2 - w delta'^2/s'^2, delta' the error of the negative model, the autoguided
denoiser is D_w = y + g r [guidance]; g tends to 1 at small noise. Along the flow d ln r/d ln sigma = 1 - g, so that end points
scatter about their point by delta (delta/delta')^w. delta' = 2 delta here.
"""

import numpy as np


def end_point_error(error, weight):
    """delta 2^-w: scatter in each dimension of autoguided end points about their point, from starts at large noise."""
    return error * 2.0 ** -np.asarray(weight)


def relative_gap(noise, error, weight, distance):
    """Relative gap in the squared norm, for a validation point at a distance from the training point of its label.

    E|D_w - y|^2 = 2 g^2 sigma^2 in the plane, and (1 - g)^2 distance^2 more at the validation point. It diverges where the
    gain of the guided model crosses zero: there every noisy state is sent to the training point itself.
    """
    noise = np.asarray(noise)
    gain = (1 + weight) * _share(noise, error) - weight * _share(noise, 2 * error)
    return (1 - gain) ** 2 * distance**2 / (2 * gain**2 * noise**2)


def _share(noise, error):
    return error**2 / (noise**2 + error**2)
