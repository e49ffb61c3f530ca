"""Rows in chunks, so that what is computed for all of them at once stays small."""

from __future__ import annotations

from collections.abc import Iterator

FEW = 8_192
"""Rows that are worked on at a time where nothing is summed, or a lot is kept for each."""
MANY = 65_536
"""Rows that are summed over at a time: more, so that few data sets are summed in parts."""


def row_slices(n_rows: int, size: int) -> Iterator[slice]:
    """Consecutive slices of at most `size` rows; one empty slice where there is no row.

    The boundaries depend on nothing but the number of rows, so sums over chunks are reproducible.
    """
    for start in range(0, max(n_rows, 1), size):
        yield slice(start, min(start + size, n_rows))
