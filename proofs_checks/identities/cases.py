"""Points, states and noise levels at which the denoisers of `theory` are compared with exact sums."""

import numpy as np


def ordinary(errors=(0.0, 0.2, 1.0), dims=3, seed=0, few=False):
    """(points, x, sigma, error): several points and, where few, a single one and two; noise above and below the error."""
    rng = np.random.default_rng(seed)
    found = []
    for count, sigma in ((4, 0.6), (4, 1.7), (1, 0.8), (2, 0.5))[: 4 if few else 2]:
        found += [(rng.normal(size=(count, dims)), rng.normal(size=dims), sigma, error) for error in errors]
    return found


def corners(many=False):
    """Noise far below the spacing, far states, far data, error without noise and, where asked for, many dimensions."""
    rng = np.random.default_rng(1)
    points, draw = rng.normal(size=(4, 3)), rng.normal(size=3)
    close = points.copy()
    close[1:3] = close[0] + 1e-6 * rng.normal(size=(2, 3))  # three that compete at a noise of 1e-6
    wide, place = rng.normal(size=(5, 12)), rng.normal(size=12)
    found = [
        (close, close[0] + 1e-6 * draw, 1e-6, 0.0),
        (close, close[0] + 1e-6 * draw, 1e-7, 1e-6),
        (close, close[0] + 1e-6 * draw, 1e-6, 3e-7),
        (points, 1e3 * draw, 30.0, 0.0),
        (points, 1e3 * draw, 20.0, 30.0),
        (points + 1e6, draw + 1e6, 0.7, 0.3),
        (points, draw, 0.0, 0.4),
        (points, draw, 1e-9, 0.4),
        (points, draw, 1e4, 0.4),
    ]
    return found + [(wide, place, 2.0, 0.0), (wide, place, 1.0, 1.5)] * many
