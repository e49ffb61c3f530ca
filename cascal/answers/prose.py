"""Open-ended answers: told from short ones, because sentences must never be taken for votes.

Two essays are never the same answer, so a majority of them is chance and their consensus means
nothing. Decided task by task from what the responses look like (docs/prose.md § How it is told).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cascal.datatypes import BoolArray, CascalError, IntArray, Status
from cascal.number_format import counted

LONG = 60
"""Characters from which on a text that states no answer, or an answer itself, is open-ended."""
MOST = 0.5
"""More than this share is most of them."""
UNSTATED = (None, "whole_text", "first_line")
"""Rules that take a text as it stands: it does not say which of its words are the answer."""
TELLING: tuple[Status, ...] = ("ok", "unreadable")
"""Responses that show what answers look like; one that is refused, cut or failed does not."""

WAY_ON = (
    "Score some responses from 0 to 1 instead (cascal scores DATASET --out FILE), import short "
    "answers in a column model_answer, or a column score."
)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Responses to queries without options, one entry a response with a text or an answer.

    rows (N,) query of each; text_lengths, answer_lengths (N,) characters, 0 where there is none;
    rules (N,) that read the answer; same (N,) what is equal for equal answers, None for no answer
    """

    rows: IntArray
    text_lengths: IntArray
    answer_lengths: IntArray
    rules: Sequence[str | None]
    same: Sequence[str | None]

    @property
    def open_ended(self) -> BoolArray:
        """(N,) long, and without an answer that the text states; or with one that is long."""
        unstated = np.array([rule in UNSTATED for rule in self.rules], dtype=bool)
        return np.asarray(
            (unstated & (self.text_lengths > LONG)) | (self.answer_lengths > LONG), dtype=bool
        )


def prose_queries(answered: Answered, n_queries: int) -> BoolArray:
    """(Q,) most responses are open-ended, and most of these are like no other."""
    open_ended = answered.open_ended
    n_texts = np.bincount(answered.rows, minlength=n_queries)
    n_open = np.bincount(answered.rows[open_ended], minlength=n_queries)
    distinct = np.zeros(n_queries, dtype=np.int64)
    seen: set[tuple[int, str]] = set()
    for at in np.flatnonzero(open_ended).tolist():
        row, same = int(answered.rows[at]), answered.same[at]
        if same is None or (row, same) not in seen:
            distinct[row] += 1
            if same is not None:
                seen.add((row, same))
    return np.asarray((n_open > MOST * n_texts) & (distinct > MOST * n_open) & (n_open > 0))


def prose_tasks(queries: BoolArray, free: BoolArray, tasks: Sequence[str]) -> BoolArray:
    """(Q,) the queries without options of every task in which most of these are prose."""
    names, task = np.unique(np.asarray(tasks, dtype=object).astype(str), return_inverse=True)
    n_prose = np.bincount(task[queries & free], minlength=len(names))
    n_free = np.bincount(task[free], minlength=len(names))
    return np.asarray(free & (n_prose > MOST * n_free)[task])


def find_prose(answered: Answered, free: BoolArray, tasks: Sequence[str]) -> BoolArray:
    """(Q,) queries whose answers are open-ended and cannot be compared."""
    if not len(answered.rows):
        return np.zeros(len(tasks), dtype=bool)
    return prose_tasks(prose_queries(answered, len(tasks)), free, tasks)


def prose_sentence(prose: BoolArray, tasks: Sequence[str]) -> str:
    """What was found, and the way on."""
    named = sorted({task for task, one in zip(tasks, prose, strict=True) if one})
    shown = ", ".join(repr(name[:40]) for name in named[:3])
    more = "" if len(named) <= 3 else f" and {len(named) - 3} more"
    return (
        f"Answers are not comparable: {int(prose.sum()):,} of {counted(len(prose), 'query')} (task "
        f"{shown}{more}) have open-ended answers, which are no votes, so nothing can be ranked or "
        f"routed without labels. {WAY_ON}"
    )


def mostly_prose(prose: BoolArray | None) -> bool:
    """Whether most queries have no answers that could be compared."""
    return prose is not None and bool(prose.mean() > MOST)


def refuse_prose(prose: BoolArray | None, tasks: Sequence[str]) -> None:
    """Refuse to learn from votes where most queries have none that could be compared."""
    if prose is not None and mostly_prose(prose):
        raise CascalError(prose_sentence(prose, tasks), code="not-comparable")
