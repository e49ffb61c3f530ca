"""Consensus scores x clusters -> rankings, pruned (docs/method.md § 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from cascal.computing.row_chunks import MANY, row_slices
from cascal.computing_order import best_first
from cascal.datatypes import BoolArray, FloatArray, IntArray

SET_SIZE = 3
"""Pruning compares the sets of the first three models, whatever `top_k`."""


def group_sums(values: FloatArray, group: IntArray, n_groups: int) -> FloatArray:
    """Sum of the rows of values (Q, M) in each group: (G, M)."""
    if len(values) == 0:
        return np.zeros((n_groups, values.shape[1]))
    total = np.zeros((n_groups, values.shape[1]))
    for rows in row_slices(len(group), MANY):
        some = group[rows]
        member = scipy.sparse.csr_array(
            (np.ones(len(some)), some, np.arange(len(some) + 1)), shape=(len(some), n_groups)
        )
        total += np.asarray(member.T @ values[rows])
    return total


def group_means(values: FloatArray, group: IntArray, n_groups: int) -> FloatArray:
    """Mean of the rows of values (Q, M) in each group: (G, M); 0 for an empty group."""
    counts = np.bincount(group, minlength=n_groups)
    return np.asarray(group_sums(values, group, n_groups) / np.maximum(counts, 1)[:, None])


@dataclass(frozen=True, eq=False)
class Pruned:
    """into (C,) the surviving cluster of each; `opposed` pairs whose best models differed."""

    into: IntArray
    opposed: tuple[tuple[int, int], ...]


def prune_sweep(
    mean_scores: FloatArray,
    sizes: IntArray,
    task: IntArray,
    models: Sequence[str],
    prune_jaccard: float,
    *,
    same_first: bool = False,
) -> Pruned:
    """Merge clusters of a task whose first-three sets have Jaccard ≥ `prune_jaccard`.

    `same_first`: and only where their first models are the same.

    One sweep in the order of the clusters; the one with more queries survives, the earlier of
    equals; sizes grow on the way, rankings do not. If the later survives, the earlier's scan ends.
    """
    order = best_first(mean_scores, models)[:, : min(SET_SIZE, len(models))]
    first = np.zeros(mean_scores.shape, dtype=np.int64)
    np.put_along_axis(first, order, 1, axis=1)
    shared = first @ first.T
    jaccard = shared / (2 * order.shape[1] - shared)
    joins = (jaccard >= prune_jaccard) & (task[:, None] == task[None, :])
    if same_first:
        joins &= order[:, :1] == order[None, :, 0]
    into, sizes = np.arange(len(sizes)), np.array(sizes)
    opposed: list[tuple[int, int]] = []
    for i in range(len(into)):
        if into[i] != i:
            continue
        for j in np.flatnonzero(joins[i, i + 1 :]) + i + 1:
            if into[j] != j:
                continue
            if order[i, 0] != order[j, 0]:
                opposed.append((i, int(j)))
            kept, lost = (int(j), i) if sizes[j] > sizes[i] else (i, int(j))
            into[lost] = kept
            sizes[kept] += sizes[lost]
            if lost == i:
                break
    for i in range(len(into)):
        while into[into[i]] != into[i]:
            into[i] = into[into[i]]
    return Pruned(into, tuple(opposed))


def _believed(deviation: FloatArray, variance: FloatArray, used: BoolArray) -> FloatArray:
    """t²/(t² + V) with one t² for all used groups and models: the share that is not noise."""
    excess = deviation[used] ** 2 - variance[used]
    common = max(0.0, float(excess.mean())) if excess.size else 0.0
    total = common + variance
    return np.divide(common, total, out=np.zeros_like(variance), where=total > 0)


@dataclass(frozen=True, eq=False)
class Deviations:
    """Means and sampling variances of R = C − row mean in groups of queries, all (G, M)."""

    mean: FloatArray
    variance: FloatArray
    count: IntArray

    @classmethod
    def of_sums(cls, sums: FloatArray, squares: FloatArray, count: IntArray) -> Deviations:
        """From the sums (G, M) of the values and of their squares; 0 for an empty group."""
        size = np.maximum(count, 1)[:, None]
        mean = sums / size
        return cls(mean, np.maximum(squares / size - mean**2, 0.0), count)


def deviations(relative: FloatArray, group: IntArray, n_groups: int) -> Deviations:
    """Mean, variance (ddof 0) and size of each group of R (Q, M)."""
    return Deviations.of_sums(
        group_sums(relative, group, n_groups),
        group_sums(relative**2, group, n_groups),
        np.bincount(group, minlength=n_groups),
    )


def shrunken_scores(
    overall: FloatArray,
    relative: FloatArray,
    task_of_query: IntArray,
    cluster_of_query: IntArray,
    task_of_cluster: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Ranking scores that believe only what the data carry: (C, M), and the trust in them (C, M).

    score = global mean + trust · deviation of the task + trust · deviation of the cluster from its
    task, each trust = t²/(t² + sampling variance) with a common t² (docs/method.md § 6). A cluster
    alone in its task has no deviation of its own; its trust is the task's.
    """
    n_tasks = int(task_of_query.max(initial=-1)) + 1
    of_task = deviations(relative, task_of_query, n_tasks)
    of_cluster = deviations(relative, cluster_of_query, len(task_of_cluster))
    return shrunken_deviations(overall, relative.mean(axis=0), of_task, of_cluster, task_of_cluster)


