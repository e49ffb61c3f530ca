"""Task descriptions -> queries with options and a proposed answer, until there are enough.

Attempts of a task are numbered from 0, and the number stands in the prompt. Replies come in any
order, but what depends on other queries is decided in one order: by number, then by the order of
the tasks. No more is asked than is needed if every reply is good. So a run that was killed and
goes on ends with the same queries, after the same attempts, as one that was left alone.

Reference: Niu et al. 2026, arXiv:2601.09692, routing with generated data: round-robin over tasks,
temperature 0.8, top-p 0.95.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cascal.collection.attempts import (
    OUTCOMES,
    Attempt,
    Cell,
    Encode,
    Judge,
    Outcome,
    Plan,
    TaskProgress,
    final,
)
from cascal.collection.task_file import TaskRequest
from cascal.datatypes import Query
from cascal.endpoint import Budget, ChatClient, ChatRequest, Patience, Reply, run_to_end
from cascal.endpoint.pool_file import PoolModel
from cascal.endpoint.retry import FINAL_CAUSES, MOST_ERRORS
from cascal.number_format import counted, decimal, duration
from cascal.prompts import GENERATION_SCHEMA, generation_messages, read_generated

PATIENCE = Patience(timeout=120.0, total_seconds=300.0)
_TELL_SECONDS = 0.25


Sink = Callable[[Attempt, Query | None], None]
"""Takes an attempt, again when it is decided, and the query if it is kept."""


@dataclass(frozen=True)
class GenerateSettings:
    """How queries are generated; `n` is for tasks whose file does not say.

    near_duplicate   cosine from which a query repeats another one, or a test query
    most_attempts    attempts for each wanted query of a task, 20 more in all
    """

    n: int = 100
    near_duplicate: float = 0.95
    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 2048
    most_attempts: int = 4


@dataclass(frozen=True)
class Before:
    """What is there already: earlier attempts, the queries to differ from, the test queries."""

    attempts: Sequence[Attempt] = ()
    queries: Sequence[Query] = ()
    test: Sequence[Query] = ()


@dataclass(frozen=True)
class GenerateProgress:
    """How far a run is; `asked`, `cost` (US dollars) and `rate` (replies a second) are its own.

    `ended` says why it ended before all queries were there, "" if it did not; `short` names tasks
    whose attempts are used up.
    """

    tasks: tuple[TaskProgress, ...]
    asked: int
    rate: float
    cost: float
    ended: str = ""
    short: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Share of the wanted queries that are there."""
        wanted = sum(one.wanted for one in self.tasks)
        return sum(min(one.kept, one.wanted) for one in self.tasks) / wanted if wanted else 1.0

    @property
    def eta(self) -> float:
        """Seconds until all wanted queries are there, at this rate and yield; nan if unknown."""
        kept = sum(one.kept for one in self.tasks)
        attempts = sum(sum(one.outcomes.values()) for one in self.tasks)
        left = sum(max(one.wanted - one.kept, 0) for one in self.tasks)
        known = self.rate > 0 and kept > 0 and not self.ended
        return left * attempts / kept / self.rate if known else math.nan

    @property
    def sentence(self) -> str:
        """Everything in one line."""
        total: Counter[str] = Counter()
        for one in self.tasks:
            total.update(one.outcomes)
        lost = ", ".join(f"{total[name]:,} {name}" for name in OUTCOMES[2:] if total[name])
        kept = f"{counted(total['kept'], 'query')}" + (f" ({lost})" if lost else "")
        left = f", about {duration(self.eta)} left" if self.eta > 0 else ""
        return f"{kept}, {decimal(self.rate, 1)}/s, ${decimal(self.cost, 4)}{left}"


def generate(
    tasks: Sequence[TaskRequest],
    generator: PoolModel,
    encode: Encode,
    sink: Sink,
    before: Before = Before(),
    settings: GenerateSettings = GenerateSettings(),
    *,
    budget: Budget | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[GenerateProgress], None] | None = None,
    patience: Patience = PATIENCE,
) -> GenerateProgress:
    """Ask for queries until every task has as many valid ones as are wanted; blocks until then.

    Valid is what `prompts.read_generated` reads and what no query before it is nearly equal to. A
    likeness to a test query is told, and the query kept. Ends early where the budget or a task's
    attempts are used up, after `MOST_ERRORS` errors in a row, or where the server refuses for
    good; calls that were not answered for a budget or a stop leave no attempt.
    """
    client = ChatClient(generator.spec, patience, generator.concurrency, budget, stop)
    plan = Plan(tasks, before.attempts, settings.n, settings.most_attempts)
    judge = Judge(encode, settings.near_duplicate, before.queries, before.test)
    run = _Run(
        plan=plan, generator=generator, settings=settings, client=client, judge=judge, sink=sink
    )
    return run_to_end(run.work(stop or (lambda: False), progress))


