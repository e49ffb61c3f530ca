"""Tables -> numbered records, and what the records of one file must agree on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cascal.importers.draft import Draft
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused
from cascal.importers.sniff import kind_of_keys
from cascal.importers.tabular import open_table


def read_lines(path: Path, source: str, kind: str) -> Lines:
    """The records of a table (JSONL, JSON list, CSV, Parquet); a file of two formats is refused."""
    stream = open_table(path)
    rows: list[int] = []
    records: list[Record] = []
    for row, record in stream.records():
        rows.append(row)
        records.append({name: cell for name, cell in record.items() if cell is not None})
    if not records:
        raise ImportRefused(
            f"{source!r} holds no record that can be read. Export it again.", code="no-records"
        )
    refuse_mixture(source, rows, records, kind)
    return Lines(source, rows, records, stream.refused)


def refuse_mixture(
    source: str, rows: Iterable[int], records: Iterable[Iterable[str]], kind: str
) -> None:
    """Refuse a file in which a record is of another known kind."""
    for row, record in zip(rows, records, strict=True):
        other = kind_of_keys(record)
        if other is not None and other != kind:
            raise ImportRefused(
                f"{source!r} mixes two formats: row {row} is of the kind {other!r}, others are "
                f"{kind!r}. Put each format into a file of its own.",
                code="mixed-formats",
            )


def rows_with(draft: Draft, lines: Lines, needed: Iterable[str]) -> Iterator[tuple[int, Record]]:
    """Count the rows and yield those that have every needed field; the others are refused."""
    names = tuple(needed)
    draft.count_rows(lines.source, len(lines.rows) + len(lines.refused))
    for row, reason in lines.refused:
        draft.refuse(lines.source, row, "", reason)
    for row, record in zip(lines.rows, lines.records, strict=True):
        missing = [name for name in names if record.get(name) is None]
        if missing:
            draft.refuse(lines.source, row, missing[0], "the field is missing")
        else:
            yield row, record


def either(record: Record, names: Iterable[str], source: str, row: int) -> Any:  # noqa: ANN401 - whatever the field holds
    """The value of a field that versions of a format call by different names.

    A record that uses two of the names for different values is two versions at once: refused.
    """
    found = {name: record[name] for name in names if record.get(name) is not None}
    first = next(iter(found), None)
    if first is None:
        return None
    for name, value in found.items():
        if value != found[first]:
            raise ImportRefused(
                f"{source!r} mixes two versions of its format: row {row} has {first!r} and "
                f"{name!r} with different values. Export it again with one version.",
                code="mixed-formats",
            )
    return found[first]


def part(value: object) -> Record:
    """An object inside a record; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """A list inside a record; anything else is an empty one."""
    return value if isinstance(value, list) else []
