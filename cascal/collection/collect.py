"""Queries x model pool -> responses: every model answers every query once, told as they come.

Nothing is kept here: what is missing comes in, each response goes to a sink, so that a run that is
stopped or killed goes on where it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from cascal.answers import read_response
from cascal.columns import RESPONSE_SCHEMA
from cascal.datatypes import Query, Response
from cascal.endpoint import Budget, ChatClient, ChatRequest, Patience, Reply, run_to_end
from cascal.endpoint.completion import TOOL_CALL
from cascal.endpoint.pool_file import PoolModel
from cascal.endpoint.retry import FINAL_CAUSES, MOST_ERRORS
from cascal.number_format import decimal, duration
from cascal.prompts import answer_messages

Sink = Callable[[Response, str, str], None]
"""Takes a response and, of an error, its cause and a sentence. What it raises ends the run."""

MAX_CHARACTERS = 1_000_000
DECLARED = "declared"
"""The rule of a refusal that the server itself declares."""
NO_TEXT = "no_text"
TOOL_CALLED = "tool_call"
"""The rules of replies without a text, and of those that call a tool instead."""

PATIENCE = Patience(timeout=120.0, total_seconds=300.0)
"""Answers may be long, so an attempt may be."""

_TELL_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True)
class ModelProgress:
    """How far one model is in this run; `halted` says why it is not asked any more, "" if it is.

    wanted : queries to ask; done : responses other than errors; failed : errors
    rate   : responses and errors a second; eta : seconds left at that rate, nan while unknown
    cost   : US dollars of this run, as far as prices and token counts are known
    """

    model: str
    wanted: int
    done: int = 0
    failed: int = 0
    rate: float = 0.0
    cost: float = 0.0
    halted: str = ""

    @property
    def left(self) -> int:
        """Queries that are neither answered nor failed."""
        return self.wanted - self.done - self.failed

    @property
    def eta(self) -> float:
        """Seconds until the last query, nan while unknown."""
        if not self.left or self.halted:
            return 0.0
        return self.left / self.rate if self.rate else math.nan


@dataclass(frozen=True)
class CollectProgress:
    """How far a run is; `ended` says why it ended before the last query, "" if it did not.

    `expected` : calls at most, where further rounds may follow
    """

    models: tuple[ModelProgress, ...]
    ended: str = ""
    expected: int = 0

    @property
    def share(self) -> float:
        """Share of the calls that are done or failed; 1 where there was nothing to do."""
        wanted = sum(one.wanted for one in self.models)
        finished = wanted - sum(one.left for one in self.models)
        expected = max(wanted, self.expected)
        return finished / expected if expected else 1.0

    @property
    def sentence(self) -> str:
        """Everything in one line."""
        done, failed = (sum(getattr(one, name) for one in self.models) for name in _COUNTS)
        rate, cost = (sum(getattr(one, name) for one in self.models) for name in ("rate", "cost"))
        eta = max((one.eta for one in self.models), default=0.0, key=lambda x: (x != x, x))
        left = "" if math.isnan(eta) or not eta else f", {duration(eta)} left"
        return (
            f"{done:,} answered, {failed:,} failed, {decimal(rate, 1)}/s{left}, ${decimal(cost, 4)}"
        )


_COUNTS = ("done", "failed")


def collect(
    pool: Sequence[PoolModel],
    wanted: Mapping[str, Sequence[Query]],
    sink: Sink,
    *,
    budget: Budget | None = None,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[CollectProgress], None] | None = None,
    patience: Patience = PATIENCE,
) -> CollectProgress:
    """Ask every model of the pool its wanted queries, in their order; blocks until that is done.

    Each model has its own concurrency; the budget is shared. Where a key variable, a price under a
    budget in dollars or a valid URL is missing, EndpointError comes before anything is asked. A
    call that the budget or a stop kept from being answered is not told to the sink. `stop` is
    looked at often and must be quick; `progress` is told a few times a second, and at the end.
    """
    runs = [
        _ModelRun(
            model,
            wanted.get(model.name, ()),
            ChatClient(model.spec, patience, model.concurrency, budget, stop),
            sink,
        )
        for model in pool
    ]
    return run_to_end(_work(runs, _Board(runs, progress)))


async def _work(runs: Sequence[_ModelRun], board: _Board) -> CollectProgress:
    async with contextlib.AsyncExitStack() as opened:
        for run in runs:
            await opened.enter_async_context(run.client)
        try:
            async with asyncio.TaskGroup() as group:
                for run in runs:
                    for _ in range(min(run.model.concurrency, len(run.queries))):
                        group.create_task(run.work(board))
        except ExceptionGroup as several:  # out of `except*`, Python before 3.11.4 raises a group
            raise several.exceptions[0] from None
    return board.tell(last=True)


class _Board:
    """What the run is at, told now and then."""

    def __init__(
        self,
        runs: Sequence[_ModelRun],
        progress: Callable[[CollectProgress], None] | None,
    ) -> None:
        self._runs, self._progress = runs, progress
        self._started = time.monotonic()
        self._told = -math.inf
        self.ended = ""

    def tell(self, *, last: bool = False) -> CollectProgress:
        """The present state; the callback hears it at most every `_TELL_SECONDS`."""
        now = time.monotonic()
        seconds = max(now - self._started, 1e-9)
        state = CollectProgress(tuple(run.progress(seconds) for run in self._runs), self.ended)
        if self._progress is not None and (last or now - self._told >= _TELL_SECONDS):
            self._told = now
            self._progress(state)
        return state


class _ModelRun:
    """One model's share of a run: its workers take the queries in turn."""

    def __init__(
        self, model: PoolModel, queries: Sequence[Query], client: ChatClient, sink: Sink
    ) -> None:
        self.model, self.queries, self.client = model, queries, client
        self._left = iter(queries)
        self._sink = sink
        self._counts = ModelProgress(model=model.name, wanted=len(queries))
        self._errors_in_a_row = 0

    def progress(self, seconds: float) -> ModelProgress:
        """The counts with their rate."""
        counts = self._counts
        return replace(counts, rate=(counts.done + counts.failed) / seconds)

    async def work(self, board: _Board) -> None:
        """Ask one query after the other until none is left or the run is to end."""
        for query in self._left:
            if board.ended or self._counts.halted:
                return
            reply = await self.client.ask(_request(self.model, query))
            if reply.cause in ("budget", "stopped"):
                board.ended = reply.error
                return
            if reply.cause in FINAL_CAUSES:
                self._counts = replace(self._counts, halted=reply.error)
                return
            await self._take(query, reply)
            board.tell()

    async def _take(self, query: Query, reply: Reply) -> None:
        """Store a reply, then count it; in a thread, since a sink may wait for the disk."""
        response = as_response(query, self.model.name, reply)
        await asyncio.to_thread(self._sink, response, reply.cause, reply.error)
        failed = response.status == "error"
        self._errors_in_a_row = self._errors_in_a_row + 1 if failed else 0
        counts = self._counts
        self._counts = replace(
            counts,
            done=counts.done + (not failed),
            failed=counts.failed + failed,
            cost=counts.cost + (0.0 if math.isnan(reply.cost) else reply.cost),
            halted=f"{MOST_ERRORS} errors in a row, the last: {reply.error}"
            if self._errors_in_a_row >= MOST_ERRORS
            else counts.halted,
        )


