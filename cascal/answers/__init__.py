"""Answers: read from a text, brought to a normal form, and grouped where they are the same."""

from cascal.answers.choices import STATED_CHOICE_RULES
from cascal.answers.equivalence import (
    LIVE_SECONDS,
    RULE,
    AnswerSet,
    compare_sets,
    group_answers,
)
from cascal.answers.free import MAX_FREE_ANSWER, STATED_FREE_RULES, several_letters
from cascal.answers.letter_sets import read_letters, read_response
from cascal.answers.normal import normalise_answer
from cascal.answers.prose import (
    LONG,
    TELLING,
    WAY_ON,
    Answered,
    find_prose,
    mostly_prose,
    prose_sentence,
    refuse_prose,
)
from cascal.answers.reading import Reading, read_answer
from cascal.answers.thinking import holds_thinking
from cascal.answers.upstream import CHOICE_RULES, FREE_RULES

__all__ = [
    "CHOICE_RULES",
    "FREE_RULES",
    "LIVE_SECONDS",
    "LONG",
    "MAX_FREE_ANSWER",
    "RULE",
    "STATED_CHOICE_RULES",
    "STATED_FREE_RULES",
    "TELLING",
    "WAY_ON",
    "AnswerSet",
    "Answered",
    "Reading",
    "compare_sets",
    "find_prose",
    "group_answers",
    "holds_thinking",
    "mostly_prose",
    "normalise_answer",
    "prose_sentence",
    "read_answer",
    "read_letters",
    "read_response",
    "refuse_prose",
    "several_letters",
]
