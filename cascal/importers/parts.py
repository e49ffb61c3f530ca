"""A table in one file, or in many files of a folder, as Spark, Dask and DuckDB write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cascal.columns import DatasetOrigin
from cascal.datatypes import RIGHTS, Right
from cascal.importers.limits import ImportRefused
from cascal.importers.sniff import files_below
from cascal.importers.stream import Numbered, Stream
from cascal.importers.tabular import SUFFIXES, open_table

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
    return "simulated" if _about(path).get("origin") == "simulated" else otherwise


def right_of(path: Path, otherwise: Right) -> Right:
    """Who tells right from wrong: what a folder that we wrote says, unless it was chosen."""
    said = _about(path).get("right")
    return (
        next((one for one in RIGHTS if one == said), otherwise)
        if otherwise == "auto"
        else otherwise
    )


def _about(path: Path) -> dict[str, Any]:
    """What a folder that we wrote says of itself; nothing of another."""
    try:
        about = json.loads((path / ABOUT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) and about.get("format") == FOLDER_FORMAT else {}


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


def read_table(path: Path) -> Stream:
    """A file, or all parts of a folder as one table.

    A folder called `task=law` says so of the rows below it, where they do not say it themselves.
    Rows are counted through all parts; a column that one of them lacks is empty there.
    """
    if not path.is_dir():
        return open_table(path)
    files = parts_of(path)
    if not files:
        raise ImportRefused(
            f"The folder {path.name!r} holds no Parquet and no JSONL file.", code="no-records"
        )
    parts = [_with_folders(open_table(file), file.relative_to(path)) for file in files]
    if sum(part.n_rows for part in parts) > MAX_ROWS:
        raise ImportRefused(
            f"The folder {path.name!r} holds more than {MAX_ROWS:,} rows. Import a part of it.",
            code="too-large",
        )
    return _joined(path.name, parts)


def _with_folders(part: Stream, path: Path) -> Stream:
    """The part, with the columns that the names of its folders say before its own."""
    said = {name: value for name, value in _said_by_folders(path) if name not in part.names}
    full = part
    for name, value in said.items():
        full = full.with_constant(name, value)
    names = (*said, *part.names)
    return replace(full, names=names, by_folders=frozenset(said))


def _said_by_folders(part: Path) -> Iterator[tuple[str, str]]:
    for name in part.parts[:-1]:
        column, sign, value = name.partition("=")
        if sign and value != "__HIVE_DEFAULT_PARTITION__":
            yield unquote(column), unquote(value)


def _joined(source: str, parts: Sequence[Stream]) -> Stream:
    starts = [0, *accumulate(part.n_rows for part in parts)]

    def read(names: Sequence[str]) -> Numbered:
        for start, part in zip(starts, parts, strict=False):
            for row, cells in part.cells(names):
                yield start + row, cells

    return Stream(
        source=source,
        names=tuple(dict.fromkeys(name for part in parts for name in part.names)),
        n_good=sum(part.n_good for part in parts),
        refused=[
            (start + row, reason)
            for start, part in zip(starts, parts, strict=False)
            for row, reason in part.refused
        ],
        read=read,
        by_folders=frozenset[str]().union(*(part.by_folders for part in parts)),
        unread=" ".join(part.unread for part in parts if part.unread),
    )
