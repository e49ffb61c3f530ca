"""Centroids that lie close together become one (docs/method.md § 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cascal.datatypes import BoolArray, FloatArray, IntArray

NO_OWNER = -1
_STILL_MERGING = 0.7
"""The share of tasks that still merge below which the others' similarities are left out."""


def normalise(vectors: FloatArray) -> FloatArray:
    """Rows scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1.0, lengths))


@dataclass(frozen=True, eq=False)
class Merged:
    """Centroids of one task after the merge, in the order of their first member.

    weights (C, P) of the merged candidates: centroids = weights @ candidates. Any merge distance
    above `low`, up to `high`, gives the same.
    """

    centroids: FloatArray
    weights: FloatArray
    support: IntArray
    owner: IntArray
    low: float
    high: float


def _merged(
    centroids: FloatArray,
    weights: FloatArray,
    support: IntArray,
    owner: IntArray,
    same: tuple[float, float],
) -> Merged:
    sums = weights @ centroids
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    return Merged(sums / lengths, weights / lengths, support, owner, *same)


def merge_greedily(
    centroids: FloatArray, support: IntArray, owner: IntArray, merge_distance: float
) -> Merged:
    """The released code's merge, in the order given; kept for parity.

    Takes i; each later unmerged j closer than `merge_distance` goes into i, unless j has more
    support: then i goes into j and the scan of i ends. Depends on the order; afterwards pairs may
    still be closer than the threshold.
    """
    near = np.maximum(1.0 - centroids @ centroids.T, 0.0) < merge_distance
    into = np.arange(len(centroids))
    for i in range(len(centroids)):
        if into[i] != i:
            continue
        for j in np.flatnonzero(near[i, i + 1 :]) + i + 1:
            if into[j] != j:
                continue
            if support[j] > support[i]:
                into[i] = j
                break
            into[j] = i
    for i in range(len(into)):
        while into[into[i]] != into[i]:
            into[i] = into[into[i]]
    keep = into[np.sort(np.unique(into, return_index=True)[1])]
    member = (into[None, :] == keep[:, None]) * support
    same = (float(np.nextafter(merge_distance, -np.inf)), merge_distance)
    return _merged(centroids, member.astype(np.float64), member.sum(axis=1), owner[keep], same)


def merge_closest_pairs(
    centroids: FloatArray, support: IntArray, owner: IntArray, merge_distance: float
) -> Merged:
    """Merge the closest pair until no two centroids are closer than `merge_distance`.

    The pair becomes normalise(s_i c_i + s_j c_j) with support s_i + s_j, in the place of the
    earlier one. A fixed point, free of order up to ties, which go to the earlier pair. The
    similarity of the new centroid to x is (s_i·cos(i, x) + s_j·cos(j, x)) / |s_i c_i + s_j c_j|.
    Differs from the paper's released code (`merge_greedily`).
    """
    return _closest_pairs_of_all([Unmerged(centroids, support, owner)], merge_distance)[0]


class Unmerged(NamedTuple):
    """What one task merges: centroids (P, D), their support (P,) and owner (P,)."""

    centroids: FloatArray
    support: IntArray
    owner: IntArray


def merge_all(merge: str, parts: Sequence[Unmerged], merge_distance: float) -> list[Merged]:
    """Every task's centroids merged, "released" or "closest_pair"; equal to each task alone."""
    if merge == "released":
        return [merge_greedily(*part, merge_distance) for part in parts]
    return _closest_pairs_of_all(parts, merge_distance)


