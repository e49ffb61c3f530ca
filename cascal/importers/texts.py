"""Texts to be routed: a file of lines, or a table with a text column. No answers are needed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cascal.columns import Refusal
from cascal.importers.columns import suggest
from cascal.importers.fields import clean
from cascal.importers.limits import ImportRefused, check_file, decode, read_bytes
from cascal.importers.tabular import SUFFIXES, read_sheet
from cascal.importers.unpacked import unpacked
from cascal.number_format import listed


@dataclass(frozen=True)
class Texts:
    """Ids and texts of queries, and the rows that held none."""

    query_ids: tuple[str, ...]
    texts: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()


def read_texts(path: Path) -> Texts:
    """Read a .txt file (one query a line) or a table with a text column (and perhaps an id)."""
    with unpacked([path]) as paths:
        return _read(paths[0])


def _read(path: Path) -> Texts:
    if path.suffix.lower() not in SUFFIXES:
        check_file(path)
        lines = [line.strip() for line in decode(read_bytes(path), path.name).splitlines()]
        kept = [(str(row), line) for row, line in enumerate(lines, 1) if line]
        return _texts(path.name, kept, ())
    sheet = read_sheet(path)
    mapping = suggest(sheet.columns, "queries")
    if "text" not in mapping:
        raise ImportRefused(
            f"{path.name!r} has no column of query texts; its columns are "
            f"{listed(list(map(str, sheet.columns))) or 'none'}. Name one text, query or prompt.",
            code="missing-column",
        )
    texts = [clean(value) for value in sheet.columns[mapping["text"]]]
    ids = [clean(value) for value in sheet.columns.get(mapping.get("query_id", ""), sheet.rows)]
    refused = [Refusal(sheet.source, row, "", reason) for row, reason in sheet.refused]
    refused += [
        Refusal(sheet.source, row, mapping["text"], "The text is empty.")
        for row, text in zip(sheet.rows, texts, strict=True)
        if not text
    ]
    kept = [(one, text) for one, text in zip(ids, texts, strict=True) if text]
    return _texts(sheet.source, kept, tuple(refused))


def _texts(source: str, kept: list[tuple[str, str]], refused: tuple[Refusal, ...]) -> Texts:
    if not kept:
        raise ImportRefused(
            f"{source!r} holds no query text. Give one query a line, or a table.", code="no-records"
        )
    ids = _told_apart([one for one, _ in kept])
    return Texts(ids, tuple(text for _, text in kept), refused)


def _told_apart(ids: list[str]) -> tuple[str, ...]:
    """The ids, a repeated one as "id (2)" and an empty one as its row; every other is kept."""
    taken = set(ids)
    seen: set[str] = set()
    result = []
    for row, given in enumerate(ids, 1):
        own = given or str(row)
        name = own
        if given in seen or (not given and own in taken):
            name = next(new for n in count(2) if (new := f"{own} ({n})") not in taken)
        seen.add(given)
        taken.add(name)
        result.append(name)
    return tuple(result)
