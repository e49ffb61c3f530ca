"""Centroids that lie close together become one (docs/method.md § 5)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import FloatArray, IntArray

NO_OWNER = -1


def normalise(vectors: FloatArray) -> FloatArray:
    """Rows scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1.0, lengths))


@dataclass(frozen=True, eq=False)
class Merged:
    """Centroids of one task after the merge, in the order of their first member.

    weights (C, P) of the merged candidates: centroids = weights @ candidates.
    """

    centroids: FloatArray
    weights: FloatArray
    support: IntArray
    owner: IntArray


def _merged(
    centroids: FloatArray, weights: FloatArray, support: IntArray, owner: IntArray
) -> Merged:
    sums = weights @ centroids
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    return Merged(sums / lengths, weights / lengths, support, owner)


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
    return _merged(centroids, member.astype(np.float64), member.sum(axis=1), owner[keep])


def merge_closest_pairs(
    centroids: FloatArray, support: IntArray, owner: IntArray, merge_distance: float
) -> Merged:
    """Merge the closest pair until no two centroids are closer than `merge_distance`.

    The pair becomes normalise(s_i c_i + s_j c_j) with support s_i + s_j, in the place of the
    earlier one. A fixed point, free of order up to ties, which go to the earlier pair. The
    similarity of the new centroid to x is (s_i·cos(i, x) + s_j·cos(j, x)) / |s_i c_i + s_j c_j|.
    Differs from the paper's released code (`merge_greedily`).
    """
    total = np.array(support, dtype=np.float64)
    weights = np.eye(len(centroids))
    alive = np.ones(len(centroids), dtype=bool)
    for i, j, distance, length in _closest_pairs(centroids, total):
        if distance >= merge_distance:
            break
        weights[i] = (total[i] * weights[i] + total[j] * weights[j]) / length
        alive[j] = False
    return _merged(centroids, weights[alive], total[alive].astype(np.int64), owner[alive])


def _closest_pairs(
    centroids: FloatArray, support: FloatArray
) -> Iterator[tuple[int, int, float, float]]:
    """Every pair i < j to merge next with its distance and |s_i c_i + s_j c_j|.

    Asking for another one merges the last: support[i], changed in place, is then that of both.
    """
    similarity = centroids @ centroids.T
    np.fill_diagonal(similarity, -np.inf)
    for _ in range(len(centroids) - 1):
        i, j = divmod(int(similarity.argmax()), len(centroids))
        s_i, s_j = support[i], support[j]
        length = math.sqrt(s_i**2 + s_j**2 + 2.0 * s_i * s_j * similarity[i, j])
        yield i, j, max(0.0, 1.0 - similarity[i, j]), length
        to_others = (s_i * similarity[i] + s_j * similarity[j]) / length
        similarity[i], similarity[:, i] = to_others, to_others
        similarity[j], similarity[:, j] = -np.inf, -np.inf
        support[i] += s_j


def merge_steps(merge: str, centroids: FloatArray, support: IntArray) -> FloatArray:
    """Sorted distances above which another merge happens, or may happen.

    closest_pair: a merge waits for those before it, so the largest distance so far counts.
    released: every distance of a pair, as each may decide the order.
    """
    if merge == "released":
        return np.sort((1.0 - centroids @ centroids.T)[np.triu_indices(len(centroids), k=1)])
    pairs = _closest_pairs(centroids, np.array(support, dtype=np.float64))
    return np.maximum.accumulate([0.0, *(distance for _, _, distance, _ in pairs)])[1:]


def only_cluster(vectors: FloatArray) -> Merged:
    """All queries of a task that no strong query splits: their unweighted spherical mean."""
    center = normalise(vectors.sum(axis=0, keepdims=True))
    return Merged(center, np.empty((1, 0)), np.zeros(1, dtype=np.int64), np.array([NO_OWNER]))


MERGES = {"released": merge_greedily, "closest_pair": merge_closest_pairs}
