"""Tables (Parquet, CSV, JSON, Excel) -> named columns, with the rows that could not be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cascal.importers.columns import listed
from cascal.importers.jsonlines import json_lines
from cascal.importers.limits import (
    ImportRefused,
    check_file,
    decode,
    is_zip,
    parse_json,
    read_bytes,
)
from cascal.importers.workbook import is_workbook_file, read_as_csv

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx")
MAX_TABLE_BYTES = 1 << 30
"""What a Parquet file may unpack to."""
MAX_TABLE_ROWS = 5_000_000
"""Rows a Parquet file may hold; a few bytes can declare billions of empty ones."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """The columns of one file.

    rows       : number of each row in the file, from 1, without the header
    columns    : values by column name, None where a row has none
    refused    : (row, reason) of rows that could not be read at all
    by_folders : columns that no file has, only the names of the folders it lies in
    """

    source: str
    rows: list[int]
    columns: dict[str, list[Any]]
    refused: list[tuple[int, str]]
    by_folders: set[str] = field(default_factory=set)

    @property
    def n_rows(self) -> int:
        """Rows of the file, with the refused ones."""
        return len(self.rows) + len(self.refused)


def read_sheet(path: Path, n_rows: int | None = None) -> Sheet:
    """Read a table, at most `n_rows` of it."""
    head = check_file(path)
    suffix = path.suffix.lower()
    if is_zip(head) and is_workbook_file(path):
        sheet = _read_csv(path.name, read_as_csv(path))
        return sheet if n_rows is None else _cut(sheet, n_rows)
    if is_zip(head):
        raise ImportRefused(
            f"{path.name!r} is a zip archive; only MMLU-Pro result zips and inspect .eval logs "
            "are read packed. Unpack it and import the Parquet, CSV or JSONL file inside.",
            code="unknown-format",
        )
    if head.startswith(b"PAR1") or suffix == ".parquet":
        return _read_parquet(path, n_rows)
    raw = read_bytes(path)
    start = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if suffix in (".csv", ".tsv"):
        sheet = _read_csv(path.name, raw)
    elif start == b"[":
        sheet = _from_records(path.name, _array(parse_json(raw, path.name), path.name), [])
    elif start == b"{" and (document := _one_object(raw)) is not None:
        raise ImportRefused(
            f"{path.name!r} is good JSON, but of no known format: an object with "
            f"{listed([str(key) for key in document])}. Write its records one a line (JSONL), each "
            "with query_id, text, model and response.",
            code="unknown-format",
        )
    elif start == b"{" or suffix in (".jsonl", ".ndjson", ".json"):
        sheet = _read_jsonl(path.name, raw)
    else:
        raise ImportRefused(
            f"{path.name!r} is of no known kind. Import Parquet, CSV, TSV, JSONL or JSON (a list "
            "of records), and give the file that ending.",
            code="unknown-format",
        )
    return sheet if n_rows is None else _cut(sheet, n_rows)


def _one_object(raw: bytes) -> dict[str, Any] | None:
    """The object that a whole file is, over several lines; None for one record a line."""
    first, _, rest = raw.partition(b"\n")
    if not rest.strip():
        return None
    with suppress(ValueError, RecursionError):
        json.loads(first)
        return None
    with suppress(ValueError, RecursionError):
        document = json.loads(raw)
        return document if isinstance(document, dict) else None
    return None


def _cut(sheet: Sheet, n_rows: int) -> Sheet:
    columns = {name: values[:n_rows] for name, values in sheet.columns.items()}
    return Sheet(sheet.source, sheet.rows[:n_rows], columns, sheet.refused)


def _read_parquet(path: Path, n_rows: int | None) -> Sheet:
    try:
        with pq.ParquetFile(path) as file:
            batches = _batches(path.name, file, n_rows)
            table = pa.Table.from_batches(batches, schema=file.schema_arrow)
    except (pa.ArrowException, OSError) as error:
        raise ImportRefused(
            f"{path.name!r} is not a complete Parquet file ({_first_line(error)}). Download or "
            "write it again.",
            code="damaged-file",
        ) from None
    table = table if n_rows is None else table.slice(0, n_rows)
    return Sheet(path.name, list(range(1, len(table) + 1)), _values(path.name, table), [])


def _batches(name: str, file: pq.ParquetFile, n_rows: int | None) -> list[pa.RecordBatch]:
    """The record batches of a file, as many as are needed and allowed."""
    if file.metadata.num_rows > MAX_TABLE_ROWS:
        raise ImportRefused(
            f"{name!r} declares {file.metadata.num_rows:,} rows, more than the "
            f"{MAX_TABLE_ROWS:,} that are read. Split it.",
            code="too-large",
        )
    batches, n_bytes, n_read = [], 0, 0
    for batch in file.iter_batches(batch_size=n_rows or 65_536):
        batches.append(batch)
        n_bytes, n_read = n_bytes + batch.nbytes, n_read + batch.num_rows
        if n_bytes > MAX_TABLE_BYTES:
            raise ImportRefused(
                f"{name!r} unpacks to more than {MAX_TABLE_BYTES:,} bytes. Split it.",
                code="too-large",
            )
        if n_rows is not None and n_read >= n_rows:
            break
    return batches


def _values(name: str, table: pa.Table) -> dict[str, list[Any]]:
    repeated = {one for one in table.column_names if table.column_names.count(one) > 1}
    if repeated:
        raise ImportRefused(
            f"{name!r} has several columns named {sorted(repeated)[0]!r}. Rename all but one.",
            code="duplicate-key",
        )
    try:
        return {one: _as_text(table.column(one)).to_pylist() for one in table.column_names}
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise ImportRefused(
            f"{name!r} holds values that cannot be read ({_first_line(error)}). Write the text "
            "columns as UTF-8 strings and the numbers as plain numbers.",
            code="wrong-type",
        ) from None


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    binary = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    return column.cast(pa.large_string()) if binary else column


def _read_csv(name: str, raw: bytes) -> Sheet:
    text_of_header = decode(raw, name).partition("\n")[0]
    skipped: list[tuple[int, str]] = []
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(raw),
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(raw) + 1),
            parse_options=pa_csv.ParseOptions(
                delimiter=_delimiter(text_of_header),
                newlines_in_values=True,
                invalid_row_handler=_ragged_rows(skipped),
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(_header(raw, text_of_header), pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise ImportRefused(
            f"{name!r} cannot be read as CSV ({_first_line(error)}). Check that every quote is "
            "closed and that the file is complete.",
            code="damaged-file",
        ) from None
    gone = {row for row, _ in skipped}
    rows = [row for row in range(1, len(table) + len(gone) + 1) if row not in gone]
    sheet = Sheet(name, rows, _values(name, table), skipped)
    _check_last_quote(sheet, raw)
    return sheet


def _ragged_rows(skipped: list[tuple[int, str]]) -> Callable[[Any], str]:
    def skip(row: Any) -> str:  # noqa: ANN401 - a pyarrow type without stubs
        number = (row.number or len(skipped) + 2) - 1
        skipped.append((number, f"{row.actual_columns} fields instead of {row.expected_columns}"))
        return "skip"

    return skip


def _header(raw: bytes, first_line: str) -> list[str]:
    table = pa_csv.open_csv(
        pa.BufferReader(raw),
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(raw) + 1),
        parse_options=pa_csv.ParseOptions(
            delimiter=_delimiter(first_line),
            newlines_in_values=True,
            invalid_row_handler=lambda _: "skip",
        ),
    )
    return list(table.schema.names)


def _delimiter(first_line: str) -> str:
    """Tab, semicolon or comma: the most frequent in the header, the comma on a tie."""
    return max((",", ";", "\t"), key=first_line.count)


def _check_last_quote(sheet: Sheet, raw: bytes) -> None:
    """An odd number of quotes may be inch marks, or a last field that is never closed."""
    if raw.count(b'"') % 2 == 0:
        return
    last = str(next(reversed(sheet.columns.values()))[-1]) if sheet.rows else ""
    swallowed = raw.endswith(b'"' + last.replace('"', '""').encode())
    if swallowed or any(row == sheet.n_rows for row, _ in sheet.refused):
        raise ImportRefused(
            f"{sheet.source!r} is cut off or damaged: its last quoted field is never closed. "
            "Export it again, with quotes inside a field doubled.",
            code="damaged-file",
        )


def _read_jsonl(name: str, raw: bytes) -> Sheet:
    lines = json_lines(name, raw)
    sheet = _from_records(name, [*lines.records], lines.refused)
    return Sheet(name, lines.rows, sheet.columns, lines.refused)


def _array(document: object, name: str) -> list[Any]:
    if isinstance(document, list):
        return document
    raise ImportRefused(
        f"{name!r} holds no list of records. Export it as JSONL.", code="not-records"
    )


def _from_records(name: str, records: list[Any], refused: list[tuple[int, str]]) -> Sheet:
    good = [(row, one) for row, one in enumerate(records, 1) if isinstance(one, dict)]
    kept = {row for row, _ in good}
    bad = [(row, "not an object") for row in range(1, len(records) + 1) if row not in kept]
    if not good:
        raise ImportRefused(
            f"{name!r} holds no record that can be read. Every line (or element) must be a JSON "
            'object such as {"query_id": "1", "text": "…"}.',
            code="not-records",
        )
    keys = dict.fromkeys(key for _, one in good for key in one)
    columns = {key: [one.get(key) for _, one in good] for key in keys}
    return Sheet(name, [row for row, _ in good], columns, refused + bad)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
