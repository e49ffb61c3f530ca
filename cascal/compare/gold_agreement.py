"""How far consensus and clusters agree with the truth: Kendall τ, NMI, ceilings, alignment.

Everything here needs gold answers (or known skills) and is used to check, never to route.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.intervals import Estimate, estimate, interval, resampled_means
from cascal.rank import tau_b

PERMUTATIONS = 50
MIN_QUERIES = 20
"""Rankings from fewer gold queries are noise more than signal."""


@dataclass(frozen=True)
class GoldAgreement:
    """Kendall τ-b between the consensus ranking and the gold ranking of one scope."""

    scope: str
    tau: Estimate
    n_train: int


def gold_agreement(scope: str, consensus: FloatArray, right: FloatArray) -> GoldAgreement:
    """Compare mean consensus scores (training queries) with accuracies (gold test queries).

    consensus (n, M), right (q, M). Both sides are resampled by query, each for itself: they are
    different queries. NotApplicable below 2 models or without queries on either side.
    """
    if not len(consensus) or not np.isfinite(right).any() or right.shape[1] < 2:
        raise NotApplicable(
            f"{scope}: a ranking needs queries on both sides and 2 models.", code="too-little-data"
        )
    filled = np.nan_to_num(consensus, nan=0.0)
    used = right[np.isfinite(right).any(axis=1)]
    accuracies = resampled_means(used)
    means = resampled_means(filled, seed=1)
    low, high = interval(tau_b(means, accuracies)[:, None])
    counted = np.isfinite(used)
    sums = np.where(counted, used, 0.0).sum(axis=0)
    accuracy = np.divide(
        sums, counted.sum(axis=0), out=np.full(len(sums), np.nan), where=counted.any(axis=0)
    )
    value = float(tau_b(filled.mean(axis=0), accuracy)[0])
    return GoldAgreement(
        scope, Estimate(value, float(low[0]), float(high[0]), len(used)), len(consensus)
    )


def gold_agreements(
    consensus: FloatArray,
    right: FloatArray,
    train_group: IntArray,
    test_group: IntArray,
    names: Sequence[str],
) -> list[GoldAgreement]:
    """One `GoldAgreement` a group (task or cluster) with `MIN_QUERIES` on both sides."""
    found = []
    for group, name in enumerate(names):
        train, test = consensus[train_group == group], right[test_group == group]
        counted = np.isfinite(test).any(axis=1)
        if len(train) >= MIN_QUERIES and counted.sum() >= MIN_QUERIES and right.shape[1] > 1:
            found.append(gold_agreement(name, train, test))
    return found


def best_models(right: FloatArray) -> IntArray:
    """(Q,) the winner of each query: of the right models the most accurate overall; −1 if none.

    right (Q, M). A query that every model gets right is won by the best model overall.
    """
    counted = np.isfinite(right)
    accuracy = np.where(counted, right, 0.0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    order = np.argsort(-accuracy, kind="stable")
    ranked = np.nan_to_num(right[:, order], nan=0.0) > 0.5
    return np.where(ranked.any(axis=1), order[ranked.argmax(axis=1)], -1)


@dataclass(frozen=True)
class ClusterInformation:
    """Normalised mutual information of cluster and winner, and what shuffled clusters reach."""

    nmi: float
    permuted: float
    n: int


def cluster_information(
    cluster: IntArray, right: FloatArray, *, seed: int = 0, n_permutations: int = PERMUTATIONS
) -> ClusterInformation:
    """How much the cluster of a query tells about the model that wins it.

    cluster (Q,), right (Q, M). With many small clusters NMI is above 0 by chance alone, so the
    mean over randomly permuted clusters is always given beside it. Queries no model gets right
    have no winner and are left out; NotApplicable if none is left.
    """
    from sklearn.metrics import normalized_mutual_info_score  # slow to import

    winner = best_models(right)
    kept = winner >= 0
    if not kept.any():
        raise NotApplicable(
            "No query has a right model: clusters cannot tell who wins.", code="nothing-to-compare"
        )
    cluster, winner = np.asarray(cluster)[kept], winner[kept]
    random = np.random.default_rng(seed)
    shuffled = [
        normalized_mutual_info_score(random.permutation(cluster), winner)
        for _ in range(n_permutations)
    ]
    nmi = normalized_mutual_info_score(cluster, winner)
    return ClusterInformation(float(nmi), float(np.mean(shuffled)), int(kept.sum()))


def best_constant_of_groups(right: FloatArray, group: IntArray, n_groups: int) -> IntArray:
    """(G,) the most accurate model of each group of queries; −1 for a group without any."""
    counted = np.isfinite(right)
    member = (group[None, :] == np.arange(n_groups)[:, None]).astype(np.float64)
    sums, counts = member @ np.where(counted, right, 0.0), member @ counted.astype(np.float64)
    rate = np.divide(sums, counts, out=np.full(sums.shape, -1.0), where=counts > 0)
    return np.where(counts.any(axis=1), rate.argmax(axis=1), -1)


def map_gain(right: FloatArray, group: IntArray, chosen: IntArray, constant: int) -> Estimate:
    """Paired gain of sending each group to its chosen model over always asking `constant`.

    right (Q, M), group (Q,), chosen (G,) with −1 = the constant.
    """
    model = np.where(chosen[group] < 0, constant, chosen[group])
    return estimate(right[np.arange(len(right)), model] - right[:, constant])


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
        raise NotApplicable(
            "No query has a known skill, so the clusters cannot be compared.", code="no-skills"
        )
    names = tuple(sorted({str(skills[row]) for row in known}))
    number = {name: at for at, name in enumerate(names)}
    skill = np.array([number[str(skills[row])] for row in known])
    cluster = np.asarray(assignment)[known]
    shared = np.zeros((len(names), int(cluster.max()) + 1))
    np.add.at(shared, (skill, cluster), 1.0)
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    jaccard = shared / np.maximum(union, 1.0)
    return Alignment(names, jaccard.max(axis=1), jaccard.argmax(axis=1))
