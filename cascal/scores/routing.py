"""Whether a router learnt from scores pays, by scores that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cascal.datatypes import FloatArray, IntArray
from cascal.draws import random_places
from cascal.labels import Gain, gain
from cascal.scores.ranking import model_spread
from cascal.scores.score_router import ridge

N_FOLDS = 10


def cross_fitted_choices(
    scores: FloatArray, vectors: FloatArray, query_ids: Sequence[str], seed: int = 0
) -> IntArray:
    """(n,) the model that each query would be routed to by a router that never saw its scores.

    Ten folds, drawn by query id and not by row order.
    """
    fold = random_places(tuple(query_ids), seed) % min(N_FOLDS, len(scores))
    chosen = np.zeros(len(scores), dtype=np.int64)
    for one in np.unique(fold):
        out = fold == one
        center, weights, means = ridge(scores[~out], vectors[~out])
        chosen[out] = (means + (vectors[out] - center) @ weights).argmax(axis=1)
    return chosen


def routing_gain(
    scores: FloatArray, chosen: IntArray, constant: int, *, n_contested_elsewhere: int, n_else: int
) -> Gain:
    """Mean gain in score over always asking one model, with its interval (docs/labels.md).

    scores (n, M) and chosen (n,) of the scored queries, each routed without its scores; of n_else
    further queries the router leaves the constant on n_contested_elsewhere. A query counts where it
    leaves the constant: somebody outside judges, who may judge equal answers differently. In
    place of ±1 the appended values are ±min(1, 2·s₀).
    """
    contested = np.flatnonzero(chosen != constant)
    differences = scores[contested, chosen[contested]] - scores[contested, constant]
    return gain(
        differences,
        n_contested=len(contested) + n_contested_elsewhere,
        n_queries=len(scores) + n_else,
        pseudo=min(1.0, 2.0 * model_spread(scores)),
    )
