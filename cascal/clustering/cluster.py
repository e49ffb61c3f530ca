"""Strong sets -> candidates for every k -> merged skill clusters (docs/method.md §§ 4–6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cascal.clustering.kmeans import Problem, Solution, solve
from cascal.clustering.merge import Merged, Unmerged, normalise
from cascal.clustering.sampling import assign_once, stratified
from cascal.computing.rounding_error import product_error
from cascal.computing.row_chunks import FEW, row_slices
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.results import Candidate

_DECIMALS_OF_IDENTITY = 12
KEPT_SIMILARITIES = 4_000_000
"""Numbers of similarity that a task keeps, 32 MB: they make the move of a threshold fast."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TaskCandidates:
    """All k-means results of one task, every model and every k, ready to be chosen from.

    rows        (n,) training queries of the task
    silhouettes (M, max_k) cosine silhouette by k − 1; −inf for k = 1 or no such candidate
    largest_k   (M,) 0 = no strong query, 1 = nothing to split
    centroids (P, D) unit, support (P,), owner (P,) model, k (P,): one row per centroid
    similarity  (P, n) cosine of every centroid and every query of the task, None where that would
                be more than `KEPT_SIMILARITIES` numbers: then the few merged centroids are compared
    labels      {(model, k): (n,) cluster, −1 where the model is not strong}
    """

    task: int
    rows: IntArray
    silhouettes: FloatArray
    largest_k: IntArray
    centroids: FloatArray
    support: IntArray
    owner: IntArray
    k: IntArray
    similarity: FloatArray | None
    labels: dict[tuple[int, int], IntArray]

    def chosen_k(self, min_silhouette: float) -> IntArray:
        """(M,) best k if its silhouette reaches the threshold, else 1; 0 without strong queries.

        Equal silhouettes: the smaller k.
        """
        return _best_ks(self.silhouettes, self.largest_k, min_silhouette)

    def in_force(self, min_silhouette: float) -> BoolArray:
        """(P,) the centroids of the chosen k of each model: those that are merged."""
        return np.asarray(self.k == self.chosen_k(min_silhouette)[self.owner])

    def chosen(self, keep: BoolArray) -> Unmerged:
        """Some of the centroids (P,), to be merged."""
        return Unmerged(self.centroids[keep], self.support[keep], self.owner[keep])

    def candidates(self) -> list[Candidate]:
        """The same as one `Candidate` for each (model, k)."""
        return [self.candidate(model, k) for model, k in self.labels]

    def candidate(self, model: int, k: int) -> Candidate:
        """One k-means result; KeyError where the model has none with so many clusters."""
        labels, centroid = self.labels[model, k], (self.owner == model) & (self.k == k)
        return Candidate(
            task=self.task,
            model=model,
            k=k,
            silhouette=float(self.silhouettes[model, k - 1]),
            rows=self.rows[labels >= 0],
            labels=labels[labels >= 0],
            centroids=self.centroids[centroid],
            support=self.support[centroid],
        )


