"""Gold answers in columns whose name alone does not say so, as `correct`: their cells tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cascal.answers import MAX_FREE_ANSWER
from cascal.importers.columns import Role, plain_name, resolve
from cascal.importers.draft import Draft
from cascal.importers.fields import (
    any_number,
    clean,
    gold_answer,
    is_blank,
    raw_text,
    whole_number,
)
from cascal.importers.options_column import Options, options_column
from cascal.importers.scores import is_letter_verdict, is_verdict
from cascal.importers.stream import Stream

_NAMES = (
    "right_answer",
    "correct_option",
    "correct_choice",
    "correct_letter",
    "expected_answer",
    "reference_answer",
    "answer_letter",
    "correct",
    "lösung",
    "loesung",
    "solution",
    "expected",
    "truth",
    "reference",
    "key",
    "human",
)
_SCORE_TOO = "correct"
_MODELS_OWN = ("answer_letter", "lösung", "loesung", "solution")
"""What a model answered may be called so: only several responses to a query tell."""
_NUMBERS_ARE_IDS = ("key", "reference")
_MAY_BE_ASKED = "human"
"""People may be one of those who answered, where there is a gold column besides."""
_MIN_FITTING = 0.8
"""Share of the cells of a column that are an answer from which it is taken for gold."""


class _Cell(NamedTuple):
    """A filled cell of a column, the id of its query, and the query's options."""

    query_id: str
    value: Any
    options: Options


def is_no_model(name: str, *, has_gold: bool) -> bool:
    """Whether a column is called as right answers are, so that no model answered it."""
    plain = plain_name(name)
    return plain in _NAMES and not (has_gold and plain == _MAY_BE_ASKED)


def gold_by_cells(
    streams: Sequence[Stream], roles: Sequence[Role], given: Mapping[str, str]
) -> str:
    """The column that holds the gold answers, where no column is called so; "" without one."""
    tables: list[tuple[Stream, dict[str, str]]] = []
    is_joined = "joined" in roles
    for stream, role in zip(streams, roles, strict=True):
        if role != "responses":
            tables.append((stream, resolve(stream.names, role, given, stream.source)))
    if any("gold" in mapping or "query_id" not in mapping for _, mapping in tables):
        return ""
    for name in _NAMES:
        for column in tables[0][0].names if tables else ():
            is_free = plain_name(column) == name and column not in given.values()
            everywhere = all(column in stream.names for stream, _ in tables)
            if is_free and everywhere and _holds_gold(name, column, tables, is_joined=is_joined):
                return column
    return ""


def note_gold(column: str) -> str:
    """What is said of a column that was taken for gold by its cells."""
    other = (
        f"If it is a score, say so with --map score={column}."
        if plain_name(column) == _SCORE_TOO
        else "If they stand elsewhere, name that column with --map gold=THEIRS."
    )
    return f"The column {column} is taken for the gold answers, as its cells tell. {other}"


def _holds_gold(
    name: str, column: str, tables: Sequence[tuple[Stream, dict[str, str]]], *, is_joined: bool
) -> bool:
    """Whether cells are answers to their queries, the same in all rows of each query."""
    first: dict[str, str] = {}
    n_filled = n_fitting = n_verdicts = 0
    repeated, beyond_one, all_letters = False, False, True
    for cell in _cells(column, tables):
        text = clean(raw_text(cell.value))
        repeated = repeated or cell.query_id in first
        if is_joined and first.setdefault(cell.query_id, text) != text:
            return False
        number = any_number(cell.value)
        n_filled += 1
        n_fitting += _is_answer(name, cell, may_be_number=not is_joined or name != _MAY_BE_ASKED)
        n_verdicts += is_verdict(cell.value) and not is_letter_verdict(cell.value)
        beyond_one = beyond_one or (number is not None and number > 1)
        all_letters = all_letters and is_letter_verdict(cell.value)
    if not n_filled or n_fitting < _MIN_FITTING * n_filled:
        return False
    if is_joined and name in _MODELS_OWN:
        return repeated
    if name != _SCORE_TOO:
        return True
    if is_joined and (all_letters or (beyond_one and not repeated)):
        return False
    return beyond_one or 2 * n_verdicts < n_filled


def _cells(column: str, tables: Sequence[tuple[Stream, dict[str, str]]]) -> Iterator[_Cell]:
    """The filled cells of a column whose options can be read."""
    for stream, mapping in tables:
        options = options_column(Draft(), stream, {**mapping, "gold": column})
        names = [mapping["query_id"], column, *options.names]
        for _, (query_id, value, *cells) in stream.cells(names):
            of_query = options.read(cells)
            if of_query is not None and not is_blank(value):
                yield _Cell(clean(query_id), value, of_query)


def _is_answer(name: str, cell: _Cell, *, may_be_number: bool) -> bool:
    """Whether a cell may be the right answer: an option, or else a short text of one line."""
    is_number = any_number(cell.value) is not None
    if is_number and (name in _NUMBERS_ARE_IDS or not may_be_number):
        return False
    if cell.options:
        place = whole_number(cell.value)
        named = gold_answer(cell.value, cell.options)[0] is not None
        return named or (place is not None and place <= len(cell.options))
    text = raw_text(cell.value).strip()
    is_short = len(text) <= MAX_FREE_ANSWER and "\n" not in text and "://" not in text
    return is_short and name != "key"
