"""Columns of one's own: one value a query, kept as it is for colours, filters and slices.

A column is of numbers where every value is one, else of texts. Where the rows of a query differ,
the first value is kept and the others are reported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cascal.columns import MAX_KEPT_CHARS, MAX_KEPT_COLUMNS, MAX_KEPT_NAME
from cascal.importers.columns import OWN, listed
from cascal.importers.draft import Draft, text_problem
from cascal.importers.fields import clean, is_blank, raw_text
from cascal.importers.limits import ImportRefused
from cascal.importers.tabular import Sheet

ALL = "all"
"""Asks for every column that is not used otherwise and says one thing of each query."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)
"""Not 007 and not 1e5, which are as often marks as amounts."""


@dataclass(frozen=True, eq=False)
class Offer:
    """A table with the column of its query ids and the columns that nothing is taken from."""

    sheet: Sheet
    ids: str
    free: Sequence[str]


def keep_columns(draft: Draft, offers: Sequence[Offer], wanted: Sequence[str]) -> None:
    """Keep the wanted columns of the queries that the draft knows by now, and exported ones."""
    for name in dict.fromkeys(name for offer in offers for name in offer.sheet.columns):
        if name.startswith(OWN):
            draft.kept[name.removeprefix(OWN)] = _typed(_values(draft, offers, name)[0])
    if ALL in wanted:
        _keep_all(draft, offers)
        return
    for name in _checked(offers, wanted):
        values, n_differing = _values(draft, offers, name)
        draft.kept[name] = _typed(values)
        if n_differing:
            draft.notes.append(
                f"Column {name!r} holds several values for {n_differing:,} queries; the first of "
                "each was kept."
            )


def keep_offered(draft: Draft, wanted: Sequence[str]) -> None:
    """Keep what a log says of its queries besides, as `keep_columns`; name what could be kept."""
    names = list(dict.fromkeys(name for fields in draft.offered.values() for name in fields))
    query_ids = list(draft.offered)
    columns: dict[str, list[object]] = {
        name: [fields.get(name) for fields in draft.offered.values()] for name in names
    }
    ids = next(one for one in ("query_id", "query_id ") if one not in columns)
    sheet = Sheet("", list(range(1, len(query_ids) + 1)), {ids: query_ids, **columns}, [])
    keep_columns(draft, [Offer(sheet, ids, names)], wanted)
    left = [] if ALL in wanted else [name for name in names if name not in wanted]
    if left:
        draft.notes.append(f"Said of the queries besides: {listed(left)}. --keep NAME keeps it.")


def _keep_all(draft: Draft, offers: Sequence[Offer]) -> None:
    """Keep what says one thing of each query, as far as there is room; name the others."""
    left: list[str] = []
    for name in dict.fromkeys(name for offer in offers for name in offer.free):
        values, n_differing = _values(draft, offers, name)
        if n_differing or len(name) > MAX_KEPT_NAME or len(draft.kept) >= MAX_KEPT_COLUMNS:
            left.append(name)
        elif values:
            draft.kept[name] = _typed(values)
    if left:
        draft.notes.append(
            f"Not kept: {listed(left)}. All keeps up to {MAX_KEPT_COLUMNS} columns with names up "
            f"to {MAX_KEPT_NAME} characters that hold one value a query; name others one by one."
        )


def _checked(offers: Sequence[Offer], wanted: Iterable[str]) -> list[str]:
    """The wanted names, each once; refused where a file has no such column or they are too many."""
    names = list(dict.fromkeys(wanted))
    known = list(dict.fromkeys(name for offer in offers for name in offer.sheet.columns))
    for name in names:
        if name not in known:
            raise ImportRefused(
                f"Column {name[:80]!r} is to be kept, but the file has only {listed(known)}. "
                "Correct the name.",
                code="unknown-field",
            )
    too_long = next((name for name in names if len(name) > MAX_KEPT_NAME), "")
    if too_long or len(names) > MAX_KEPT_COLUMNS:
        came = f"the name {too_long[:80]!r}" if too_long else f"{len(names)} columns"
        raise ImportRefused(
            f"To be kept came {came}; up to {MAX_KEPT_COLUMNS} columns with names up to "
            f"{MAX_KEPT_NAME} characters are. Name fewer, or rename the column.",
            code="out-of-bounds",
        )
    return names


def _values(draft: Draft, offers: Sequence[Offer], name: str) -> tuple[dict[str, object], int]:
    """The first value of each query, and how many queries have a second, different one."""
    values: dict[str, object] = {}
    differing: set[str] = set()
    for offer in offers:
        if name not in offer.sheet.columns:
            continue
        cells = zip(
            offer.sheet.rows,
            offer.sheet.columns[offer.ids],
            offer.sheet.columns[name],
            strict=True,
        )
        for row, given_id, value in cells:
            query_id = clean(given_id)
            if query_id not in draft.queries or is_blank(value):
                continue
            if query_id not in values and (reason := _problem(name, value)):
                draft.report(offer.sheet.source, row, name, reason)
            elif raw_text(values.setdefault(query_id, value)) != raw_text(value):
                differing.add(query_id)
    return values, len(differing)


def _problem(name: str, value: object) -> str:
    """Why a value cannot be kept; "" if it can."""
    text = raw_text(value)
    if len(text) > MAX_KEPT_CHARS:
        return f"longer than the {MAX_KEPT_CHARS} characters of a kept value; not kept"
    problem = text_problem(name, text)
    return "" if problem is None else problem[1]


def _typed(values: dict[str, object]) -> dict[str, str] | dict[str, float]:
    """Numbers where all are, else texts."""
    numbers = {query_id: _number(value) for query_id, value in values.items()}
    known = {query_id: one for query_id, one in numbers.items() if one is not None}
    if len(known) == len(values):
        return known
    return {query_id: _text(value) for query_id, value in values.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else raw_text(value).strip()


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    text = raw_text(value).strip()
    return float(text) if _NUMBER.fullmatch(text) else None
