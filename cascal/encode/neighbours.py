"""Nearest queries by cosine: exact, in bounded memory, ties by the lowest row.

Rows are unit vectors and keep their type. They are compared block by block, so that never more
than `block` rows of the table of all pairs exist; ties mean equal cosines, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cascal.datatypes import FloatArray, IntArray

BLOCK = 512


def _blocks(
    rows: FloatArray, others: FloatArray, block: int = BLOCK
) -> Iterator[tuple[slice, FloatArray]]:
    for start in range(0, len(rows), block):
        yield slice(start, start + block), rows[start : start + block] @ others.T


def nearest(rows: FloatArray, others: FloatArray) -> tuple[FloatArray, IntArray]:
    """Cosine to, and row of, the nearest of `others` (m, D) for each of `rows` (n, D).

    −1 and −1 where there are no others.
    """
    cosines, places = np.full(len(rows), -1.0), np.full(len(rows), -1, dtype=np.int64)
    if len(others):
        for part, table in _blocks(rows, others):
            places[part], cosines[part] = table.argmax(axis=1), table.max(axis=1)
    return cosines, places


def nearest_earlier(rows: FloatArray) -> FloatArray:
    """(n,) cosine of each row to the nearest row before it; −1 for the first."""
    cosines = np.full(len(rows), -1.0)
    for start in range(0, len(rows), BLOCK):
        stop = min(start + BLOCK, len(rows))
        table = rows[start:stop] @ rows[:stop].T  # later rows need not be compared
        later = np.arange(stop)[None, :] >= np.arange(start, stop)[:, None]
        cosines[start:stop] = np.where(later, -1.0, table).max(axis=1)
    return cosines


def nearest_other(rows: FloatArray) -> FloatArray:
    """(n,) cosine of each row to its nearest other row."""
    cosines = np.empty(len(rows))
    for part, table in _blocks(rows, rows):
        own = np.arange(len(table))
        table[own, part.start + own] = -1.0
        cosines[part] = table.max(axis=1)
    return cosines


def nearest_rows(rows: FloatArray, others: FloatArray, k: int) -> IntArray:
    """(n, min(k, m)) rows of the k nearest others, in no order; ties at the end by lowest row."""
    k = min(k, len(others))
    places = np.empty((len(rows), k), dtype=np.int64)
    for part, table in _blocks(rows, others):
        places[part] = _largest(table, k)
    return places


def nearest_in_order(
    rows: FloatArray, others: FloatArray, k: int, block: int = 2 * BLOCK
) -> Iterator[tuple[slice, IntArray, FloatArray]]:
    """Block by block: the slice of `rows`, and rows and cosines (b, k) of the k nearest others.

    Nearest first, ties by row.
    """
    for part, table in _blocks(rows, others, block):
        places = np.sort(_largest(table, k), axis=1)
        order = np.argsort(-np.take_along_axis(table, places, axis=1), axis=1, kind="stable")
        places = np.take_along_axis(places, order, axis=1)
        yield part, places, np.take_along_axis(table, places, axis=1)


def _largest(table: FloatArray, k: int) -> IntArray:
    """(b, k) columns of the k largest values of each row; of equal ones those that come first.

    A partition alone picks any of the columns that tie for the last place.
    """
    columns = np.argpartition(-table, k - 1, axis=1)[:, :k]
    last = np.take_along_axis(table, columns, axis=1).min(axis=1)
    tied = np.flatnonzero((table >= last[:, None]).sum(axis=1) > k)
    columns[tied] = np.argsort(-table[tied], axis=1, kind="stable")[:, :k]
    return np.asarray(columns)
