"""Means with paired bootstrap intervals, and the exact test of two routers (docs/method.md § 11).

All intervals are paired: the same resampled queries serve every number that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from cascal.datatypes import CascalError, FloatArray, IntArray, NotApplicable, read_only

RESAMPLES = 2000
CONFIDENCE = 0.95
CACHED_CELLS = 20_000_000
"""Draws of at most this many cells are kept for the next number on the same queries."""
BLOCK_CELLS = 4_000_000
"""Larger draws are made in blocks of this many cells, for the sake of memory."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its bootstrap interval, from n queries."""

    value: float
    low: float
    high: float
    n: int


def _draw(random: np.random.Generator, n_units: int, n_resamples: int) -> FloatArray:
    drawn = random.integers(n_units, size=(n_resamples, n_units), dtype=np.int32)
    drawn += np.arange(n_resamples, dtype=np.int32)[:, None] * n_units
    counts = np.bincount(drawn.ravel(), minlength=n_resamples * n_units)
    return counts.reshape(n_resamples, n_units).astype(np.float32)


@lru_cache(maxsize=2)
def bootstrap_counts(n_queries: int, n_resamples: int = RESAMPLES, seed: int = 0) -> FloatArray:
    """(B, Q) float32: how often each query is drawn in each resample of Q queries."""
    return read_only(_draw(np.random.default_rng(seed), n_queries, n_resamples))


