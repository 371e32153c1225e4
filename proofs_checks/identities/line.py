"""Points on a line, smoothed, in mpmath: what oracles and numerical steps of several chapters integrate."""

import mpmath


def density(points, weights, x, s):
    """sum_i w_i N(x; y_i, s^2)."""
    return sum(w * mpmath.npdf(x, y, s) for w, y in zip(weights, points))


def mass_below(points, x, s):
    """Distribution function at x of equally weighted points smoothed with s."""
    return sum(mpmath.erfc((y - x) / (s * mpmath.sqrt(2))) for y in points) / (2 * len(points))


def quantile(points, mass, s, start):
    """The x with that mass below, by Newton's rule within a bracket that keeps halving."""
    low, high = min(points) - 40 * s - 1, max(points) + 40 * s + 1
    x, weights = start, [mpmath.mpf(1) / len(points)] * len(points)
    for _ in range(200):
        excess = mass_below(points, x, s) - mass
        low, high = (low, x) if excess > 0 else (x, high)
        step = excess / density(points, weights, x, s)
        following = x - step if low < x - step < high else (low + high) / 2
        if abs(following - x) < mpmath.mpf(10) ** (-mpmath.mp.dps + 8) * (high - low + abs(x)):
            return following
        x = following
    raise ArithmeticError(f"no quantile of {mass} found")


def trapezoid(integrand, low, high, count: int):
    """Integral by the trapezoidal rule, geometrically accurate for what is analytic and vanishes at both ends."""
    step = (high - low) / mpmath.mpf(count)
    return step * mpmath.fsum(integrand(low + j * step) for j in range(1, count))


def noise_mean(function, count: int = 800, reach: int = 15):
    """E f(eps), eps ~ N(0, 1)."""
    return trapezoid(lambda e: function(e) * mpmath.npdf(e), -mpmath.mpf(reach), mpmath.mpf(reach), count)
