"""AVENGERS: k-means clusters, the accuracy ranking of the nearest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cascal.cluster import n_distinct
from cascal.compare.baselines.base import Baseline, Needs, ScoreFunction, Training
from cascal.datatypes import FloatArray
from cascal.rank import group_means
from cascal.route import softmax

RANK_OFFSET = 0.1


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
    n_clusters: int = 64
    seed: int = 42
    top_clusters: int = 1
    beta: float = 6.0

    def learn(self, training: Training) -> ScoreFunction:
        """K-means on the labelled queries, an accuracy ranking per cluster."""
        from sklearn.cluster import KMeans  # slow to import

        _, _, vectors, right = training.labelled
        k = min(self.n_clusters, n_distinct(vectors, self.n_clusters))
        means = KMeans(k, random_state=self.seed, max_iter=1000, n_init=1).fit(vectors)
        accuracy = group_means(right, np.asarray(means.labels_, dtype=np.int64), k)
        order = np.argsort(-accuracy, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :], axis=1)
        worth = 1.0 / (rank + RANK_OFFSET)
        centres = np.asarray(means.cluster_centers_)
        top = min(self.top_clusters, k)

        def score(_: tuple[str, ...], rows: FloatArray) -> FloatArray:
            square = (rows**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)
            distance = np.sqrt(np.maximum(square - 2.0 * rows @ centres.T, 0.0))
            near = np.argsort(distance, axis=1, kind="stable")[:, :top]
            weight = softmax(-self.beta * np.take_along_axis(distance, near, axis=1))
            return np.einsum("qk,qkm->qm", weight, worth[near])

        return score
