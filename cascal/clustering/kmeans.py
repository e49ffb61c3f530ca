"""Many small weighted k-means problems over the same rows, solved in lockstep.

One (task, model, k) is one problem: same rows, another subset and other weights. All problems
share one matrix product per half-iteration; a problem that has converged is dropped. The results
equal scikit-learn's `KMeans(n_init=1, random_state=seed)` on each problem alone (k-means++ with
the same random numbers, Lloyd, tolerance 1e-4), up to the last bits of floating-point sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import FloatArray, IntArray

MAX_ITER = 200
RELATIVE_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class Problem:
    """k-means with k clusters over the rows where weights[owner] > 0."""

    owner: int
    k: int


@dataclass(frozen=True, eq=False)
class Solution:
    """labels (n,), −1 on rows of weight 0; centers (k, D), weighted means, not normalised."""

    labels: IntArray
    centers: FloatArray


def _trials(k: int) -> int:
    """Number of candidates scikit-learn's greedy k-means++ draws per centre."""
    return 2 + int(np.log(k))


def seed_centers(
    rows: FloatArray, weights: FloatArray, n_centers: int, n_trials: int, seed: int
) -> IntArray:
    """Greedy k-means++ for several weightings at once: (P, n_centers) row indices.

    rows (n, D) of unit length, weights (P, n). Every problem uses the same random numbers, as it
    would with the same seed alone; the first k columns are the seeds for any k with as many trials.
    """
    random = np.random.RandomState(seed)
    cumulative = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    first = random.random_sample()
    chosen = np.empty((len(weights), n_centers), dtype=np.intp)
    for p, distribution in enumerate(cumulative):
        chosen[p, 0] = np.searchsorted(distribution / distribution[-1], first, side="right")
    closest = np.maximum(2.0 - 2.0 * (rows[chosen[:, 0]] @ rows.T), 0.0)
    potential = np.einsum("pn,pn->p", closest, weights)
    for c in range(1, n_centers):
        draws = random.uniform(size=n_trials)
        mass = np.cumsum(weights * closest, axis=1)
        candidates = np.stack(
            [np.searchsorted(mass[p], draws * potential[p]) for p in range(len(weights))]
        )
        np.clip(candidates, None, len(rows) - 1, out=candidates)
        distances = 2.0 - 2.0 * (rows[candidates.ravel()] @ rows.T)
        distances = np.maximum(distances, 0.0).reshape(len(weights), n_trials, -1)
        np.minimum(distances, closest[:, None, :], out=distances)
        potentials = np.einsum("ptn,pn->pt", distances, weights)
        best = np.argmin(potentials, axis=1)
        each = np.arange(len(weights))
        chosen[:, c] = candidates[each, best]
        closest, potential = distances[each, best], potentials[each, best]
    return chosen


def nearest_centers(rows: FloatArray, centers: FloatArray) -> IntArray:
    """Centers (P, k, D) -> labels (P, n): nearest centre of each problem, ties to the first."""
    n_problems, k, dimension = centers.shape
    by_place = np.ascontiguousarray(centers.transpose(1, 0, 2)).reshape(-1, dimension)
    closeness = by_place @ rows.T
    closeness -= 0.5 * np.einsum("cd,cd->c", by_place, by_place)[:, None]
    closeness = closeness.reshape(k, n_problems, -1)
    best, labels = closeness[0], np.zeros(closeness.shape[1:], dtype=np.int16)
    for place in range(1, k):
        nearer = closeness[place] > best
        labels[nearer] = place
        best = np.maximum(best, closeness[place])
    return labels


def _one_hot(labels: IntArray, k: int, weights: FloatArray) -> FloatArray:
    """(P, k, n): the weight of a row in the cluster it belongs to, else 0."""
    return np.where(labels[:, None, :] == np.arange(k)[None, :, None], weights[:, None, :], 0.0)


