"""Routes x gold answers -> numbers with intervals (METHOD § 11).

All intervals are paired: the same resampled queries serve every number that is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from cascal.datatypes import (
    NO_ANSWER,
    BoolArray,
    CascalError,
    FloatArray,
    IntArray,
    NotApplicable,
    Votes,
    read_only,
)
from cascal.results import Routes
from cascal.route import final_answers, first_models, selected_answers

RESAMPLES = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its bootstrap interval, from n queries."""

    value: float
    low: float
    high: float
    n: int


@lru_cache(maxsize=4)
def bootstrap_counts(n_queries: int, n_resamples: int = RESAMPLES, seed: int = 0) -> FloatArray:
    """(B, Q) float32: how often each query is drawn in each resample of Q queries."""
    random = np.random.default_rng(seed)
    drawn = random.integers(n_queries, size=(n_resamples, n_queries), dtype=np.int32)
    drawn += np.arange(n_resamples, dtype=np.int32)[:, None] * n_queries
    counts = np.bincount(drawn.ravel(), minlength=n_resamples * n_queries)
    return read_only(counts.reshape(n_resamples, n_queries).astype(np.float32))


def estimate(values: FloatArray, *, n_resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean of values (Q,), nan left out, with a percentile bootstrap interval over queries."""
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        raise NotApplicable("No query has a value to average: there is nothing to evaluate.")
    means = (
        bootstrap_counts(len(values), n_resamples, seed) @ values.astype(np.float32) / len(values)
    )
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a router's routes are worth on queries with gold answers.

    top1_right, top3_vote_right, vote_right, hit (Q,) 1 right, 0 wrong, nan = not counted (no gold
    answer, or the chosen model was never asked); model_right (Q, M) the same for every model
    share (M,) of the queries whose first model it is; n_gold number of queries that count
    """

    models: tuple[str, ...]
    top1_right: FloatArray
    top3_vote_right: FloatArray
    vote_right: FloatArray
    hit: FloatArray
    model_right: FloatArray
    share: FloatArray
    top_k: int

    @property
    def n_gold(self) -> int:
        """Number of queries that count for top-1."""
        return int(np.isfinite(self.top1_right).sum())

    @property
    def top1_accuracy(self) -> float:
        """Share of queries whose first model is right."""
        return _mean(self.top1_right)

    @property
    def top3_vote_accuracy(self) -> float:
        """Share of queries the vote of the best three models gets right (the paper's "Top-3")."""
        return _mean(self.top3_vote_right)

    @property
    def vote_accuracy(self) -> float:
        """Share of queries the vote of the selected top_k models gets right."""
        return _mean(self.vote_right)

    @property
    def hit_rate(self) -> float:
        """Share of queries where any of the selected models is right."""
        return _mean(self.hit)

    @property
    def model_accuracies(self) -> FloatArray:
        """(M,) accuracy of every model alone; nan for one that was never asked."""
        return np.array([_mean(column) for column in self.model_right.T])

    @property
    def best_single(self) -> int:
        """The most accurate model on these very queries, chosen with their gold answers."""
        if not np.isfinite(self.model_right).any():
            raise NotApplicable("No query has a gold answer: there is nothing to evaluate.")
        return int(np.nanargmax(self.model_accuracies))

    @property
    def effective_models(self) -> float:
        """exp(entropy of the shares): 1 = one model gets everything."""
        return effective_number(self.share)

    def gain_over(self, model: int) -> Estimate:
        """Paired gain in top-1 accuracy over always choosing one model."""
        return estimate(self.top1_right - self.model_right[:, model])


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def effective_number(share: FloatArray) -> float:
    """Exp of the entropy of a distribution; 0 for an empty one."""
    used = share[share > 0]
    return float(np.exp(-(used * np.log(used)).sum())) if len(used) else 0.0


def first_share(routes: Routes) -> FloatArray:
    """(M,) share of the queries whose first model it is."""
    if not len(routes):
        return np.zeros(len(routes.models))
    first = np.bincount(routes.selected[:, 0], minlength=len(routes.models))
    return np.asarray(first / len(routes))


def evaluate(routes: Routes, votes: Votes, gold: IntArray) -> Evaluation:
    """Compare routes with gold answers.

    votes hold the routed queries in the same order; gold (Q,) answer indices, NO_ANSWER = none
    (that query does not count). A missing or unreadable answer is wrong; a model that was never
    asked leaves the denominator.
    """
    gold = np.asarray(gold)
    if gold.shape != (len(routes),):
        raise CascalError(f"gold has shape {gold.shape}, but there are {len(routes)} routes.")
    if routes.query_ids != votes.query_ids and routes.query_ids != _numbered(len(routes)):
        raise CascalError("The votes are of other queries, or in another order, than the routes.")
    known = gold != NO_ANSWER
    column = {name: at for at, name in enumerate(votes.models)}
    answers, _ = selected_answers(routes, votes)
    columns = np.array([column[name] for name in routes.models], dtype=np.int64)
    asked = votes.asked[:, columns]
    counts = known[:, None] & asked
    model_right = np.where(counts, votes.answers[:, columns] == gold[:, None], np.nan)
    first = routes.selected[:, :1]
    best_three = first_models(routes.scores, routes.models, min(3, len(columns)))
    counted = known & np.take_along_axis(asked, routes.selected, axis=1).any(axis=1)
    hit = np.where(counted, (answers == gold[:, None]).any(axis=1), np.nan)
    return Evaluation(
        routes.models,
        np.take_along_axis(model_right, first, axis=1)[:, 0],
        _vote_right(routes, votes, gold, known[:, None] & asked, best_three),
        _vote_right(routes, votes, gold, known[:, None] & asked, routes.selected),
        hit,
        model_right,
        first_share(routes),
        routes.selected.shape[1],
    )


def _numbered(n: int) -> tuple[str, ...]:
    """The ids that routes get when they were made from a bare array."""
    return tuple(str(row) for row in range(n))


def _vote_right(
    routes: Routes, votes: Votes, gold: IntArray, counts: BoolArray, selected: IntArray
) -> FloatArray:
    """(Q,) whether the vote is right; nan without gold, or if none of the selected was asked."""
    known = np.take_along_axis(counts, selected, axis=1).any(axis=1)
    answers = final_answers(replace(routes, selected=selected), votes)
    return np.where(known, answers == gold, np.nan)


@dataclass(frozen=True, eq=False)
class Contender:
    """One way to choose, for comparison on the same queries.

    right (Q,) 1 right, 0 wrong, nan = not counted; needs_gold: it was chosen with the gold answers
    of these very queries, so nobody could have had it beforehand; calls is models asked per query
    """

    name: str
    right: FloatArray
    calls: int
    needs_gold: bool = False

    @property
    def accuracy(self) -> Estimate:
        """Accuracy with interval."""
        return estimate(self.right)


def contenders(result: Evaluation, votes: Votes, gold: IntArray, constant: int) -> list[Contender]:
    """The router beside what it must beat; `constant` is the best model by consensus."""
    names, n_models = result.models, len(result.models)
    column = {name: at for at, name in enumerate(votes.models)}
    answers = votes.answers[:, [column[name] for name in names]]
    same = (answers[:, :, None] == answers[:, None, :]) & (answers[:, None, :] != NO_ANSWER)
    plurality = np.take_along_axis(answers, same.sum(axis=2).argmax(axis=1)[:, None], axis=1)[:, 0]
    known = np.isfinite(result.model_right).any(axis=1)
    best = result.best_single
    oracle = np.where(known, (answers == gold[:, None]).any(axis=1), np.nan)
    k = min(3, n_models)
    return [
        Contender("Router, first model", result.top1_right, 1),
        Contender(f"Router, vote of {k}", result.top3_vote_right, k),
        Contender(
            f"Always {names[constant]} (best by consensus)", result.model_right[:, constant], 1
        ),
        Contender(f"Always {names[best]} (best by gold)", result.model_right[:, best], 1, True),
        Contender("Plurality of all", np.where(known, plurality == gold, np.nan), n_models),
        Contender("Oracle (any model right)", oracle, n_models, True),
    ]


@dataclass(frozen=True)
class Verdict:
    """Whether routing is worth it: "route", "do not route" or "undecided", and in one sentence."""

    light: Literal["route", "do not route", "undecided"]
    sentence: str
    gain: Estimate


def verdict(result: Evaluation) -> Verdict:
    """Compare the router's first model with the best single model, chosen with the gold answers.

    "route" only if the lower bound of the paired gain is above 0, "do not route" if the upper
    bound is below 0. The best single model has seen the answers; the router has not.
    """
    best = result.models[result.best_single]
    gain = result.gain_over(result.best_single)
    points = f"{100 * gain.value:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    if gain.low > 0:
        return Verdict(
            "route", f"Routing pays here: {points} over always asking {best}, the best model.", gain
        )
    if gain.high < 0:
        return Verdict(
            "do not route",
            f"Do not route here: {points} against always asking {best}, the best model.",
            gain,
        )
    return Verdict(
        "undecided",
        f"No proof that routing pays here: {points} against always asking {best}, the best model.",
        gain,
    )


@dataclass(frozen=True, eq=False)
class Alignment:
    """How well clusters match known skills: the best Jaccard (S,) any cluster reaches per skill."""

    skills: tuple[str, ...]
    jaccard: FloatArray
    cluster: IntArray

    @property
    def mean(self) -> float:
        """Mean best-match Jaccard; the paper's target is 0.70."""
        return float(self.jaccard.mean())


def skill_alignment(assignment: IntArray, skills: Sequence[str | None]) -> Alignment:
    """Match every known skill with the cluster that shares most with it.

    assignment (Q,), skills (Q,) with None = unknown (those queries are left out).
    """
    known = [row for row, skill in enumerate(skills) if skill is not None]
    if not known:
        raise NotApplicable("No query has a known skill, so the clusters cannot be compared.")
    names = tuple(sorted({str(skills[row]) for row in known}))
    number = {name: at for at, name in enumerate(names)}
    skill = np.array([number[str(skills[row])] for row in known])
    cluster = np.asarray(assignment)[known]
    shared = np.zeros((len(names), int(cluster.max()) + 1))
    np.add.at(shared, (skill, cluster), 1.0)
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    jaccard = shared / np.maximum(union, 1.0)
    return Alignment(names, jaccard.max(axis=1), jaccard.argmax(axis=1))
