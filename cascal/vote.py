"""Several answers -> one: the only place where votes are counted (docs/method.md § 7).

A vote is a plurality; a model without a readable answer does not vote. Columns hold the voters of
each query best-ranked first, so their order is the ranking.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Protocol

import numpy as np

from cascal.datatypes import NO_ANSWER, BoolArray, CascalError, FloatArray, IntArray, Votes
from cascal.number_format import counted
from cascal.results import Routes

_SAME = 1e-9
"""Sums of z this close are equal: the order of adding must not decide a tie."""


def standardise(logprobs: FloatArray, center: FloatArray, spread: FloatArray) -> FloatArray:
    """Confidence in the model's own deviations, (Q, M); 0 where the log-probability is unknown."""
    z = (logprobs - center) / spread
    return np.where(np.isfinite(z), z, 0.0)


def plurality(answers: IntArray, z: FloatArray) -> IntArray:
    """(Q,) the winning answer of each query; NO_ANSWER where nobody answered.

    answers (Q, K) and z (Q, K) as in `winning_voters`.
    """
    winner = winning_voters(answers, z)
    if not answers.shape[1]:
        return winner
    return np.where(winner < 0, NO_ANSWER, answers[np.arange(len(answers)), winner])


def winning_voters(answers: IntArray, z: FloatArray) -> IntArray:
    """(Q,) place of the best-ranked voter of the winning answer; −1 where nobody answered.

    answers (Q, K), NO_ANSWER does not vote; columns best-ranked first. The answer of most voters
    wins. A tie goes to the largest sum of z (Q, K) over an answer's voters, 0 where unknown; equal
    sums, as without any log-probability, to the answer of the best-ranked voter.
    """
    voted = answers != NO_ANSWER
    if not answers.shape[1]:
        return np.full(len(answers), -1)
    support = _totals(answers, voted.astype(np.float64))
    leading = voted & (support == support.max(axis=1, keepdims=True))
    winner = leading.argmax(axis=1)
    rival = leading & (answers != np.take_along_axis(answers, winner[:, None], axis=1))
    tied = np.flatnonzero(rival.any(axis=1))
    if len(tied):
        winner[tied] = _surest(answers[tied], z[tied], leading[tied])
    return np.where(voted.any(axis=1), winner, -1)


def _surest(answers: IntArray, z: FloatArray, leading: BoolArray) -> IntArray:
    sums = _totals(answers, np.where(leading, z, 0.0))
    sums = np.where(leading, sums, -np.inf)
    return np.asarray((sums >= sums.max(axis=1, keepdims=True) - _SAME).argmax(axis=1))


def _totals(answers: IntArray, weights: FloatArray) -> FloatArray:
    """(Q, K) sum of the weights (Q, K) over all voters with the same answer as each."""
    given, each = np.ascontiguousarray(answers.T), np.ascontiguousarray(weights.T)
    totals = each.copy()
    for one, other in combinations(range(len(given)), 2):
        same = given[one] == given[other]
        totals[one] += each[other] * same
        totals[other] += each[one] * same
    return totals.T


def selected_answers(routes: Routes, votes: Votes) -> tuple[IntArray, FloatArray]:
    """Answers (Q, K) of the selected models and their z (Q, K), 0 where unknown.

    `votes` must hold the routed queries in the same order; models are matched by name.
    """
    if len(routes) != len(votes.query_ids):
        raise CascalError(
            f"{counted(len(routes), 'route was', 'routes were')} given with "
            f"{counted(len(votes.query_ids), 'vote')}.",
            code="wrong-shape",
        )
    position = {name: column for column, name in enumerate(votes.models)}
    missing = [name for name in routes.models if name not in position]
    if missing:
        raise CascalError(
            f"The votes lack the models {', '.join(missing[:5])}.", code="other-models"
        )
    columns = np.array([position[name] for name in routes.models])[routes.selected]
    answers = np.take_along_axis(votes.answers, columns, axis=1)
    logprobs = np.take_along_axis(votes.logprobs, columns, axis=1)
    z = standardise(logprobs, routes.center[routes.selected], routes.spread[routes.selected])
    return answers, z


def final_answers(routes: Routes, votes: Votes) -> IntArray:
    """(Q,) plurality of the selected models, ties as in `vote.winning_voters`."""
    return plurality(*selected_answers(routes, votes))


class Pool(Protocol):
    """Models and what their confidences are measured by: a router, or its routes."""

    @property
    def models(self) -> tuple[str, ...]:
        """(M,) names."""

    @property
    def center(self) -> FloatArray:
        """(M,) median of the training log-probabilities."""

    @property
    def spread(self) -> FloatArray:
        """(M,) their scale."""


def winner_of(
    pool: Pool,
    voters: Sequence[str],
    answers: Sequence[int],
    logprobs: Sequence[float],
) -> int | None:
    """Place of the best-ranked voter of the answer that wins one query; None: nobody answered.

    voters are names of the pool's models, best-ranked first, with their answers (equal numbers
    are equal answers, NO_ANSWER does not vote) and log-probabilities (nan = unknown).
    """
    place = {name: column for column, name in enumerate(pool.models)}
    columns = np.array([place[name] for name in voters], dtype=np.int64)
    z = standardise(np.asarray(logprobs, float), pool.center[columns], pool.spread[columns])
    given = np.asarray(answers, dtype=np.int64)
    winner = int(winning_voters(given[None], z[None])[0])
    return None if winner < 0 else winner
