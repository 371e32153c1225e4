"""Tables of denoisers and manifolds: a new one, added here, inherits every test."""

from theory import Circle, EmpiricalDenoiser, ErrorProneDenoiser, FlatTorus, GuidedDenoiser

WEIGHTS = [1.0, 0.5, 2.0, 0.0, 1.0, 3.0]

# Name: constructor from six points and the model error, which is a length like the points.
WITH_DENSITY = {
    "optimal": lambda points, error: EmpiricalDenoiser(points),
    "error-prone": lambda points, error: ErrorProneDenoiser(points, error),
    "weighted": lambda points, error: ErrorProneDenoiser(points, error, WEIGHTS),
}
DENOISERS = WITH_DENSITY | {
    "guided": lambda points, error: GuidedDenoiser(
        ErrorProneDenoiser(points, error), ErrorProneDenoiser(points, 1.5 * error), 0.7
    ),
    "guided by a plain callable": lambda points, error: GuidedDenoiser(
        EmpiricalDenoiser(points), lambda x, sigma: EmpiricalDenoiser(points)(x, 1.2 * sigma), 0.5
    ),
}
# The constructors whose field depends on the error, so that error > 0 makes sigma = 0 valid.
WITH_ERROR = ("error-prone", "weighted", "guided")

# Name: constructor from a radius, and numbers of points that an even arrangement can have.
MANIFOLDS = {
    "circle": (Circle, (4, 9)),
    "torus of one circle": (lambda radius: FlatTorus(radius, 1), (4, 9)),
    "torus of two circles": (lambda radius: FlatTorus(radius, 2), (4, 9)),
}
