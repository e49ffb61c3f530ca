"""The groups of reliabilities: k-means of all queries, none of whose vectors come here.

The same steps and random numbers as scikit-learn's `KMeans(k, n_init=2)`, so that groups are those
of a fit in one process, up to the last bits of floating-point sums.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cascal.clustering.cluster import distinct_rows, n_distinct
from cascal.clustering.groups import (
    MAX_ITER,
    MIN_GROUPS,
    N_INIT,
    RELATIVE_TOLERANCE,
    Draws,
    n_groups,
)
from cascal.computing.row_chunks import FEW, row_slices
from cascal.datatypes import CascalError, FloatArray, IntArray
from cascal.machines.crew import Crew, Kept
from cascal.machines.folder import Part, VectorFolder, rows_of


class Moments(NamedTuple):
    """Sums over a part's rows: of the squared lengths, and of the rows; and some distinct rows."""

    squares: float
    total: FloatArray
    distinct: FloatArray


class Assigned(NamedTuple):
    """What a part adds to k-means: sums (k, D) and sizes (k,) of the clusters, and a hash of which
    row is in which: it tells whether any has moved.
    """

    sums: FloatArray
    sizes: IntArray
    labels: bytes


def moments(part: Part, enough: int) -> Moments:
    """Of one part; `enough` distinct rows are enough."""
    with rows_of(part) as rows:
        squares, total = 0.0, np.zeros(rows.shape[1])
        for some in row_slices(len(rows), FEW):
            wide = rows[some].astype(np.float64)
            squares += float(np.einsum("qd,qd->", wide, wide))
            total += wide.sum(axis=0)
        return Moments(squares, total, np.array(rows[distinct_rows(rows, enough)]))


def vector_at(part: Part, places: IntArray) -> FloatArray:
    """Some rows of a part (n, D) in float64."""
    with rows_of(part) as rows:
        return rows[places].astype(np.float64)


def squared_distances(rows: FloatArray, centers: FloatArray) -> FloatArray:
    """(n, k) of rows (n, D) from centres (k, D)."""
    wide = rows.astype(np.float64)
    found = wide @ (-2.0 * centers.T)
    found += np.einsum("kd,kd->k", centers, centers)
    found += np.einsum("qd,qd->q", wide, wide)[:, None]
    return np.maximum(found, 0.0, out=found)


def closest(part: Part, before: FloatArray | None, center: FloatArray) -> FloatArray:
    """(n,) squared distance to the nearest centre so far."""
    with rows_of(part) as rows:
        found = np.empty(len(rows))
        for some in row_slices(len(rows), FEW):
            found[some] = squared_distances(rows[some], center[None])[:, 0]
    return found if before is None else np.minimum(found, before)


def potentials(part: Part, before: FloatArray, candidates: FloatArray) -> FloatArray:
    """(c,) sum of the squared distances if each candidate were the next centre."""
    total = np.zeros(len(candidates))
    with rows_of(part) as rows:
        for some in row_slices(len(rows), FEW):
            far = squared_distances(rows[some], candidates)
            total += np.minimum(far, before[some, None]).sum(axis=0)
    return total


def nearest(part: Part, centers: FloatArray) -> IntArray:
    """(n,) nearest of at most 127 centres."""
    with rows_of(part) as rows:
        labels = np.empty(len(rows), dtype=np.int8)
        for some in row_slices(len(rows), FEW):
            labels[some] = np.argmin(squared_distances(rows[some], centers), axis=1)
    return labels


def assign(part: Part, centers: FloatArray) -> Assigned:
    """One half-iteration of Lloyd's on a part."""
    k, labels = len(centers), nearest(part, centers)
    sums = np.zeros(centers.shape)
    with rows_of(part) as rows:
        for some in row_slices(len(rows), FEW):
            member = labels[some] == np.arange(k)[:, None]
            sums += member.astype(np.float64) @ rows[some].astype(np.float64)
    digest = hashlib.sha256(labels.data).digest()
    return Assigned(sums, np.bincount(labels, minlength=k), digest)


@dataclass(frozen=True, eq=False)
class _Run:
    """A finished k-means: centres (k, D), and the sum of the squared distances from them."""

    centers: FloatArray
    inertia: float


