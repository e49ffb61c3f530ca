"""The answers that a table says the models gave: what numbers among them mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cascal.datatypes import STATUSES
from cascal.importers.draft import Draft
from cascal.importers.fields import clean, gold_answer, is_blank, whole_number
from cascal.importers.gold_lists import option_of
from cascal.importers.limits import ImportRefused
from cascal.importers.stream import Stream

GivenOf = Callable[[str, Any, Sequence[str]], Any]
"""What an answer of a source is, with the options of its query: as `gold_answer` reads it."""
Table = tuple[Stream, Mapping[str, str]]
"""A table and its columns by our names."""
Way = Literal[0, 1, "texts"] | None
"""From where numbers count, or that they are texts of options; None: nobody says."""

MIN_TEXTS = 0.8
"""Share of the numbers that are options themselves from which all are taken for texts."""
MIN_TOLD = 20
"""Numbers from which a column that begins elsewhere than the gold answers is refused."""
_SILENT = frozenset(STATUSES) - {"ok", "truncated"}


def given_answers(draft: Draft, tables: Sequence[Table], said: int | None) -> GivenOf:
    """How the answers of tables are read; the queries must be known.

    Numbers count as the gold answers do. Where these are no numbers the whole column tells.
    said : from where the caller says that numbers count
    """
    with_answers = [one for one in tables if "answer" in one[1]]
    starts = {
        one.source: _start(draft.starts, one.source) if said is None else said
        for one, _ in with_answers
    }
    untold = [one for one in with_answers if starts[one[0].source] is None]
    ways: dict[str, Way] = {}
    for sheet, mapping in with_answers:
        start = starts[sheet.source]
        if start is not None:
            ways[sheet.source] = _told(draft, (sheet, mapping), start, sure=said is not None)
    if untold:
        ways |= dict.fromkeys((one.source for one, _ in untold), _untold(draft, untold))

    literal = {
        table[0].source for table in with_answers if draft.texts and _are_texts(draft, table)
    }

    def read(source: str, given: Any, options: Sequence[str]) -> Any:  # noqa: ANN401 - as it came
        value = given[0] if isinstance(given, list | tuple) and len(given) == 1 else given
        if source in literal and options:
            return option_of(value, options)
        number, way = whole_number(value), ways.get(source)
        if number is None or way is None or not options:
            return given
        return option_of(value, options) if way == "texts" else number - way

    return read


def _start(starts: Mapping[str, int], source: str) -> int | None:
    """From where numbers of a source count: as its own gold answers do, else as all others."""
    alike = set(starts.values())
    return starts.get(source, min(alike) if len(alike) == 1 else None)


@dataclass(eq=False)
class _Numbers:
    """Counts of the numbers of a column; n_fitting: of those that are places from 0, from 1."""

    n: int = 0
    n_texts: int = 0
    n_fitting: tuple[int, int] = (0, 0)
    n_zeros: int = 0
    n_last: int = 0
    with_names: bool = False

    def add(self, value: object, number: int, options: Sequence[str]) -> None:
        """Count a number of a query with options."""
        named = option_of(value, options)
        n_options = len(options)
        self.n += 1
        self.n_texts += bool(named)
        self.n_zeros += number == 0
        self.n_last += number == n_options
        from_0, from_1 = self.n_fitting
        self.n_fitting = (from_0 + (number < n_options), from_1 + (1 <= number <= n_options))


def _numbers(draft: Draft, tables: Iterable[Table], *, all_of_them: bool) -> _Numbers:
    """The numbers that are given as answers; not all where one that is none names an option."""
    found = _Numbers()
    for value, options in _filled(draft, tables):
        number = whole_number(value)
        if number is not None:
            found.add(value, number, options)
        elif not found.with_names and gold_answer(value, options)[0]:
            found.with_names = True
            if not all_of_them:
                break
    return found


def _filled(draft: Draft, tables: Iterable[Table]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """The answers to queries with options."""
    for sheet, mapping in tables:
        columns = [mapping["query_id"], mapping["answer"], mapping.get("status")]
        for _, (query_id, given, status) in sheet.cells(columns):
            if is_blank(given) or clean(status).casefold() in _SILENT:
                continue
            query = draft.queries.get(clean(query_id))
            if query is not None and query.options:
                one = isinstance(given, list | tuple) and len(given) == 1
                yield (given[0] if one else given), query.options


def _are_texts(draft: Draft, table: Table) -> bool:
    """Whether all answers are options word for word, as the gold ones are."""
    if not all(option_of(one, options) for one, options in _filled(draft, [table])):
        return False
    draft.notes.append(
        f"{_where(table)}: the models' answers are options word for word, as the gold ones are, "
        "and are read as these."
    )
    return True


def _told(draft: Draft, table: Table, start: int, *, sure: bool) -> Way:
    """What numbers mean where the gold answers, or the caller, count from `start`."""
    numbers = _numbers(draft, [table], all_of_them=True)
    where = _where(table)
    if not numbers.n:
        return None
    if numbers.n_texts > numbers.n_fitting[start]:
        return _as_texts(draft, where, numbers)
    seen = (numbers.n_zeros, numbers.n_last)
    if not sure and numbers.n >= MIN_TOLD and seen[1 - start] and not seen[start]:
        raise ImportRefused(
            f"{where}: the answers are numbers that seem to count from {1 - start}, but the gold "
            f"answers count from {start}. Write both alike, or as letters. If both count from "
            f"{start}, say so with --gold-from {start} (gold_from in Python).",
            code="ambiguous-gold",
        )
    _note(draft, where, start)
    return 1 if start else 0


def _untold(draft: Draft, tables: Sequence[Table]) -> Way:
    """What numbers mean as all of them tell, as for gold answers."""
    numbers = _numbers(draft, tables, all_of_them=False)
    where = _where(tables[0])
    if not numbers.n or numbers.with_names:
        return None
    if numbers.n_texts >= MIN_TEXTS * numbers.n:
        return _as_texts(draft, where, numbers)
    if numbers.n_zeros or numbers.n_last:
        start: Literal[0, 1] = 0 if numbers.n_zeros else 1
        _note(draft, where, start)
        return start
    if not any(numbers.n_fitting):
        return None
    raise ImportRefused(
        f"{where}: the answers are numbers, and none is 0 or the number of its query's options, so "
        "they may count from 0 or from 1. Say which with --gold-from 0 or --gold-from 1 "
        "(gold_from in Python).",
        code="ambiguous-gold",
    )


def _as_texts(draft: Draft, where: str, numbers: _Numbers) -> Way:
    if max(numbers.n_fitting) >= numbers.n_texts:
        draft.notes.append(
            f"{where}: the models' answers are numbers, and are options themselves: they are read "
            "as these, not as places among them."
        )
    return "texts"


def _where(table: Table) -> str:
    return f"{table[0].source!r}, column {table[1]['answer']!r}"


def _note(draft: Draft, where: str, start: int) -> None:
    draft.notes.append(f"{where}: the models' answers are numbers, counted from {start}.")
