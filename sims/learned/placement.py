"""Where a network sits among the exact models: which model error its gap, its samples and its field correspond to."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sims.estimates import flat, with_errors
from sims.gaps import squared
from sims.learned.measure import TOLERANCE, Member
from sims.store import Variable
from theory import EmpiricalDenoiser, FlatTorusDenoiser, GaussianDenoiser, probability_flow
from theory.metrics import (
    Estimate,
    GapEstimate,
    denoiser_distance,
    effective_error,
    gap_equivalent_error,
    linearity_score,
    memorization_ratio_estimate,
    order_parameter_estimate,
)

PARTS = ("effective", "tangential", "normal")
_ERRORS = np.geomspace(2.0, 0.01, 40)  # of exact models, in spacings, among which the sample-equivalent one is sought
_STATES = 512  # noisy points at which fields are compared, of training points at least four each
_QUANTILE = 1.96


@dataclasses.dataclass(frozen=True)
class Place:
    """What the networks of one training set are placed by.

    exact: how much the samples of exact models recall, and its standard error, or None. others: reference denoisers by name.
    """

    member: Member
    placement: str
    key: Any
    fresh: Any
    tangents: Any
    others: dict[str, Any]
    exact: tuple[np.ndarray, float] | None

    @classmethod
    def prepare(cls, member: Member, placement: str, start: float, starts, key) -> "Place":
        train, manifold = member.train, member.people.manifold
        gaussian = GaussianDenoiser(train.mean(axis=0), jnp.cov(train.T, bias=True))
        others = {"memorizer": EmpiricalDenoiser(train), "gaussian": gaussian}
        tangents = exact = None
        if manifold is not None:
            others["truth"] = FlatTorusDenoiser(manifold)
            tangents = jax.vmap(jax.jacfwd(manifold.embed))(manifold.angles(train)) / manifold.radius
            exact = recall_of_exact_models(member, placement, start, starts)
        fresh = member.people.fresh(jax.random.fold_in(key, 0), _STATES)
        return cls(member, placement, key, fresh, tangents, others, exact)

    def measure(self, denoiser, samples, gaps: dict) -> dict:
        """The variables of one network, by name; gaps: as its `Member` measured them."""
        found = self.of_gap(gaps) | self.of_field(denoiser) | flat(self.distances(denoiser, self.others))
        if self.exact is None:
            return found
        return found | {
            "sample_equivalent": sample_equivalent(recall(self.member, self.placement, samples), *self.exact)
        }

    def of_gap(self, gaps: dict) -> dict:
        """The gap-equivalent error at each noise, in spacings [gap-equivalent-error]."""
        member, gap = self.member, squared({name: gaps[name] for name in ("gap", "gap_error")})
        placed = gap_equivalent_error(
            GapEstimate(gap["gap"], gap["gap_error"]),
            member.train,
            member.validation,
            member.noises,
            noise=member.noise,
            norm="squared",
        )
        return {"gap_equivalent": _sides(placed) / member.length, "gap_equivalent_flag": placed.flag}

    def of_field(self, denoiser) -> dict:
        """The effective errors at each noise, in spacings [effective-error], and the linearity score [linearity]."""
        member, draws = self.member, max(4, -(-_STATES // len(self.member.train)))
        whole = effective_error(
            denoiser, member.train, member.noises, key=self.key, draws=draws, tangents=self.tangents
        )
        found = dict(zip(PARTS, (whole, whole.tangential, whole.normal)))
        return {
            name: value
            for part, each in found.items()
            if each is not None
            for name, value in {
                part: _sides(each) / member.length,
                f"{part}_residual": each.residual / member.length,
                f"{part}_flag": each.flag,
            }.items()
        } | flat({"linearity": self.linearity(denoiser)})

    def linearity(self, denoiser) -> Estimate:
        pairs = 256 if self.member.people.manifold is None else 1024  # networks of images are slow
        score = linearity_score(denoiser, self.member.train, self.member.noises, key=self.key, pairs=pairs)
        return Estimate(score.score, score.standard_error)

    def distances(self, denoiser, others, name: str = "distance") -> dict[str, Estimate]:
        """Distances from the other denoisers at noisy true points, in spacings."""
        draws, length = 1 if self.member.people.manifold is None else 4, self.member.length
        found = {
            other: denoiser_distance(denoiser, reference, self.fresh, self.member.noises, key=self.key, draws=draws)
            for other, reference in others.items()
        }
        return {
            f"{name}_{other}": Estimate(each.value / length, each.standard_error / length)
            for other, each in found.items()
        }

    def nulls(self) -> dict:
        """The linearity of the reference denoisers, and the distances of the memorizer from the others."""
        rest = dict(self.others)
        memorizer = rest.pop("memorizer")
        return flat(
            {f"linearity_{name}": self.linearity(other) for name, other in self.others.items() if name != "gaussian"}
            | self.distances(memorizer, rest, "memorizer_distance")
        )


def variables(on_manifold: bool, member: tuple[str, ...]) -> dict[str, Variable]:
    """What a `Place` finds; dimensions as in `sims.learned.measure.variables`."""
    cell, unit = (*member, "step"), "d" if on_manifold else "pixel range"
    others = {"memorizer": "exact recall", "gaussian": "the Gaussian denoiser of the training points' moments"}
    if on_manifold:
        others["truth"] = "the denoiser of the uniform manifold"
    estimates = {"linearity": Variable((*cell, "noise"), "1", "linearity score (of linear fields 1)")}
    plain = {
        "gap_equivalent": Variable((*cell, "noise", "side"), unit, "model error of the same gap, 95% interval"),
        "gap_equivalent_flag": Variable((*cell, "noise"), "1", "GapFlag of the gap-equivalent error (0 found)"),
    }
    for part in PARTS if on_manifold else PARTS[:1]:
        about = "" if part == "effective" else f", {part} components"
        plain |= {
            part: Variable((*cell, "noise", "side"), unit, f"model error of the nearest field{about}, 95% interval"),
            f"{part}_residual": Variable((*cell, "noise"), unit, f"r.m.s. distance from that field{about}"),
            f"{part}_flag": Variable((*cell, "noise"), "1", f"FitFlag of that error{about} (0 fitted)"),
        }
    for name, text in others.items():
        estimates[f"distance_{name}"] = Variable((*cell, "noise"), unit, f"r.m.s. distance from {text}")
        if name != "memorizer":
            estimates[f"memorizer_distance_{name}"] = Variable(
                (*member, "noise"), unit, f"r.m.s. distance of exact recall from {text}"
            )
        if name != "gaussian":
            estimates[f"linearity_{name}"] = Variable((*member, "noise"), "1", f"linearity score of {text}")
    if on_manifold:
        plain["sample_equivalent"] = Variable(
            (*cell, "side"), unit, "model error whose samples recall as much, 95% interval"
        )
    return with_errors(estimates) | plain


def recall(member: Member, placement: str, samples) -> Estimate:
    """How much of the training set samples recall, which the sample-equivalent error equates.

    The order parameter of even points, else the memorization ratio of the projected samples.
    """
    if placement == "even":
        return order_parameter_estimate(samples, len(member.train))
    manifold = member.people.manifold
    return memorization_ratio_estimate(samples if manifold is None else manifold.project(samples), member.train)


def recall_of_exact_models(member: Member, placement: str, start: float, starts) -> tuple[np.ndarray, float]:
    """How much the samples of the error-prone models recall, rising as the errors `_ERRORS` fall, and its standard error.

    They come from one flow of the optimal denoiser, stopped at s = error [early-stopping].
    """
    errors = member.length * _ERRORS
    path = probability_flow(
        EmpiricalDenoiser(member.train),
        starts,
        sigma_max=start,
        sigma_min=float(errors[-1]),
        save_at=errors,
        rtol=TOLERANCE,
        atol=TOLERANCE,
    ).path
    exact = [recall(member, placement, states) for states in path]  # pyright: ignore[reportOptionalIterable]
    values = np.maximum.accumulate([float(each.value) for each in exact])
    return values, float(np.max([each.standard_error for each in exact]))


def sample_equivalent(recall: Estimate, exact: np.ndarray, spread: float) -> np.ndarray:
    """Model error, in spacings, whose samples recall as much, with the ends of its 95% interval; infinity for perfect samples.

    exact, spread: as from `recall_of_exact_models`; both sides are sampled.
    """
    width = _QUANTILE * np.hypot(float(recall.standard_error), spread)
    wanted = float(recall.value) + width * np.array([0.0, 1.0, -1.0])
    found = np.exp(np.interp(wanted, exact + 1e-12 * np.arange(len(exact)), np.log(_ERRORS)))
    return np.select([wanted >= exact[-1], wanted <= exact[0]], [0.0, np.inf], found)


def _sides(fit):
    """Value and both ends of the interval ``(levels, 3)``."""
    return jnp.concatenate([fit.error[:, None], fit.interval], axis=1)
