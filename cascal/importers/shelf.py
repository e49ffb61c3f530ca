"""Rows by their key in the order they came, on disk: a file of any size may bring them.

What is held in memory is a few megabytes, however many the rows are. The file has no name and goes
with the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from cascal.importers.limits import ImportRefused

_CACHE_KB = 16_384
"""What SQLite holds in memory of one shelf, the most."""
_MOST_RECENT = 64
_TABLE = "CREATE TABLE shelf (place INTEGER PRIMARY KEY, key BLOB UNIQUE, cells TEXT)"

Row = TypeVar("Row", bound=tuple[Any, ...])


class Shelf(Generic[Row]):
    """Rows by key; a row comes back with the cells it went in with, as JSON has them.

    make : puts a row together from its cells
    """

    def __init__(self, make: Callable[[list[Any]], Row]) -> None:
        self._make = make
        self._n_rows = 0
        self.n_chars = 0
        self._recent: dict[bytes, tuple[int, str, Row]] = {}
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KB}"):
            self._file.execute(f"PRAGMA {setting}")
        self._file.execute(_TABLE)
        self._file.execute("BEGIN")

    def __len__(self) -> int:
        return self._n_rows

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def get(self, key: object) -> Row | None:
        """The row of a key, None where there is none."""
        found = self._find(key)
        return None if found is None else found[2]

    def place(self, key: object) -> int:
        """Which row has a key, counted from 0; -1 where none has."""
        found = self._find(key)
        return -1 if found is None else found[0]

    def put(self, key: object, row: Row) -> None:
        """Add a row whose key is new."""
        cells = _written(row)
        with _room():
            self._file.execute(
                "INSERT INTO shelf VALUES (?, ?, ?)", (self._n_rows, _digest(key), cells)
            )
        self._remember(_digest(key), (self._n_rows, cells, row))
        self._n_rows += 1
        self.n_chars += len(cells)

    def values(self) -> Iterator[Row]:
        """All rows in the order they came."""
        with _room():
            for (cells,) in self._file.execute("SELECT cells FROM shelf ORDER BY place"):
                yield self._make(json.loads(cells))

    def same(self, one: Row, other: Row, start: int) -> bool:
        """Whether two rows are alike from a cell on, however their cells were written."""
        return (
            one[start:] == other[start:]
            or self._as_read(one)[start:] == self._as_read(other)[start:]
        )

    def _as_read(self, row: Row) -> Row:
        return self._make(json.loads(_written(row)))

    def _find(self, key: object) -> tuple[int, str, Row] | None:
        digest = _digest(key)
        if digest in self._recent:
            return self._recent[digest]
        with _room():
            found = self._file.execute(
                "SELECT place, cells FROM shelf WHERE key = ?", (digest,)
            ).fetchone()
        if found is None:
            return None
        place, cells = found
        return self._remember(digest, (place, cells, self._make(json.loads(cells))))

    def _remember(self, digest: bytes, found: tuple[int, str, Row]) -> tuple[int, str, Row]:
        if len(self._recent) >= _MOST_RECENT:
            self._recent.pop(next(iter(self._recent)))
        self._recent[digest] = found
        return found


def _digest(key: object) -> bytes:
    return blake2b(json.dumps(key).encode(), digest_size=16).digest()


def _written(row: tuple[Any, ...]) -> str:
    return json.dumps(row, default=str)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ImportRefused(
            f"The rows do not fit into the folder for temporary files ({error}). Make room there, "
            "or name another folder in the environment variable TMPDIR; nothing was stored.",
            code="no-access",
        ) from None
