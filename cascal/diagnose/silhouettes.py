"""How clearly the strong queries of every model split, in every task and for every k."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.clustering.candidates import wide
from cascal.clustering.cluster import TaskCandidates, query_silhouettes
from cascal.datatypes import FloatArray, IntArray, NotApplicable
from cascal.diagnose.clusters import refuse_one_cluster_a_task
from cascal.fit import Fit
from cascal.number_format import agreeing, counted

SMALLEST_K = 2
"""The first split that has a silhouette."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SilhouetteBench:
    """The silhouettes of all candidates, and which of them are in force at a threshold.

    tasks (T,), models (M,) in the caller's order
    values   (T, M, max_k − 1) mean silhouette of the split into 2, 3, … clusters; nan: no such one
    n_strong (T, M) strong queries
    k        (T, M) clusters in force; 1 = not split, 0 = no strong query
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    values: FloatArray
    n_strong: IntArray
    k: IntArray
    min_silhouette: float

    @cached_property
    def best(self) -> FloatArray:
        """(T, M) best silhouette over k; nan where there is nothing to split."""
        highest = np.max(np.nan_to_num(self.values, nan=-np.inf), axis=2, initial=-np.inf)
        return np.where(np.isfinite(highest), highest, np.nan)

    @cached_property
    def best_k(self) -> IntArray:
        """(T, M) the k with the best silhouette, the smaller of equals; 0: nothing to split."""
        if not self.values.shape[2]:
            return np.zeros(self.k.shape, dtype=np.int64)
        place = np.argmax(np.nan_to_num(self.values, nan=-np.inf), axis=2)
        return np.where(np.isnan(self.best), 0, place + SMALLEST_K)

    @property
    def weakest(self) -> tuple[int, int]:
        """Task and model whose best split is the least clear one."""
        place = int(np.nanargmin(self.best))
        return place // len(self.models), place % len(self.models)

    @property
    def used(self) -> str:
        """Of how many tasks and models the best split is clear enough to be used, in words."""
        n, known = int((self.k > 1).sum()), int((self.best_k > 0).sum())
        if n == known > 1:
            return f"all {known:,} splits are used"
        return f"{n or 'none'} of {counted(known, 'split')} {agreeing(n or 1, 'is', 'are')} used"

    def splits(self, task: int, model: int) -> IntArray:
        """Every k there is a candidate of."""
        return np.flatnonzero(~np.isnan(self.values[task, model])) + SMALLEST_K


def silhouette_bench(fitted: Fit, min_silhouette: float) -> SilhouetteBench:
    """Every silhouette of a fit, with the k that `min_silhouette` chooses.

    NotApplicable where each task is one cluster by choice, or nothing can be split.
    """
    refuse_one_cluster_a_task(fitted)
    columns = fitted.caller_models
    table = np.stack([task.silhouettes for task in fitted.by_task])[:, columns, SMALLEST_K - 1 :]
    if not np.isfinite(table).any():
        raise NotApplicable(
            "No model has two different strong queries in any task: nothing to split.",
            code="nothing-to-split",
        )
    chosen = [task.chosen_k(min_silhouette) for task in fitted.by_task]
    return SilhouetteBench(
        tasks=tuple(fitted.tasks[task.task] for task in fitted.by_task),
        models=fitted.models,
        values=np.where(np.isfinite(table), table, np.nan),
        n_strong=np.stack([_n_strong(task) for task in fitted.by_task])[:, columns],
        k=np.stack(chosen)[:, columns],
        min_silhouette=min_silhouette,
    )


def _n_strong(task: TaskCandidates) -> IntArray:
    """(M,) strong queries of each model: the support of its only centroid without a split."""
    n_strong, whole = np.zeros(len(task.largest_k), dtype=np.int64), task.k == 1
    n_strong[task.owner[whole]] = task.support[whole]
    return n_strong


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """The strong queries of a model in a task, split into k clusters.

    rows, cluster, silhouettes (n,) training queries in the caller's order, their cluster and their
    own silhouette; sorted by cluster, in it the highest first
    """

    rows: IntArray
    cluster: IntArray
    silhouettes: FloatArray
    k: int

    @property
    def mean(self) -> float:
        """The silhouette of the split, which `min_silhouette` is compared with."""
        return float(self.silhouettes.mean())

    @property
    def below_zero(self) -> float:
        """Share of the queries that lie nearer to another cluster than to their own."""
        return float((self.silhouettes < 0).mean())

    def lowest(self, n: int) -> IntArray:
        """Places of the n lowest queries, the lowest first."""
        return np.argsort(self.silhouettes, kind="stable")[:n]


def split_of(fitted: Fit, task: int, model: int, k: int) -> Split:
    """One candidate query by query; NotApplicable where the model has no such split."""
    column = int(fitted.caller_models[model])
    if k < SMALLEST_K or (column, k) not in fitted.by_task[task].labels:
        raise NotApplicable(
            f"The strong queries of {fitted.models[model]} in {fitted.tasks[task]} have no split "
            f"into {counted(k, 'cluster')}.",
            code="nothing-to-split",
        )
    candidate = fitted.by_task[task].candidate(column, k)
    vectors, labels = wide(fitted.vectors, candidate.rows), candidate.labels.astype(np.int64)
    values = query_silhouettes(vectors, labels[None], k)[0]
    order = np.lexsort((-values, labels))
    return Split(
        rows=np.argsort(fitted.caller_rows)[candidate.rows][order],
        cluster=labels[order],
        silhouettes=values[order],
        k=k,
    )
