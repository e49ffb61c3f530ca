"""Verdicts of a source on responses -> scores from 0 (wrong) to 1 (right)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from cascal.importers.columns import Role, resolve
from cascal.importers.fields import any_number, clean, is_blank
from cascal.importers.statuses import StatusWords
from cascal.importers.stream import Stream
from cascal.number_format import brief

_WORDS = {
    **dict.fromkeys(("true", "correct", "right", "pass", "passed", "yes"), 1.0),
    **dict.fromkeys(("false", "incorrect", "wrong", "fail", "failed", "no"), 0.0),
}
_LETTERS = {"c": 1.0, "i": 0.0}
"""Right and wrong as inspect_ai writes them."""
_UNKNOWN_LETTERS = frozenset({"n", "p"})
"""No answer and partly right, beside those."""
_SLACK = 1e-6
"""Rounding beyond 0 and 1 that a score is forgiven."""
_NO_SCORE = "not a number between 0 and 1; stored as unknown"


def score_value(value: object) -> tuple[float | None, str]:
    """A verdict between 0 (wrong) and 1 (right) as (number or None, what was wrong with it)."""
    if isinstance(value, bool):
        return float(value), ""
    if is_blank(value):
        return None, ""
    text = clean(value).casefold()
    number = {**_WORDS, **_LETTERS}.get(text, any_number(value))
    if text.endswith("%") and (share := any_number(text[:-1].strip())) is not None:
        number = share / 100
    if number is None or not -_SLACK <= number <= 1.0 + _SLACK:
        return None, _NO_SCORE
    return min(max(number, 0.0), 1.0), ""


def is_verdict(value: object) -> bool:
    """Whether a cell says right or wrong, or how far: no letter of an option, no answer."""
    return score_value(value)[0] is not None or clean(value).casefold() in _UNKNOWN_LETTERS


def is_letter_verdict(value: object) -> bool:
    """Whether a cell is a letter that inspect_ai writes as a verdict, and options have as well."""
    return clean(value).casefold() in {*_LETTERS, *_UNKNOWN_LETTERS}


@dataclass(frozen=True)
class Scale:
    """What the scores of a data set are, by all of its cells.

    column  : the name of the column, "" where there is none
    lowest  : the lowest number, +inf without any
    highest : the highest number, -inf without any
    lettered : whether C and I are verdicts: every other cell is one, too
    """

    column: str = ""
    lowest: float = inf
    highest: float = -inf
    lettered: bool = True

    @property
    def is_known(self) -> bool:
        """Whether the numbers run from 0 (wrong) to 1 (right), as far as they tell."""
        return self.lowest >= -_SLACK and self.highest <= 1.0 + _SLACK

    def score(self, value: object) -> tuple[object, str]:
        """A cell as `score_value` takes it, None where it says nothing; and what is wrong."""
        if not self.is_known:
            return None, ""
        if not self.lettered and clean(value).casefold() in _LETTERS:
            return None, _NO_SCORE
        return value, ""

    @property
    def note(self) -> str:
        """What is said of a scale that is not ours; "" of one that is."""
        if self.is_known:
            return ""
        rescale = (
            f"Divide them by the best mark (by {brief(self.highest, 6)}, if that is it), so that 1 "
            "is best"
            if self.lowest >= 0
            else "Rescale them so that 0 is worst and 1 is best"
        )
        return (
            f"The column {self.column} holds numbers from {brief(self.lowest, 6)} to "
            f"{brief(self.highest, 6)}; a score runs from 0 (wrong) to 1 (right), so all of them "
            f"are taken as unknown. {rescale}, and import again."
        )


def scale_of(streams: Sequence[Stream], roles: Sequence[Role], given: Mapping[str, str]) -> Scale:
    """The scale of the scores of all tables of a data set together; errors' rows do not count."""
    column, lowest, highest, lettered = "", inf, -inf, True
    for stream, role in zip(streams, roles, strict=True):
        mapping = resolve(stream.names, role, given, stream.source)
        if role == "queries" or "score" not in mapping:
            continue
        column = column or mapping["score"]
        statuses = StatusWords(())
        for _, (cell, status) in stream.cells([mapping["score"], mapping.get("status")]):
            if is_blank(cell) or statuses.read(status) == "error":
                continue
            number = any_number(cell)
            if number is not None and isfinite(number):
                lowest, highest = min(lowest, number), max(highest, number)
            lettered = lettered and (number is not None or is_verdict(cell))
    return Scale(column, lowest, highest, lettered)
