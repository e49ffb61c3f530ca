"""How much memory DuckDB may take: little, and more where the texts are long.

What it keeps of a large file in memory counts as ours, so that is bounded, and what does not fit
waits on the disk. But it works on 2,048 rows at once and holds all their texts while it does.
"""

from __future__ import annotations

import os
import sys

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LEAST_MEGABYTES = 192
_ROWS_AT_ONCE = 2_048
_TIMES = 3
"""Texts are there as they are stored, as they are read and, where they are written, once more."""
_SPARE = 24 << 20
"""Texts of 12,000 characters need no more than is there anyway."""
_MOST_OF_THE_MACHINE = 0.5
_LONGEST = """
SELECT max(stats.total_string_length::DOUBLE / count)
FROM pragma_storage_info({table!r}) WHERE column_name = 'text' AND segment_type = 'VARCHAR'
"""
"""Of the parts of a column, the largest mean length of a text: statistics, no text is read."""


class Lengths:
    """The lengths of texts that pass by; at_once: bytes of the longest that stand together."""

    def __init__(self) -> None:
        self.at_once = 0
        self._last = np.zeros(0, dtype=np.int64)

    def look(self, texts: pa.Array) -> None:
        """Note some."""
        found = np.asarray(pc.fill_null(pc.binary_length(texts), 0))
        near = np.concatenate([self._last, found]).astype(np.int64)
        total = np.concatenate([[0], np.cumsum(near)])
        apart = min(_ROWS_AT_ONCE, len(near))
        together = total[apart:] - total[: len(total) - apart]
        self.at_once = max(self.at_once, int(together.max()))
        self._last = near[-_ROWS_AT_ONCE + 1 :]


def stored_at_once(connection: duckdb.DuckDBPyConnection) -> int:
    """The same of the texts that a workspace holds; 0 where it holds none."""
    longest = 0.0
    for table in ("response", "query"):
        try:
            ((mean,),) = connection.execute(_LONGEST.format(table=table)).fetchall()
        except duckdb.CatalogException:  # a new file, or one of another program
            continue
        longest = max(longest, mean or 0.0)
    return int(_ROWS_AT_ONCE * longest)


def allow(connection: duckdb.DuckDBPyConnection, at_once: int) -> None:
    """Let the engine of a connection take what texts of so many bytes need, and not more."""
    megabytes = LEAST_MEGABYTES + (_TIMES * at_once >> 20 if at_once > _SPARE else 0)
    connection.execute(f"SET memory_limit = '{min(megabytes, _most())}MB'")


def _most() -> int:
    """Half of the machine's memory in MB, where the system tells."""
    if sys.platform == "win32":
        return 4_096
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return max(LEAST_MEGABYTES, int(_MOST_OF_THE_MACHINE * pages * size) >> 20)
