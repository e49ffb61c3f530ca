"""The gold answers of a table: which column holds them, and from where numbers count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cascal.answers import several_letters
from cascal.datatypes import option_letter
from cascal.importers.columns import Role, resolve
from cascal.importers.draft import Draft
from cascal.importers.fields import clean, first_label, is_blank, whole_number
from cascal.importers.gold_lists import at_places, kind_of_lists, marked, numbers_of, option_of
from cascal.importers.limits import ImportRefused
from cascal.importers.options_column import Options, OptionsColumn
from cascal.importers.stream import Stream

GoldOf = Callable[[Any, Options | None], Any]
"""The gold answer that a cell is, with the options of its query."""
Filled = Iterator[tuple[Any, Options]]
"""The gold answers of the queries that have one and have options."""

MIN_DIFFERING = 0.1
"""Share of the queries of several responses from which a column differs too often to be gold."""


def models_answers(
    streams: Sequence[Stream], roles: Sequence[Role], given: Mapping[str, str]
) -> str:
    """The column `answer`, where it would be taken for gold and differs between the responses.

    Such a column holds what the models answered; "" where there is none.
    """
    if "gold" in given or "answer" in given:
        return ""
    first: dict[str, str] = {}
    several: set[str] = set()
    differing: set[str] = set()
    column = ""
    for stream, role in zip(streams, roles, strict=True):
        mapping = resolve(stream.names, role, given, stream.source)
        guessed = mapping.get("gold", "")
        if role != "joined" or "query_id" not in mapping or guessed.casefold() != "answer":
            continue
        column = guessed
        for _, (given_id, cell) in stream.cells([mapping["query_id"], guessed]):
            query_id, answer = clean(given_id), clean(cell)
            if query_id in first:
                several.add(query_id)
            if first.setdefault(query_id, answer) != answer:
                differing.add(query_id)
    return column if several and len(differing) >= MIN_DIFFERING * len(several) else ""


def gold_column(
    draft: Draft,
    stream: Stream,
    mapping: Mapping[str, str],
    options: OptionsColumn,
    first: int | None,
) -> GoldOf:
    """How gold answers are read; numbers that are not all options themselves are places in them.

    Whether they count from 0 or from 1 is told by the whole column, or by the caller.
    """
    first = _known_first(draft, stream, mapping) if first is None else first
    if "gold" not in mapping:
        return lambda _gold, _options: None
    if not options.names and not options.read(()):
        return lambda gold, _options: gold

    def filled() -> Filled:
        for _, (gold, *cells) in stream.cells([mapping["gold"], *options.names]):
            of_query = options.read(cells)
            if of_query and not is_blank(gold):
                yield gold, of_query

    kind = kind_of_lists(stream.source, filled())
    if kind == "marks":
        draft.notes.append(
            f"{stream.source!r}: gold answers are lists of a number an option, where 1 marks a "
            "right one."
        )
        return lambda gold, of_query: marked(gold) if of_query else gold
    if kind == "places":
        numbers = ((one, of_query) for gold, of_query in filled() for one in _numbers(gold))
        start = _counted_from(draft, stream.source, numbers, first)
        return lambda gold, of_query: at_places(gold, start, of_query) if of_query else gold
    if "answer_origin" not in mapping and _are_letters_meant_as_texts(
        draft, stream.source, filled()
    ):
        return lambda gold, of_query: option_of(gold, of_query) if of_query else gold
    return _single(draft, stream.source, filled, first)


def _known_first(draft: Draft, stream: Stream, mapping: Mapping[str, str]) -> int | None:
    """From where the options are numbered in their own column; None where they are not."""
    if "options" not in mapping:
        return None
    labels = {first_label(cell) for _, (cell,) in stream.cells([mapping["options"]])}
    first = labels.pop() if len(labels) == 1 else None
    if first is not None:
        draft.starts[stream.source] = first
    return first


def _are_letters_meant_as_texts(draft: Draft, source: str, filled: Filled) -> bool:
    """Whether all gold answers are options word for word, and letters among them no places.

    Where the options are all letters of places in another order nothing tells: they are places.
    A table that we wrote, with a column `answer_origin`, has letters of places.
    """
    any_differs = any_tells = False
    for value, of_query in filled:
        text = clean(value)
        if text not in of_query:
            return False
        letters = [option_letter(place) for place in range(len(of_query))]
        bare = text.strip("().: ").upper()
        one_letter = len(bare) == 1 and "A" <= bare <= "Z"
        any_differs = any_differs or (one_letter and option_of(value, of_query) != bare)
        any_tells = any_tells or not one_letter or not set(letters) <= set(of_query)
    if not any_differs:
        return False
    letter = "A response that is a letter alone names the option at that letter's place."
    if any_tells:
        draft.texts.add(source)
        draft.notes.append(
            f"{source!r}: the gold answers, letters among them, are all options word for word: "
            f"they are read as these, not as places among them. {letter}"
        )
    else:
        draft.notes.append(
            f"{source!r}: the gold answers are letters, and so are all options: A is read as the "
            "first option, not as the option that says A."
        )
    return any_tells


def _numbers(gold: Any) -> Sequence[Any]:  # noqa: ANN401 - whatever came
    """The numbers of a cell; letters may stand between lists of places."""
    return numbers_of(gold) or (() if whole_number(gold) is None else (gold,))


def _single(draft: Draft, source: str, filled: Callable[[], Filled], first: int | None) -> GoldOf:
    """How gold answers are read that are no lists: letters, texts, or numbers."""
    apart = _are_letters_in_a_row(filled())

    def spaced(gold: Any, of_query: Options | None) -> Any:  # noqa: ANN401 - whatever came
        in_a_row = apart and of_query and _ordered_letters(clean(gold), len(of_query))
        return ",".join(clean(gold)) if in_a_row else gold

    counted = _counted_from(draft, source, ((spaced(*one), one[1]) for one in filled()), first)

    def read(gold: Any, of_query: Options | None) -> Any:  # noqa: ANN401 - whatever came
        gold = spaced(gold, of_query)
        if not of_query:
            return gold
        place = whole_number(gold)
        if counted is not None and place is not None:
            return place - counted
        named = "" if place is None else option_of(gold, of_query)
        return named or (clean(gold) if isinstance(gold, float) and gold % 1 else gold)

    return read


def _are_letters_in_a_row(filled: Filled) -> bool:
    """Whether every gold answer of a column is letters in order, as "DE" where D,E is meant."""
    any_filled = False
    for value, of_query in filled:
        gold, any_filled = clean(value), True
        several = several_letters(gold, len(of_query))
        if not several and (gold in of_query or not _ordered_letters(gold, len(of_query))):
            return False
    return any_filled


def _ordered_letters(text: str, n_options: int) -> bool:
    known = all(0 <= ord(one) - ord("A") < n_options for one in text)
    return bool(text) and known and list(text) == sorted(set(text))


def _counted_from(draft: Draft, source: str, filled: Filled, first: int | None) -> int | None:
    """Whether whole numbers count from 0 or from 1; None where they are not places.

    0 where neither fits: the rows that fall out of bounds are refused one by one.
    """
    fits, same, all_options, n_places = [True, True], [True, True], True, 0
    for gold, of_query in filled:
        place = whole_number(gold)
        if place is None:
            return None
        n_places += 1
        named = option_of(gold, of_query)
        all_options = all_options and bool(named)
        for start in (0, 1):
            fits[start] = fits[start] and start <= place < len(of_query) + start
            same[start] = same[start] and fits[start] and named == option_letter(place - start)
    if not n_places:
        return None
    if first is None and all_options:
        if any(fits) and not any(same):
            draft.notes.append(
                f"{source!r}: the gold answers are numbers, and each is one of its query's options "
                "itself: they are read as these, not as places among them. If they are places, "
                "say so with --gold-from 0 or --gold-from 1."
            )
        return None
    if first is None and all(fits):
        raise ImportRefused(
            f"{source!r}: the gold answers are numbers, and none is 0 or the number of its "
            "query's options, so they may count from 0 or from 1. Say which with --gold-from 0 "
            "or --gold-from 1 (gold_from in Python).",
            code="ambiguous-gold",
        )
    counted = draft.starts[source] = int(fits[1]) if first is None else first
    if fits[counted]:
        draft.notes.append(f"{source!r}: gold answers are numbers, counted from {counted}.")
    return counted
