"""What a query is answered with: one of some options, a set of them, or free text."""

from __future__ import annotations

import re
from collections.abc import Sequence

NO_ANSWER = -1
"""The vote of a model that gave no readable answer. It never votes and is never random."""
FREE_ANSWER_OPTIONS = 20
"""How many options a query with free answers is taken to have (docs/method.md § 2)."""


def option_letter(index: int) -> str:
    """0 -> A … 25 -> Z, 26 -> AA: how an option index is written for people."""
    letters = ""
    index += 1
    while index > 0:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


SEVERAL_RIGHT = "[A-Z](?:,[A-Z])+"
"""How a gold answer of several option letters is written: sorted, "D,E"."""


def count_options(options: Sequence[str], answer: str | None) -> int:
    """How many options a query's votes choose from; 0 means free answers.

    Where several options are right together, each set of letters is one answer of its own.
    """
    return 0 if re.fullmatch(SEVERAL_RIGHT, answer or "") else len(options)