def query_silhouettes(rows: FloatArray, labels: IntArray, n_clusters: int) -> FloatArray:
    """Cosine silhouette of every row in several labelings of the same unit rows: (P, n).

    rows (n, D), labels (P, n) with −1 = not in the labeling. Exact in O(n·k·D): with S_c the sum of
    the rows of cluster c, Σ_{y∈c} (1 − x·y) = |c| − x·S_c. A singleton's silhouette is 0, and so is
    what stands for a row that is not in the labeling.
    """
    member = labels[:, None, :] == np.arange(n_clusters)[None, :, None]
    sizes = member.sum(axis=2).astype(float)
    sums = member.reshape(-1, len(rows)).astype(rows.dtype) @ rows
    total = sizes[:, :, None] - (sums @ rows.T).reshape(member.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = np.where(member, total / (sizes - 1.0)[:, :, None], 0.0).sum(axis=1)
        to_other = np.where(member | (sizes == 0)[:, :, None], np.inf, total / sizes[:, :, None])
        between = to_other.min(axis=1)
        value = (between - within) / np.maximum(between, within)
    alone = (member & (sizes == 1)[:, :, None]).any(axis=1)
    return np.asarray(np.where(alone | (labels < 0) | ~np.isfinite(value), 0.0, value))


def cosine_silhouettes(rows: FloatArray, labels: IntArray, n_clusters: int) -> FloatArray:
    """Mean cosine silhouette of several labelings of the same unit rows: (P,).

    rows (n, D), labels (P, n) with −1 = not in the labeling.
    """
    total = query_silhouettes(rows, labels, n_clusters).sum(axis=1)
    return np.asarray(total / np.maximum((labels >= 0).sum(axis=1), 1))


def distinct_rows(rows: Iterable[FloatArray], enough: int) -> list[int]:
    """Places of distinct rows after rounding to 12 decimals; looks no further once `enough`."""
    seen: set[bytes] = set()
    found = []
    for place, row in enumerate(rows):
        said = (np.round(row, _DECIMALS_OF_IDENTITY) + 0.0).tobytes()  # + 0.0: no −0
        if said not in seen:
            seen.add(said)
            found.append(place)
        if len(found) == enough:
            break
    return found


def n_distinct(rows: Iterable[FloatArray], enough: int) -> int:
    """Number of distinct rows; stops counting at `enough`."""
    return len(distinct_rows(rows, enough))


def _largest_k(weights: FloatArray, vectors: FloatArray, max_k: int) -> IntArray:
    """(M,) largest k worth trying: min(max_k, n − 1, unique − 1), at least 1, 0 if n = 0."""
    largest = np.zeros(len(weights), dtype=np.int64)
    for model, weight in enumerate(weights):
        strong = np.flatnonzero(weight > 0)
        if len(strong):
            distinct = n_distinct((vectors[row] for row in strong), max_k + 1)
            largest[model] = max(1, min(max_k, len(strong) - 1, distinct - 1))
    return largest


def _whole(weights: FloatArray, vectors: FloatArray) -> list[Solution]:
    """K = 1: the weighted mean of each model's strong queries."""
    means = (weights @ vectors) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    labels = np.where(weights > 0, np.int16(0), np.int16(-1))
    return [Solution(labels[model], means[model : model + 1]) for model in range(len(weights))]


def _silhouettes(
    vectors: FloatArray,
    problems: Sequence[Problem],
    solutions: Sequence[Solution],
    n_models: int,
    max_k: int,
) -> FloatArray:
    table = np.full((n_models, max_k), -np.inf)
    for k in sorted({problem.k for problem in problems}):
        which = [at for at, problem in enumerate(problems) if problem.k == k]
        labels = np.stack([solutions[at].labels for at in which])
        values = cosine_silhouettes(vectors, labels, k)
        table[[problems[at].owner for at in which], k - 1] = values
    return table


def task_candidates(
    task: int,
    rows: IntArray,
    vectors: FloatArray,
    weights: FloatArray,
    *,
    max_k: int,
    seed: int,
    sample: int | None = None,
) -> TaskCandidates:
    """Cluster the strong queries of every model in one task, for every k.

    vectors (n, D) unit rows of the task's queries, weights (M, n) of the strong votes, 0 elsewhere.
    `sample`: k-means of at most so many rows, to whose centres all are assigned once.
    """
    n_models = len(weights)
    some = stratified(weights, sample)
    used = slice(None) if some is None else some
    largest = _largest_k(weights[:, used], vectors[used], max_k)
    problems = [Problem(m, k) for m in range(n_models) for k in range(2, largest[m] + 1)]
    solutions = solve(vectors[used], weights[:, used], problems, seed) if problems else []
    if some is not None:
        solutions = assign_once(vectors, weights, problems, solutions)
        largest = np.maximum(largest, (weights > 0).any(axis=1))
    table = _silhouettes(vectors, problems, solutions, n_models, max_k)
    whole = _whole(weights, vectors)
    listed = [(m, 1, whole[m]) for m in range(n_models) if largest[m]]
    listed += [(p.owner, p.k, s) for p, s in zip(problems, solutions, strict=True)]
    listed.sort(key=lambda one: (one[0], one[1]))
    dimension = vectors.shape[1]
    centers = [s.centers for _, _, s in listed] or [np.empty((0, dimension))]
    centroids = normalise(np.concatenate(centers))
    kept = len(centroids) * len(vectors) <= KEPT_SIMILARITIES
    support = [np.bincount(s.labels[s.labels >= 0], minlength=k) for _, k, s in listed]
    return TaskCandidates(
        task=task,
        rows=rows,
        silhouettes=table,
        largest_k=largest,
        centroids=centroids,
        support=np.concatenate([*support, np.empty(0, dtype=np.int64)]).astype(np.int64),
        owner=np.repeat([m for m, _, _ in listed], [k for _, k, _ in listed]).astype(np.int64),
        k=np.repeat([k for _, k, _ in listed], [k for _, k, _ in listed]).astype(np.int64),
        similarity=centroids @ vectors.T if kept else None,
        labels={(m, k): s.labels for m, k, s in listed},
    )


def no_candidates(
    task: int, rows: IntArray, vectors: FloatArray, n_models: int, max_k: int
) -> TaskCandidates:
    """A task that is not split, as if no model had a strong query in it: one cluster of all."""
    nothing = np.zeros((n_models, len(rows)))
    return task_candidates(task, rows, vectors, nothing, max_k=max_k, seed=0)


def in_force(by_task: Sequence[TaskCandidates], min_silhouette: float) -> list[BoolArray]:
    """`TaskCandidates.in_force` of every task."""
    silhouettes = np.stack([task.silhouettes for task in by_task])
    largest = np.stack([task.largest_k for task in by_task])
    chosen = _best_ks(silhouettes, largest, min_silhouette)
    return [task.k == k[task.owner] for task, k in zip(by_task, chosen, strict=True)]


def _best_ks(silhouettes: FloatArray, largest_k: IntArray, min_silhouette: float) -> IntArray:
    """(…) chosen k, of silhouettes (…, max_k) and largest k (…)."""
    best = np.argmax(silhouettes, axis=-1)
    reached = np.take_along_axis(silhouettes, best[..., None], axis=-1)[..., 0]
    good = (reached >= min_silhouette) & np.isfinite(reached)
    return np.where(largest_k == 0, 0, np.where(good, best + 1, 1))


def nearest_merged(
    candidates: TaskCandidates, keep: BoolArray, merged: Merged, vectors: FloatArray
) -> IntArray:
    """(n,) the nearest merged centroid of each query of the task; vectors (Q, D) of all tasks.

    A merged centroid is a weighted sum of candidates, so its similarity to a query is the same sum
    of theirs, where those are kept.
    """
    if not len(merged.centroids):
        return np.zeros(len(candidates.rows), dtype=np.int64)
    if candidates.similarity is None:
        return nearest_centroids(vectors, candidates.rows, merged.centroids)
    return np.argmax(merged.weights @ candidates.similarity[keep], axis=0)


def nearest_centroids(vectors: FloatArray, rows: IntArray, centroids: FloatArray) -> IntArray:
    """(n,) the nearest of a task's centroids for its rows of all vectors, ties to the first."""
    nearest = np.empty(len(rows), dtype=np.int64)
    for part in row_slices(len(rows), FEW):
        nearest[part] = nearest_of(vectors[rows[part]], centroids)
    return nearest


def nearest_of(rows: FloatArray, centroids: FloatArray) -> IntArray:
    """(n,) the nearest of unit centroids (C, D) in float64 for unit rows (n, D), ties to the first.

    Rows in float32 are compared in float32. Where another centroid is as near as twice the largest
    error of such a product, the row is compared again in float64.
    """
    if rows.dtype != np.float32:
        return np.argmax(centroids @ np.asarray(rows, dtype=np.float64).T, axis=0)
    similarity = rows @ centroids.T.astype(np.float32)
    nearest = np.argmax(similarity, axis=1)
    error = product_error(rows.shape[1], rows.dtype)
    best = np.take_along_axis(similarity, nearest[:, None], axis=1)
    doubtful = np.flatnonzero((similarity >= best - 2.0 * error).sum(axis=1) > 1)
    wide = rows[doubtful].astype(np.float64)
    nearest[doubtful] = np.argmax(centroids @ wide.T, axis=0)
    return nearest
