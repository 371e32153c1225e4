"""Tables of denoisers and manifolds: a new one, added here, inherits every test."""

import numpy as np

from tests.theory.charts import (
    Case,
    arc_chord,
    cube_chart,
    flatten_cube,
    flatten_roll,
    flatten_sphere,
    flatten_torus,
    roll_chart,
    sphere_chart,
    straight,
    torus_chart,
)
from tests.theory.mixtures import LABELS, WEIGHTS, DenoiserCase, blobs, cloud, growing, mixture, smoothed, unsmoothed
from theory import (
    Circle,
    ConditionalDenoiser,
    EmpiricalDenoiser,
    ErrorProneDenoiser,
    FlatTorus,
    GaussianDenoiser,
    GuidedDenoiser,
    ScheduledErrorDenoiser,
)
from theory.manifolds import LinearSubspace, Segment, Sphere, SwissRoll

DENOISERS = {
    "optimal": DenoiserCase(lambda points, error: EmpiricalDenoiser(points), unsmoothed, uses_error=False, hull=True),
    "error-prone": DenoiserCase(lambda points, error: ErrorProneDenoiser(points, error), smoothed(), hull=True),
    "weighted": DenoiserCase(
        lambda points, error: ErrorProneDenoiser(points, error, WEIGHTS), smoothed(WEIGHTS), hull=True, ordered=True
    ),
    "scheduled": DenoiserCase(
        lambda points, error: ScheduledErrorDenoiser(points, growing(error)),
        smoothed(schedule=lambda error, sigma: growing(error)(sigma)),
        hull=True,
    ),
    "given a label": DenoiserCase(
        lambda points, error: ConditionalDenoiser(points, LABELS, error).given(1),
        smoothed(np.equal(LABELS, 1)),
        hull=True,
        ordered=True,
    ),
    "mixture": DenoiserCase(lambda points, error: mixture(blobs(points, error)), blobs, ordered=True),
    "Gaussian": DenoiserCase(
        lambda points, error: GaussianDenoiser(cloud(points, error)[1][0], cloud(points, error)[2]), cloud
    ),
    "guided": DenoiserCase(
        lambda points, error: GuidedDenoiser(
            ErrorProneDenoiser(points, error), ErrorProneDenoiser(points, 1.5 * error), 0.7
        ),
        mean=lambda points: points.mean(axis=0),
    ),
    "guided by a plain callable": DenoiserCase(
        lambda points, error: GuidedDenoiser(
            EmpiricalDenoiser(points), lambda x, sigma: EmpiricalDenoiser(points)(x, 1.2 * sigma), 0.5
        ),
        mean=lambda points: points.mean(axis=0),
        uses_error=False,
    ),
    "classifier-free": DenoiserCase(
        lambda points, error: ConditionalDenoiser(points, LABELS, error).guided(1, 0.5),
        mean=lambda points: 1.5 * points[np.equal(LABELS, 1)].mean(axis=0) - 0.5 * points.mean(axis=0),
        ordered=True,
    ),
}
WITH_DENSITY = [name for name, case in DENOISERS.items() if case.data is not None]


# Name: how to build it from a radius, and what its tests need to know of it.
MANIFOLDS = {
    "circle": Case(Circle, torus_chart, flatten_torus, chord=arc_chord),
    "torus": Case(lambda radius: FlatTorus(radius, 2), torus_chart, flatten_torus, chord=arc_chord),
    "sphere of dimension one": Case(lambda radius: Sphere(radius, 1), sphere_chart, flatten_sphere, chord=arc_chord),
    "sphere": Case(lambda radius: Sphere(radius, 2), sphere_chart, flatten_sphere, unevenness=0.1),
    "sphere of dimension three": Case(lambda radius: Sphere(radius, 3), sphere_chart, flatten_sphere, even=False),
    "segment": Case(Segment, cube_chart(1, 2), flatten_cube(1), chord=straight),
    "square in space": Case(
        lambda length: LinearSubspace(length, 2, 3), cube_chart(2, 3), flatten_cube(2), chord=straight
    ),
    "Swiss roll": Case(lambda radius: SwissRoll(radius, 1.4 * radius), roll_chart(1.4, 2), flatten_roll(1.4, 2)),
}
