"""What the notes of an import say of its rows, counted as they come."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from cascal.answers import LONG, TELLING, Answered, find_prose, holds_thinking, prose_sentence
from cascal.datatypes import ReadingName
from cascal.importers.fields import gold_answer, whole_number
from cascal.importers.rows import QueryRow, ResponseRow
from cascal.importers.splits import SplitPlan
from cascal.number_format import agreeing, counted, listed

_FEW = 20
"""Answers below which nothing is said of all being wrong."""


class Tally:
    """Counts of the queries and responses that were kept, and the sentences they make."""

    def __init__(self) -> None:
        self.tasks: dict[str, str] = {}
        self.models: dict[str, None] = {}
        self.n_test = 0
        self._task_of: list[str] = []
        self._free = bytearray()
        self._rules: Counter[str | None] = Counter()
        self._answering: set[str] = set()
        self._scored: dict[str, None] = {}
        self._n_said = self._n_readable = self._n_lettered = self._n_compared = 0
        self._n_given = self._n_bare_numbers = 0
        self._any_right = False
        self._n_thinking = 0
        self._answered = _Told()

    def count_query(self, query: QueryRow) -> None:
        """Count a query that is kept."""
        self._task_of.append(self.tasks.setdefault(query.task, query.task))
        self._free.append(not query.options)
        self.n_test += query.split == "test"

    def count_response(self, response: ResponseRow, query: QueryRow, place: int) -> None:
        """Count a response that is kept, to the query in a place."""
        self.models.setdefault(response.model)
        if response.score is not None:
            self._scored.setdefault(response.model)
        else:
            self._n_said += 1
            unread = bool(query.options) and response.status == "unreadable"
            bare = response.text.strip("().: \n") if unread else ""
            self._n_bare_numbers += whole_number(bare) is not None
        self._n_given += response.rule == "given"
        if response.answer is not None:
            self._answering.add(response.model)
            if response.rule not in (None, "given"):
                self._rules[response.rule] += 1
            if response.score is None:
                self._count_answer(response.answer, query)
        if response.mean_logprob is not None:
            self._n_thinking += holds_thinking(response.text)
        if not query.options:
            self._answered.add(response, place)

    def _count_answer(self, answer: str, query: QueryRow) -> None:
        self._n_readable += 1
        bare = answer.strip("().: ")
        self._n_lettered += len(bare) == 1 and "A" <= bare <= "J"
        if self._any_right:
            return
        gold = (gold_answer(query.gold, query.options)[0] or "").casefold()
        self._n_compared += bool(gold)
        self._any_right = bool(gold) and gold == answer.casefold()

    def notes(self, reading: ReadingName, plan: SplitPlan, n_unseen: int) -> list[str]:
        """What is worth saying of the rows as a whole.

        n_unseen : responses with a log-probability whose thinking is counted but not shown
        """
        free = np.frombuffer(bytes(self._free), dtype=bool)
        prose = find_prose(self._answered.read(), free, self._task_of)
        if prose.any():
            notes = [prose_sentence(prose, self._task_of)]
        else:
            notes = [*self._on_answers(), *self._on_rules(reading)]
        notes += self._on_names() + self._on_thinking(n_unseen)
        return [*notes, *self._on_scores(), *self._on_split(plan)]

    def _on_answers(self) -> list[str]:
        """How many answers could be read, and a warning where none of them is a gold answer."""
        notes: list[str] = []
        if self._n_readable < self._n_said:
            numbers = counted(self._n_bare_numbers, "is a bare number", "are bare numbers")
            hint = (
                f" Of these, {numbers}: if they number the options, name the column model_answer, "
                "or map it with --map model_answer=THEIRS."
            )
            notes.append(
                f"{self._n_said - self._n_readable:,} of {counted(self._n_said, 'response')} "
                f"{agreeing(self._n_said - self._n_readable, 'holds', 'hold')} "
                f"no answer that can be read.{hint if self._n_bare_numbers else ''}"
            )
        if all(self._free) and self._n_lettered >= max(_FEW, self._n_readable / 2):
            notes.append(
                f"{self._n_lettered:,} of {counted(self._n_readable, 'answer')} "
                f"{agreeing(self._n_lettered, 'is a single letter', 'are single letters')}, "
                "but no query has options: for multiple choice add a column options (or "
                "n_options)."
            )
        if self._n_compared >= _FEW and not self._any_right:
            notes.append(
                f"None of {counted(self._n_compared, 'answer')} is its query's gold answer word "
                "for word: look at how they were read. Multiple-choice queries need a column "
                "options (or n_options)."
            )
        return notes

    def _on_rules(self, reading: ReadingName) -> list[str]:
        """Which reading was used, and how many answers each of its rules read."""
        notes: list[str] = []
        if reading == "source":
            reading = "stated"  # what reads a text of which the source says nothing
            if self._n_said and not self._n_given:
                notes.append("The source gives no answer of its own: all were read from texts.")
        if not self._rules:
            return notes
        by_rule = ", ".join(f"{name} {count:,}" for name, count in self._rules.most_common())
        return [
            *notes,
            f"{counted(self._rules.total(), 'answer was', 'answers were')} read from texts by the "
            f"reading {reading!r}: {by_rule}.",
        ]

    def _on_names(self) -> list[str]:
        """Models that may be one: their names differ in capital letters alone."""
        alike: dict[str, list[str]] = {}
        for name in self.models:
            alike.setdefault(name.casefold(), []).append(name)
        return [
            f"{listed(names)} differ in capital letters only, and count as "
            f"{counted(len(names), 'model')}: write them alike if they are one."
            for names in alike.values()
            if len(names) > 1
        ]

    def _on_thinking(self, n_unseen: int) -> list[str]:
        """Where log-probabilities are means over thinking too, or may be."""
        notes: list[str] = []
        if self._n_thinking:
            notes.append(
                f"{counted(self._n_thinking, 'response shows', 'responses show')} their thinking: "
                "the mean log-probability is that of all tokens, thinking included, and says less "
                "of the answer."
            )
        if n_unseen:
            notes.append(
                f"{counted(n_unseen, 'response counts', 'responses count')} tokens of thinking "
                "that nobody sees: whether the mean log-probability includes these cannot be told."
            )
        return notes

    def _on_scores(self) -> list[str]:
        """The models that cannot vote because they are only scored."""
        names = [model for model in self._scored if model not in self._answering]
        if not names:
            return []
        return [
            f"{counted(len(names), 'model gives', 'models give')} only right or wrong, no answers: "
            f"{agreeing(len(names), 'it', 'they')} can be evaluated but cannot vote: "
            f"{', '.join(names)}"
        ]

    def _on_split(self, plan: SplitPlan) -> list[str]:
        if plan.test_share is None or not self.n_test:
            return []
        return [
            f"The split of the file ({counted(self.n_test, 'test query')}) gives way to the test "
            f"share of {plan.test_share:g}."
        ]


class _Told:
    """The responses to free queries as `find_prose` needs them; texts alike count as one answer."""

    def __init__(self) -> None:
        self._places, self._text_lengths = array("q"), array("q")
        self._answer_lengths = array("q")
        self._rules: list[str | None] = []
        self._same: list[str | None] = []

    def add(self, response: ResponseRow, place: int) -> None:
        answer = response.answer or ""
        told = response.sample == 0 and response.status in TELLING
        if not told or not (response.text or answer):
            return
        self._places.append(place)
        self._text_lengths.append(len(response.text))
        self._answer_lengths.append(len(answer))
        self._rules.append(response.rule)
        self._same.append(
            _mark(response.answer) if max(len(response.text), len(answer)) > LONG else ""
        )

    def read(self) -> Answered:
        columns: Sequence[array[int]] = (self._places, self._text_lengths, self._answer_lengths)
        rows, texts, answers = (np.array(one, dtype=np.int64) for one in columns)
        return Answered(
            rows=rows,
            text_lengths=texts,
            answer_lengths=answers,
            rules=self._rules,
            same=self._same,
        )


def _mark(answer: str | None) -> str | None:
    """What is equal for equal answers, and short; None for no answer."""
    if answer is None:
        return None
    return blake2b(answer.casefold().encode(), digest_size=8).hexdigest()
