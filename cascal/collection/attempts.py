"""Attempts at generating queries: which is asked next, in which order they are decided, and how.

Attempts of a task are numbered from 0. What depends on other queries is decided by number, then by
the order of the tasks, however late a reply comes. No more is asked than is needed if every reply
is good: so after a kill the same attempts are made as without one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

import numpy as np

from cascal.collection.task_file import TaskRequest
from cascal.datatypes import FloatArray, Query
from cascal.number_format import decimal
from cascal.prompts import Generated, read_generated

Outcome = Literal["pending", "kept", "duplicate", "invalid", "refused", "error"]
OUTCOMES: tuple[Outcome, ...] = ("pending", "kept", "duplicate", "invalid", "refused", "error")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request for a query: what came of it, and why.

    outcome    "pending" until its turn, then "kept" or, like an earlier query, "duplicate"; or
               "invalid", "refused" or "error", which need no turn
    similar_to the query that a duplicate is like; leak_of the test query that a kept one is like
    """

    task: str
    number: int
    generator: str
    outcome: Outcome
    reason: str = ""
    reply: str = ""
    query_id: str | None = None
    similar_to: str | None = None
    leak_of: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float = math.nan
    latency: float = math.nan


@dataclass(frozen=True)
class TaskProgress:
    """How far one task is, earlier runs included; `outcomes` counts its attempts."""

    task: str
    wanted: int
    outcomes: dict[Outcome, int]
    leaked: int

    @property
    def kept(self) -> int:
        """Valid queries."""
        return self.outcomes.get("kept", 0)


Encode = Callable[[Sequence[str]], FloatArray]
"""Unit vectors (n, D) of n texts."""

_KEPT_CHARACTERS = 2_000  # of a reply that is decided; a pending one is needed whole

SPARE_ATTEMPTS = 20
"""Attempts a task may make beyond its multiple of the wanted queries."""

Cell = tuple[int, int]
"""(number, index of the task): what attempts are sorted by."""


@dataclass(kw_only=True)
class TaskState:
    """One task's attempts; those in flight have no entry yet."""

    request: TaskRequest
    wanted: int
    most: int
    attempts: dict[int, Attempt] = field(default_factory=dict)
    in_flight: set[int] = field(default_factory=set)
    n_kept: int = 0
    pending: set[int] = field(default_factory=set)
    last: int = -1
    _first_free: int = 0

    def put(self, attempt: Attempt) -> None:
        """Enter an attempt, or what it has become."""
        earlier = self.attempts.get(attempt.number)
        self.n_kept += attempt.outcome == "kept"
        self.n_kept -= earlier is not None and earlier.outcome == "kept"
        self.pending.discard(attempt.number)
        if attempt.outcome == "pending":
            self.pending.add(attempt.number)
        self.attempts[attempt.number] = attempt
        self.in_flight.discard(attempt.number)
        self.last = max(self.last, attempt.number)

    def next_number(self) -> int | None:
        """The lowest free number, if it is needed even when all below turn out valid."""
        self._first_free = next(n for n in count(self._first_free) if n not in self.attempts)
        number = next(n for n in count(self._first_free) if not self.taken(n))
        below = sum(n < number for some in (self.pending, self.in_flight) for n in some)
        needed = self.n_kept + below < self.wanted and number < self.most
        return number if needed else None

    @property
    def short(self) -> bool:
        """Whether the attempts are used up before the wanted queries are there."""
        return self.n_kept < self.wanted and len(self.attempts) >= self.most

    @property
    def progress(self) -> TaskProgress:
        """The counts."""
        outcomes = Counter(one.outcome for one in self.attempts.values())
        leaked = sum(one.leak_of is not None for one in self.attempts.values())
        return TaskProgress(self.request.task.name, self.wanted, dict(outcomes), leaked)

    def taken(self, number: int) -> bool:
        """Whether a number has been asked."""
        return number in self.attempts or number in self.in_flight


