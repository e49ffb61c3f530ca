"""How far two sets of queries lie apart, and how much of one the other covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascal.datatypes import BoolArray, FloatArray, NotApplicable
from cascal.encode.neighbours import nearest, nearest_other

MMD_TARGET = 0.1
"""The paper's target for the distance between generated and real queries."""
_MMD_SAMPLE = 1500
_MMD_PERMUTATIONS = 200


@dataclass(frozen=True)
class Drift:
    """Maximum mean discrepancy of two sets of queries.

    mmd = sqrt(max(0, mmd_squared)); null is the 95 % quantile of mmd when the two sets are mixed at
    random: below it they cannot be told apart with this many queries (n_first, n_second used).
    """

    mmd: float
    mmd_squared: float
    null: float
    bandwidth: float
    n_first: int
    n_second: int


def mmd(first: FloatArray, second: FloatArray, *, seed: int = 0) -> Drift:
    """MMD between the embeddings (n, D) and (m, D) of two sets of queries.

        MMD² = mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y),  k = exp(−‖·‖² / (2 h²))

    h is the median distance of all pairs, the means are unbiased (no query with itself). At most
    1,500 queries a side are used, drawn at random. NotApplicable below 2 queries on a side.

    Reference: Gretton et al. 2012, JMLR 13, 723–773, with the median heuristic.
    """
    if min(len(first), len(second)) < 2:
        raise NotApplicable(
            "Comparing two sets of queries needs at least 2 on each side.", code="too-little-data"
        )
    random = np.random.default_rng(seed)
    one, other = (_sampled(part, random) for part in (first, second))
    both = np.vstack([one, other]).astype(np.float64)
    squares = (both**2).sum(axis=1)
    distance = np.maximum(squares[:, None] + squares - 2.0 * both @ both.T, 0.0)
    bandwidth = float(np.median(np.sqrt(distance[np.triu_indices(len(both), k=1)]))) or 1.0
    kernel = np.exp(-distance / (2.0 * bandwidth**2))
    np.fill_diagonal(kernel, 0.0)
    side = np.arange(len(both)) < len(one)
    mixed = [random.permutation(side) for _ in range(_MMD_PERMUTATIONS)]
    value, *shuffled = _mmd_squared(kernel, np.array([side, *mixed])).tolist()
    null = float(np.sqrt(max(0.0, float(np.quantile(shuffled, 0.95)))))
    return Drift(float(np.sqrt(max(0.0, value))), value, null, bandwidth, len(one), len(other))


def _sampled(rows: FloatArray, random: np.random.Generator) -> FloatArray:
    if len(rows) <= _MMD_SAMPLE:
        return rows
    return rows[np.sort(random.choice(len(rows), _MMD_SAMPLE, replace=False))]


def _mmd_squared(kernel: FloatArray, sides: BoolArray) -> FloatArray:
    """(S,) unbiased MMD² from a kernel matrix with zero diagonal; each of the sides (S, n + m)
    marks one first set of n queries.
    """
    first = sides.astype(np.float64)
    to_first = first @ kernel
    n, m = int(sides[0].sum()), int((~sides[0]).sum())
    within_first = (first * to_first).sum(axis=1)
    across = to_first.sum(axis=1) - within_first
    within_second = kernel.sum() - within_first - 2.0 * across
    squared: FloatArray = (
        within_first / (n * (n - 1)) + within_second / (m * (m - 1)) - 2.0 * across / (n * m)
    )
    return squared


def coverage(training: FloatArray, real: FloatArray) -> float:
    """Share of real queries that lie as near to a training query as those do to one another.

    "As near": at least the 5 % quantile of the cosine of a training query to its nearest other one.
    0.95 would be expected of real queries drawn like the training queries.
    """
    if len(training) < 2 or not len(real):
        raise NotApplicable(
            "Coverage needs at least 2 training queries and a real one.", code="too-little-data"
        )
    return float((nearest(real, training)[0] >= np.quantile(nearest_other(training), 0.05)).mean())
