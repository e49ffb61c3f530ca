"""A table in one file, or in many files of a folder, as Spark, Dask and DuckDB write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cascal.columns import DatasetOrigin
from cascal.importers.limits import ImportRefused
from cascal.importers.sniff import files_below
from cascal.importers.tabular import SUFFIXES, Sheet, read_sheet

_PARTS = (".parquet", ".jsonl", ".ndjson")
"""Endings of parts: in these formats a file says what its columns are."""
ABOUT_FILE, FOLDER_FORMAT = "dataset.json", "cascal-dataset"
"""What a folder that `cascal export --parquet` wrote says of itself, and where."""
MAX_ROWS = 50_000_000
"""Rows that all parts may hold together."""


def parts_of(folder: Path) -> list[Path]:
    """The files of a folder and its folders that hold rows, in the order of their paths."""
    return [file for file in files_below(folder) if file.suffix.lower() in _PARTS]


def tables_of(folder: Path) -> list[Path]:
    """The tables of a folder: itself where it holds parts of one, else every file by itself."""
    if parts_of(folder):
        return [folder]
    return [file for file in files_below(folder) if file.suffix.lower() in SUFFIXES]


def files_aside(paths: Sequence[Path]) -> list[str]:
    """The tables of another format in a folder of parts; they are not read."""
    if len(paths) != 1 or not paths[0].is_dir() or files_of(paths) != [paths[0]]:
        return []
    tables = (file for file in files_below(paths[0]) if file.suffix.lower() in SUFFIXES)
    return [file.name for file in tables if file.suffix.lower() not in _PARTS]


def origin_of(path: Path, otherwise: DatasetOrigin) -> DatasetOrigin:
    """Where the data of a folder come from: one that we wrote says so if they are simulated."""
    try:
        about = json.loads((path / ABOUT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return otherwise
    ours = isinstance(about, dict) and about.get("format") == FOLDER_FORMAT
    return "simulated" if ours and about.get("origin") == "simulated" else otherwise


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The tables of what was given: the files, or queries and responses of a folder, as a file or
    a folder of parts each; or the folder itself, if it holds parts; or its tables.
    """
    path = paths[0]
    if len(paths) > 1 or not path.is_dir():
        return list(paths)
    files: list[Path] = []
    for stem in ("queries", "responses"):
        found = sorted(one for one in path.iterdir() if one.stem == stem and _is_table(one))
        if len(found) > 1:
            raise ImportRefused(
                f"The folder {path.name!r} holds {found[0].name!r} and "
                f"{found[1].name!r}. Keep one.",
                code="duplicate-file",
            )
        files += found
    if not files and (tables := tables_of(path)):
        return tables
    if not files or files[0].stem != "queries":
        raise ImportRefused(
            f"The folder {path.name!r} holds no queries file. It needs queries.parquet (or .csv, "
            ".jsonl) and, unless the queries come alone, responses.parquet.",
            code="missing-part",
        )
    return files


def _is_table(path: Path) -> bool:
    return bool(parts_of(path)) if path.is_dir() else path.suffix in SUFFIXES


def read_table(path: Path, n_rows: int | None = None) -> Sheet:
    """Read a file, or all parts of a folder as one table; at most `n_rows` of it.

    A folder called `task=law` says so of the rows below it, where they do not say it themselves.
    Rows are counted through all parts.
    """
    if not path.is_dir():
        return read_sheet(path, n_rows)
    parts = parts_of(path)
    if not parts:
        raise ImportRefused(
            f"The folder {path.name!r} holds no Parquet and no JSONL file.", code="no-records"
        )
    joined = Sheet(path.name, [], {}, [])
    for part in parts:
        left = None if n_rows is None else n_rows - len(joined.rows)
        if left is not None and left <= 0:
            break
        _append(joined, read_sheet(part, left), dict(_said_by_folders(part.relative_to(path))))
    return joined


def _said_by_folders(part: Path) -> Iterator[tuple[str, str]]:
    for name in part.parts[:-1]:
        column, sign, value = name.partition("=")
        if sign and value != "__HIVE_DEFAULT_PARTITION__":
            yield unquote(column), unquote(value)


def _append(joined: Sheet, part: Sheet, said: dict[str, str]) -> None:
    """Add the rows of a part; a column that one of the two lacks is empty there."""
    before, n_known = joined.n_rows, len(joined.rows)
    if before + part.n_rows > MAX_ROWS:
        raise ImportRefused(
            f"The folder {joined.source!r} holds more than {MAX_ROWS:,} rows. Import a part of it.",
            code="too-large",
        )
    columns: dict[str, list[Any]] = {
        name: [value] * len(part.rows) for name, value in said.items() if name not in part.columns
    } | part.columns
    joined.by_folders.update(said.keys() - part.columns.keys())
    for name in [name for name in columns if name not in joined.columns]:
        joined.columns[name] = [None] * n_known
    for name, values in joined.columns.items():
        values += columns.get(name, [None] * len(part.rows))
    joined.rows.extend(before + row for row in part.rows)
    joined.refused.extend((before + row, reason) for row, reason in part.refused)
