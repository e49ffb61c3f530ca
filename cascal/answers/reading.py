"""Text → answer: an ordered list of rules, of which the first that fires is kept by name.

Nothing here guesses: a text no rule can read is unreadable, and an option letter that does not
exist is unreadable too. Every pattern has bounded repetitions, so a long text takes linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cascal.answers.choices import read_choice
from cascal.answers.free import read_free
from cascal.answers.languages import REFUSALS
from cascal.answers.prepared import prepared
from cascal.answers.upstream import read_upstream
from cascal.datatypes import ReadingName, Status


@dataclass(frozen=True)
class Reading:
    """What was read from one text. `rule` names the rule that fired, also for a letter too far."""

    answer: str | None
    rule: str | None
    status: Status


_REFUSAL = re.compile(
    r"(?:i|we|sorry|unfortunately|as an ai|my apologies)\b.{0,80}?"
    r"(?:\b(?:can(?:no|['’]?)t|can not|won['’]?t|will not|unable to|not able to|not allowed to"
    r"|not permitted to|decline to))\s(?:(?!determine|find|decide|tell|say|be\b)\w{1,20}\s){0,2}"
    r"(?:help|assist|answer|provide|comply|respond|do|fulfil\w{0,2}|discuss|continue|give|engage"
    r"|support|share|create|generate|process)\b"
    rf"|{REFUSALS}"
)


_UNSURE_RULES = ("whole_text", "first_line")
"""Rules that take a text as it stands, which a refusal must not pass."""


def read_answer(text: str, n_options: int, reading: ReadingName = "stated") -> Reading:
    """Read the answer from a text, by the first rule that fires.

    `n_options` = 0 means a free answer, whose text is returned; otherwise an option letter.
    Thinking is not read; "stated" reads no further question that follows the answer either.
    """
    left = prepared(text)
    if reading == "upstream":
        answer, rule = read_upstream(text, n_options)
    elif n_options:
        answer, rule = read_choice(left, n_options)
    else:
        answer, rule = read_free(left)
    if _is_refusal(left) and (answer is None or rule in _UNSURE_RULES):
        return Reading(None, None, "refused")
    return Reading(answer, rule, "unreadable" if answer is None else "ok")


def _is_refusal(text: str) -> bool:
    return len(text) <= 400 and _REFUSAL.match(" ".join(text.casefold().split())) is not None
