"""The options of a table: listed, one a column, or as many letters as a number says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cascal.datatypes import option_letter
from cascal.importers.columns import spread_options
from cascal.importers.draft import Draft
from cascal.importers.fields import amount, clean, option_texts, raw_text
from cascal.importers.limits import MAX_OPTIONS
from cascal.importers.stream import Stream

Options = tuple[str, ...]
_FEWEST_LETTERS = 4


class OptionsColumn(NamedTuple):
    """Where the options of a query stand, and how they are read; None for what cannot be.

    problem : the column and what is wrong with a cell that cannot be read
    """

    names: Sequence[str]
    read: Callable[[Sequence[Any]], Options | None]
    problem: tuple[str, str] = ("options", "neither a list nor JSON")


def options_column(draft: Draft, stream: Stream, mapping: Mapping[str, str]) -> OptionsColumn:
    """The options of the queries of a table; letters where they stand in the text.

    The number of letters is stated, or follows from gold answers that are all letters.
    """
    if "options" in mapping:
        return OptionsColumn([mapping["options"]], lambda cells: option_texts(cells[0]))
    spread = spread_options(stream.names)
    if spread:
        return OptionsColumn(spread, _joined_options)
    problem = "n_options", f"no whole number up to {MAX_OPTIONS}"
    if "n_options" in mapping:
        return OptionsColumn([mapping["n_options"]], _counted_options, problem)
    letters = _letters_of_golds(stream, mapping.get("gold"))
    if letters:
        draft.notes.append(
            f"{stream.source!r} has no column of options, and its gold answers are letters: A to "
            f"{letters[-1]} are taken for the options. If there are others, add a column n_options."
        )
    return OptionsColumn([], lambda _cells: letters, problem)


def _letters_of_golds(stream: Stream, column: str | None) -> Options:
    """As many letters as the gold answers name, if they are letters; none for free answers."""
    found: set[str] = set()
    for _, (gold,) in stream.cells([column]) if column else ():
        text = clean(gold).strip("().: ")
        if text and not (len(text) == 1 and "A" <= text <= "J"):
            return ()
        found.add(text)
    found.discard("")
    if len(found) < 2:
        return ()
    return _letters(max(_FEWEST_LETTERS, ord(max(found)) - ord("A") + 1))


def _counted_options(cells: Sequence[Any]) -> Options | None:
    number, odd = amount(cells[0])
    n = number or 0
    return None if odd or n % 1 or n > MAX_OPTIONS else _letters(int(n))


def _letters(n: int) -> Options:
    return tuple(option_letter(place) for place in range(n))


def _joined_options(cells: Sequence[Any]) -> Options | None:
    """Options of several columns; the last ones may be empty, a gap in between is odd."""
    texts = [raw_text(cell) for cell in cells]
    while texts and not texts[-1].strip():
        texts.pop()
    return tuple(texts) if all(text.strip() for text in texts) else None
