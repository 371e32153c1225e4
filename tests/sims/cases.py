"""Every sim with a configuration that is small enough for tests: a new sim, added here, inherits every test."""

SMALL = {
    "phase_diagram": {
        "points": (4, 9),
        "errors": (0.1, 0.2, 0.4, 0.8),
        "noises": (0.1, 0.2, 0.4, 0.8),
        "replicates": 3,
        "trajectories": 300,
        "draws": 60,
        "seed": 7,
    },
}
MANIFOLDS = {"phase_diagram": ("circle", "torus", "digits")}
