"""How unlike the training queries a query is, told by a matrix that holds none of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cascal.computing.row_chunks import FEW, MANY, row_slices
from cascal.datatypes import BoolArray, CascalError, FloatArray, read_only

WITHIN = 0.99
"""Share of the training queries that lie within the reach."""
MIN_QUERIES = 100
"""Fewer training queries cannot say where 99 % of them lie."""
SHARES = np.concatenate([np.arange(99) / 100, np.arange(990, 1001) / 1000])
"""(L,) shares of the training queries whose distances are kept, in finer steps where it is far."""
_RIDGE = 0.3
"""Added to every direction's mean square, in units of the mean over all directions."""


@dataclass(frozen=True, eq=False)
class Reach:
    """A distance from the training queries as a whole, and what is far.

    distance(x) = √(xᵀ P x) with P = `precision` (D, D) ∝ (XᵀX + ridge)⁻¹: the leverage of x in the
    training vectors X, large in directions that they hardly use. Scaled so that a usual training
    query has distance 1; `limit` is the distance within which 99 % of them lie, levels (L,) the
    distances within which the `SHARES` lie, None in a file of a version that did not store them.
    """

    precision: FloatArray
    limit: float
    levels: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", read_only(self.precision))
        if self.levels is not None:
            object.__setattr__(self, "levels", read_only(self.levels))
            if self.levels.shape != SHARES.shape or (np.diff(self.levels) < 0).any():
                raise CascalError(
                    f"The levels of the reach are not {len(SHARES)} rising numbers.",
                    code="wrong-shape",
                )
        n_rows = len(self.precision)
        if not isinstance(self.limit, float) or self.precision.shape != (n_rows, n_rows):
            raise CascalError(
                f"The reach is {str(self.limit)[:60]} with a matrix of shape "
                f"{self.precision.shape}; it must be a number with a square matrix.",
                code="wrong-shape",
            )

    def distances(self, vectors: FloatArray) -> FloatArray:
        """(Q,) distance of unit rows (Q, D) from the training queries."""
        rows = np.asarray(vectors, dtype=self.precision.dtype)
        squares = np.einsum("qd,qd->q", rows @ self.precision, rows, dtype=np.float64)
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)))

    def far(self, vectors: FloatArray) -> BoolArray:
        """(Q,) which unit rows (Q, D) lie beyond the limit: unlike the training queries."""
        return self.distances(vectors) > self.limit

    @property
    def farthest(self) -> float | None:
        """The distance of the farthest training query; None if unknown."""
        return None if self.levels is None else float(self.levels[-1])

    def share_within(self, distance: float) -> float | None:
        """The share of the training queries that lie nearer than a distance; None if unknown."""
        return None if self.levels is None else float(np.interp(distance, self.levels, SHARES))


@dataclass(frozen=True, eq=False)
class Training:
    """The training queries' unit vectors (Q, D), measured once, when it is first asked for.

    No threshold changes the reach, so all routers of a fit share it.
    """

    vectors: FloatArray

    @cached_property
    def reach(self) -> Reach | None:
        """Their reach; None below 100 queries."""
        return measured(self.vectors) if len(self.vectors) >= MIN_QUERIES else None


def measured(training: FloatArray) -> Reach | None:
    """The reach of unit rows (Q, D); None where they are all zero.

    Each training query is measured by all others (leave one out, h / (1 − h) in closed form), so
    that 1 % of new queries of the same kind lie beyond the limit, not more.

    Reference: Hoaglin & Welsch 1978, The American Statistician 32, 17–22, on leverage.
    """
    inverse = ridge_inverse(squares_of(training))
    return None if inverse is None else reach_of(inverse, leverages(training, inverse))


def squares_of(training: FloatArray) -> FloatArray:
    """XᵀX (D, D) of rows X."""
    squares = np.zeros((training.shape[1],) * 2)
    for part in row_slices(len(training), MANY):
        rows = np.asarray(training[part], dtype=np.float64)
        squares += rows.T @ rows
    return squares


def ridge_inverse(squares: FloatArray) -> FloatArray | None:
    """(XᵀX + ridge)⁻¹; None where all rows are zero."""
    ridge = _RIDGE * float(np.trace(squares)) / len(squares)
    return np.linalg.inv(squares + ridge * np.eye(len(squares))) if ridge else None


def leverages(training: FloatArray, inverse: FloatArray) -> FloatArray:
    """(Q,) of rows (Q, D)."""
    leverage = np.empty(len(training))
    for part in row_slices(len(training), FEW):
        rows = np.asarray(training[part], dtype=np.float64)
        leverage[part] = np.einsum("qd,qd->q", rows @ inverse, rows)
    return leverage


def reach_of(inverse: FloatArray, leverage: FloatArray) -> Reach | None:
    """The reach from the leverages (Q,) of all training queries; None where they are all zero."""
    distances = np.sqrt(leverage / (1.0 - leverage))
    usual = float(np.median(distances))
    if not usual:
        return None
    precision = (inverse / usual**2).astype(np.float32)
    limit = float(np.quantile(distances, WITHIN)) / usual
    return Reach(precision, limit, np.quantile(distances, SHARES) / usual)