def _request(model: PoolModel, query: Query) -> ChatRequest:
    return ChatRequest(
        answer_messages(query),
        temperature=model.temperature,
        max_tokens=model.max_tokens,
        logprobs=model.logprobs,
    )


def as_response(query: Query, model: str, reply: Reply) -> Response:
    """A reply as what is stored: an error has no text and no answer, a refusal has no answer."""
    if reply.status == "error":
        return Response(query.query_id, model, status="error")
    text = reply.text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()  # half a pair is no text
    read = read_response(text, query.n_options, query.options)
    if reply.status == "refused":
        read = replace(read, answer=None, rule=DECLARED, status="refused")
    elif reply.status == "truncated":
        read = replace(read, status="truncated")
    elif not text.strip():
        rule = TOOL_CALLED if reply.finish_reason == TOOL_CALL else NO_TEXT
        read = replace(read, rule=rule)
    return Response(
        query.query_id,
        model,
        text=text,
        answer=read.answer,
        rule=read.rule,
        mean_logprob=reply.mean_logprob,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cost=reply.cost,
        latency=reply.latency,
        status=read.status,
    )


def reparsed(responses: pa.Table, queries: Mapping[str, Query]) -> pa.Table:
    """The responses (RESPONSE_SCHEMA with texts) that the rules of `answers` now read otherwise.

    Errors, declared refusals, answers that an import was given and empty texts stay as they are;
    a truncated text stays truncated.
    """
    changed = []
    for row in responses.to_pylist():
        kept = row["status"] in ("error", "missing") or row["rule"] in (DECLARED, "given")
        if kept or not row["text"]:
            continue
        query = queries[row["query_id"]]
        read = read_response(row["text"], query.n_options, query.options)
        status = "truncated" if row["status"] == "truncated" else read.status
        new = {"answer": read.answer, "rule": read.rule, "status": status}
        if any(row[name] != value for name, value in new.items()):
            changed.append(row | new)
    return pa.Table.from_pylist(changed, RESPONSE_SCHEMA)


def batch_lines(model: PoolModel, queries: Sequence[Query]) -> Iterator[dict[str, Any]]:
    """Input lines of an OpenAI batch file that asks what `collect` would ask."""
    for query in queries:
        wanted = {
            "temperature": model.temperature,
            "max_tokens": model.max_tokens,
            "logprobs": model.logprobs or None,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        yield {
            "custom_id": f"{model.name}::{query.query_id}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {
                "model": model.spec.model_id or model.name,
                "messages": answer_messages(query),
                **body,
            },
        }
