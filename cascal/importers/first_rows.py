"""The first rows of a file, to look at before it is imported."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascal.importers import long
from cascal.importers.columns import Role, resolve, role_of, suggest, unused_columns
from cascal.importers.draft import Plan
from cascal.importers.fields import raw_text
from cascal.importers.formats import FORMATS, KEEPING
from cascal.importers.gold_by_cells import gold_by_cells
from cascal.importers.limits import ImportRefused
from cascal.importers.parts import files_of, read_table
from cascal.importers.sniff import foreign_files
from cascal.importers.splits import SplitPlan
from cascal.importers.tabular import sheet_of

MAX_LOOKED_THROUGH = 64 << 20
"""Bytes of a log up to which a preview says what may be kept."""
PREVIEW_CHARS = 2_000
"""Longer texts are cut in a preview, and only there."""


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, and which of its columns would be taken for which of ours.

    unused : the columns of a table that nothing would be taken from, or what a log says of its
             queries besides
    """

    kind: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    mapping: dict[str, str]
    unused: tuple[str, ...] = ()


def first_rows(kind: str, paths: Sequence[Path], n: int) -> Preview:
    """The first n rows of files of a kind, and what their columns would be taken for."""
    if kind != long.KIND:
        records = FORMATS[kind].first_records(paths)[:n]
        columns = tuple(dict.fromkeys(key for one in records for key in one))
        return Preview(kind, columns, tuple(map(_shown, records)), {}, _offered(kind, paths))
    files = files_of(paths)
    streams = [read_table(file) for file in files]
    sheets = [sheet_of(one, n) for one in streams]
    mapping: dict[str, str] = {}
    if len(sheets) > 1 and role_of(sheets[0].columns, {}) == "joined":
        sheets = sheets[:1]
    if len(sheets) == 2:
        mapping = {f"responses.{k}": v for k, v in suggest(sheets[1].columns, "responses").items()}
    role = role_of(sheets[0].columns, {}) if len(sheets) == 1 else "queries"
    gold = gold_by_cells(streams[:1], [role], {})
    given = {"gold": gold} if gold else {}
    mapping = {**resolve(sheets[0].columns, role, given, sheets[0].source), **mapping}
    sheet = sheets[-1] if len(sheets) == 2 else sheets[0]
    columns = tuple(dict.fromkeys(name for one in sheets for name in one.columns))
    rows = [
        dict(zip(sheet.columns, cells, strict=True))
        for cells in zip(*sheet.columns.values(), strict=True)
    ]
    roles: tuple[Role, ...] = (role, "responses")
    unused = dict.fromkeys(
        name
        for one, of_sheet in zip(sheets, roles, strict=False)
        for name in unused_columns(one.columns, of_sheet, given, one.source)
    )
    return Preview(kind, columns, tuple(map(_shown, rows)), mapping, tuple(unused))


def _offered(kind: str, paths: Sequence[Path]) -> tuple[str, ...]:
    """What the first file of a log says of its queries besides, unless the file is large."""
    if kind not in KEEPING:
        return ()
    file, _ = foreign_files(paths, kind)[0]
    if file.stat().st_size > MAX_LOOKED_THROUGH:
        return ()
    plan = Plan(
        dataset=file.stem,
        origin="real",
        mapping={},
        split=SplitPlan(),
        progress=lambda _share, _sentence: None,
    )
    with suppress(ImportRefused):
        return FORMATS[kind].read([file], plan).offered
    return ()


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value if isinstance(value, int | float | None) else raw_text(value)[:PREVIEW_CHARS]
        for key, value in record.items()
    }
