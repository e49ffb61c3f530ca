"""What all question writers share: the `Question`, names, and the making of options.

A writer draws a situation and numbers, computes the answer, and lists the results of typical
mistakes, the most tempting first.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from cascal.datatypes import CascalError

N_DISTRACTORS = 3
"""A query has the correct option and this many wrong ones."""

NAMES = (
    "Amara",
    "Bjarne",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farid",
    "Greta",
    "Hiroshi",
    "Ines",
    "Jakub",
    "Kavya",
    "Lorenzo",
    "Mireille",
    "Nils",
    "Oluchi",
    "Paulo",
    "Quirin",
    "Rosalind",
    "Soraya",
    "Tomasz",
    "Ursula",
    "Viktor",
    "Wanjiru",
    "Ximena",
    "Yannick",
    "Zofia",
    "Agnes",
    "Baptiste",
    "Carmen",
    "Desmond",
    "Esther",
    "Fiona",
    "Gideon",
    "Hanneke",
    "Ivo",
    "Jolanda",
    "Kofi",
    "Leila",
    "Matteo",
    "Noor",
    "Otto",
    "Priya",
    "Rafael",
    "Sunniva",
    "Tariq",
    "Vera",
)
"""First names of people in the texts; none is a single letter."""


@dataclass(frozen=True)
class Question:
    """A text with its computed answer and at least three wrong ones, most tempting first."""

    text: str
    correct: str
    distractors: tuple[str, ...]

    def __post_init__(self) -> None:
        options = {self.correct, *self.distractors}
        if len(options) != 1 + len(self.distractors) or len(self.distractors) < N_DISTRACTORS:
            raise CascalError(
                f"The question {self.text[:80]!r} needs {N_DISTRACTORS} or more wrong options, all "
                f"different and none correct; it has {self.distractors} beside {self.correct!r}.",
                code="wrong-options",
            )


Writer = Callable[[random.Random], Question]
"""Draws one question of one skill."""


def read_texts(subject: str) -> dict[str, Any]:
    """What the file of a subject says: its task, openings, templates of questions, lists of words.

    Their order is part of the demo data: texts are drawn by their place.
    """
    shipped = files("cascal.simulate.questions") / f"{subject}.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # five times as fast where it is built
    return yaml.load(shipped.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 – both are safe


def fill(rng: random.Random, templates: Sequence[str], **slots: object) -> str:
    """One of the templates with its slots filled; {name}, {other}, {third} are drawn people."""
    name, other, third = rng.sample(NAMES, 3)
    people = {"name": name, "other": other, "third": third}
    return rng.choice(templates).format(**{**people, **slots})


def worded(text: str, correct: str, mistakes: Iterable[str]) -> Question:
    """Make a question whose options are words; repeated and correct mistakes are dropped."""
    distractors = tuple(one for one in dict.fromkeys(mistakes) if one != correct)
    return Question(text, correct, distractors)


def numeric(
    text: str, correct: float, mistakes: Iterable[float], pattern: str = "{:.2f}"
) -> Question:
    """Make a question whose options are numbers, written with `pattern` ("{:.1f} km").

    Mistakes that are not finite, have the other sign or look like an earlier option are dropped;
    slips of calculation fill up what is missing.
    """
    slips = [correct * factor for factor in (1.1, 0.9, 1.25, 0.8, 1.5, 2.0, 0.5, 3.0)]
    slips += [correct + step for step in (1, -1, 2, -2, 3, 4)]
    options = [pattern.format(correct)]
    for mistake in (*mistakes, *slips):
        if len(options) > N_DISTRACTORS:
            break
        if not math.isfinite(mistake) or (correct > 0) != (mistake > 0):
            continue
        option = pattern.format(mistake)
        # a value that rounds to nothing is no plausible answer
        if option not in options and option != pattern.format(0.0):
            options.append(option)
    return Question(text, options[0], tuple(options[1:]))


def enumerated(words: Sequence[str], conjunction: str = "and") -> str:
    """Join words as in a sentence: "Ines, Kofi and Vera"."""
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"
