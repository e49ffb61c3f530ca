"""What simulated models say: short answers in several formats, refusals, unreadable replies.

Every answer names its letter in a phrase that a reader of answers can find; unreadable replies and
refusals hold no option letter at all.
"""

from __future__ import annotations

import random

from cascal.datatypes import option_letter

_BODIES = (
    "Working through the given values, the result is {option}.",
    "Going step by step leads to {option}.",
    "The conditions of the question leave only one possibility: {option}.",
    "First the known quantities are collected, then combined; this gives {option}.",
    "Checking the options against the text, {option} fits.",
    "The usual rule applies here and yields {option}.",
    "Comparing all four options, the others fail at one step. What stays is {option}.",
    "This follows directly from what is given: {option}.",
    "Quick estimation rules out the rest. The result should be {option}.",
    "Careful reading matters here. Taking every condition into account, it must be {option}.",
)
_ENDINGS = (
    "The answer is ({letter}).",
    "The correct answer is {letter}.",
    "Answer: {letter}",
    "Final answer: ({letter})",
    "So the answer is {letter}) {option}",
    "Therefore, the answer is **{letter}**.",
    "\\boxed{{{letter}}}",
    "Hence the correct option is ({letter}).",
)
_UNREADABLE = (
    "Working through the given values step by step, the first quantity is found, and then the",
    "None of the listed options matches the result of the calculation.",
    "The question leaves out a detail, so it cannot be decided which option is meant.",
    "Several of the options look possible, and more than one of them could be defended.",
    "The result lies between two of the listed values.",
    "Let us restate the question first. The question asks for the result of the situation above.",
)
_REFUSALS = (
    "I'm sorry, but I can't help with this request.",
    "I am not able to give advice on this kind of question. Please ask a professional.",
    "I can't assist with that.",
    "Unfortunately I cannot answer this question because of my guidelines.",
)


def answer_text(rng: random.Random, index: int, option: str) -> str:
    """One or two sentences that end in a phrase naming the option's letter."""
    ending = rng.choice(_ENDINGS).format(letter=option_letter(index), option=option)
    return f"{rng.choice(_BODIES).format(option=option)} {ending}"


def unreadable_text(rng: random.Random) -> str:
    """A reply from which no option can be read."""
    return rng.choice(_UNREADABLE)


def refusal_text(rng: random.Random) -> str:
    """A polite refusal."""
    return rng.choice(_REFUSALS)
