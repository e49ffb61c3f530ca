"""The strong queries of a model in a task, to be split anew with some of them or otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.clustering.candidates import wide
from cascal.clustering.cluster import TaskCandidates, task_candidates
from cascal.datatypes import FloatArray, IntArray
from cascal.fit import Fit
from cascal.score import strong_sets


@dataclass(frozen=True, eq=False, kw_only=True)
class StrongQueries:
    """The strong queries of a model in a task: unit vectors (n, D), weights (n,), ids (n,).

    rows (n,) in the caller's order
    """

    vectors: FloatArray
    weights: FloatArray
    ids: tuple[str, ...]
    rows: IntArray

    def take(self, places: IntArray) -> StrongQueries:
        """Some of them, in the order that k-means knows them in."""
        places = np.sort(places)
        return StrongQueries(
            vectors=self.vectors[places],
            weights=self.weights[places],
            ids=tuple(self.ids[place] for place in places),
            rows=self.rows[places],
        )


def strong_queries(fitted: Fit, task: int, model: int) -> StrongQueries:
    """What the splits of a cell of the bench are made of."""
    column, settings = int(fitted.caller_models[model]), fitted.settings
    rows = fitted.by_task[task].candidate(column, 1).rows
    weights = strong_sets(fitted.votes, fitted.scores, settings.strong, settings.min_agreement)[1]
    own = weights[rows, column]
    return StrongQueries(
        vectors=wide(fitted.vectors, rows),
        weights=np.asarray(own * len(own) / own.sum()),
        ids=tuple(fitted.votes.query_ids[row] for row in rows),
        rows=np.argsort(fitted.caller_rows)[rows],
    )


def silhouettes_by_k(queries: StrongQueries, max_k: int, seed: int) -> FloatArray:
    """(max_k,) silhouette of the split into k clusters by k − 1; −inf where there is none.

    The same k-means as in a fit: of all strong queries, the numbers of the bench.
    """
    return np.asarray(split_anew(queries, max_k, seed).silhouettes[0])


def split_anew(queries: StrongQueries, max_k: int, seed: int) -> TaskCandidates:
    """k-means for every k, as in a fit, with the queries as the only ones of their task."""
    rows, weights = np.arange(len(queries.ids)), queries.weights
    scaled = weights * len(rows) / weights.sum()
    return task_candidates(0, rows, queries.vectors, scaled[None], max_k=max_k, seed=seed)


def tightness(queries: StrongQueries, labels: IntArray) -> float:
    """What k-means makes large: how close the queries lie to the mean of their cluster.

    Σ over clusters of |Σ w·x|² / Σ w, so that inertia is Σ w less this.
    """
    total = 0.0
    for cluster in np.unique(labels):
        own = labels == cluster
        weights = queries.weights[own]
        total += float(np.square(weights @ queries.vectors[own]).sum() / weights.sum())
    return total
