"""CSV and Parquet files as streams: read in blocks, every column of a CSV file as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import SEEK_END
from itertools import count, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from cascal.importers.csv_quotes import STRAY, Quotes, said_delimiter, usual_delimiter
from cascal.importers.limits import MAX_FIELD_BYTES, ImportRefused, decoded_lines
from cascal.importers.stream import Numbered, Stream
from cascal.number_format import counted

MAX_TABLE_BYTES = 8 << 30
"""What a Parquet file may unpack to."""
MAX_TABLE_ROWS = 20_000_000
"""Rows a Parquet file may hold; a few bytes can declare billions of empty ones."""
BLOCK_BYTES = 32 << 20
"""A row of a CSV file, at most."""
_USUAL_BLOCK = 1 << 20
"""Bytes read at a time where no row is longer; Arrow reads a dozen of them ahead."""
_ROWS_AT_ONCE = 2_000
_HEADINGS = "repeats the headings"
_BYTES_AT_ONCE = 8 << 20


def parquet_stream(path: Path) -> Stream:
    """The rows of a Parquet file."""

    def read(names: Sequence[str]) -> Numbered:
        row = 0
        for batch in _parquet_batches(path, names):
            for cells in _cells(path.name, batch, names):
                row += 1
                yield row, cells

    with _complete(path.name), _parquet_file(path) as file:
        names = tuple(file.schema_arrow.names)
        n_rows = file.metadata.num_rows
    _refuse_repeated(path.name, names)
    if n_rows > MAX_TABLE_ROWS:
        raise ImportRefused(
            f"{path.name!r} declares {counted(n_rows, 'row')}, more than the {MAX_TABLE_ROWS:,} "
            "that are read. Split it.",
            code="too-large",
        )
    return Stream(source=path.name, names=names, n_good=n_rows, refused=[], read=read)


def _parquet_file(path: Path) -> pq.ParquetFile:
    """An open file of which nothing is read ahead: Arrow would hold all of it."""
    return pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)


def _parquet_batches(path: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    n_bytes = 0
    with _complete(path.name), _parquet_file(path) as file:
        n_rows = max(file.metadata.num_rows, 1)
        of_row = (
            1
            + sum(
                file.metadata.row_group(group).total_byte_size
                for group in range(file.metadata.num_row_groups)
            )
            // n_rows
        )
        size = max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE // of_row))
        for batch in file.iter_batches(batch_size=size, columns=list(names), use_threads=False):
            n_bytes += batch.nbytes
            if n_bytes > MAX_TABLE_BYTES:
                raise ImportRefused(
                    f"{path.name!r} unpacks to more than {MAX_TABLE_BYTES:,} bytes. Split it.",
                    code="too-large",
                )
            yield batch


@contextmanager
def _complete(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ImportRefused(
            f"{name!r} is not a complete Parquet file ({_first_line(error)}). Download or "
            "write it again.",
            code="damaged-file",
        ) from None


def _refuse_repeated(name: str, columns: Sequence[str]) -> None:
    repeated = {one for one in columns if columns.count(one) > 1}
    if repeated:
        raise ImportRefused(
            f"{name!r} has several columns named {sorted(repeated)[0]!r}. Rename all but one.",
            code="duplicate-key",
        )


def _cells(name: str, batch: pa.RecordBatch, names: Sequence[str]) -> Iterator[Sequence[Any]]:
    """The rows of a batch as Python has them."""
    if not names:
        yield from [()] * len(batch)
        return
    try:
        columns = [_as_text(batch.column(one)).to_pylist() for one in names]
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise ImportRefused(
            f"{name!r} holds values that cannot be read ({_first_line(error)}). Write the text "
            "columns as UTF-8 strings and the numbers as plain numbers.",
            code="wrong-type",
        ) from None
    yield from zip(*columns, strict=True)


def _as_text(column: pa.Array) -> pa.Array:
    binary = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    return column.cast(pa.large_string()) if binary else column


class _Look(NamedTuple):
    """What a first reading tells of a CSV file; `head` lines come before the names of columns."""

    head: int
    n_quotes: int
    tail: bytes
    delimiter: str
    stray: frozenset[int]
    longest: int


def csv_stream(name: str, opened: Callable[[], BinaryIO]) -> Stream:
    """The rows of a CSV file; one with a quote that is never closed is refused."""
    look = _look(name, opened)
    with _well_formed(name), _csv_reader(opened, look, (), _skip) as reader:
        names, nameless = _numbered(reader.schema.names)
    _refuse_repeated(name, names)
    skipped: list[tuple[int, str]] = []
    headings: set[int] = set()
    n_good, last = 0, ""
    with (
        _well_formed(name),
        _csv_reader(
            opened, look, names, _ragged_rows(skipped, look.head), nameless=bool(nameless)
        ) as reader,
    ):
        for batch in reader:
            headings.update(n_good + place for place in _headings(batch, names, nameless))
            n_good += len(batch)
            last = str(batch.column(len(names) - 1)[-1].as_py()) if len(batch) else last
            _refuse_nameless(name, batch, nameless)
    gone = {row for row, _ in skipped}
    left = islice((row for row in count(1) if row not in gone), max(headings, default=-1) + 1)
    repeated = {row for place, row in enumerate(left) if place in headings}
    stray = (look.stray - gone) | repeated

    def read(wanted: Sequence[str]) -> Numbered:
        rows = (row for row in count(1) if row not in gone)
        with (
            _well_formed(name),
            _csv_reader(opened, look, names, _skip, nameless=bool(nameless)) as blocks,
        ):
            for block in blocks:
                for start in range(0, len(block), _ROWS_AT_ONCE):
                    batch = block.slice(start, _ROWS_AT_ONCE)
                    numbered = zip(rows, _cells(name, batch, wanted), strict=False)
                    yield from (one for one in numbered if one[0] not in stray)

    _check_last_quote(name, look, last, cut=any(row == n_good + len(gone) for row in gone))
    of_rows = ((row, _HEADINGS if row in repeated else STRAY) for row in stray)
    refused = sorted([*skipped, *of_rows])
    n_good -= len(stray)
    return Stream(
        source=name,
        names=tuple(one for one in names if one not in nameless),
        n_good=n_good,
        refused=refused,
        read=read,
        unread=_unread(name, len(nameless)),
    )


def _numbered(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The columns, and those of several without a name, which are told apart by their places."""
    if names.count("") < 2:
        return list(names), []
    numbered = [one or f"column {place} without a name" for place, one in enumerate(names, 1)]
    return numbered, [one for one, name in zip(numbered, names, strict=True) if not name]


