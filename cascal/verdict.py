"""Is routing worth it here? With gold answers a paired gain, without them a traffic light.

See docs/method.md § 11. Either says "do not route" as readily as "route".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cascal.constant import WORDS, Constant, choose_constant, join_constants
from cascal.datatypes import Embeddings, FloatArray, IntArray, NotApplicable, Votes
from cascal.draws import random_places, stratified_halves
from cascal.evaluate import Evaluation
from cascal.fit import Fit, fit
from cascal.intervals import Estimate
from cascal.settings import FitSettings, Thresholds

Decision = Literal["route", "do not route", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """Whether routing is worth it, in one sentence; `constant` is what it is compared with."""

    light: Decision
    sentence: str
    gain: Estimate
    constant: Constant


def verdict(result: Evaluation, constant: Constant | None = None) -> Verdict:
    """Compare the router's first model with always asking one model, on the same gold queries.

    `constant` is that model; without it the most accurate on these very queries. "route" only if
    the lower bound of the paired gain is above 0, "do not route" if the upper bound is below 0.
    """
    chosen = constant or choose_constant(result.models, result=result)
    return decide(result.gain_over(chosen.model), chosen)


def decide(gain: Estimate, constant: Constant) -> Verdict:
    """The verdict for a paired gain over always asking one model."""
    against = f"always asking {constant.words}"
    points = f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    if gain.low > 0:
        return Verdict("route", f"Routing pays here: {points} over {against}.", gain, constant)
    if gain.high < 0:
        return Verdict(
            "do not route", f"Do not route here: {points} against {against}.", gain, constant
        )
    return Verdict(
        "undecided", f"No proof that routing pays here: {points} against {against}.", gain, constant
    )


ONE_SIDED = 1.64
"""Standard errors below the mean: a one-sided bound of 95 %."""
MIN_LIGHT_QUERIES = 40
"""With fewer training queries a half of them holds too little to learn routes from."""
TRUST = (
    "Measured on 296 pools and splits of real responses, this light was right in 108 of 131 cases "
    "when it said no and in 103 of 165 when it said yes. It is no estimate of accuracy: it knows "
    "the noise of sampling, not the bias of the consensus."
)
"""How far the label-free light can be trusted (docs/method.md § 11)."""


@dataclass(frozen=True, kw_only=True)
class Light:
    """The label-free traffic light.

    mean, standard_error, bound : of the cross-fitted gain, in the preset's own consensus score;
    bound = mean − 1.64 · standard error; n queries; constant: the model that either half likes
    best, two names where they differ. Not an accuracy and not its interval.
    """

    light: Literal["route", "do not route"]
    mean: float
    standard_error: float
    bound: float
    n: int
    score: str
    constant: str

    @property
    def sentence(self) -> str:
        """What the light says and by which number."""
        says = "Routing looks worth it" if self.light == "route" else "Better not route"
        return (
            f"{says}: learnt on one half of the queries and measured on the other, the router's "
            f"choice gains {self.mean:+.4f} in consensus score ({self.score}) over always asking "
            f"{self.constant}, {WORDS['consensus']}, lower bound {self.bound:+.4f}."
        )


def halves(query_ids: tuple[str, ...], tasks: tuple[str, ...], seed: int) -> IntArray:
    """(Q,) 0 or 1: every task is split in two at random, by query id and not by row order."""
    return stratified_halves(tasks, random_places(query_ids, seed))


def cross_fitted_gains(fits: tuple[Fit, Fit], thresholds: Thresholds) -> FloatArray:
    """(Q,) C[chosen] − C[best constant] of the queries of either fit, routed by the other.

    The constant is the best overall model of the fit that routes; C is the score of the fit that
    is measured, so that no query's own votes choose its route. nan scores count as 0.
    """
    gains = []
    for learnt, measured in (fits, fits[::-1]):
        router = learnt.router(thresholds)
        scores = np.nan_to_num(measured.consensus, nan=0.0)
        vectors = Embeddings(measured.query_ids, measured.caller_vectors, measured.encoder)
        chosen = router.route(vectors).selected[:, 0]
        rows = np.arange(len(scores))
        gains.append(scores[rows, chosen] - scores[:, router.best_overall])
    return np.concatenate(gains)


def half_fits(
    votes: Votes,
    vectors: Embeddings,
    settings: FitSettings,
    *,
    seed: int = 0,
    costs: FloatArray | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[Fit, Fit]:
    """Fits on two random halves of the training queries; thresholds may then move freely."""
    if len(votes.query_ids) < MIN_LIGHT_QUERIES or len(votes.models) < 2:
        raise NotApplicable(
            f"{len(votes.query_ids)} training queries and {len(votes.models)} models are too few "
            f"for a verdict without labels: at least {MIN_LIGHT_QUERIES} and 2 are needed.",
            code="too-little-data",
        )
    half = halves(votes.query_ids, votes.tasks, seed)
    made = []
    for part in (0, 1):
        if progress is not None:
            progress(part / 2, "Estimating skills on one half of the queries")
        rows = np.flatnonzero(half == part)
        of_part = votes.take(rows)
        made.append(fit(of_part, vectors.take(of_part.query_ids), settings, costs=costs))
    return made[0], made[1]


def traffic_light(fits: tuple[Fit, Fit], thresholds: Thresholds | None = None) -> Light:
    """The verdict without labels: two-fold cross-fit inside the training queries.

    Routes are learnt on one half; on the other the mean of C[chosen] − C[best constant], its
    standard error and the bound mean − 1.64·se. "route" if the bound is above 0, else "do not
    route": doubt counts as no.
    """
    chosen = thresholds or Thresholds()
    gains = cross_fitted_gains(fits, chosen)
    mean = float(gains.mean())
    error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    bound = mean - ONE_SIDED * error
    light: Literal["route", "do not route"] = "route" if bound > 0 else "do not route"
    return Light(
        light=light,
        mean=mean,
        standard_error=error,
        bound=bound,
        n=len(gains),
        score=fits[0].settings.consensus,
        constant=_constant(fits, chosen),
    )


def _constant(fits: tuple[Fit, Fit], thresholds: Thresholds) -> str:
    """Whom either half would always ask."""
    best = [(half.models, half.router(thresholds).best_overall) for half in fits]
    made = [choose_constant(models, by_consensus=model) for models, model in best]
    return join_constants(made).name
