"""Columns of one's own: one value a query, kept as it is for colours, filters and slices.

A column is of numbers where every value is one, else of texts. Where the rows of a query differ,
the first value is kept and the others are reported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cascal.columns import MAX_KEPT_CHARS, MAX_KEPT_COLUMNS, MAX_KEPT_NAME
from cascal.importers.columns import OWN
from cascal.importers.draft import Draft
from cascal.importers.fields import clean, is_blank, raw_text
from cascal.importers.limits import ImportRefused
from cascal.importers.row_checks import text_problem
from cascal.importers.stream import Numbered, Stream
from cascal.number_format import counted, listed

ALL = "all"
"""Asks for every column that is not used otherwise and says one thing of each query."""
_AT_ONCE = 2 * MAX_KEPT_COLUMNS
"""Columns that are read in one go through a file."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)
"""Not 007 and not 1e5, which are as often marks as amounts."""


@dataclass(frozen=True, eq=False)
class Offer:
    """A table with the column of its query ids and the columns that nothing is taken from."""

    stream: Stream
    ids: str
    free: Sequence[str]


def keep_columns(draft: Draft, offers: Sequence[Offer], wanted: Sequence[str]) -> None:
    """Keep the wanted columns of the queries that the draft knows by now, and exported ones."""
    own = [name for name in _named(offers) if name.startswith(OWN)]
    for name, column in _columns(draft, offers, own):
        draft.kept[name.removeprefix(OWN)] = _typed(column.values)
    if ALL in wanted:
        _keep_all(draft, offers)
        return
    for name, column in _columns(draft, offers, _checked(offers, wanted)):
        draft.kept[name] = _typed(column.values)
        if column.differing:
            draft.notes.append(
                f"Column {name!r} holds several values for "
                f"{counted(len(column.differing), 'query')}; the first of each was kept."
            )


def keep_offered(draft: Draft, wanted: Sequence[str]) -> None:
    """Keep what a log says of its queries besides, as `keep_columns`; name what could be kept."""
    names = tuple(dict.fromkeys(name for fields in draft.offered.values() for name in fields))
    ids = next(one for one in ("query_id", "query_id ") if one not in names)

    def read(columns: Sequence[str]) -> Numbered:
        for row, (query_id, fields) in enumerate(draft.offered.items(), 1):
            yield row, [query_id if name == ids else fields.get(name) for name in columns]

    n_good = len(draft.offered)
    stream = Stream(source="", names=(ids, *names), n_good=n_good, refused=[], read=read)
    keep_columns(draft, [Offer(stream, ids, names)], wanted)
    left = [] if ALL in wanted else [name for name in names if name not in wanted]
    if left:
        draft.notes.append(f"Said of the queries besides: {listed(left)}. --keep NAME keeps it.")


def _named(offers: Sequence[Offer]) -> list[str]:
    return list(dict.fromkeys(name for offer in offers for name in offer.stream.names))


def _keep_all(draft: Draft, offers: Sequence[Offer]) -> None:
    """Keep what says one thing of each query, as far as there is room; name the others."""
    left: list[str] = []
    free = list(dict.fromkeys(name for offer in offers for name in offer.free))
    for name, column in _columns(draft, offers, free):
        too_many = len(name) > MAX_KEPT_NAME or len(draft.kept) >= MAX_KEPT_COLUMNS
        if column.differing or too_many:
            left.append(name)
        elif column.values:
            draft.kept[name] = _typed(column.values)
    if left:
        draft.notes.append(
            f"Not kept: {listed(left)}. All keeps up to {MAX_KEPT_COLUMNS} columns with names up "
            f"to {MAX_KEPT_NAME} characters that hold one value a query; name others one by one."
        )


def _checked(offers: Sequence[Offer], wanted: Iterable[str]) -> list[str]:
    """The wanted names, each once; refused where a file has no such column or they are too many."""
    names = list(dict.fromkeys(wanted))
    known = _named(offers)
    for name in names:
        if name not in known:
            raise ImportRefused(
                f"Column {name[:80]!r} is to be kept, but the file has only {listed(known)}. "
                "Correct the name.",
                code="unknown-field",
            )
    too_long = next((name for name in names if len(name) > MAX_KEPT_NAME), "")
    if too_long or len(names) > MAX_KEPT_COLUMNS:
        came = f"the name {too_long[:80]!r}" if too_long else f"{counted(len(names), 'column')}"
        raise ImportRefused(
            f"To be kept came {came}; up to {MAX_KEPT_COLUMNS} columns with names up to "
            f"{MAX_KEPT_NAME} characters are. Name fewer, or rename the column.",
            code="out-of-bounds",
        )
    return names


@dataclass(eq=False)
class _Column:
    """The first value of each query, the queries that have a second one, and what was refused."""

    values: dict[str, object] = field(default_factory=dict)
    differing: set[str] = field(default_factory=set)
    problems: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, query_id: str, value: object, place: tuple[str, int, str]) -> None:
        """Take a value in; `place` is its file, its row and its column."""
        source, row, name = place
        if query_id not in self.values and (reason := _problem(name, value)):
            self.problems.append((source, row, reason))
        elif raw_text(self.values.setdefault(query_id, value)) != raw_text(value):
            self.differing.add(query_id)


def _columns(
    draft: Draft, offers: Sequence[Offer], names: Sequence[str]
) -> Iterator[tuple[str, _Column]]:
    """What the files say in some columns; a few columns are read at once."""
    for start in range(0, len(names), _AT_ONCE):
        columns = {name: _Column() for name in names[start : start + _AT_ONCE]}
        for offer in offers:
            _read(draft, offer, columns)
        for name, column in columns.items():
            for source, row, reason in column.problems:
                draft.report(source, row, name, reason)
            yield name, column


def _read(draft: Draft, offer: Offer, columns: Mapping[str, _Column]) -> None:
    stream = offer.stream
    names = [name for name in columns if name in stream.names]
    for row, (given_id, *cells) in stream.cells([offer.ids, *names]) if names else ():
        filled = [pair for pair in zip(names, cells, strict=True) if not is_blank(pair[1])]
        query_id = clean(given_id)
        if filled and query_id in draft.queries:
            for name, value in filled:
                columns[name].add(query_id, value, (stream.source, row, name))


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
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    text = raw_text(value).strip()
    return float(text) if _NUMBER.fullmatch(text) else None