@dataclass(frozen=True, eq=False)
class _Means:
    """K-means of all queries; squares: sum of their squared lengths; variance: its mean over the
    dimensions.
    """

    crew: Crew
    vectors: VectorFolder
    squares: float
    variance: float

    def run(self, draws: Draws) -> _Run:
        """Greedy k-means++, then Lloyd's iteration until nothing moves, or hardly."""
        centers = self._seeds(draws)
        before: list[bytes] = []
        for _ in range(MAX_ITER):
            found, labels = self._assign(centers)
            moved = found.sums / found.sizes[:, None]
            shift = float(((moved - centers) ** 2).sum())
            centers, settled = moved, labels == before
            if settled or shift <= RELATIVE_TOLERANCE * self.variance:
                break
            before = labels
        if not settled:
            found, _ = self._assign(centers)
        lengths = np.einsum("kd,kd->k", centers, centers)
        inertia = self.squares - 2.0 * (centers * found.sums).sum() + found.sizes @ lengths
        return _Run(centers, float(inertia))

    def labels(self, centers: FloatArray) -> IntArray:
        """(Q,) nearest centre of every query, in the order of ids."""
        found = self.crew.each(nearest, [(part, centers) for part in self.vectors.parts])
        return self.vectors.gathered(found).astype(np.int64)

    def _assign(self, centers: FloatArray) -> tuple[Assigned, list[bytes]]:
        found = self.crew.each(assign, [(part, centers) for part in self.vectors.parts])
        labels = [one.labels for one in found]
        sizes = np.sum([one.sizes for one in found], axis=0)
        if not sizes.all():
            raise CascalError(
                "A group of queries became empty: their vectors are too alike to be grouped by "
                "many machines. Fit this data set in one process.",
                code="too-little-data",
            )
        return Assigned(np.sum([one.sums for one in found], axis=0), sizes, b""), labels

    def _seeds(self, draws: Draws) -> FloatArray:
        n_queries = self.vectors.n_queries
        evenly = np.cumsum(np.full(n_queries, 1.0 / n_queries))
        first = np.searchsorted(evenly / evenly[-1], draws.first, side="right")
        chosen = [self._vectors(np.array([first]))[0]]
        kept: list[Kept] = [None] * len(self.vectors.parts)
        for some in draws.others:
            kept = self.crew.keep(closest, self._with(kept, chosen[-1]))
            own = self.vectors.gathered(self.crew.each(np.asarray, [(one,) for one in kept]))
            rows = np.searchsorted(np.cumsum(own), some * own.sum())
            rows = np.minimum(rows, n_queries - 1)
            candidates = self._vectors(rows)
            sums = self.crew.each(potentials, self._with(kept, candidates))
            chosen.append(candidates[int(np.argmin(np.sum(sums, axis=0)))])
        return np.array(chosen)

    def _with(self, kept: list[Kept], centers: FloatArray) -> list[tuple[Part, Kept, FloatArray]]:
        return [(part, one, centers) for part, one in zip(self.vectors.parts, kept, strict=True)]

    def _vectors(self, rows: IntArray) -> FloatArray:
        """(n, D) vectors of a few queries, numbered in the order of ids."""
        places = [np.flatnonzero(np.isin(rows, members)) for members in self.vectors.members]
        asked = [
            (part, np.searchsorted(members, rows[some]))
            for part, members, some in zip(
                self.vectors.parts, self.vectors.members, places, strict=True
            )
            if len(some)
        ]
        found = np.concatenate(self.crew.each(vector_at, asked))
        order: IntArray = np.concatenate(places)
        return np.asarray(found[np.argsort(order)])


def groups_by_crew(vectors: VectorFolder, crew: Crew, seed: int) -> IntArray:
    """(Q,) the groups of `reliability_groups`, in the order of ids."""
    n_queries = vectors.n_queries
    k = n_groups(n_queries)
    found = crew.each(moments, [(part, k) for part in vectors.parts])
    distinct = np.concatenate([one.distinct for one in found])
    if n_queries < 2 * MIN_GROUPS or n_distinct(distinct, k) < k:
        return np.zeros(n_queries, dtype=np.int64)
    squares = float(np.sum([one.squares for one in found]))
    mean = np.sum([one.total for one in found], axis=0) / n_queries
    variance = (squares / n_queries - float(mean @ mean)) / len(mean)
    means = _Means(crew, vectors, squares, variance)
    random = np.random.RandomState(seed)
    first, second = (means.run(Draws.of(random, k)) for _ in range(N_INIT))
    labels = means.labels(first.centers)
    if second.inertia >= first.inertia:
        return labels
    other = means.labels(second.centers)
    same = len(np.unique(labels * k + other)) == k
    return labels if same else other
