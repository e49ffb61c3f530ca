"""The light without labels: do the models agree that the router beats the model they like best?

That is another question than whether routing pays, which only gold answers can tell (docs/trust.md
has how often the light was right). It is "unsure" where something makes the agreement doubtful.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cascal.datatypes import Embeddings, FloatArray, IntArray, NotApplicable, Votes
from cascal.doubts import Doubt
from cascal.draws import random_places, stratified_halves
from cascal.fit import Fit, fit
from cascal.number_format import counted, decimal
from cascal.settings import FitSettings, Thresholds

State = Literal["agree", "unsure", "disagree"]
QUESTION = "Do the models agree that the router beats the model they like best?"
HEADLINES: dict[State, str] = {
    "agree": "The models agree that the router beats the model they like best",
    "unsure": "Unsure: the models' agreement is not to be trusted here",
    "disagree": "The models do not agree that the router beats the model they like best",
}
"""What each state means, in one line."""
ONE_SIDED = 1.64
"""Standard errors below the mean: a one-sided bound of 95 %."""
MIN_LIGHT_QUERIES = 40
"""With fewer training queries a half of them holds too little to learn routes from."""
UNIT = "mean consensus score between 0 and 1; not accuracy"
"""Of the numbers behind the light; 'released' and 'paper' have scores of other ranges."""


@dataclass(frozen=True, kw_only=True)
class TrackRecord:
    """How often the light was right about the router's gain over one kind of model.

    agree, disagree : how often it was right, and how often it said so; auc of its bound
    """

    against: str
    agree: tuple[int, int]
    disagree: tuple[int, int]
    auc: float


RECORD = (
    TrackRecord(
        against="the best single model by labels", agree=(11, 40), disagree=(50, 75), auc=0.40
    ),
    TrackRecord(
        against="the model that the models like best", agree=(28, 40), disagree=(47, 75), auc=0.63
    ),
)
"""Of the light when it had two states and no doubts, on real responses (`RECORD_NOTE`)."""
RECORD_NOTE = (
    "Measured on 48 pools of real responses (115 pools and splits, 32 of the pools new) when the "
    "light said only yes or no, without doubts. An AUC of 0.5 is no information."
)


def record_sentence() -> str:
    """How far the light can be trusted, as one text."""
    parts = [
        f"against {one.against} “agree” was right {one.agree[0]} times of {one.agree[1]} and “do "
        f"not agree” {one.disagree[0]} times of {one.disagree[1]} (AUC {decimal(one.auc, 2)})"
        for one in RECORD
    ]
    return f"How often it was right: {'; '.join(parts)}. {RECORD_NOTE}"


@dataclass(frozen=True, kw_only=True)
class Light:
    """The light without labels.

    mean, standard_error, bound : of the cross-fitted difference in the preset's own consensus score
    (`UNIT`), bound = mean − 1.64 · standard error; n queries; liked : the model that either half
    likes best, two names where they differ; elsewhere : queries for which the router of the other
    half asks another; sides : queries of these where the consensus backs the router's choice more,
    and the constant more; doubts : why the consensus is not to be trusted
    """

    mean: float
    standard_error: float
    bound: float
    n: int
    score: str
    liked: tuple[str, ...]
    elsewhere: int
    sides: tuple[int, int]
    doubts: tuple[Doubt, ...] = ()

    @property
    def constant(self) -> str:
        """The model liked best, by name; both where the halves differ."""
        return " / ".join(self.liked)

    @property
    def light(self) -> State:
        """The state: "unsure" where there is any doubt, whatever the models say."""
        if self.doubts:
            return "unsure"
        return "agree" if self.bound > 0 else "disagree"

    @property
    def sentence(self) -> str:
        """What the light says, on what grounds, and how to know."""
        if not self.doubts:
            return f"{self.opinion} {self.to_know}"
        reasons = ", ".join(f"{one.code} {one.title}" for one in self.doubts)
        return f"{HEADLINES['unsure']} ({reasons}). At their word: {self.opinion} {self.to_know}"

    @property
    def opinion(self) -> str:
        """What the models agree on, whether or not they are to be trusted."""
        agree = self.bound > 0
        says = (
            f"The models {'agree' if agree else 'do not agree'} that the router beats always "
            f"asking {self._liked}."
        )
        if not self.elsewhere:
            return f"{says} Learnt on either half of the training queries it asks no other model."
        router, constant = self.sides
        n_sides = router + constant
        return (
            f"{says} Learnt on either half of the training queries and tried on the other, it asks "
            f"another model for {self.elsewhere:,} of the {counted(self.n, 'query')}; on "
            f"{n_sides:,} of these the models prefer one of the two answers, its choice {router:,} "
            f"times and that of the model liked best {constant:,} times: weighed by how strongly, "
            f"{'more' if agree else 'no more'} than sampling explains."
        )

    @property
    def _liked(self) -> str:
        if len(self.liked) == 1:
            return f"{self.liked[0]}, which they like best"
        one, other = self.liked
        return (
            f"the model they like best ({one} on one half of the training queries, {other} on "
            "the other)"
        )

    @property
    def to_know(self) -> str:
        """How to know whether routing pays."""
        if not self.elsewhere:
            if len(self.liked) > 1:
                return "Labels on random queries on which these two disagree tell more."
            return (
                f"Labels cannot tell whether routing pays, since always {self.constant} is asked; "
                "those on random queries where the models disagree tell whether another should be."
            )
        return (
            "To know, label random queries on which the router's choice and the model liked "
            "best answer differently, and see who is right more often: on all others routing "
            "changes nothing. Ten are a first look; the page Label says about how many settle it. "
            "It and `cascal label` ask for them one by one; gold answers in a file come in by its "
            "column gold and cascal import FILE --on-conflict replace."
        )

    def is_right(self, gain: float) -> bool | None:
        """Whether gold answers bear it out: `gain` over the model liked best; None if unsure."""
        return None if self.doubts else (self.light == "agree") == (gain > 0)

    def to_dict(self) -> dict[str, Any]:
        """The light in JSON types. `agreement_gain` is in units of `unit`, never accuracy."""
        return {
            "question": QUESTION,
            "light": self.light,
            "sentence": self.sentence,
            "liked_best": list(self.liked),
            "n": self.n,
            "n_elsewhere": self.elsewhere,
            "n_side_with_router": self.sides[0],
            "n_side_with_liked_best": self.sides[1],
            "doubts": [
                {"code": one.code, "title": one.title, "sentence": one.sentence}
                for one in self.doubts
            ],
            "score": self.score,
            "agreement_gain": self.mean,
            "agreement_gain_bound": self.bound,
            "unit": UNIT,
            "to_know": self.to_know,
            "record": record_sentence(),
        }


def halves(query_ids: tuple[str, ...], tasks: tuple[str, ...], seed: int) -> IntArray:
    """(Q,) 0 or 1: every task is split in two at random, by query id and not by row order."""
    return stratified_halves(tasks, random_places(query_ids, seed))


@dataclass(frozen=True, eq=False, kw_only=True)
class CrossFit:
    """Every training query, routed by the fit of the half it is not in.

    query_ids (Q,); chosen, constant (Q,) the model that fit routes to, and its best overall;
    scores (Q, M) of the fit the query is in, so that no query's own votes choose its route
    """

    query_ids: tuple[str, ...]
    chosen: IntArray
    constant: IntArray
    scores: FloatArray

    @property
    def gains(self) -> FloatArray:
        """(Q,) C[chosen] − C[constant]; nan scores count as 0."""
        rows, scores = np.arange(len(self.scores)), np.nan_to_num(self.scores, nan=0.0)
        return np.asarray(scores[rows, self.chosen] - scores[rows, self.constant])


def cross_fit(fits: tuple[Fit, Fit], thresholds: Thresholds) -> CrossFit:
    """Route the queries of either fit by the other's router."""
    ids: list[str] = []
    chosen, constant, scores = [], [], []
    for learnt, measured in (fits, fits[::-1]):
        router = learnt.router(thresholds)
        vectors = Embeddings(measured.query_ids, measured.caller_vectors, measured.encoder)
        ids += measured.query_ids
        chosen.append(router.route(vectors).selected[:, 0])
        constant.append(np.full(len(measured.query_ids), router.best_overall))
        scores.append(measured.consensus)
    return CrossFit(
        query_ids=tuple(ids),
        chosen=np.concatenate(chosen),
        constant=np.concatenate(constant),
        scores=np.concatenate(scores),
    )


