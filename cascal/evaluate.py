"""Routes x gold answers -> numbers with intervals (docs/method.md § 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.computing_order import best_first
from cascal.datatypes import (
    NO_ANSWER,
    CascalError,
    FloatArray,
    IntArray,
    NotApplicable,
    Votes,
)
from cascal.intervals import Estimate, estimate, estimates, mean_rows
from cascal.number_format import counted
from cascal.results import Routes
from cascal.vote import final_answers, selected_answers


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluation:
    """What a router's routes are worth on queries with gold answers.

    top1_right, top3_vote_right, vote_right, hit (Q,) 1 right, 0 wrong, nan = not counted (no gold
    answer, or the chosen model was never asked); model_right (Q, M) the same for every model
    share (M,) of the queries whose first model it is; top_k how many models voted
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
        """The most accurate model on these very queries, chosen with their gold answers; a tie goes
        to the first by name.
        """
        if not np.isfinite(self.model_right).any():
            raise NotApplicable(
                "No query has a gold answer: there is nothing to evaluate.", code="no-gold"
            )
        return most_accurate(self.model_right, self.models)

    @property
    def effective_models(self) -> float:
        """exp(entropy of the shares): 1 = one model gets everything."""
        return effective_number(self.share)

    @property
    def vote_gain(self) -> Estimate:
        """Paired gain of the vote of the selected models over the first of them."""
        return estimate(self.vote_right - self.top1_right)

    def gain_over(self, model: int) -> Estimate:
        """Paired gain in top-1 accuracy over always choosing one model.

        nan from n = 0 where no query has responses of both, the first model and that one.
        """
        return estimates((self.top1_right - self.model_right[:, model])[:, None])[0]


def most_accurate(right: FloatArray, models: Sequence[str]) -> int:
    """Column of right (Q, M) with the best mean; a tie goes to the first by name."""
    rates = np.nan_to_num(mean_rows(right), nan=-1.0)
    return min(range(len(models)), key=lambda m: (-rates[m], models[m]))


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def effective_number(share: FloatArray) -> float:
    """Exp of the entropy of a distribution; 0 for an empty one."""
    used = share[share > 0]
    return float(np.exp(-(used * np.log(used)).sum())) if len(used) else 0.0


def normalised_entropy(share: FloatArray) -> float:
    """Entropy of a distribution over its largest possible one: 1 = even, 0 = one model gets all."""
    return float(np.log(max(effective_number(share), 1.0)) / np.log(max(len(share), 2)))


def agreement_rate(one: Routes, other: Routes) -> float:
    """Share of the queries for which two routers choose the same first model."""
    if one.models != other.models or len(one) != len(other):
        raise CascalError(
            "Only routes of the same queries and models can be compared.", code="other-queries"
        )
    return float((one.selected[:, 0] == other.selected[:, 0]).mean()) if len(one) else float("nan")


def first_share(routes: Routes, rows: IntArray | None = None) -> FloatArray:
    """(M,) share of the queries whose first model it is; of some rows only, if they are given."""
    first = routes.selected[:, 0] if rows is None else routes.selected[rows, 0]
    if not len(first):
        return np.zeros(len(routes.models))
    return np.asarray(np.bincount(first, minlength=len(routes.models)) / len(first))


def correctness(votes: Votes, gold: IntArray, judged: FloatArray | None = None) -> FloatArray:
    """(Q, M): 1 right, 0 wrong, nan = does not count.

    gold (Q,) answer indices, NO_ANSWER = none. A missing or unreadable answer is wrong; a model
    that was never asked does not count. `judged` (Q, M) is what the source of the responses says
    about being right (0 … 1, nan = nothing); it counts where an answer or a gold answer is missing.
    """
    gold = np.asarray(gold)
    if gold.shape != (len(votes.query_ids),):
        raise CascalError(
            f"gold has shape {gold.shape}, but there are {counted(len(votes.query_ids), 'query')}.",
            code="wrong-shape",
        )
    counts = (gold != NO_ANSWER)[:, None] & votes.asked
    right = np.where(counts, votes.answers == gold[:, None], np.nan)
    if judged is None:
        return right
    if judged.shape != right.shape:
        raise CascalError(
            f"judged has shape {judged.shape}, the votes have {right.shape}.", code="wrong-shape"
        )
    compared = votes.answered & (gold != NO_ANSWER)[:, None]
    return np.where(np.isfinite(judged) & ~compared, judged, right)


def evaluate(
    routes: Routes, votes: Votes, gold: IntArray, judged: FloatArray | None = None
) -> Evaluation:
    """Compare routes with gold answers.

    votes hold the routed queries in the same order; gold (Q,) and judged (Q, M) as in
    `correctness`. A model of which only right or wrong is known cannot vote; where nobody of the
    selected gave an answer, a vote counts as its first model does.
    """
    gold = np.asarray(gold)
    if gold.shape != (len(routes),):
        raise CascalError(
            f"gold has shape {gold.shape}, but there are {counted(len(routes), 'route')}.",
            code="wrong-shape",
        )
    if routes.query_ids != votes.query_ids and routes.query_ids != _numbered(len(routes)):
        raise CascalError(
            "The votes are of other queries, or in another order, than the routes.",
            code="other-queries",
        )
    selected_answers(routes, votes)  # refuses votes that lack a model
    column = {name: at for at, name in enumerate(votes.models)}
    columns = np.array([column[name] for name in routes.models], dtype=np.int64)
    model_right = correctness(votes, gold, judged)[:, columns]
    best_three = best_first(routes.scores, routes.models, min(3, len(columns)))
    voted = vote_right(routes, votes, model_right)
    same = np.array_equal(best_three, routes.selected)
    return Evaluation(
        models=routes.models,
        top1_right=first_right(routes, model_right),
        top3_vote_right=voted
        if same
        else vote_right(replace(routes, selected=best_three), votes, model_right),
        vote_right=voted,
        hit=_any_right(np.take_along_axis(model_right, routes.selected, axis=1)),
        model_right=model_right,
        share=first_share(routes),
        top_k=routes.selected.shape[1],
    )


def _numbered(n: int) -> tuple[str, ...]:
    """The ids that routes get when they were made from a bare array."""
    return tuple(str(row) for row in range(n))


def _any_right(right: FloatArray) -> FloatArray:
    """(Q,) the best of each row; nan where nothing counts."""
    best = np.where(np.isfinite(right), right, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(best), best, np.nan)


def first_right(routes: Routes, right: FloatArray) -> FloatArray:
    """(Q,) whether the first model is right, of right (Q, M) of the routes' models."""
    return np.asarray(np.take_along_axis(right, routes.selected[:, :1], axis=1)[:, 0])


def vote_right(routes: Routes, votes: Votes, right: FloatArray) -> FloatArray:
    """(Q,) whether the vote of the selected models is right; nan = does not count.

    right (Q, M) as `correctness` says of the routes' models: the answer that wins is right where
    the best-ranked model that gave it is. Where nobody of the selected gave an answer, the vote
    counts as its first model does.
    """
    chosen = np.take_along_axis(right, routes.selected, axis=1)
    answers = final_answers(routes, votes)
    first = np.where(np.isfinite(chosen[:, 0]), chosen[:, 0], 0.0)
    won = (selected_answers(routes, votes)[0] == answers[:, None]) & np.isfinite(chosen)
    voter = won.argmax(axis=1)[:, None]
    voted = np.where(won.any(axis=1), np.take_along_axis(chosen, voter, axis=1)[:, 0], np.nan)
    counts = np.isfinite(chosen).any(axis=1)
    return np.where(counts, np.where(answers == NO_ANSWER, first, voted), np.nan)
