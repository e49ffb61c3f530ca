"""The groups of queries in which the consensus estimates how reliable each model is.

They are the k-means clusters of all queries, computed from chunks of rows: no copy of the vectors
is made, however many there are. The labels equal those of scikit-learn's `KMeans(k, n_init=2)`
with the same seed, up to the last bits of floating-point sums, in fewer comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cascal.clustering.cluster import n_distinct
from cascal.computing.blas import one_blas_thread
from cascal.computing.row_chunks import FEW, row_slices
from cascal.datatypes import FloatArray, IntArray

QUERIES_PER_GROUP, MIN_GROUPS, MAX_GROUPS = 500, 2, 16
N_INIT, MAX_ITER, RELATIVE_TOLERANCE = 2, 300, 1e-4
SLACK = 1e-7
"""More than a distance between unit vectors is off by rounding."""


def reliability_groups(vectors: FloatArray, seed: int) -> IntArray:
    """(Q,) groups of queries that `pds` estimates reliabilities in (docs/method.md § 2)."""
    n_queries = len(vectors)
    k = n_groups(n_queries)
    if n_queries < 2 * MIN_GROUPS or n_distinct(vectors, k) < k:
        return np.zeros(n_queries, dtype=np.int64)
    labels = _best_run(_Rows.of(vectors), k, seed)
    return _library_groups(vectors, k, seed) if labels is None else labels


def n_groups(n_queries: int) -> int:
    """How many groups so many queries are told apart in."""
    return int(np.clip(n_queries // QUERIES_PER_GROUP, MIN_GROUPS, MAX_GROUPS))


def _library_groups(vectors: FloatArray, k: int, seed: int) -> IntArray:
    """scikit-learn's own run, for rows so alike that a cluster becomes empty on the way."""
    from sklearn.cluster import KMeans  # slow to import, and rarely needed

    own = np.array(vectors, dtype=np.float64)  # of its own, so that it may be shifted in place
    kmeans = KMeans(k, n_init=N_INIT, random_state=seed, copy_x=False).fit(own)
    return np.asarray(kmeans.labels_, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Rows:
    """All vectors (Q, D) as wide as they came, their squared lengths (Q,) and variance."""

    vectors: FloatArray
    squares: FloatArray
    variance: float

    @classmethod
    def of(cls, vectors: FloatArray) -> _Rows:
        squares, total = np.empty(len(vectors)), np.zeros(vectors.shape[1])
        for part in row_slices(len(vectors), FEW):
            some = np.asarray(vectors[part], dtype=np.float64)
            squares[part] = np.einsum("qd,qd->q", some, some)
            total += some.sum(axis=0)
        mean = total / len(vectors)
        variance = float(squares.mean() - mean @ mean) / vectors.shape[1]
        return cls(vectors, squares, variance)

    def wide(self, rows: IntArray | slice) -> FloatArray:
        """Some rows in float64."""
        return np.asarray(self.vectors[rows], dtype=np.float64)

    def squared_distances(self, rows: IntArray | slice, centers: FloatArray) -> FloatArray:
        """(n, k) squared distances of some rows from centres (k, D)."""
        distances = self.wide(rows) @ (-2.0 * centers.T)
        distances += np.einsum("kd,kd->k", centers, centers)
        distances += self.squares[rows, None]
        return np.maximum(distances, 0.0, out=distances)


def _best_run(rows: _Rows, k: int, seed: int) -> IntArray | None:
    """Labels of the best of `N_INIT` runs, side by side; None where one emptied a cluster."""
    from joblib import Parallel, delayed  # slow to import, and routing does not need it

    random = np.random.RandomState(seed)
    every = [Draws.of(random, k) for _ in range(N_INIT)]
    with one_blas_thread():
        runs = Parallel(n_jobs=N_INIT, require="sharedmem")(
            delayed(_run)(rows, draws) for draws in every
        )
    if not all(run.filled for run in runs):
        return None
    best = runs[0]
    for run in runs[1:]:
        if run.inertia < best.inertia and not run.same_clusters(best):
            best = run
    return best.labels.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Draws:
    """The random numbers of one k-means++, in the order in which scikit-learn draws them: the
    first centre's, and (k − 1, trials) of the others.
    """

    first: float
    others: FloatArray

    @classmethod
    def of(cls, random: np.random.RandomState, k: int) -> Draws:
        """Of the next run."""
        first = float(random.random_sample())
        return cls(first, random.uniform(size=(k - 1, 2 + int(np.log(k)))))


def _run(rows: _Rows, draws: Draws) -> _Run:
    """One k-means of all rows."""
    run = _Run(rows, rows.wide(np.array(seed_rows(rows, draws))))
    run.solve()
    return run


def seed_rows(rows: _Rows, draws: Draws) -> list[int]:
    """The k rows to start from, by greedy k-means++."""
    n_queries = len(rows.vectors)
    evenly = np.cumsum(np.full(n_queries, 1.0 / n_queries))
    chosen = [int(np.searchsorted(evenly / evenly[-1], draws.first, side="right"))]
    closest = _to_rows(rows, rows.wide(np.array(chosen)))[0]
    for some in draws.others:
        candidates = np.searchsorted(np.cumsum(closest), some * closest.sum())
        candidates = np.minimum(candidates, n_queries - 1)
        distances = np.minimum(_to_rows(rows, rows.wide(candidates)), closest)
        best = int(np.argmin(distances.sum(axis=1)))
        chosen.append(int(candidates[best]))
        closest = distances[best]
    return chosen


def _to_rows(rows: _Rows, centers: FloatArray) -> FloatArray:
    """(k, Q) squared distances of a few centres from every row."""
    distances = np.empty((len(centers), len(rows.vectors)))
    for part in row_slices(len(rows.vectors), FEW):
        distances[:, part] = rows.squared_distances(part, centers).T
    return distances


@dataclass(eq=False)
class _Run:
    """Lloyd's iteration from given centres (k, D), with Hamerly's bounds.

    A row is compared with the centres again only where these have moved so far that another one
    may be nearer: near (Q,) is at least the distance to its own centre, next (Q,) at most that to
    any other. Sums change by the rows that enter or leave.

    Reference: Hamerly 2010, doi:10.1137/1.9781611972801.12.
    """

    rows: _Rows
    centers: FloatArray
    labels: IntArray = field(init=False)
    near: FloatArray = field(init=False)
    next: FloatArray = field(init=False)
    sums: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        n_queries = len(self.rows.vectors)
        self.labels = np.full(n_queries, -1, dtype=np.int16)
        self.near, self.next = np.full(n_queries, np.inf), np.zeros(n_queries)
        self.sums = np.zeros_like(self.centers)

    def solve(self) -> None:
        """Iterate until nothing moves, or hardly, or a cluster has become empty."""
        tolerance = RELATIVE_TOLERANCE * self.rows.variance
        for _ in range(MAX_ITER):
            n_moved = self._assign()
            if not n_moved or not self.filled:
                return
            if self._move_centers(self.sums / self.sizes[:, None]) <= tolerance:
                break
        self._assign()

    @property
    def filled(self) -> bool:
        """Whether every cluster has a row; the result is void otherwise."""
        return bool(self.sizes.all())

    @property
    def sizes(self) -> IntArray:
        """(k,) rows of each cluster."""
        return np.bincount(self.labels, minlength=len(self.centers))

    @property
    def inertia(self) -> float:
        """Sum of the squared distances of the rows from their centres."""
        lengths = np.einsum("kd,kd->k", self.centers, self.centers)
        crossed = np.einsum("kd,kd->", self.centers, self.sums)
        return float(self.rows.squares.sum() - 2.0 * crossed + self.sizes @ lengths)

    def same_clusters(self, other: _Run) -> bool:
        """Whether both put the same rows together."""
        pairs = np.unique(self.labels.astype(np.int64) * len(self.centers) + other.labels)
        return len(pairs) == len(np.unique(self.labels))

    def _assign(self) -> int:
        """Compare the rows that may have another nearest centre; how many have one."""
        doubtful = np.flatnonzero(self.near + SLACK >= self.next)
        return sum(self._compare(doubtful[part]) for part in row_slices(len(doubtful), FEW))

    def _compare(self, rows: IntArray) -> int:
        wide = self.rows.squared_distances(rows, self.centers)
        each, fresh = np.arange(len(rows)), np.argmin(wide, axis=1).astype(np.int16)
        self.near[rows] = np.sqrt(wide[each, fresh])
        wide[each, fresh] = np.inf
        self.next[rows] = np.sqrt(wide.min(axis=1))
        moved = np.flatnonzero(fresh != self.labels[rows])
        self._add(rows[moved], fresh[moved])
        self.labels[rows] = fresh
        return len(moved)

    def _add(self, rows: IntArray, labels: IntArray) -> None:
        """Take rows out of the sums of their clusters and into those of the new ones."""
        before, clusters = self.labels[rows], np.arange(len(self.centers))[:, None]
        change = (labels == clusters).astype(np.float64) - (before == clusters)
        self.sums += change @ self.rows.wide(rows)

    def _move_centers(self, centers: FloatArray) -> float:
        """Move the centres and widen the bounds by as much; the sum of the squared ways."""
        ways = np.linalg.norm(centers - self.centers, axis=1)
        self.centers = centers
        self.near += ways[self.labels]
        self.next -= ways.max()
        return float((ways**2).sum())