def _headings(batch: pa.RecordBatch, names: Sequence[str], nameless: Sequence[str]) -> list[int]:
    """Which rows of a batch say the names of the columns, as where files were joined."""
    wanted = ["" if one in nameless else one for one in names]
    if len(batch) == 0 or len(wanted) < 2:
        return []
    alike = pc.indices_nonzero(pc.equal(batch.column(len(wanted) - 1), wanted[-1]))
    return [
        place
        for place in alike.to_pylist()
        if [str(column[place]).lstrip("\ufeff") for column in batch.columns] == wanted
    ]


def _refuse_nameless(name: str, batch: pa.RecordBatch, nameless: Sequence[str]) -> None:
    """Spreadsheets write empty columns at the end of a table; others need names."""
    for column in nameless:
        if any(map(str.strip, batch.column(column).unique().to_pylist())):
            raise ImportRefused(
                f"{name!r} has several columns without a name, and {column} holds values. Name "
                "them in the first line.",
                code="duplicate-key",
            )


def _unread(name: str, n_nameless: int) -> str:
    if not n_nameless:
        return ""
    return f"{name!r}: {counted(n_nameless, 'empty column')} without a name left out."


def _look(name: str, opened: Callable[[], BinaryIO]) -> _Look:
    """Read it once through: is it UTF-8, and how does it quote?"""
    quotes, n_quotes, head = Quotes(), 0, 0
    for row, text in decoded_lines(name, opened):
        if row == 1 and (said := said_delimiter(text)):
            quotes.delimiter, head = said, 1
            continue
        quotes.delimiter = quotes.delimiter or usual_delimiter(text)
        n_quotes += text.count('"')
        quotes.feed(text)
    with opened() as stream:
        n_bytes = stream.seek(0, SEEK_END)
        stream.seek(max(0, n_bytes - MAX_FIELD_BYTES))
        tail = stream.read()
    return _Look(head, n_quotes, tail, quotes.delimiter, frozenset(quotes.stray), quotes.longest)


@contextmanager
def _csv_reader(
    opened: Callable[[], BinaryIO],
    look: _Look,
    names: Sequence[str],
    ragged: Callable[[Any], str],
    *,
    nameless: bool = False,
) -> Iterator[pa_csv.CSVStreamingReader]:
    block = min(BLOCK_BYTES, max(_USUAL_BLOCK, 2 * look.longest))
    with opened() as file:
        yield pa_csv.open_csv(
            file,
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=block,
                skip_rows=look.head,
                column_names=list(names) if nameless else None,
                skip_rows_after_names=int(nameless),
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=look.delimiter, newlines_in_values=True, invalid_row_handler=ragged
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )


@contextmanager
def _well_formed(name: str) -> Iterator[None]:
    try:
        yield
    except pa.ArrowInvalid as error:
        raise ImportRefused(
            f"{name!r} cannot be read as CSV ({_first_line(error)}). Check that every quote is "
            "closed and that the file is complete.",
            code="damaged-file",
        ) from None


def _skip(_row: object) -> str:
    return "skip"


def _ragged_rows(skipped: list[tuple[int, str]], head: int) -> Callable[[Any], str]:
    def skip(row: Any) -> str:  # noqa: ANN401 - a pyarrow type without stubs
        number = (row.number or len(skipped) + 2 + head) - 1 - head
        skipped.append(
            (number, (f"{counted(row.actual_columns, 'field')} instead of {row.expected_columns}"))
        )
        return "skip"

    return skip


def _check_last_quote(name: str, look: _Look, last: str, *, cut: bool) -> None:
    """An odd number of quotes may be inch marks, or a last field that is never closed."""
    if look.n_quotes % 2 == 0:
        return
    swallowed = look.tail.endswith(b'"' + last.replace('"', '""').encode())
    if swallowed or cut:
        raise ImportRefused(
            f"{name!r} is cut off or damaged: its last quoted field is never closed. "
            "Export it again, with quotes inside a field doubled.",
            code="damaged-file",
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
