"""Whether a router learnt from scores pays, by scored queries that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.draws import random_places
from cascal.labels import Gain, gain
from cascal.scores.ranking import model_spread
from cascal.scores.score_router import MIN_SCORED

MIN_MEASURED = 30
"""Scored queries beside those learnt from, below which nothing is said of a router's gain."""


def learning_rows(query_ids: Sequence[str], seed: int = 0) -> BoolArray:
    """(n,) the scored queries to learn from: half of them, at least `MIN_SCORED`, by query id.

    The others measure that very router. Cross-fitting would use them all, but among close models
    the folds choose different constants: its interval held the truth in .5 to .9 of the cases.
    """
    places = random_places(tuple(query_ids), seed)
    return np.asarray(places < max(MIN_SCORED, len(query_ids) // 2))


def routing_gain(
    scores: FloatArray, chosen: IntArray, constant: int, *, n_contested_elsewhere: int, n_else: int
) -> Gain:
    """Mean gain in score over always asking one model, with its interval (docs/labels.md).

    scores (n, M) and chosen (n,) of scored queries that neither the router nor the constant was
    learnt from; of n_else further ones without scores the router leaves the constant on
    n_contested_elsewhere. A query counts where it leaves the constant: somebody outside judges, who
    may judge equal answers differently. In place of ±1 the appended values are ±min(1, 2·s₀).
    """
    contested = np.flatnonzero(chosen != constant)
    differences = scores[contested, chosen[contested]] - scores[contested, constant]
    return gain(
        differences,
        n_contested=len(contested) + n_contested_elsewhere,
        n_queries=len(scores) + n_else,
        pseudo=min(1.0, 2.0 * model_spread(scores)),
    )
