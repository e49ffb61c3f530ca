"""Unit vectors of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cascal.computing.row_chunks import FEW, row_slices
from cascal.datatypes.arrays import FloatArray, read_only
from cascal.datatypes.ids import unique_ids
from cascal.number_format import counted
from cascal.refusals import CascalError


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Unit vectors of queries, and the encoder that made them.

    query_ids : (Q,)
    vectors   : (Q, D) float32 or float64, every row of length 1
    encoder   : id of the encoder; vectors of different encoders are never mixed
    """

    query_ids: tuple[str, ...]
    vectors: FloatArray
    encoder: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "query_ids", unique_ids("Embeddings.query_ids", self.query_ids))
        vectors = self.vectors
        if vectors.ndim != 2 or len(vectors) != len(self.query_ids):
            raise CascalError(
                f"Embeddings.vectors has shape {vectors.shape}, but "
                f"{counted(len(self.query_ids), 'query id needs', 'query ids need')} (queries, "
                "dimensions).",
                code="wrong-shape",
            )
        lengths = _row_lengths(vectors)
        bad = np.flatnonzero(~np.isfinite(lengths))
        if len(bad):
            raise CascalError(
                f"{counted(len(bad), 'embedding vector holds', 'embedding vectors hold')} nan or "
                f"infinite numbers, the first is of query {self.query_ids[bad[0]][:80]!r}. Encode "
                "these queries again or leave them out.",
                code="unusable-vector",
            )
        off = np.flatnonzero(np.abs(lengths - 1.0) > 1e-3)
        if len(off):
            raise CascalError(
                f"{counted(len(off), 'embedding vector is', 'embedding vectors are')} not of "
                f"length 1, the first is of query {self.query_ids[off[0]][:80]!r}. Use "
                "Embeddings.from_array, which normalises.",
                code="unusable-vector",
            )
        object.__setattr__(self, "vectors", read_only(np.ascontiguousarray(vectors)))

    @classmethod
    def from_array(cls, query_ids: Sequence[str], array: FloatArray, encoder: str) -> Embeddings:
        """Normalise the rows of an array (Q, D); a row of zeros or nan is refused.

        float64 input stays float64 (parity with the released code), anything else becomes float32.
        """
        array = np.asarray(array)
        if array.ndim != 2:
            raise CascalError(
                f"Embeddings need a 2-D array (queries, dimensions), got {array.shape}.",
                code="wrong-shape",
            )
        ids = tuple(str(one) for one in query_ids)
        lengths = _row_lengths(array)
        bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
        if len(bad):
            name = ids[bad[0]][:80] if bad[0] < len(ids) else str(bad[0])
            raise CascalError(
                f"{counted(len(bad), 'embedding vector is', 'embedding vectors are')} all zero or "
                f"hold nan or infinite numbers, the first is of query {name!r}. Encode these "
                "queries again or leave them out.",
                code="unusable-vector",
            )
        unit = np.empty(array.shape, np.float64 if array.dtype == np.float64 else np.float32)
        for rows in row_slices(len(array), FEW):
            unit[rows] = np.asarray(array[rows], dtype=np.float64) / lengths[rows, None]
        return cls(ids, unit, encoder)

    @property
    def dimension(self) -> int:
        """Number of dimensions D."""
        return int(self.vectors.shape[1])

    def take(self, query_ids: Sequence[str]) -> Embeddings:
        """The rows of the given queries, in that order; an unknown query is refused."""
        if tuple(query_ids) == self.query_ids:
            return self
        position = {one: row for row, one in enumerate(self.query_ids)}
        missing = [one for one in query_ids if one not in position]
        if missing:
            raise CascalError(
                f"{counted(len(missing), 'query has', 'queries have')} no embedding, the first is "
                f"{missing[0][:80]!r}. Run `cascal embed` first, or leave these queries out.",
                code="no-vectors",
            )
        rows = np.array([position[one] for one in query_ids], dtype=np.intp)
        return Embeddings(tuple(query_ids), self.vectors[rows], self.encoder)


def _row_lengths(array: NDArray[Any]) -> FloatArray:
    """(Q,) Euclidean length of every row in float64; nan or infinite where a number is."""
    lengths = np.empty(len(array))
    for rows in row_slices(len(array), FEW):
        lengths[rows] = np.linalg.norm(np.asarray(array[rows], dtype=np.float64), axis=1)
    return lengths
