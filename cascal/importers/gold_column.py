"""The gold answers of a table: which column holds them, and from where numbers count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cascal.answers import several_letters
from cascal.importers.columns import Role, resolve
from cascal.importers.draft import Draft
from cascal.importers.fields import clean, is_blank, whole_number
from cascal.importers.limits import ImportRefused
from cascal.importers.tabular import Sheet

MIN_DIFFERING = 0.1
"""Share of the queries of several responses from which a column differs too often to be gold."""


def models_answers(sheets: Sequence[Sheet], roles: Sequence[Role], given: Mapping[str, str]) -> str:
    """The column `answer`, where it would be taken for gold and differs between the responses.

    Such a column holds what the models answered; "" where there is none.
    """
    if "gold" in given or "answer" in given:
        return ""
    values: dict[str, list[str]] = {}
    column = ""
    for sheet, role in zip(sheets, roles, strict=True):
        mapping = resolve(sheet.columns, role, given, sheet.source)
        guessed = mapping.get("gold", "")
        if role != "joined" or "query_id" not in mapping or guessed.casefold() != "answer":
            continue
        column = guessed
        cells = zip(sheet.columns[mapping["query_id"]], sheet.columns[guessed], strict=True)
        for query_id, answer in cells:
            values.setdefault(clean(query_id), []).append(clean(answer))
    several = [len(set(answers)) > 1 for answers in values.values() if len(answers) > 1]
    return column if several and sum(several) >= MIN_DIFFERING * len(several) else ""


def gold_column(
    draft: Draft,
    sheet: Sheet,
    mapping: Mapping[str, str],
    options: Sequence[tuple[str, ...] | None],
    first: int | None,
) -> list[Any]:
    """Gold answers; whole numbers that are not all options themselves are places in the options.

    Whether they count from 0 or from 1 is told by the whole column, or by the caller.
    """
    if "gold" not in mapping:
        return [None] * len(sheet.rows)
    golds = _letters_apart(sheet.columns[mapping["gold"]], options)
    filled = [
        (whole_number(gold), clean(gold), of_query)
        for gold, of_query in zip(golds, options, strict=True)
        if of_query and not is_blank(gold)
    ]
    places = [(place, len(of_query)) for place, _, of_query in filled if place is not None]
    if not places or len(places) < len(filled):
        return golds
    if first is None and all(gold in of_query for _, gold, of_query in filled):
        return golds
    counted = _counted_from(sheet, places) if first is None else first
    if all(counted <= place < n_options + counted for place, n_options in places):
        draft.notes.append(f"{sheet.source!r}: gold answers are numbers, counted from {counted}.")
    return [
        gold if not of_query or (place := whole_number(gold)) is None else place - counted
        for gold, of_query in zip(golds, options, strict=True)
    ]


def _letters_apart(golds: Sequence[Any], options: Sequence[tuple[str, ...] | None]) -> list[Any]:
    """Letters in a row as "D,E", where every gold answer of the column is letters in order."""
    filled = [
        (clean(gold), of_query)
        for gold, of_query in zip(golds, options, strict=True)
        if of_query and not is_blank(gold)
    ]
    plain = all(
        gold not in of_query and _ordered_letters(gold, len(of_query))
        for gold, of_query in filled
        if not several_letters(gold, len(of_query))
    )
    if not filled or not plain:
        return list(golds)
    return [
        ",".join(clean(gold)) if of_query and _ordered_letters(clean(gold), len(of_query)) else gold
        for gold, of_query in zip(golds, options, strict=True)
    ]


def _ordered_letters(text: str, n_options: int) -> bool:
    known = all(0 <= ord(one) - ord("A") < n_options for one in text)
    return bool(text) and known and list(text) == sorted(set(text))


def _counted_from(sheet: Sheet, places: Sequence[tuple[int, int]]) -> int:
    """0 or 1, whichever the places (place, number of options) allow; refused where both could be.

    0 where neither fits: the rows that fall out of bounds are refused one by one.
    """
    from_0 = all(place < n_options for place, n_options in places)
    from_1 = all(1 <= place <= n_options for place, n_options in places)
    if from_0 and from_1:
        raise ImportRefused(
            f"{sheet.source!r}: the gold answers are numbers, and none is 0 or the number of its "
            "query's options, so they may count from 0 or from 1. Say which with --gold-from 0 "
            "or --gold-from 1 (gold_from in Python).",
            code="ambiguous-gold",
        )
    return 1 if from_1 else 0
