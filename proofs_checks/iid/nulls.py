"""The null of the memorization ratio: what perfect samples give beside independent, even and lattice points."""

import mpmath
import sympy as sp

from proofs_checks.entry import Entry, Status, random_inputs
from proofs_checks.evidence import equal, true
from proofs_checks.iid.inference import k, samples, t, x
from theory import metrics

third_rule_null = Entry(
    "third-rule-null",
    "Memorization ratio at threshold 1/3 of perfect samples: 3^-k beside independent points, 1/2 beside even points on a "
    "curve, .21035 on the square lattice; with model error, projected on the comb, 1/2 + (2/pi) sum q^(m^2) sin(pi m/2)/m.",
    simulations=("phase_diagram", "flow_field"),
)


@third_rule_null.step(
    Status.PROVED,
    "any n, k and threshold tau: the nearest point is uniform in the ball of the second nearest",
    claim=lambda tau: tau**k,
    wrong={"one dimension": lambda tau: tau, "k - 1": lambda tau: tau ** (k - 1), "2 k": lambda tau: tau ** (2 * k)},
)
def beside_independent_points(claim):
    tau, first, second = sp.symbols("tau a b", positive=True)
    # shares of the volume inside the nearest and the second nearest: n (n - 1) (1 - b)^(n - 2) on 0 < a < b < 1
    more = sp.Symbol("j", integer=True, nonnegative=True)  # n - 2
    density = (more + 2) * (more + 1) * (1 - second) ** more
    inside = sp.integrate(density, (first, 0, tau**k * second))  # distances below the ratio tau: volumes below tau^k
    chance = sp.integrate(inside.subs(second, 1 - t), (t, 0, 1))
    whole = sp.integrate(sp.integrate(density, (first, 0, second)).subs(second, 1 - t), (t, 0, 1))
    equal(whole, 1)
    equal(chance, claim(tau))


@third_rule_null.step(
    Status.PROVED,
    "the square lattice, in closed form: eight pieces of a disc of Apollonius",
    claim=(sp.Rational(9, 4) * sp.pi + sp.Rational(1, 2) - sp.sqrt(17) / 2 - 9 * sp.asin(1 / (3 * sp.sqrt(2)))) / 16,
    wrong={
        "3^-2": sp.Rational(1, 9),
        "the square of 1/2": sp.Rational(1, 4),
        "the disc about the point": sp.pi / 16,
    },
)
def on_the_square_lattice(claim):
    r, phi, w = sp.symbols("r phi w", positive=True)
    # in the octant 0 < y < x the second nearest is (1, 0): 9 r^2 = 1 - 2 r cos(phi) + r^2
    cosine = sp.Symbol("C", positive=True)
    edge = [e for e in sp.solve(8 * r**2 + 2 * r * cosine - 1, r) if e.subs(cosine, 1) > 0]
    equal(edge[0], (sp.sqrt(cosine**2 + 8) - cosine) / 8)
    true((edge[0] * cosine).subs(cosine, 1) < sp.Rational(1, 2), "the disc stays inside the cell")
    # edge^2 = (2 C^2 + 8 - 2 C sqrt(C^2 + 8))/64; in the last term w = sin(phi), C^2 = 1 - w^2
    equal(sp.expand(edge[0] ** 2), (2 * cosine**2 + 8 - 2 * cosine * sp.sqrt(cosine**2 + 8)) / 64)
    even = sp.integrate(2 * sp.cos(phi) ** 2 + 8, (phi, 0, sp.pi / 4))
    root = sp.integrate(2 * sp.sqrt(9 - w**2), (w, 0, 1 / sp.sqrt(2)))
    equal(8 * (even - root) / 64 / 2, claim)


@third_rule_null.step(
    Status.PROVED,
    "the comb, any error: waves of the density of a cell over the points within d/4 of a training point",
    claim=lambda q, m: 2 / sp.pi * q ** (m**2) * sp.sin(sp.pi * m / 2) / m,
    wrong={
        "1/pi": lambda q, m: q ** (m**2) * sp.sin(sp.pi * m / 2) / m / sp.pi,
        "q^m": lambda q, m: 2 / sp.pi * q**m * sp.sin(sp.pi * m / 2) / m,
        "within d/3": lambda q, m: 2 / sp.pi * q ** (m**2) * sp.sin(2 * sp.pi * m / 3) / m,
    },
)
def with_model_error(claim):
    d, q, order = (
        sp.Symbol("d", positive=True),
        sp.Symbol("q", positive=True),
        sp.Symbol("m", integer=True, positive=True),
    )
    # u < (d - u)/3 within half a cell
    place = sp.solve(3 * x - (d - x), x)[0]
    equal(place, d / 4)
    equal(sp.integrate(1 / d, (x, -place, place)), sp.Rational(1, 2))
    wave = 2 * q ** (order**2) * sp.cos(2 * sp.pi * order * x / d) / d  # of theta_3(pi x/d, q)/d
    equal(sp.integrate(wave, (x, -place, place)), claim(q, order))


third_rule_null.ships("theory.laws.memorization_ratio_null", lambda dim: mpmath.mpf(1) / 3**dim, [(1,), (2,), (5,)])


def _ratio_on_comb(error, spacing):
    """Mass of Gaussians within d/4 of any point of the comb, by the point that they come from."""
    if error == 0:
        return mpmath.mpf(1)
    scale = mpmath.sqrt(2) * error / spacing
    cells = range(-60, 61)
    return mpmath.fsum(mpmath.erf((j + 0.25) / scale) - mpmath.erf((j - 0.25) / scale) for j in cells) / 2


third_rule_null.ships(
    "theory.laws.memorization_ratio_even",
    _ratio_on_comb,
    [
        (0.0, 1.0),
        (0.5, 2.0),
        (0.2501, 1.0),
        (0.2499, 1.0),
        *random_inputs(5, 10, error=(0.01, 2.0), spacing=(0.5, 2.0)),
    ],
)


def _ratio(x, train, threshold):
    def recalls(one):
        squares = sorted(sum((a - b) ** 2 for a, b in zip(one, y)) for y in train)
        return squares[0] < threshold**2 * squares[1]

    return mpmath.mpf(sum(map(recalls, x))) / len(x)


third_rule_null.ships(
    "theory.metrics.memorization_ratio",
    _ratio,
    [(samples(6, 60), samples(7, 9), 1 / 3), (samples(8, 60, 3), samples(9, 9, 3), 0.6)],
    call=lambda x, train, threshold: metrics.memorization_ratio(x, train, threshold),
)
