"""What scores say: who is best, how sure that is, whether routing pays, and what to doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cascal.dataset.scored import Scored, load_scored, score_origins
from cascal.datatypes import CascalError, Embeddings, FloatArray, IntArray, NotApplicable
from cascal.files.plain_json import finite
from cascal.labels import Gain
from cascal.number_format import bracketed, counted, decimal
from cascal.scores import (
    MIN_MEASURED,
    WARNED,
    Ranking,
    ScoreRouter,
    fit_score_router,
    learning_rows,
    length_correlation,
    rank_by_scores,
    rank_correlation,
    refuse_few,
    routing_gain,
)
from cascal.store import Workspace
from cascal.verdicts.verdict import Decision, decision, points


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How a judge's scores agree with people's on the same responses.

    n responses; correlation of the scores within their queries, nan where one is constant; tau of
    the two rankings on the queries that both scored
    """

    judge: str
    n: int
    correlation: float
    tau: float

    @property
    def sentence(self) -> str:
        """Both numbers; a judge is never taken for the truth."""
        return (
            f"Judge {self.judge} against people on the same {counted(self.n, 'response')}: "
            f"correlation within a query {decimal(self.correlation, 2)}, order of the models τ = "
            f"{decimal(self.tau, 2)}."
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreEvidence:
    """The ranking of the models, whether routing pays, and what is to be doubted.

    chosen (Q,) : the model that the router asks for every query of the data set, as its column;
    router : learnt from scores, None where `no_router` says why; gain : of this very router over
    always asking its constant, in mean score, by scored queries that neither was learnt from; None
    where these are too few
    """

    scored: Scored
    ranking: Ranking
    router: ScoreRouter | None
    chosen: IntArray | None
    gain: Gain | None
    no_router: CascalError | None
    length_tau: float
    judged: tuple[Judged, ...]

    @property
    def decision(self) -> Decision:
        """Whether routing pays, as far as the scores say."""
        return "undecided" if self.gain is None else decision(self.gain.estimate)

    @property
    def sentence(self) -> str:
        """Which one model to ask, what that may cost, and who else may be the best."""
        found, rivals = self.ranking, self.ranking.rivals
        others = "no other model is better"
        if rivals:
            others = (
                f"as far as these scores say {_listed(rivals)} may be better, by at most "
                f"{decimal(100 * found.regret_bound, 1)} points"
            )
        return (
            f"Always ask {found.best}: the best mean score, {_score(found)}, by "
            f"{self.scored.words} on {found.n_scored:,} of {counted(found.n_queries, 'query')}; "
            f"{others}."
        )

    @property
    def routing_sentence(self) -> str:
        """Whether routing pays over always asking one model."""
        if self.router is None:
            return str(self.no_router)
        learnt = f"learnt from {counted(self.router.n_scored, 'query')}"
        if self.gain is None:
            return (
                f"A router was {learnt}, but on fewer than {MIN_MEASURED} further ones is every "
                "model scored: nobody knows whether it pays. Score more."
            )
        by = points(self.gain.estimate)
        against = f"always asking {self.router.models[self.router.constant]}"
        words = {
            "route": f"A router by scores pays: {by} over {against}",
            "do not route": f"Do not route: {by} against {against}",
            "undecided": f"Undecided whether routing pays: {by} against {against}",
        }
        return (
            f"{words[self.decision]}, both {learnt} and measured on "
            f"{counted(self.ranking.n_scored - self.router.n_scored, 'other')}."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be doubted, in sentences."""
        found = []
        if self.length_tau >= WARNED:
            found.append(
                f"This ranking follows answer length, τ = {decimal(self.length_tau, 2)}: whoever "
                "scores may like long answers. Compare with people's scores of answers of equal "
                "length."
            )
        if self.scored.unscored_models:
            found.append(f"Without any score: {', '.join(self.scored.unscored_models)}.")
        if self.scored.n_partial:
            found.append(
                f"{counted(self.scored.n_partial, 'query lacks', 'queries lack')} the score of "
                "some model and do not count."
            )
        if self.scored.n_outdated:
            found.append(
                f"{counted(self.scored.n_outdated, 'score is', 'scores are')} of responses or "
                "queries that changed since; they are kept and not used."
            )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """JSON types; scores and gains are shares of 1."""
        gain, router = self.gain, self.router
        return {
            "dataset": self.scored.dataset,
            "scored_by": self.scored.origin,
            "scorers": list(self.scored.scorers),
            "sentence": self.sentence,
            "n_scored": self.ranking.n_scored,
            "n_queries": self.ranking.n_queries,
            "best": self.ranking.best,
            "rivals": list(self.ranking.rivals),
            "regret_bound": self.ranking.regret_bound,
            "ranking": [
                {
                    "model": one.model,
                    "score": one.score.value,
                    "score_low": one.score.low,
                    "score_high": one.score.high,
                    "behind": one.behind,
                    "at_most": one.at_most,
                    "may_be_best": one.in_doubt,
                }
                for one in self.ranking.ranks
            ],
            "routing": {
                "decision": self.decision,
                "sentence": self.routing_sentence,
                "against": None if router is None else router.models[router.constant],
                "n_learnt": 0 if router is None else router.n_scored,
                "gain": None if gain is None else gain.value,
                "gain_low": None if gain is None else gain.low,
                "gain_high": None if gain is None else gain.high,
            },
            "length_tau": finite(self.length_tau),
            "warnings": list(self.warnings),
            "judges": [one.sentence for one in self.judged],
        }


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _score(ranking: Ranking) -> str:
    best = ranking.ranks[0].score
    return f"{decimal(best.value, 3)} {bracketed(best.low, best.high, 3, sign=False)}"


def gather_scores(
    workspace: Workspace, dataset: str, origin: str | None = None, encoder: str | None = None
) -> ScoreEvidence:
    """What the scores of one origin say of a data set; NotApplicable where there are too few."""
    with workspace.opened():
        scored = load_scored(workspace, dataset, origin)
        rows = scored.rows
        ranking = rank_by_scores(scored.scores[rows], scored.models, len(scored.query_ids))
        router, chosen, found, refused = None, None, None, None
        try:
            router, chosen, found = _learn(scored, workspace, encoder)
        except CascalError as error:
            refused = error
        return ScoreEvidence(
            scored=scored,
            ranking=ranking,
            router=router,
            chosen=chosen,
            gain=found,
            no_router=refused,
            length_tau=length_correlation(scored.scores[rows], scored.lengths[rows]),
            judged=_judged(workspace, dataset),
        )


def learnt_router(evidence: ScoreEvidence) -> ScoreRouter:
    """The router that was learnt; the reason is raised where there is none."""
    if evidence.router is None:
        raise evidence.no_router or NotApplicable("No router.", code="too-little-data")
    return evidence.router


def _vectors(workspace: Workspace, scored: Scored, encoder: str | None) -> Embeddings:
    known = workspace.encoders(scored.dataset)
    if encoder is None and not known:
        raise CascalError(
            f"The queries of {scored.dataset!r} have no vectors yet, so no router can be learnt. "
            f"Run `cascal embed {scored.dataset}`.",
            code="no-vectors",
        )
    return workspace.embeddings(scored.dataset, encoder or known[0][0])


def _learn(
    scored: Scored, workspace: Workspace, encoder: str | None
) -> tuple[ScoreRouter, IntArray, Gain | None]:
    """A router learnt from some scored queries, measured on the others; the data set's other
    queries say how often it leaves its constant.
    """
    refuse_few(len(scored.rows))
    vectors = _vectors(workspace, scored, encoder)
    ids = np.asarray(scored.query_ids, dtype=object)
    learns = learning_rows([str(one) for one in ids[scored.rows]])
    own, measured = scored.rows[learns], scored.rows[~learns]
    router = fit_score_router(
        scored.scores[own],
        vectors.take(tuple(ids[own])),
        scored.models,
        scored_by=scored.words,
        fingerprint=workspace.fingerprint(scored.dataset),
    )
    every = np.asarray(vectors.take(scored.query_ids).vectors, dtype=np.float64)
    first = router.order(every)[0][:, 0]
    if len(measured) < MIN_MEASURED:
        return router, first, None
    rest = np.setdiff1d(np.arange(len(ids)), scored.rows)
    found = routing_gain(
        scored.scores[measured],
        first[measured],
        router.constant,
        n_contested_elsewhere=int((first[rest] != router.constant).sum()),
        n_else=len(rest),
    )
    return router, first, found


def _judged(workspace: Workspace, dataset: str) -> tuple[Judged, ...]:
    """Every judge beside people, where both scored the same responses."""
    origins = score_origins(workspace.response_scores(dataset))
    if "person" not in origins:
        return ()
    people = load_scored(workspace, dataset, "person")
    found = []
    for origin in origins:
        if not origin.startswith("judge:"):
            continue
        judge = load_scored(workspace, dataset, origin)
        shared = [name for name in people.models if name in judge.models]
        one, other = (
            each.scores[:, [each.models.index(name) for name in shared]] for each in (people, judge)
        )
        both = np.flatnonzero((np.isfinite(one) & np.isfinite(other)).all(axis=1))
        if len(shared) > 1 and len(both) > 1:
            found.append(_agreement(origin.partition(":")[2], one[both], other[both]))
    return tuple(found)


def _agreement(judge: str, people: FloatArray, scores: FloatArray) -> Judged:
    centred = [(each - each.mean(axis=1, keepdims=True)).ravel() for each in (people, scores)]
    varies = all(each.std() > 0 for each in centred)
    return Judged(
        judge=judge,
        n=people.size,
        correlation=float(np.corrcoef(*centred)[0, 1]) if varies else float("nan"),
        tau=rank_correlation(people.mean(axis=0), scores.mean(axis=0)),
    )
