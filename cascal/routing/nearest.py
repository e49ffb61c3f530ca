"""The nearest of a router's unit vectors.

Few vectors are compared in float64 by a product of matrices. With many, such a product only finds
the pairs that matter, in float32 where the rows came so, and how near a row x and a vector c are is
x · c in float64, computed for the pair alone. The error of the product is bounded: rows that are
nearer to two vectors than the bound tells apart are decided by their pairs. So a row has the same
nearest vectors and distances in float32 and float64, alone and in a batch, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.computing.rounding_error import product_error
from cascal.computing.row_chunks import row_slices
from cascal.datatypes import BoolArray, FloatArray, IntArray

MANY_VECTORS = 128
"""From so many on, products in float32 and pairs in float64 are faster than products in float64."""
_PAIRS = 2_048
"""Doubtful pairs compared at a time."""
_LENGTHS = (0.1, 10.0)
"""Rows of such a length neither overflow nor vanish in float32; others are compared in float64."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Rows (n, D) compared with unit vectors (N, D).

    similarity : (n, N) by a product of matrices, −inf where a vector is not to be found
    error      : how far any of it may be from the product of the pair, which is what counts; None
                 where the product of matrices itself is
    """

    rows: FloatArray
    vectors: FloatArray
    similarity: FloatArray
    error: float | None

    def among(self, allowed: BoolArray) -> Comparison:
        """The same rows, compared only with the vectors allowed for each (n, N)."""
        some = np.where(allowed, self.similarity, self.similarity.dtype.type(-np.inf))
        return Comparison(self.rows, self.vectors, some, self.error)

    def first(self) -> IntArray:
        """(n,) the vector of the largest product, the first of equals."""
        if self.error is None:
            return np.argmax(self.similarity, axis=1)
        return self._order(1)[0][:, 0]

    def nearest(self, k: int) -> tuple[IntArray, FloatArray]:
        """The k nearest vectors, ties to the first, and their distances 1 − x · c: both (n, k).

        Where fewer are allowed, the distance is inf.
        """
        found, values = self._order(k)
        if self.error is None:
            return found, 1.0 - values
        rows = np.ascontiguousarray(self.rows, dtype=np.float64)
        products = [np.vecdot(rows, np.take(self.vectors, of, axis=0)) for of in found.T]
        return found, np.where(values > -np.inf, 1.0 - np.column_stack(products), np.inf)

    def _order(self, k: int) -> tuple[IntArray, FloatArray]:
        """(n, k) the vectors of the largest products, and about these; −inf where there is none."""
        left = np.array(self.similarity)
        found, values = _largest(left, k)
        if self.error is not None:
            below = np.column_stack([values[:, 1:], left.max(axis=1)])
            near = (below >= values - 2.0 * self.error) & (below > -np.inf)
            doubtful = np.flatnonzero(near.any(axis=1))
            found[doubtful] = self._settled(doubtful, values[doubtful, -1] - 2.0 * self.error, k)
        return found, values

    def _settled(self, doubtful: IntArray, least: FloatArray, k: int) -> IntArray:
        """The order for some rows, by the pairs of every vector with at least some similarity."""
        similarity = self.similarity[doubtful]
        row, vector = np.nonzero((similarity >= least[:, None]) & (similarity > -np.inf))
        exact = np.full(similarity.shape, -np.inf)
        for part in row_slices(len(row), _PAIRS):
            at, of = row[part], vector[part]
            rows = np.take(self.rows, doubtful[at], axis=0).astype(np.float64)
            exact[at, of] = np.vecdot(rows, np.take(self.vectors, of, axis=0))
        return _largest(exact, k)[0]


def _largest(left: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Columns and values of the k largest numbers of each row, both (n, k); they become −inf."""
    each = np.arange(len(left))
    found = np.empty((len(left), k), dtype=np.int64)
    values = np.empty((len(left), k))
    for place in range(k):
        found[:, place] = largest = np.argmax(left, axis=1)
        values[:, place] = left[each, largest]
        left[each, largest] = -np.inf
    return found, values


@dataclass(frozen=True, eq=False)
class UnitVectors:
    """Unit vectors (N, D) in float64, in one piece of memory, that rows are compared with."""

    vectors: FloatArray

    @cached_property
    def _narrow(self) -> FloatArray:
        return self.vectors.astype(np.float32)

    def compared(self, rows: FloatArray) -> Comparison:
        """Rows (n, D) of finite numbers; of length 1 or any other."""
        if len(self.vectors) < MANY_VECTORS:
            rows = np.asarray(rows, dtype=np.float64)
            return Comparison(rows, self.vectors, rows @ self.vectors.T, None)
        with np.errstate(over="ignore"):
            lengths = np.sqrt(np.vecdot(rows, rows))
        vectors = self._narrow
        if (
            rows.dtype != np.float32
            or not ((lengths >= _LENGTHS[0]) & (lengths <= _LENGTHS[1])).all()
        ):
            rows, vectors = np.asarray(rows, dtype=np.float64), self.vectors
            lengths = np.sqrt(np.vecdot(rows, rows))
        error = product_error(rows.shape[1], rows.dtype, float(lengths.max(initial=0.0)))
        return Comparison(rows, self.vectors, rows @ vectors.T, error)