def _count_blocks(n_units: int, n_resamples: int, seed: int) -> Iterator[FloatArray]:
    """The resamples block by block, so that memory stays bounded for many queries."""
    if n_units * n_resamples <= CACHED_CELLS:
        yield bootstrap_counts(n_units, n_resamples, seed)
        return
    random = np.random.default_rng(seed)
    size = max(1, BLOCK_CELLS // n_units)
    for start in range(0, n_resamples, size):
        yield _draw(random, n_units, min(size, n_resamples - start))


def resampled_means(
    values: FloatArray,
    *,
    groups: IntArray | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> FloatArray:
    """(B, R) means of the columns of values (Q, R) over resampled queries; nan cells are left out.

    The same resamples serve every column, so differences of columns are paired. With `groups` (Q,)
    0 … G−1 whole groups (tasks) are drawn instead of queries: the interval then also says what
    other tasks might have shown. A resample in which a column has no value gives nan.
    """
    known = np.isfinite(values)
    sums, counts = np.where(known, values, 0.0), known.astype(np.float64)
    if groups is not None:
        n_groups = int(groups.max(initial=-1)) + 1
        member = (groups[None, :] == np.arange(n_groups)[:, None]).astype(np.float64)
        sums, counts = member @ sums, member @ counts
    both = np.hstack([sums, counts]).astype(np.float32)
    blocks = [draws @ both for draws in _count_blocks(len(both), n_resamples, seed)]
    total, n = np.hsplit(np.concatenate(blocks).astype(np.float64), 2)
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def interval(resampled: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower and upper end (R,) of the percentile interval of resampled values (B, R)."""
    tail = (1.0 - CONFIDENCE) / 2.0
    known = np.isfinite(resampled)
    if known.all():  # the same numbers, without a call for every column
        low, high = np.quantile(resampled, [tail, 1.0 - tail], axis=0)
        return low, high
    empty = ~known.any(axis=0)
    low, high = np.nanquantile(np.where(empty, 0.0, resampled), [tail, 1.0 - tail], axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def estimates(
    values: FloatArray,
    *,
    groups: IntArray | None = None,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Estimate]:
    """Mean of each column of values (Q, R) with a paired percentile interval; nan is left out.

    A column is resampled among the queries where it has a value, so that its interval is the same
    whatever stands beside it; one without any value has nan everywhere and n = 0. Columns that are
    known for the same queries share one draw. `groups` (Q,): draw whole groups instead of queries.
    """
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    alike: dict[bytes, list[int]] = {}
    for at, column in enumerate(np.packbits(known, axis=0).T):
        alike.setdefault(column.tobytes(), []).append(at)
    found = [Estimate(np.nan, np.nan, np.nan, 0)] * values.shape[1]
    n_known = known.sum(axis=0)
    for columns in sorted(alike.values(), key=lambda one: int(n_known[one[0]])):  # draws are kept
        rows = np.flatnonzero(known[:, columns[0]])
        if not len(rows):
            continue
        inside = values[rows][:, columns]
        drawn = None if groups is None else np.unique(groups[rows], return_inverse=True)[1]
        means = resampled_means(inside, groups=drawn, n_resamples=n_resamples, seed=seed)
        middle = np.ascontiguousarray(inside.T).mean(axis=1)  # the same beside other columns
        ends = zip(middle, *interval(means), strict=True)
        for at, (mean, low, high) in zip(columns, ends, strict=True):
            found[at] = Estimate(float(mean), float(low), float(high), len(rows))
    return found


def estimate(values: FloatArray, *, n_resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean of values (Q,), nan left out, with a percentile bootstrap interval over queries."""
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).any():
        raise NotApplicable(
            "No query has a value to average: there is nothing to evaluate.", code="too-little-data"
        )
    return estimates(values[:, None], n_resamples=n_resamples, seed=seed)[0]


def joint_estimates(
    *groups: FloatArray, n_resamples: int = RESAMPLES, seed: int = 0
) -> list[list[Estimate]]:
    """Means of the columns of each group (Q, R), with intervals that hold for all of a group.

    mean ± c · s, with s the standard deviation of a column's resampled means and c the quantile of
    the largest |resampled mean − mean| / s of the group's columns. So the best of many columns may
    be picked afterwards. A column that is constant has no width, one without any value is nan. The
    same resamples serve all groups.

    Reference: Beran 1988, Balanced simultaneous confidence sets.
    """
    sizes = [one.shape[1] for one in groups]
    if len(groups) > 1 and sum(one.size for one in groups) > CACHED_CELLS:  # for the sake of memory
        return [joint_estimates(one, n_resamples=n_resamples, seed=seed)[0] for one in groups]
    values = np.hstack([np.asarray(one, dtype=np.float64) for one in groups])
    values = values[np.isfinite(values).any(axis=1)]
    known = np.isfinite(values)
    n, total = known.sum(axis=0), np.where(known, values, 0.0).sum(axis=0)
    mean = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    least, most = (np.where(known, values, bound) for bound in (np.inf, -np.inf))
    varies = most.max(axis=0, initial=-np.inf) > least.min(axis=0, initial=np.inf)
    away = np.zeros((n_resamples, len(n)))
    if varies.any():
        found = resampled_means(values[:, varies], n_resamples=n_resamples, seed=seed)
        away[:, varies] = found - mean[varies]
    spread = np.nanstd(away, axis=0)
    ends = np.cumsum(sizes)
    return [
        _joint(mean[part], away[:, part], spread[part], n[part])
        for part in (slice(end - size, end) for end, size in zip(ends, sizes, strict=True))
    ]


def _joint(mean: FloatArray, away: FloatArray, spread: FloatArray, n: IntArray) -> list[Estimate]:
    """One group: means (R,), resampled means less them (B, R), their spread (R,), values (R,)."""
    moving = spread > 0
    width = 0.0 * mean  # nan where nothing is known
    if moving.any():
        largest = np.nanmax(np.abs(away[:, moving]) / spread[moving], axis=1)
        width[moving] = np.quantile(largest, CONFIDENCE) * spread[moving]
    return [
        Estimate(value, value - half, value + half, int(count))
        for value, half, count in zip(mean.tolist(), width.tolist(), n, strict=True)
    ]


def mean_rows(rows: Sequence[FloatArray] | FloatArray) -> FloatArray:
    """Mean over the rows – draws, splits, queries –, nan where none of them counts.

    To the last bit the same however the rows lie in memory.
    """
    stacked = np.ascontiguousarray(rows)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(stacked.shape[1], np.nan), where=count > 0)


@dataclass(frozen=True)
class McNemar:
    """Exact McNemar test of two routers on the same queries.

    only_first, only_second : queries that one of them alone gets right; p_value two-sided
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: FloatArray, second: FloatArray) -> McNemar:
    """Compare right (1), wrong (0), not counted (nan) of two routers, both (Q,).

    Under equal accuracy the discordant queries fall on either side like a fair coin; the p-value
    is the exact binomial one. Reference: McNemar 1947, doi:10.1007/BF02295996.
    """
    if first.shape != second.shape:
        raise CascalError(
            f"{first.shape} and {second.shape} queries cannot be compared in pairs.",
            code="wrong-shape",
        )
    both = np.isfinite(first) & np.isfinite(second)
    only_first = int(((first > 0.5) & (second <= 0.5) & both).sum())
    only_second = int(((first <= 0.5) & (second > 0.5) & both).sum())
    return McNemar(only_first, only_second, _fair_coin_p(only_first, only_second))


def _fair_coin_p(heads: int, tails: int) -> float:
    """Two-sided exact p-value of so uneven a toss: twice the smaller tail, at most 1."""
    tail = scipy.special.bdtr(min(heads, tails), heads + tails, 0.5)
    return min(1.0, 2.0 * float(tail))
