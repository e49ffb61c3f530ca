"""Answers: read from a text, brought to a normal form, and grouped where they are the same."""

from cascal.answers.equivalence import (
    LIVE_SECONDS,
    RULE,
    AnswerSet,
    compare_sets,
    group_answers,
)
from cascal.answers.normal import normalise_answer
from cascal.answers.reading import CHOICE_RULES, FREE_RULES, MAX_FREE_ANSWER, Reading, read_answer

__all__ = [
    "CHOICE_RULES",
    "FREE_RULES",
    "LIVE_SECONDS",
    "MAX_FREE_ANSWER",
    "RULE",
    "AnswerSet",
    "Reading",
    "compare_sets",
    "group_answers",
    "normalise_answer",
    "read_answer",
]