@dataclass(kw_only=True)
class _Run:
    """Asks, enters what comes, and lets decide what has its turn."""

    plan: Plan
    generator: PoolModel
    settings: GenerateSettings
    client: ChatClient
    judge: Judge
    sink: Sink
    ended: str = ""
    asked: int = 0
    cost: float = 0.0
    errors_in_a_row: int = 0

    async def work(
        self, stop: Callable[[], bool], progress: Callable[[GenerateProgress], None] | None
    ) -> GenerateProgress:
        """Keep as many requests under way as the generator may have, until none is needed."""
        started, told = time.monotonic(), -math.inf
        running: set[asyncio.Task[Attempt | None]] = set()
        async with self.client:
            try:
                while True:
                    await asyncio.to_thread(self._settle)
                    self._start(running, stop)
                    now = time.monotonic()
                    if progress is not None and running and now - told >= _TELL_SECONDS:
                        progress(self._progress(now - started))
                        told = now
                    if not running:
                        break
                    done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        if (attempt := task.result()) is not None:
                            self.plan.put(attempt)
            finally:
                for task in running:
                    task.cancel()
        state = self._progress(time.monotonic() - started)
        if progress is not None:
            progress(state)
        return state

    def _start(self, running: set[asyncio.Task[Attempt | None]], stop: Callable[[], bool]) -> None:
        """Start requests while there is room and need."""
        while len(running) < self.generator.concurrency and not self.ended:
            if stop():
                self.ended = "Stopped."
                return
            cell = self.plan.take()
            if cell is None:
                return
            running.add(asyncio.create_task(self._ask(cell)))

    def _settle(self) -> None:
        """Decide everything that has its turn."""
        while due := self.plan.due():
            for attempt, query in self.judge.decide(due):
                self.sink(attempt, query)
                self.plan.put(attempt)

    async def _ask(self, cell: Cell) -> Attempt | None:
        """Ask for one query; what is received goes to the sink at once, to the plan in its turn."""
        number, place = cell
        request = self.plan.tasks[place].request
        reply = await self.client.ask(self._request(request, number))
        if reply.cause in ("budget", "stopped", *FINAL_CAUSES):
            self.ended = self.ended or reply.error
            return None
        self.asked += 1
        self.cost += 0.0 if math.isnan(reply.cost) else reply.cost
        attempt = _arrived(request, number, self.generator.name, reply)
        failed = attempt.outcome == "error"
        self.errors_in_a_row = self.errors_in_a_row + 1 if failed else 0
        if self.errors_in_a_row >= MOST_ERRORS:
            self.ended = f"{MOST_ERRORS} errors in a row, the last: {reply.error}"
        self.sink(attempt, None)
        return attempt

    def _request(self, request: TaskRequest, number: int) -> ChatRequest:
        groups, settings = request.examples, self.settings
        free = self.generator.temperature is not None  # else the server takes no such parameter
        return ChatRequest(
            generation_messages(
                request.task, number, groups[number % len(groups)] if groups else ()
            ),
            temperature=settings.temperature if free else None,
            top_p=settings.top_p if free else None,
            max_tokens=settings.max_tokens,
            logprobs=False,
            schema=GENERATION_SCHEMA,
        )

    def _progress(self, seconds: float) -> GenerateProgress:
        states = self.plan.tasks
        tasks = tuple(one.progress for one in states)
        short = tuple(one.request.task.name for one in states if one.short)
        rate = self.asked / max(seconds, 1e-9)
        return GenerateProgress(tasks, self.asked, rate, self.cost, self.ended, short)


def _arrived(request: TaskRequest, number: int, generator: str, reply: Reply) -> Attempt:
    """A reply as an attempt: final where it is no query at all, else pending."""
    outcome: Outcome
    if reply.status == "error":
        outcome, reason = "error", f"{reply.cause}: {reply.error}"
    elif reply.status == "refused":
        outcome, reason = "refused", "The generator refused."
    else:
        read = read_generated(reply.text)
        outcome, reason = ("invalid", read) if isinstance(read, str) else ("pending", "")
    text = reply.text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
    attempt = Attempt(
        task=request.task.name,
        number=number,
        generator=generator,
        outcome="pending",
        reply=text,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cost=reply.cost,
        latency=reply.latency,
    )
    return attempt if outcome == "pending" else final(attempt, outcome, reason)
