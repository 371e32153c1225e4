"""What is claimed under one label: the steps that show it, and the functions of `theory` that compute it."""

import enum
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mpmath
import numpy as np

from proofs_checks.evidence import DIGITS, Disproved


class Status(enum.StrEnum):
    """How a claim is shown, from strongest to weakest."""

    PROVED = "proved"
    """By sympy, in general symbols."""
    CHECKED = "checked"
    """By sympy or exact arithmetic at fixed n, D or order, which the step names."""
    NUMERIC = "numeric"
    """By mpmath or quadrature to a stated number of digits, or by sampling within a stated error."""
    OPEN = "open"
    """Not shown."""


@dataclass(frozen=True, eq=False)
class Step:
    """One claim and its proof. ``prove(claim)`` raises `Disproved` for a false claim, as it must for each wrong variant."""

    name: str
    status: Status
    shown: str
    claim: Any
    wrong: Mapping[str, Any]
    prove: Callable[[Any], None]


@dataclass(frozen=True, eq=False)
class Comparison:
    """A function of `theory` against an oracle in mpmath, to the stated relative and absolute error."""

    function: str
    oracle: Callable[..., Any]
    inputs: Sequence[tuple]
    rtol: float
    atol: float
    call: Callable[..., Any]

    def expected(self) -> list[np.ndarray]:
        """What the oracle says at each input, with 50 digits inside."""
        with mpmath.workdps(DIGITS):
            return [_to_float(self.oracle(*map(_exact, case))) for case in self.inputs]

    def check(self, expected: Sequence[np.ndarray] | None = None) -> float:
        """Largest error found, in units of the allowed one; raises `Disproved` where it is above 1."""
        worst = 0.0
        for case, right in zip(self.inputs, self.expected() if expected is None else expected, strict=True):
            found = np.asarray(self.call(*case), np.float64)
            if found.shape != right.shape:
                raise Disproved(f"{self.function}{case} has shape {found.shape}, the oracle {right.shape}")
            with np.errstate(divide="ignore", invalid="ignore"):  # an exact zero, of which nothing is allowed
                error = np.where(found == right, 0.0, np.abs(found - right) / (self.rtol * np.abs(right) + self.atol))
            if not np.all(error <= 1):
                raise Disproved(f"{self.function}{case} is {found}, the oracle says {right}")
            worst = max(worst, float(np.max(error, initial=0.0)))
        return worst


@dataclass(frozen=True, eq=False)
class Entry:
    """A label, with one sentence of what it says, the experiments that show it, and, added below it, steps and functions."""

    label: str
    statement: str
    simulations: Sequence[str] = ()
    steps: list[Step] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """That of the weakest step."""
        order = list(Status)
        return max((step.status for step in self.steps), key=order.index, default=Status.OPEN)

    @property
    def functions(self) -> list[str]:
        """Dotted names of the functions of `theory` that compute it."""
        return list(dict.fromkeys(comparison.function for comparison in self.comparisons))

    def step(self, status: Status, shown: str, *, claim: Any, wrong: Mapping[str, Any]):
        """Decorator of ``prove(claim)``. wrong: by what is wrong in it, claims that the proof must refute."""
        if not wrong:
            raise ValueError(f"a step of {self.label} must have at least one wrong variant, to show that it can fail")

        def add(prove):
            self.steps.append(Step(prove.__name__, status, shown, claim, dict(wrong), prove))
            return prove

        return add

    def ships(
        self,
        function: str,
        oracle: Callable[..., Any],
        inputs: Sequence[tuple],
        *,
        rtol: float = 1e-13,
        atol: float = 0.0,
        call: Callable[..., Any] | None = None,
    ) -> None:
        """The function of that dotted name computes it: it agrees with ``oracle(*input)`` in mpmath at each of the inputs.

        ``call(*input)`` says how the function is called where it is not by position (a denoiser, a metric).
        """
        call = call or (lambda *arguments: resolve(function)(*arguments))
        self.comparisons.append(Comparison(function, oracle, list(inputs), rtol, atol, call))


def resolve(name: str) -> Any:
    """The object of a dotted name: a module, its attribute, or an attribute of that (a method)."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ValueError(f"{name} is no dotted name of an object")


def random_inputs(seed: int, count: int, **ranges: Any) -> list[tuple]:
    """Tuples of arguments: a pair (low, high) is drawn log-uniformly, or uniformly where low <= 0; else a choice of a list."""
    rng = np.random.default_rng(seed)

    def draw(spread):
        if isinstance(spread, list):
            return spread[int(rng.integers(len(spread)))]
        low, high = spread
        return float(np.exp(rng.uniform(np.log(low), np.log(high))) if low > 0 else rng.uniform(low, high))

    return [tuple(draw(spread) for spread in ranges.values()) for _ in range(count)]


def _exact(value):
    """Floats as mpf, arrays as nested lists of mpf; anything else (whole numbers, words, callables) as it is."""
    if isinstance(value, float):
        return mpmath.mpf(value)
    if isinstance(value, np.ndarray):
        return [_exact(item) for item in value] if value.ndim else _exact(float(value))
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value


def _to_float(value) -> np.ndarray:
    if isinstance(value, mpmath.matrix):
        value = value.tolist()
    return np.asarray(value, dtype=object).astype(np.float64)
