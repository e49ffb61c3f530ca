"""K-means over all training queries, and what a router makes of the nearest centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cascal.clustering.cluster import n_distinct
from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.datatypes import FloatArray
from cascal.rank import group_means
from cascal.routing.blend import softmax

RANK_OFFSET = 0.1
PUBLISHED_CLUSTERS, PUBLISHED_SEED = 64, 42
"""Number of clusters and seed of the AVENGERS paper; never chosen by labels of the data."""


@dataclass(frozen=True, eq=False)
class Centres:
    """K-means centres (K, D) of queries, and the mean of the models' scores in each (K, M)."""

    centres: FloatArray
    means: FloatArray

    @classmethod
    def of(cls, vectors: FloatArray, scores: FloatArray, k: int, seed: int) -> Centres:
        """K-means on unit rows (Q, D), and the means of scores (Q, M); fewer if rows coincide."""
        from sklearn.cluster import KMeans  # slow to import

        k = min(k, n_distinct(vectors, k))
        found = KMeans(k, random_state=seed, max_iter=1000, n_init=1).fit(vectors)
        means = group_means(scores, np.asarray(found.labels_, dtype=np.int64), k)
        return cls(np.asarray(found.cluster_centers_), means)

    def distance(self, rows: FloatArray) -> FloatArray:
        """(n, K) Euclidean distance of every row to every centre."""
        square = (rows**2).sum(axis=1)[:, None] + (self.centres**2).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(square - 2.0 * rows @ self.centres.T, 0.0)))


@dataclass(frozen=True)
class ClusterAgreement(Baseline):
    """Mean plain agreement in the nearest of 64 clusters of all queries: the simple rival.

    No labels, no consensus model, no tasks and no thresholds; AVENGERS with the share of other
    models that answer the same in place of its labels, ranked by the plain mean.
    """

    title: ClassVar[str] = "k-means, plain agreement"
    needs: ClassVar[Needs] = "nothing"
    n_clusters: int = PUBLISHED_CLUSTERS
    seed: int = PUBLISHED_SEED

    def learn(self, training: Training) -> ScoreFunction:
        """K-means on all queries, the mean agreement of each model per cluster."""
        agreement = training.consensus("agreement")
        found = Centres.of(training.vectors, agreement, self.n_clusters, self.seed)
        return lambda _, rows: found.means[found.distance(rows).argmin(axis=1)]


@dataclass(frozen=True)
class Avengers(Baseline):
    """The most accurate model of the nearest of 64 clusters.

        p = softmax(−β d) over the `top_clusters` nearest centres (Euclidean distance d)
        score_m = Σ_c p_c / (rank_c(m) + 0.1),  rank 0 = most accurate in c

    Reference: Zhang et al. 2025, The Avengers, arXiv:2505.19797; K = 64, seed 42, β = 6.
    Differs by sorting queries and models first (no order matters) and breaking ties by name.
    """

    title: ClassVar[str] = "AVENGERS"
    needs: ClassVar[Needs] = "labels"
    n_clusters: int = PUBLISHED_CLUSTERS
    seed: int = PUBLISHED_SEED
    top_clusters: int = 1
    beta: float = 6.0

    def learn(self, training: Training) -> ScoreFunction:
        """K-means on the labelled queries, an accuracy ranking per cluster."""
        _, _, vectors, right = training.labelled
        found = Centres.of(vectors, right, self.n_clusters, self.seed)
        order = np.argsort(-found.means, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :], axis=1)
        worth = 1.0 / (rank + RANK_OFFSET)
        top = min(self.top_clusters, len(found.centres))

        def score(_: tuple[str, ...], rows: FloatArray) -> FloatArray:
            distance = found.distance(rows)
            near = np.argsort(distance, axis=1, kind="stable")[:, :top]
            weight = softmax(-self.beta * np.take_along_axis(distance, near, axis=1))
            return np.einsum("qk,qkm->qm", weight, worth[near])

        return score
