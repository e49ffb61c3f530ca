"""The queries of every task at some thresholds, and the sums over their clusters.

Moving a threshold changes few tasks. What a task became at the last moves is remembered, so only
the others are compared with their centroids and summed again. Sums depend on nothing but the
clusters, so a router does not depend on the moves before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np

from cascal.clustering.cluster import TaskCandidates, in_force
from cascal.clustering.merge import Merged, merge_all, normalise
from cascal.computing.row_chunks import FEW, row_slices
from cascal.datatypes import BoolArray, FloatArray, IntArray
from cascal.rank import Deviations, group_sums
from cascal.results import SkillClusters

KEPT_MOVES = 8
"""So many different states of each task are remembered."""


@dataclass(frozen=True, eq=False)
class TaskClusters:
    """The clusters of one task that have a query, and the cluster (n,) of each of its queries.

    centroids (C, D), support (C,), owner (C,); sums (C, 4, M) of scores, their squares, scores
    relative to the query's mean, and the squares of these
    """

    rows: IntArray
    nearest: IntArray
    centroids: FloatArray
    support: IntArray
    owner: IntArray
    sums: FloatArray
    vectors: FloatArray = field(repr=False)

    @cached_property
    def vector_sums(self) -> FloatArray:
        """(C, D) sum of the vectors of each cluster."""
        return _sums(lambda rows: self.vectors[rows], self.rows, self.nearest, len(self.owner))


def _sums(
    values: Callable[[IntArray], FloatArray], rows: IntArray, group: IntArray, n_groups: int
) -> FloatArray:
    """(G, …) sums of the values of some rows, taken a few at a time."""
    parts = [
        group_sums(values(rows[part]), group[part], n_groups) for part in row_slices(len(rows), FEW)
    ]
    return np.asarray(sum(parts[1:], start=parts[0]))


@dataclass(frozen=True, eq=False)
class Regrouped:
    """Clusters of all tasks with the sums (C, 4, M) over their queries; see `TaskClusters`."""

    clusters: SkillClusters
    sums: FloatArray
    parts: tuple[TaskClusters, ...]

    @property
    def mean_scores(self) -> FloatArray:
        """(C, M) mean score of every model over each cluster."""
        return np.asarray(self.sums[:, 0] / self.clusters.sizes[:, None])

    @property
    def scores(self) -> Deviations:
        """Mean and variance of the scores in each cluster."""
        return Deviations.of_sums(self.sums[:, 0], self.sums[:, 1], self.clusters.sizes)

    @property
    def relative(self) -> Deviations:
        """The same of the scores relative to each query's mean."""
        return Deviations.of_sums(self.sums[:, 2], self.sums[:, 3], self.clusters.sizes)

    def joined(self, into: IntArray, vectors: FloatArray) -> Regrouped:
        """Each cluster put into another (C,), or itself, with the sums (C, D) of their vectors:
        centroids become the members' means.
        """
        keep, place = np.unique(into, return_inverse=True)
        clusters, n_kept = self.clusters, len(keep)
        sums = group_sums(self.sums.reshape(len(place), -1), place, n_kept)
        joined = SkillClusters(
            clusters.tasks,
            normalise(group_sums(vectors, place, n_kept)),
            clusters.task[keep],
            clusters.support[keep],
            place[clusters.assignment],
            clusters.owner[keep],
        )
        return Regrouped(joined, sums.reshape(n_kept, *self.sums.shape[1:]), self.parts)


Compare = Callable[[list[int], list[BoolArray], list[Merged]], Sequence[tuple[Merged, IntArray]]]
"""Of some tasks the candidates in force and what became of them by the merge -> their centroids,
one where nothing was merged, and the nearest of them for each query of the task."""


