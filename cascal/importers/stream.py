"""The rows of a table, read anew each time they are asked for: no file is held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

Numbered = Iterator[tuple[int, Sequence[Any]]]
"""The number of each row in its file, from 1 and without the header, and its cells."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Stream:
    """One table.

    names      : its columns
    n_good     : rows that can be read
    refused    : (row, reason) of those that could not be read at all
    read       : goes through the rows, and gives the cells of these columns
    whole      : goes through the rows, and gives all they hold, fields without a column too
    by_folders : columns that no file has, only the names of the folders it lies in
    unread     : what to say of columns beyond those that are named
    """

    source: str
    names: tuple[str, ...]
    n_good: int
    refused: list[tuple[int, str]]
    read: Callable[[Sequence[str]], Numbered]
    by_folders: frozenset[str] = frozenset()
    unread: str = ""
    whole: Callable[[], Iterator[tuple[int, dict[str, Any]]]] | None = None

    @property
    def n_rows(self) -> int:
        """Rows of the file, with the refused ones."""
        return self.n_good + len(self.refused)

    def cells(self, names: Sequence[str | None]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """The cells of some columns row by row, None where there is no such column."""
        own = set(self.names)
        wanted = list(dict.fromkeys(name for name in names if name in own))
        place = {name: at for at, name in enumerate(wanted)}
        places = [None if name is None else place.get(name) for name in names]
        for row, cells in self.read([name for name in wanted if name is not None]):
            yield row, tuple(None if at is None else cells[at] for at in places)

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number of each row and all it holds, by name."""
        if self.whole is not None:
            yield from self.whole()
            return
        for row, cells in self.cells(self.names):
            yield row, dict(zip(self.names, cells, strict=True))

    def with_constant(self, name: str, value: object) -> Stream:
        """The same table with a column more, which says the same in every row."""

        def read(names: Sequence[str]) -> Numbered:
            for row, cells in self.cells([None if one == name else one for one in names]):
                yield (
                    row,
                    [
                        value if one == name else cell
                        for one, cell in zip(names, cells, strict=True)
                    ],
                )

        return replace(self, names=(*self.names, name), read=read)
