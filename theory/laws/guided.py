"""Laws of autoguidance, D_w = D + w (D - D_guide) with a guide of larger error [guidance]."""

from theory.laws._arguments import arguments
from theory.laws.even import gap_even_leading
from theory.laws.general import require_dims


def relative_gap_guided(sigma, error, guide_error, weight, spacing, dim: int = 1, ambient_dim: int = 2):
    """Gap over training error, as `relative_gap_even`, of D_w = D + w (D - D_guide), leading order [guidance], [gap-lattice].

    Autoguidance of an even or square-lattice model by one of the error ``guide_error``. The gap is linear in the field to
    this order, (1 + w) G(error) - w G(guide_error), half of it above and half below the error of a smooth manifold; so is
    the field normal to the manifold, exactly. weight at least 0; good for q(s) well below 1 and a weight of a few.
    """
    dim, ambient_dim = require_dims(dim, ambient_dim)
    _, error, guide_error, weight, sigma, spacing = arguments(
        nonnegative={"error": error, "guide_error": guide_error, "weight": weight},
        positive={"sigma": sigma, "spacing": spacing},
    )
    gaps, normals = (
        [of(each) for each in (error, guide_error)]
        for of in (lambda e: dim * gap_even_leading(sigma, e, spacing), lambda e: e**2 / (sigma**2 + e**2))
    )
    gap, normal = ((1 + weight) * own - weight * other for own, other in (gaps, normals))
    return gap / (dim * sigma**2 + (ambient_dim - dim) * (sigma * normal) ** 2 - gap / 2)


def guided_spread_one_point(error, guide_error, weight):
    """Scatter of end points about a single training point, error (error/guide_error)^w in each dimension [guidance].

    With r = x - y and the gain g(sigma) = (1 + w) delta^2/s^2 - w delta'^2/s'^2, delta' the error of the guide, D_w = y + g r
    and d ln r/d ln sigma = 1 - g along the flow, from starts at large noise. weight at least 0; errors positive lengths.
    """
    _, weight, error, guide_error = arguments(
        nonnegative={"weight": weight}, positive={"error": error, "guide_error": guide_error}
    )
    return error * (error / guide_error) ** weight


def relative_gap_guided_one_point(sigma, error, guide_error, weight, distance, ambient_dim: int = 2):
    """Relative gap, squared norm, of a single training point and a validation point at a distance from it [guidance].

    E|D_w - y|^2 = D g^2 sigma^2, g as in `guided_spread_one_point`, and (1 - g)^2 distance^2 more at the validation point. It
    diverges where g crosses zero: there every noisy state is sent to the training point itself.
    """
    dim, _ = require_dims(ambient_dim, ambient_dim)
    _, error, guide_error, weight, distance, sigma = arguments(
        nonnegative={"error": error, "guide_error": guide_error, "weight": weight, "distance": distance},
        positive={"sigma": sigma},
    )
    own, other = (1 / (sigma**2 + each**2) for each in (error, guide_error))
    gain = (1 + weight) * error**2 * own - weight * guide_error**2 * other
    # 1 - g over sigma, without its cancellation at small noise
    loss = sigma * ((1 + weight) * own - weight * other)
    return (loss * distance / gain) ** 2 / dim