class _Recent:
    """The last `KEPT_MOVES` states of one task, each with the candidates in force and the merge
    distances that lead to it.
    """

    def __init__(self) -> None:
        self._states: list[tuple[bytes, Merged, TaskClusters]] = []
        self._lock = Lock()

    def find(self, keep: BoolArray, merge_distance: float) -> TaskClusters | None:
        """The state with these candidates at that merge distance, where it is remembered."""
        key = keep.tobytes()
        with self._lock:
            for at, (other, merged, state) in enumerate(self._states):
                if other == key and merged.low < merge_distance <= merged.high:
                    self._states.append(self._states.pop(at))
                    return state
        return None

    def add(self, keep: BoolArray, merged: Merged, state: TaskClusters) -> None:
        """Remember one more state, and forget the one that was asked for longest ago."""
        with self._lock:
            self._states.append((keep.tobytes(), merged, state))
            del self._states[:-KEPT_MOVES]


@dataclass(frozen=True, eq=False)
class Regrouping:
    """What thresholds do not change: candidates of every task, vectors (Q, D), scores (Q, M) and
    their means (Q,); and how some tasks, by number, are compared with their merged centroids.
    """

    tasks: tuple[str, ...]
    by_task: Sequence[TaskCandidates]
    vectors: FloatArray
    scores: FloatArray
    means: FloatArray
    merge: str
    compare: Compare

    def __getstate__(self) -> dict[str, object]:
        """What is remembered stays in its process, and is no part of a copy."""
        return {name: value for name, value in self.__dict__.items() if name != "_recent"}

    @cached_property
    def _recent(self) -> list[_Recent]:
        return [_Recent() for _ in self.by_task]

    def at(self, min_silhouette: float, merge_distance: float) -> Regrouped:
        """Merge, then every query to the nearest centroid of its task; empty clusters vanish."""
        keep = in_force(self.by_task, min_silhouette)
        parts = self._parts(keep, merge_distance)
        assignment = np.empty(len(self.scores), dtype=np.int64)
        sizes = [len(part.owner) for part in parts]
        for part, offset in zip(parts, np.cumsum([0, *sizes[:-1]]), strict=True):
            assignment[part.rows] = part.nearest + offset
        clusters = SkillClusters(
            self.tasks,
            np.concatenate([part.centroids for part in parts]),
            np.repeat(np.arange(len(parts)), sizes),
            np.concatenate([part.support for part in parts]),
            assignment,
            np.concatenate([part.owner for part in parts]),
        )
        return Regrouped(clusters, np.concatenate([part.sums for part in parts]), parts)

    def _parts(self, keep: list[BoolArray], merge_distance: float) -> tuple[TaskClusters, ...]:
        """Every task as it is remembered, or merged and compared anew."""
        found = [
            recent.find(one, merge_distance) for recent, one in zip(self._recent, keep, strict=True)
        ]
        missing = [task for task, state in enumerate(found) if state is None]
        unmerged = [self.by_task[task].chosen(keep[task]) for task in missing]
        merged = merge_all(self.merge, unmerged, merge_distance)
        compared = self.compare(missing, [keep[task] for task in missing], merged)
        for task, one, own in zip(missing, merged, compared, strict=True):
            state = self._state(self.by_task[task].rows, *own)
            self._recent[task].add(keep[task], one, state)
            found[task] = state
        return tuple(state for state in found if state is not None)

    def _state(self, rows: IntArray, merged: Merged, nearest: IntArray) -> TaskClusters:
        used, local = np.unique(nearest, return_inverse=True)
        return TaskClusters(
            rows=rows,
            nearest=local.astype(np.int32),
            centroids=merged.centroids[used],
            support=merged.support[used],
            owner=merged.owner[used],
            sums=_sums(self._moments, rows, local, len(used)).reshape(len(used), 4, -1),
            vectors=self.vectors,
        )

    def _moments(self, rows: IntArray) -> FloatArray:
        """(n, 4·M) what is summed of the scores of some rows."""
        scores = self.scores[rows]
        relative = scores - self.means[rows, None]
        return np.hstack([scores, scores**2, relative, relative**2])