def shrunken_deviations(
    overall: FloatArray,
    relative_overall: FloatArray,
    of_task: Deviations,
    of_cluster: Deviations,
    task_of_cluster: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """`shrunken_scores` from the deviations of tasks and clusters, and the means (M,) of R."""
    n_tasks = len(of_task.count)
    size = np.maximum(of_task.count, 1)[:, None]
    task_deviation = of_task.mean - relative_overall
    task_trust = _believed(task_deviation, of_task.variance / size, of_task.count > 0)
    parent = task_of_cluster
    several = np.bincount(parent, minlength=n_tasks)[parent] > 1
    share = of_cluster.count / np.maximum(of_task.count[parent], 1)
    own_size = np.maximum(of_cluster.count, 1)
    variance = of_cluster.variance * ((1.0 - share) / own_size)[:, None]
    own_deviation = np.where(several[:, None], of_cluster.mean - of_task.mean[parent], 0.0)
    own_trust = _believed(own_deviation, variance, several)
    scores = overall + (task_trust * task_deviation)[parent]
    scores = scores + np.where(several[:, None], own_trust * own_deviation, 0.0)
    return scores, np.where(several[:, None], own_trust, task_trust[parent])


def mean_errors(spread: Deviations) -> FloatArray:
    """Standard error of the mean of each group's rows, (G, M); nan for a single row."""
    count = spread.count[:, None]
    variance = spread.variance * count / np.maximum(count - 1, 1)
    return np.where(count > 1, np.sqrt(variance / np.maximum(count, 1)), np.nan)


@dataclass(frozen=True, eq=False)
class SelectionRanking:
    """Mean consensus score of every model over some queries, with a 95 % interval: all (M,)."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    order: IntArray
    n_queries: int


def rank_selection(
    values: FloatArray, models: Sequence[str], *, unknown: float = 0.0
) -> SelectionRanking:
    """Rank the models over the given rows (n, M): consensus scores, or right and wrong.

    A nan counts as `unknown`: 0 for scores, where it is no answer; nan leaves it out, as for a
    query without gold answer. The interval is mean ± t·standard error (Student's t, n − 1
    degrees); nan below 2 values. n_queries is the number of rows with any value.
    """
    filled = np.where(np.isnan(values), unknown, values)
    known = np.isfinite(filled)
    n = known.sum(axis=0)
    mean = np.where(known, filled, 0.0).sum(axis=0) / np.maximum(n, 1)
    square = np.where(known, filled - mean, 0.0) ** 2
    spread = np.sqrt(square.sum(axis=0) / np.maximum(n - 1, 1))
    reach = scipy.special.stdtrit(np.maximum(n - 1, 1), 0.975) * spread / np.sqrt(np.maximum(n, 1))
    error = np.where(n > 1, reach, np.nan)
    mean = np.where((n > 0) | (len(values) == 0), mean, np.nan)
    n_queries = int(known.any(axis=1).sum())
    return SelectionRanking(mean, mean - error, mean + error, best_first(mean, models), n_queries)


def tau_b(first: FloatArray, second: FloatArray) -> FloatArray:
    """Kendall τ-b of the rows of two arrays (B, M), ties allowed; nan where a row is constant.

    τ_b = Σ sign(x_i − x_j)·sign(y_i − y_j) / sqrt(pairs not tied in x · pairs not tied in y)

    Reference: Kendall 1945, doi:10.1093/biomet/33.3.239. Pairs with a nan are left out.
    """
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    left, right = np.triu_indices(first.shape[1], k=1)
    one = np.nan_to_num(np.sign(first[:, left] - first[:, right]))
    other = np.nan_to_num(np.sign(second[:, left] - second[:, right]))
    both = np.isfinite(first[:, left] - first[:, right]) & np.isfinite(
        second[:, left] - second[:, right]
    )
    one, other = one * both, other * both
    untied = np.abs(one).sum(axis=1) * np.abs(other).sum(axis=1)
    total = (one * other).sum(axis=1)
    return np.divide(total, np.sqrt(untied), out=np.full(len(total), np.nan), where=untied > 0)
