"""Tables (Parquet, CSV, JSON, Excel) -> named columns, with the rows that could not be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from cascal.importers.arrow_tables import csv_stream, parquet_stream
from cascal.importers.columns import is_known
from cascal.importers.json_list import list_elements
from cascal.importers.jsonlines import Record, json_records
from cascal.importers.limits import ImportRefused, check_file, is_zip
from cascal.importers.stream import Numbered, Stream
from cascal.importers.workbook import is_workbook_file, opened_as_csv
from cascal.number_format import counted, listed

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx")
MAX_NAMES = 1_000
"""Fields of JSON records that are taken for columns, apart from those with a name of ours."""
MAX_OBJECT_BYTES = 64 << 20
"""Up to this size it is looked whether a JSON file is one object over many lines."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """The columns of one file.

    rows    : number of each row in the file, from 1, without the header
    columns : values by column name, None where a row has none
    refused : (row, reason) of rows that could not be read at all
    """

    source: str
    rows: list[int]
    columns: dict[str, list[Any]]
    refused: list[tuple[int, str]]


def read_sheet(path: Path, n_rows: int | None = None) -> Sheet:
    """Read a table into memory, at most `n_rows` of it."""
    return sheet_of(open_table(path), n_rows)


def sheet_of(stream: Stream, n_rows: int | None = None) -> Sheet:
    """The rows of a table, at most `n_rows`, in memory."""
    rows: list[int] = []
    columns: dict[str, list[Any]] = {name: [] for name in stream.names}
    for row, cells in islice(stream.cells(stream.names), n_rows):
        rows.append(row)
        for values, cell in zip(columns.values(), cells, strict=True):
            values.append(cell)
    return Sheet(stream.source, rows, columns, stream.refused)


def open_table(path: Path) -> Stream:
    """The table in a file, whose rows are read when they are asked for."""
    head = check_file(path)
    suffix = path.suffix.lower()
    if is_zip(head) and is_workbook_file(path):
        return csv_stream(path.name, opened_as_csv(path))
    if is_zip(head):
        raise ImportRefused(
            f"{path.name!r} is a zip archive; only MMLU-Pro result zips and inspect .eval logs "
            "are read packed. Unpack it and import the Parquet, CSV or JSONL file inside.",
            code="unknown-format",
        )
    if head.startswith(b"PAR1") or suffix == ".parquet":
        return parquet_stream(path)
    start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]

    def opened() -> BinaryIO:
        return path.open("rb")

    if suffix in (".csv", ".tsv"):
        return csv_stream(path.name, opened)
    if start == b"[":
        return _of_list(path.name, opened)
    if start == b"{" and (document := _one_object(path)) is not None:
        raise ImportRefused(
            f"{path.name!r} is good JSON, but of no known format: an object with "
            f"{listed([str(key) for key in document])}. Write its records one a line (JSONL), each "
            "with query_id, text, model and response.",
            code="unknown-format",
        )
    if start == b"{" or suffix in (".jsonl", ".ndjson", ".json"):
        return _record_stream(path.name, partial(json_records, path.name, opened))
    raise ImportRefused(
        f"{path.name!r} is of no known kind. Import Parquet, CSV, TSV, JSONL or JSON (a list "
        "of records), and give the file that ending.",
        code="unknown-format",
    )


def _one_object(path: Path) -> dict[str, Any] | None:
    """The object that a whole file is, over several lines; None for one record a line."""
    if path.stat().st_size > MAX_OBJECT_BYTES:
        return None
    raw = path.read_bytes()
    first, _, rest = raw.partition(b"\n")
    if not rest.strip():
        return _without_columns(raw) if path.suffix.lower() == ".json" else None
    with suppress(ValueError, RecursionError):
        json.loads(first)
        return None
    with suppress(ValueError, RecursionError):
        document = json.loads(raw)
        return document if isinstance(document, dict) else None
    return None


def _without_columns(raw: bytes) -> dict[str, Any] | None:
    """The one object of a file, where none of its fields could be a column and some are nested."""
    with suppress(ValueError, RecursionError):
        document = json.loads(raw)
        nested = isinstance(document, dict) and any(
            isinstance(one, list | dict) for one in document.values()
        )
        return document if nested and not any(map(is_known, document)) else None
    return None


Records = Callable[[Callable[[int, str], None]], Iterator[tuple[int, Record]]]
"""Goes through the records of a file; what is called says which rows are none, and why."""


def _of_list(name: str, opened: Callable[[], BinaryIO]) -> Stream:
    def good(refuse: Callable[[int, str], None]) -> Iterator[tuple[int, Record]]:
        for row, one in enumerate(list_elements(name, opened), 1):
            if isinstance(one, dict):
                yield row, one
            else:
                refuse(row, "not an object")

    return _record_stream(name, good)


def _record_stream(name: str, records: Records) -> Stream:
    names: dict[str, None] = {}
    refused: list[tuple[int, str]] = []
    n_good, n_further, further = 0, 0, ""
    for _, record in records(lambda row, reason: refused.append((row, reason))):
        n_good += 1
        new = [key for key in record if key not in names]
        room = MAX_NAMES - len(names)
        taken = [key for at, key in enumerate(new) if at < room or is_known(key)]
        names.update(dict.fromkeys(taken))
        if len(taken) < len(new):
            n_further += 1
            further = further or next(key for key in new if key not in names)
    if not n_good:
        raise ImportRefused(
            f"{name!r} holds no record that can be read. Every line (or element) must be a JSON "
            'object such as {"query_id": "1", "text": "…"}.',
            code="not-records",
        )

    def whole() -> Iterator[tuple[int, Record]]:
        return records(lambda _row, _reason: None)

    def read(wanted: Sequence[str]) -> Numbered:
        for row, record in whole():
            yield row, [record.get(one) for one in wanted]

    return Stream(
        source=name,
        names=tuple(names),
        n_good=n_good,
        refused=refused,
        read=read,
        whole=whole,
        unread=_unread(name, n_further, further),
    )


def _unread(name: str, n_rows: int, example: str) -> str:
    if not n_rows:
        return ""
    return (
        f"{name!r}: {counted(n_rows, 'row has', 'rows have')} fields beyond the first "
        f"{MAX_NAMES:,} names, such as {example[:40]!r}; these were not read."
    )
