"""Ids that programs write as 0.0, 1.0, 2.0, since they took them for decimal numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cascal.importers.columns import Role, resolve
from cascal.importers.draft import Draft
from cascal.importers.fields import clean, is_blank
from cascal.importers.stream import Numbered, Stream

_POINT_ZERO = re.compile(r"(0|[1-9]\d{0,17})\.0", re.ASCII)
_WHOLE = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)


def as_whole_number(query_id: object) -> str:
    """The id N for N.0; any other as it is."""
    text = clean(query_id)
    found = _POINT_ZERO.fullmatch(text)
    return text if found is None else found[1]


def with_whole_ids(
    draft: Draft, sheets: Sequence[Stream], roles: Sequence[Role], names: Mapping[str, str]
) -> list[Stream]:
    """The tables, with N for N.0 where a whole column of ids is so and the others hold whole ones.

    names : {our column: their column}, as the caller of the import gave it
    """
    columns = [
        resolve(sheet.names, role, names, sheet.source).get("query_id", "")
        for sheet, role in zip(sheets, roles, strict=True)
    ]
    tables = [(sheet, column) for sheet, column in zip(sheets, columns, strict=True) if column]
    pointed = [one for one in tables if _all_are(*one, _POINT_ZERO)]
    others = [one for one in tables if one not in pointed] if pointed else []
    if not all(_all_are(*one, _WHOLE) for one in others):
        return list(sheets)
    for sheet, column in pointed:
        draft.notes.append(
            f"{sheet.source!r}: all ids of the column {column} are written as 1.0; they are read "
            "as whole numbers, as 1."
        )
    sources = [sheet for sheet, _ in pointed]
    return [
        _whole(sheet, column) if sheet in sources else sheet
        for sheet, column in zip(sheets, columns, strict=True)
    ]


def _all_are(sheet: Stream, column: str, form: re.Pattern[str]) -> bool:
    """Whether there are ids, and all are of a form; blank ones do not count."""
    n_ids = 0
    for _, (query_id,) in sheet.cells([column]):
        if not is_blank(query_id):
            if form.fullmatch(clean(query_id)) is None:
                return False
            n_ids += 1
    return n_ids > 0


def _whole(sheet: Stream, column: str) -> Stream:
    def read(names: Sequence[str]) -> Numbered:
        places = [place for place, name in enumerate(names) if name == column]
        for row, given in sheet.read(names):
            cells = list(given)
            for place in places:
                cells[place] = as_whole_number(cells[place])
            yield row, cells

    return replace(sheet, read=read)
