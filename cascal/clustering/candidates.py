"""Candidates of every task, several tasks at a time (docs/method.md § 4)."""

from __future__ import annotations

import numpy as np

from cascal.clustering.cluster import TaskCandidates, no_candidates, task_candidates
from cascal.computing.blas import one_blas_thread
from cascal.datatypes import FloatArray, IntArray
from cascal.settings import FitSettings


def wide(vectors: FloatArray, rows: IntArray) -> FloatArray:
    """Some rows (n, D) in float64: everything is computed in it, whatever is kept."""
    return np.asarray(vectors[rows], dtype=np.float64)


def candidates_by_task(
    vectors: FloatArray,
    task_of_query: IntArray,
    weights: FloatArray,
    settings: FitSettings,
    *,
    n_jobs: int,
) -> tuple[TaskCandidates, ...]:
    """Candidates of all tasks, from the weights (Q, M) of the strong votes and vectors (Q, D)."""
    from joblib import Parallel, delayed  # slow to import, and routing does not need it

    n_tasks = int(task_of_query.max(initial=-1)) + 1
    members = [np.flatnonzero(task_of_query == task) for task in range(n_tasks)]
    with one_blas_thread():
        found = Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(candidates_of)(task, rows, vectors, weights, settings)
            for task, rows in enumerate(members)
        )
    return tuple(found)


def candidates_of(
    task: int, rows: IntArray, vectors: FloatArray, weights: FloatArray, settings: FitSettings
) -> TaskCandidates:
    """Candidates of one task: its rows (n,) of vectors (Q, D) and weights (Q, M) of strong votes.

    The rows are widened here, so that no task waits with its copy.
    """
    own = wide(vectors, rows)
    if settings.by_task:
        return no_candidates(task, rows, own, weights.shape[1], settings.max_k)
    scaled = scaled_weights(weights[rows].T)
    return task_candidates(
        task,
        rows,
        own,
        scaled,
        max_k=settings.max_k,
        seed=settings.seed,
        sample=settings.sample,
    )


def scaled_weights(weights: FloatArray) -> FloatArray:
    """(M, n) weights of a task's strong votes, scaled to sum to their number for each model."""
    total = weights.sum(axis=1, keepdims=True)
    count = (weights > 0).sum(axis=1, keepdims=True)
    return np.asarray(weights * np.divide(count, total, out=np.ones_like(total), where=total > 0))