class Plan:
    """Which cell is asked next, and which attempts have their turn to be decided."""

    def __init__(
        self,
        tasks: Sequence[TaskRequest],
        attempts: Sequence[Attempt],
        n: int,
        most_attempts: int,
    ) -> None:
        self.tasks = []
        for request in tasks:
            wanted = n if request.n is None else request.n
            self.tasks.append(
                TaskState(
                    request=request, wanted=wanted, most=most_attempts * wanted + SPARE_ATTEMPTS
                )
            )
        self._place = {one.request.task.name: place for place, one in enumerate(self.tasks)}
        for attempt in attempts:
            if attempt.task in self._place:
                self.put(attempt)
        self._cursor: Cell = (0, 0)

    def put(self, attempt: Attempt) -> None:
        """Enter an attempt."""
        self.tasks[self._place[attempt.task]].put(attempt)

    def take(self) -> Cell | None:
        """Mark the next cell as being asked, the lowest number first; None if none is needed."""
        numbers = ((one.next_number(), place) for place, one in enumerate(self.tasks))
        cell = min(((n, place) for n, place in numbers if n is not None), default=None)
        if cell is not None:
            self.tasks[cell[1]].in_flight.add(cell[0])
        return cell

    def due(self) -> list[Attempt]:
        """Pending attempts whose turn it is, in order, up to the first reply that is awaited.

        Also ends where it depends on these attempts whether a further one is needed.
        """
        due: list[Attempt] = []
        undecided: Counter[int] = Counter()
        last = max(max(one.most, one.last) for one in self.tasks)
        while self._cursor[0] <= last:
            number, place = self._cursor
            task = self.tasks[place]
            attempt = task.attempts.get(number)
            if attempt is None or attempt.outcome == "pending":
                full = task.n_kept >= task.wanted
                if not full and task.n_kept + undecided[place] >= task.wanted:
                    break
                if attempt is None and not full and number < task.most:
                    break
                if attempt is not None and not full:
                    due.append(attempt)
                    undecided[place] += 1
            next_place = (place + 1) % len(self.tasks)
            self._cursor = (number + (next_place == 0), next_place)
        return due


class Judge:
    """Tells whether a query repeats an earlier one, or resembles a test query."""

    def __init__(
        self,
        encode: Encode,
        threshold: float,
        queries: Sequence[Query],
        test: Sequence[Query],
    ) -> None:
        self._encode, self._threshold = encode, threshold
        self._ids = [query.query_id for query in queries]
        self._test_ids = [query.query_id for query in test]
        self._rows = self._encoded([query.text for query in queries])
        self._test = self._encoded([query.text for query in test])

    def _encoded(self, texts: Sequence[str]) -> FloatArray:
        return self._encode(texts) if texts else np.zeros((0, 0), dtype=np.float32)

    def decide(self, due: Sequence[Attempt]) -> list[tuple[Attempt, Query | None]]:
        """Decide pending attempts one after the other, each against all that are kept."""
        if not due:
            return []
        written = [read_generated(one.reply) for one in due]
        texts = [one.text if isinstance(one, Generated) else "" for one in written]
        decided: list[tuple[Attempt, Query | None]] = []
        for attempt, content, vector in zip(due, written, self._encode(texts), strict=True):
            if isinstance(content, str):  # the reader has changed since the reply came
                decided.append((final(attempt, "invalid", content), None))
            else:
                decided.append(self._decided(attempt, content, vector))
        return decided

    def _decided(
        self, attempt: Attempt, content: Generated, vector: FloatArray
    ) -> tuple[Attempt, Query | None]:
        twin, cosine = self._nearest(self._rows[: len(self._ids)], vector)
        if cosine >= self._threshold:
            like = self._ids[twin]
            reason = f"Cosine {decimal(cosine, 3)} to query {like!r}."
            return replace(final(attempt, "duplicate", reason), similar_to=like), None
        place, leak = self._nearest(self._test, vector)
        query_id = f"{attempt.task}-{attempt.number:05d}"
        self._keep(query_id, vector)
        kept = replace(
            final(attempt, "kept"),
            reply="",
            query_id=query_id,
            leak_of=self._test_ids[place] if leak >= self._threshold else None,
        )
        return kept, Query(
            query_id,
            attempt.task,
            content.text,
            options=content.options,
            answer=content.answer,
            answer_origin="generated",
        )

    def _nearest(self, rows: FloatArray, vector: FloatArray) -> tuple[int, float]:
        """Place and cosine of the nearest row; the cosine is −1 where there is none."""
        if not len(rows):
            return 0, -1.0
        cosines = rows @ vector
        place = int(cosines.argmax())
        return place, float(cosines[place])

    def _keep(self, query_id: str, vector: FloatArray) -> None:
        n_kept = len(self._ids)
        if n_kept >= len(self._rows):
            room = np.zeros((max(256, n_kept), len(vector)), dtype=np.float32)
            self._rows = np.concatenate([self._rows.reshape(-1, len(vector)), room])
        self._rows[n_kept] = vector
        self._ids.append(query_id)


def final(attempt: Attempt, outcome: Outcome, reason: str = "") -> Attempt:
    """The attempt with what became of it, its reply cut to what a person would look at."""
    shown = attempt.reply[:_KEPT_CHARACTERS]
    return replace(attempt, outcome=outcome, reason=reason, reply=shown)
