"""Gold answers that are lists of numbers: places of the right options, or a 0 or 1 an option."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from cascal.datatypes import option_letter
from cascal.importers.fields import clean, whole_number
from cascal.importers.limits import ImportRefused

Kind = Literal["", "places", "marks"]
_WRITTEN = re.compile(r"\[(?:[\s,]|\d{1,9}(?:\.0{0,9})?|true|false){1,200}\]", re.IGNORECASE)
_ITEM = re.compile(r"[^\s,\[\]]+")


def numbers_of(gold: object) -> tuple[int | bool, ...] | None:
    """The numbers, or truth values, of a list, however it is written; None for anything else."""
    if isinstance(gold, str) and _WRITTEN.fullmatch(gold.strip()):
        gold = [
            {"true": True, "false": False}.get(one.casefold(), one) for one in _ITEM.findall(gold)
        ]
    if not isinstance(gold, list | tuple):
        return None
    numbers = [one if isinstance(one, bool) else whole_number(one) for one in gold]
    return None if None in numbers else tuple(one for one in numbers if one is not None)


def kind_of_lists(source: str, filled: Iterable[tuple[Any, Sequence[str]]]) -> Kind:
    """How the lists of a column are meant; "" where there is none.

    Marks are as many as the options, each 0 or 1 (or false and true). Places differ and lie among
    the options. With two options a list may be both: places would then call every option right.
    """
    found, marks, places, odd = False, True, True, ""
    for gold, options in filled:
        numbers = numbers_of(gold)
        if not numbers:
            marks = marks and whole_number(gold) is None
            continue
        found = True
        marks = marks and len(numbers) == len(options) and max(numbers) <= 1
        places = places and _are_places(numbers, len(options))
        odd = odd or ("" if marks or places else clean(gold))
    if not found:
        return ""
    if not marks and not places:
        raise ImportRefused(
            f"{source!r}: some gold answers are lists of numbers that are neither the places of "
            "options nor a 0 or 1 for each option in the whole column"
            + (f", as {odd[:40]} shows" if odd else "")
            + '. Write the letters of the right options, as "A" or "A,C".',
            code="ambiguous-gold",
        )
    return "marks" if marks else "places"


def _are_places(numbers: Sequence[int], n_options: int) -> bool:
    counted = not any(isinstance(one, bool) for one in numbers)
    return counted and len(set(numbers)) == len(numbers) and max(numbers) <= n_options


def marked(gold: object) -> object:
    """The letters of the options that a list marks; what is no list as it is."""
    numbers = numbers_of(gold)
    if numbers is None:
        return gold
    return ",".join(option_letter(at) for at, one in enumerate(numbers) if one) or clean(gold)


def option_of(value: object, options: Sequence[str]) -> str:
    """The letter of the option whose text a value is word for word, 3.0 as 3; "" for none."""
    text = clean(value)
    if text not in options and whole_number(value) is not None:
        text = text.partition(".")[0]
    return option_letter(options.index(text)) if text in options else ""


def at_places(gold: object, first: int | None, options: Sequence[str]) -> object:
    """The letters of the options that a list or a number counts from `first`.

    A cell that is neither stays; where `first` is None, numbers are the options themselves.
    """
    number = whole_number(gold)
    numbers = numbers_of(gold) if number is None else (number,)
    if numbers is None:
        return gold
    if first is None:
        named = sorted({option_of(one, options) for one in numbers})
        return ",".join(named) if all(named) else gold
    if not numbers or min(numbers) < first:
        return clean(gold) if number is None else number - first
    return ",".join(option_letter(one - first) for one in sorted(numbers))