def cross_fitted_gains(fits: tuple[Fit, Fit], thresholds: Thresholds) -> FloatArray:
    """(Q,) C[chosen] − C[best constant] of the queries of either fit, routed by the other."""
    return cross_fit(fits, thresholds).gains


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
            f"{counted(len(votes.query_ids), 'training query')} and "
            f"{counted(len(votes.models), 'model')} are too few for a light without labels: at "
            f"least {MIN_LIGHT_QUERIES} and 2 are needed.",
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


def traffic_light(
    fits: tuple[Fit, Fit], thresholds: Thresholds | None = None, doubts: tuple[Doubt, ...] = ()
) -> Light:
    """What the models agree on: two-fold cross-fit inside the training queries.

    Routes are learnt on one half; on the other the mean of C[chosen] − C[best constant], its
    standard error and the bound mean − 1.64·se. "agree" if the bound is above 0, "disagree" if
    not, "unsure" with any of the `doubts` (`cascal.doubts.find_doubts`).
    """
    chosen = thresholds or Thresholds()
    crossed = cross_fit(fits, chosen)
    gains = crossed.gains
    mean = float(gains.mean())
    error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    return Light(
        mean=mean,
        standard_error=error,
        bound=mean - ONE_SIDED * error,
        n=len(gains),
        score=fits[0].settings.consensus,
        liked=_liked(fits, chosen),
        elsewhere=int((crossed.chosen != crossed.constant).sum()),
        sides=(int((gains > 0).sum()), int((gains < 0).sum())),
        doubts=doubts,
    )


def _liked(fits: tuple[Fit, Fit], thresholds: Thresholds) -> tuple[str, ...]:
    """Whom either half would always ask: one name, or two."""
    best = [half.models[half.router(thresholds).best_overall] for half in fits]
    return tuple(dict.fromkeys(best))
