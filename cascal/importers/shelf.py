"""Rows by their key in the order they came: in memory while they are few, else on disk.

However many the rows are, what is held in memory has a bound. The file has no name and goes with
the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from cascal.importers.limits import ImportRefused

MAX_HELD_CHARS = 32 << 20
"""Up to so many characters the rows of a shelf stay in memory; with more all go to disk."""
_CHARS_OF_A_ROW = 256
"""What a row takes besides its texts, about."""
_CACHE_KB = 16_384
"""What SQLite holds in memory of one shelf, the most."""
_MOST_RECENT = 64
_TABLE = "CREATE TABLE shelf (place INTEGER PRIMARY KEY, key BLOB UNIQUE, cells TEXT)"
_PUT = "INSERT OR IGNORE INTO shelf VALUES (?, ?, ?)"
_SETTINGS = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KB}")
_JSON = json.JSONEncoder(default=str)

Row = TypeVar("Row", bound=tuple[Any, ...])


class Shelf(Generic[Row]):
    """Rows by key; from disk a row comes with the cells it went in with, as JSON has them.

    make : puts a row together from its cells
    """

    def __init__(self, make: Callable[[list[Any]], Row]) -> None:
        self._make = make
        self._n_rows = 0
        self.n_chars = 0
        self._held: dict[object, tuple[int, Row]] = {}  # all rows, on disk the most recent ones
        self._file: sqlite3.Connection | None = None

    def __len__(self) -> int:
        return self._n_rows

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    @property
    def on_disk(self) -> bool:
        """Whether the rows were too many for memory."""
        return self._file is not None

    def get(self, key: object) -> Row | None:
        """The row of a key, None where there is none."""
        found = self._find(key)
        return None if found is None else found[1]

    def place(self, key: object) -> int:
        """Which row has a key, counted from 0; -1 where none has."""
        found = self._find(key)
        return -1 if found is None else found[0]

    def put(self, key: object, row: Row) -> Row | None:
        """Add a row and give None; where a row has the key already, give that and add nothing."""
        if key in self._held:
            return self._held[key][1]
        if self._file is not None and not self._write(self._file, key, row):
            return self.get(key)
        self._hold(key, (self._n_rows, row))
        self._n_rows += 1
        self.n_chars += _n_chars(row)
        if self._file is None and self.n_chars > MAX_HELD_CHARS:
            self._move_to_disk()
        return None

    def values(self) -> Iterator[Row]:
        """All rows in the order they came."""
        if self._file is None:
            yield from (row for _, row in self._held.values())
            return
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
        return self._make(json.loads(_JSON.encode(row)))

    def _write(self, file: sqlite3.Connection, key: object, row: Row) -> bool:
        """Whether the key was new, so that the row was written."""
        with _room():
            written = file.execute(_PUT, (self._n_rows, _digest(key), _JSON.encode(row)))
        return written.rowcount == 1

    def _move_to_disk(self) -> None:
        with _room():
            file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for setting in _SETTINGS:
                file.execute(f"PRAGMA {setting}")
            file.execute(_TABLE)
            file.execute("BEGIN")
            for key, (at, row) in self._held.items():
                file.execute(_PUT, (at, _digest(key), _JSON.encode(row)))
        self._file, self._held = file, {}

    def _find(self, key: object) -> tuple[int, Row] | None:
        if key in self._held or self._file is None:
            return self._held.get(key)
        with _room():
            found = self._file.execute(
                "SELECT place, cells FROM shelf WHERE key = ?", (_digest(key),)
            ).fetchone()
        if found is None:
            return None
        place, cells = found
        return self._hold(key, (place, self._make(json.loads(cells))))

    def _hold(self, key: object, found: tuple[int, Row]) -> tuple[int, Row]:
        if self._file is not None and len(self._held) >= _MOST_RECENT:
            self._held.pop(next(iter(self._held)))
        self._held[key] = found
        return found


def _digest(key: object) -> bytes:
    return blake2b(ascii(key).encode(), digest_size=16).digest()


def _n_chars(row: tuple[Any, ...]) -> int:
    """What a row takes, about."""
    texts = sum(len(cell) for cell in row if isinstance(cell, str))
    lists = (cell for cell in row if isinstance(cell, tuple | list))
    return _CHARS_OF_A_ROW + texts + sum(len(str(item)) for cells in lists for item in cells)


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
