"""Words of a column `status` -> ours, as other programs write what became of a call."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cascal.datatypes import STATUSES, Status
from cascal.importers.fields import clean, is_blank
from cascal.number_format import listed

_MAX_NAMED = 20
_OK = ("success", "succeeded", "successful", "complete", "completed", "finished", "done")
_ENDED = ("stop", "end_turn", "eos", "200")
_FAILED = ("failed", "failure")
_ERRORS = ("errored", "exception", "timeout", "timed_out", "api_error", "rate_limited")
_KNOWN: dict[str, Status] = {
    **{one: one for one in STATUSES},
    **dict.fromkeys((*_OK, *_ENDED), "ok"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens"), "truncated"),
    **dict.fromkeys(("refusal", "content_filter", "content_filtered"), "refused"),
    **dict.fromkeys((*_ERRORS, *_FAILED), "error"),
}
_VERDICTS = frozenset({"pass", "passed", "correct", "incorrect", "right", "wrong"})
"""Beside them `failed` says that an answer is wrong, not that there is none."""
_HTTP_ERROR = re.compile(r"[45]\d\d", re.ASCII)


class StatusWords:
    """How the words of one column are read; remembers those that are not known.

    words : all cells of the column
    """

    def __init__(self, words: Iterable[object]) -> None:
        self._are_verdicts = any(_plain(one) in _VERDICTS for one in words)
        self._unknown: dict[str, None] = {}

    def read(self, cell: object) -> Status | None:
        """What became of a call; None where the cell is blank or holds a word that is not known."""
        word = _plain(cell)
        if is_blank(cell):
            return None
        if _HTTP_ERROR.fullmatch(word):
            return "error"
        if word in _KNOWN and not (self._are_verdicts and word in _FAILED):
            return _KNOWN[word]
        if len(self._unknown) < _MAX_NAMED:
            self._unknown.setdefault(clean(cell))
        return None

    def note(self, source: str) -> str:
        """What is said of words that are not known; "" without any."""
        if not self._unknown:
            return ""
        more = " and perhaps others" if len(self._unknown) == _MAX_NAMED else ""
        return (
            f"{source!r}: the column status holds words that are not known: "
            f"{listed(list(self._unknown))}{more}. These rows were read as if it were "
            f"empty; known are {', '.join(STATUSES)}."
        )


def _plain(cell: object) -> str:
    return re.sub(r"[\s-]+", "_", clean(cell).casefold())
