"""An Excel workbook (.xlsx) as the CSV that a person would save it as."""

from __future__ import annotations

import csv
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

from cascal.importers.limits import ImportRefused
from cascal.number_format import counted

MAX_UNPACKED = 512 << 20
"""Bytes a workbook may unpack to; a few kilobytes can declare gigabytes."""

_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    SyntaxError,
)
"""What zipfile, the XML parser and openpyxl raise on bytes that are no workbook."""


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether an archive is an Excel workbook (.xlsx)."""
    return "xl/workbook.xml" in archive.NameToInfo


def is_workbook_file(path: Path) -> bool:
    """The same of a file that begins like a zip archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return is_workbook(archive)
    except (zipfile.BadZipFile, OSError):
        return False


def opened_as_csv(path: Path) -> Callable[[], BinaryIO]:
    """What opens the only sheet with rows, in UTF-8: values as last computed, no formula.

    The rows lie in a temporary file that goes with what is returned. ImportRefused for a damaged
    workbook, for several sheets with rows, and without openpyxl.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise ImportRefused(
            f"{path.name!r} is an Excel workbook; reading it needs the extra excel: pip install "
            "'cascal[excel]'. Or save the sheet as 'CSV UTF-8' and import that.",
            code="not-installed",
        ) from None
    _check_size(path)
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as made:
        rows = Path(made.name)

    def opened() -> BinaryIO:
        return rows.open("rb")

    weakref.finalize(opened, rows.unlink)
    try:
        with path.open("rb") as packed:
            book = load_workbook(packed, read_only=True, data_only=True)
            filled = [one.title for one in book.worksheets if next(_rows(one), None)]
            if len(filled) == 1:
                _write(_rows(book[filled[0]]), rows)
    except _DAMAGES as error:
        raise ImportRefused(
            f"{path.name!r} is no workbook that can be read ({str(error)[:100]}). Open and save it "
            "again, or save the sheet as 'CSV UTF-8'.",
            code="damaged-file",
        ) from None
    if len(filled) != 1:
        names = ", ".join(repr(name[:40]) for name in filled) or "none"
        raise ImportRefused(
            f"{path.name!r} has {counted(len(filled), 'sheet')} with rows ({names}); one is "
            "needed. Save the one that is meant in a workbook of its own.",
            code="unknown-format",
        )
    return opened


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(member.file_size for member in archive.infolist())
    if n_bytes > MAX_UNPACKED:
        raise ImportRefused(
            f"{path.name!r} unpacks to {n_bytes:,} bytes, more than the {MAX_UNPACKED:,} that are "
            "read. Save the sheet as 'CSV UTF-8' and import that.",
            code="too-large",
        )


def _rows(sheet: Any) -> Iterator[list[str]]:  # noqa: ANN401 – openpyxl has no types
    """The rows of a sheet as texts, without empty ones and without empty cells at their ends."""
    for row in sheet.iter_rows(values_only=True):
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield cells


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _write(rows: Iterator[list[str]], path: Path) -> None:
    """A row shorter than the header is filled up; a longer one stays, and is refused as in CSV."""
    header = next(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(header)
        table.writerows([*row, *[""] * (len(header) - len(row))] for row in rows)