def lloyd(
    rows: FloatArray, weights: FloatArray, centers: FloatArray, tolerance: FloatArray
) -> tuple[IntArray, FloatArray, IntArray]:
    """Lloyd's iteration on P problems of the same k. Returns labels, centres and which problems
    emptied a cluster (their result is void: the library relocates such clusters).

    The sums of a cluster change only by the rows that enter or leave it.
    """
    n_problems, k, _ = centers.shape
    inside = weights > 0
    centers = centers.copy()
    sums = np.zeros_like(centers)
    labels = np.full(weights.shape, -1, dtype=np.int16)
    active = np.arange(n_problems)
    emptied = np.zeros(n_problems, dtype=bool)
    for _ in range(MAX_ITER):
        fresh = np.where(inside[active], nearest_centers(rows, centers[active]), np.int16(-1))
        differs = fresh != labels[active]
        same = ~differs.any(axis=1)
        moving = np.flatnonzero(differs.any(axis=0))
        some = weights[active[:, None], moving]
        change = _one_hot(fresh[:, moving], k, some)
        change -= _one_hot(labels[active[:, None], moving], k, some)
        sums[active] += np.tensordot(change, rows[moving], axes=1)
        labels[active] = fresh
        mass = _one_hot(fresh, k, weights[active]).sum(axis=2)
        empty = (mass == 0).any(axis=1)
        moved = sums[active] / np.where(mass == 0, 1.0, mass)[:, :, None]
        shift = ((moved - centers[active]) ** 2).sum(axis=(1, 2))
        centers[active] = moved
        emptied[active[empty]] = True
        close = ~same & ~empty & (shift <= tolerance[active])
        if close.any():
            settled = active[close]
            relabelled = nearest_centers(rows, centers[settled])
            labels[settled] = np.where(inside[settled], relabelled, np.int16(-1))
        active = active[~(same | close | empty)]
        if not len(active):
            break
    return labels, centers, emptied


def library_solution(rows: FloatArray, weights: FloatArray, k: int, seed: int) -> Solution:
    """scikit-learn's own run, for the rare problem that empties a cluster on the way."""
    from sklearn.cluster import KMeans  # slow to import, and rarely needed

    inside = np.flatnonzero(weights > 0)
    model = KMeans(k, init="k-means++", n_init=1, max_iter=MAX_ITER, random_state=seed)
    model.fit(rows[inside], sample_weight=weights[inside])
    labels = np.full(len(rows), -1, dtype=np.int16)
    labels[inside] = model.labels_
    return Solution(labels, model.cluster_centers_)


def solve(
    rows: FloatArray, weights: FloatArray, problems: Sequence[Problem], seed: int
) -> list[Solution]:
    """Solve every problem; rows (n, D) of unit length, weights (owners, n), 0 = not in the problem.

    Returns one solution per problem, in order.
    """
    solutions: list[Solution | None] = [None] * len(problems)
    owners = np.array([problem.owner for problem in problems], dtype=np.intp)
    ks = np.array([problem.k for problem in problems])
    inside = (weights > 0).astype(float)
    counts = np.maximum(inside.sum(axis=1), 1.0)
    means = (inside @ rows) / counts[:, None]
    variance = np.maximum(1.0 - np.einsum("od,od->o", means, means), 0.0) / rows.shape[1]
    seeds: dict[int, dict[int, IntArray]] = {}
    for trials in sorted({_trials(k) for k in ks}):
        of_trials = np.flatnonzero([_trials(k) == trials for k in ks])
        who = np.unique(owners[of_trials])
        chosen = seed_centers(rows, weights[who], int(ks[of_trials].max()), trials, seed)
        seeds[trials] = dict(zip(who.tolist(), chosen, strict=True))
    for k in sorted({int(k) for k in ks}):
        which = np.flatnonzero(ks == k)
        start = np.stack([rows[seeds[_trials(k)][int(owners[p])][:k]] for p in which])
        tolerance = RELATIVE_TOLERANCE * variance[owners[which]]
        labels, centers, emptied = lloyd(rows, weights[owners[which]], start, tolerance)
        for at, p in enumerate(which):
            if emptied[at]:
                solutions[p] = library_solution(rows, weights[owners[p]], k, seed)
            else:
                solutions[p] = Solution(labels[at], centers[at])
    return [solution for solution in solutions if solution is not None]