def _closest_pairs_of_all(parts: Sequence[Unmerged], merge_distance: float) -> list[Merged]:
    """`merge_closest_pairs` of many tasks in step: the next pair of every task at once."""
    steps = _Steps.of(parts)
    width = steps.support.shape[1]
    weights = np.tile(np.eye(width), (len(parts), 1, 1))
    alive = np.ones(steps.support.shape, dtype=bool)
    low, high = np.full(len(parts), -np.inf), np.full(len(parts), np.inf)
    while len(steps.part):
        pairs = steps.closest()
        near = pairs.distance < merge_distance
        high[pairs.part[~near]] = pairs.distance[~near]
        pairs = pairs.of(near)
        low[pairs.part] = np.maximum(low[pairs.part], pairs.distance)
        part, i, j = pairs.part, pairs.i, pairs.j
        s_i, s_j = steps.support[part, i, None], steps.support[part, j, None]
        both = s_i * weights[part, i] + s_j * weights[part, j]
        weights[part, i] = both / pairs.length[:, None]
        alive[part, j] = False
        steps.join(pairs)
        steps.keep(near)
    merged = []
    for at, (centroids, _, owner) in enumerate(parts):
        n, left = len(owner), alive[at, : len(owner)]
        support = steps.support[at, :n][left].astype(np.int64)
        same = (float(low[at]), float(high[at]))
        merged.append(_merged(centroids, weights[at, :n, :n][left], support, owner[left], same))
    return merged


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The closest pair i < j of some tasks, its distance and |s_i c_i + s_j c_j|: all (A,).

    part: the number of the task; place: where its similarities are
    """

    part: IntArray
    place: IntArray
    i: IntArray
    j: IntArray
    distance: FloatArray
    length: FloatArray

    def of(self, which: BoolArray) -> _Pairs:
        """Some of them."""
        return _Pairs(
            self.part[which],
            self.place[which],
            self.i[which],
            self.j[which],
            self.distance[which],
            self.length[which],
        )


@dataclass(eq=False)
class _Steps:
    """Tasks whose centroids are merged pair by pair.

    support (T, P), padded to the task with the most centroids; part (A,) the tasks that go on;
    similarity (B, P, P) of these and of some that do not, −inf where there is no pair; place (A,)
    where each task is in it
    """

    support: FloatArray
    part: IntArray
    similarity: FloatArray
    place: IntArray

    @classmethod
    def of(cls, parts: Sequence[Unmerged]) -> _Steps:
        """The tasks with a pair to merge."""
        width = max((len(one.owner) for one in parts), default=0)
        several = [at for at, one in enumerate(parts) if len(one.owner) > 1]
        similarity = np.full((len(several), width, width), -np.inf)
        for place, at in enumerate(several):
            n, centroids = len(parts[at].owner), parts[at].centroids
            similarity[place, :n, :n] = centroids @ centroids.T
        similarity[:, range(width), range(width)] = -np.inf
        support = np.zeros((len(parts), width))
        for row, one in zip(support, parts, strict=True):
            row[: len(one.support)] = one.support
        part = np.array(several, dtype=np.int64)
        return cls(support, part, similarity, np.arange(len(several)))

    def closest(self) -> _Pairs:
        """The next pair of each task that goes on; the earlier of equals."""
        flat = self.similarity.reshape(len(self.similarity), -1)
        at = flat.argmax(axis=1)[self.place]
        i, j = np.divmod(at, self.similarity.shape[1])
        best = flat[self.place, at]
        s_i, s_j = self.support[self.part, i], self.support[self.part, j]
        with np.errstate(invalid="ignore"):  # −inf where no pair is left
            length = np.sqrt(s_i**2 + s_j**2 + 2.0 * s_i * s_j * best)
        return _Pairs(self.part, self.place, i, j, np.maximum(0.0, 1.0 - best), length)

    def join(self, pairs: _Pairs) -> None:
        """Put the centroid of each pair in the place of its first."""
        place, i, j, similarity = pairs.place, pairs.i, pairs.j, self.similarity
        s_i, s_j = self.support[pairs.part, i, None], self.support[pairs.part, j, None]
        to_others = (s_i * similarity[place, i] + s_j * similarity[place, j]) / pairs.length[
            :, None
        ]
        similarity[place, i], similarity[place, :, i] = to_others, to_others
        similarity[place, j], similarity[place, :, j] = -np.inf, -np.inf
        self.support[pairs.part, i] += s_j[:, 0]

    def keep(self, which: BoolArray) -> None:
        """Leave the other tasks (A,) as they are, and their similarities out once they are many."""
        self.part, self.place = self.part[which], self.place[which]
        if len(self.place) <= _STILL_MERGING * len(self.similarity):
            self.similarity = self.similarity[self.place]
            self.place = np.arange(len(self.place))


def merge_steps(merge: str, centroids: FloatArray, support: IntArray) -> FloatArray:
    """Sorted distances above which another merge happens, or may happen.

    closest_pair: a merge waits for those before it, so the largest distance so far counts.
    released: every distance of a pair, as each may decide the order.
    """
    if merge == "released":
        return np.sort((1.0 - centroids @ centroids.T)[np.triu_indices(len(centroids), k=1)])
    steps, distances = _Steps.of([Unmerged(centroids, support, support)]), [0.0]
    for _ in range(len(centroids) - 1):
        pairs = steps.closest()
        distances.append(float(pairs.distance[0]))
        steps.join(pairs)
    return np.maximum.accumulate(distances)[1:]


def only_cluster(vectors: FloatArray) -> Merged:
    """All queries of a task that no strong query splits: their unweighted spherical mean."""
    center = normalise(vectors.sum(axis=0, keepdims=True))
    nothing, nobody = np.zeros(1, dtype=np.int64), np.array([NO_OWNER])
    return Merged(center, np.empty((1, 0)), nothing, nobody, -np.inf, np.inf)
