"""What the server does with a request, apart from HTTP: decide, ask, vote, count."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import anyio

from cascal.datatypes import FloatArray, ModelSpec
from cascal.explain import explain
from cascal.prices import response_cost
from cascal.scores import ScoreRouter
from cascal.serve.bodies import ChatAsked, EmbedAsked, RouteAsked
from cascal.serve.by_scores import ScoreDecision, refuse_vote
from cascal.serve.decide import (
    AnyDecision,
    AnyRouter,
    Decider,
    Decision,
    decision_headers,
    header_text,
)
from cascal.serve.errors import ApiError
from cascal.serve.events import EventStream
from cascal.serve.gate import Gate
from cascal.serve.metrics import Metrics
from cascal.serve.options import ServeOptions
from cascal.serve.pool import Pool
from cascal.serve.upstream import Answer, Upstream
from cascal.serve.voting import count_votes, read_vote

OVERHEAD = "x-cascal-overhead-ms"
_FAILED = "x-cascal-failed"
_REASON = "x-cascal-reason"
NO_TEXT = "no_text"
"""Why a query is asked of the best model overall: it holds images only, or nothing."""
_OWN_FAULTS = ("upstream_refused",)
"""Codes after which another model is not asked: it would refuse the same request."""
_MOST_TOKENS = 10**12
Called = TypeVar("Called")


@dataclass
class Course:
    """One request on its way: what is known of it so far, for headers, body and metrics."""

    started: float = field(default_factory=time.perf_counter)
    upstream_seconds: float = 0.0
    mode: str = ""
    model: str = ""
    decision: AnyDecision | None = None
    reason: str = ""
    failed: list[str] = field(default_factory=list)

    @property
    def overhead(self) -> float:
        """Seconds so far without the upstream's."""
        return time.perf_counter() - self.started - self.upstream_seconds

    def headers(self) -> dict[str, str]:
        """The decision, once there is one, and the overhead so far."""
        if not self.model:
            return {}
        shown = decision_headers(self.mode, self.model, self.decision)
        if self.reason:
            shown[_REASON] = self.reason
        if self.failed:
            shown[_FAILED] = header_text(", ".join(self.failed))
        return {**shown, OVERHEAD: f"{1000 * self.overhead:.2f}"}

    def body(self) -> dict[str, Any]:
        """The field `cascal` of a body."""
        decided = {} if self.decision is None else self.decision.to_dict()
        failed = {"failed": self.failed} if self.failed else {}
        reason = {"reason": self.reason} if self.reason else {}
        return {"mode": self.mode, **decided, "model": self.model, **reason, **failed}


def _of_no_text(router: AnyRouter) -> str:
    """The model that is asked where there is no text to route by: the best one overall."""
    if isinstance(router, ScoreRouter):
        return router.models[router.constant]
    return router.always or router.models[router.best_overall]


class Service:
    """A router, its pool and everything that is shared by all requests."""

    def __init__(
        self, decider: Decider, pool: Pool, options: ServeOptions, upstream: Upstream
    ) -> None:
        self.decider = decider
        self.pool = pool
        self.options = options
        self.upstream = upstream
        self.gate = Gate(options.concurrency, options.queue, options.timeout)
        self.metrics = Metrics()

    async def decide(self, asked: ChatAsked, course: Course) -> None:
        """Choose the model, or take the one that was named."""
        if asked.model:
            course.mode, course.model = "named", asked.model
            return
        if not asked.text:
            router = self.decider.router
            course.mode, course.reason = "first", NO_TEXT
            course.model = _of_no_text(router)
            return
        course.mode = asked.mode
        if asked.mode == "vote" and isinstance(self.decider.router, ScoreRouter):
            raise refuse_vote()
        vectors = await self.decider.encode((asked.text,))
        course.decision = (await self.decider.decide(vectors, asked.top_k))[0]
        course.model = course.decision.selected[0]

    async def complete(self, asked: ChatAsked, course: Course) -> dict[str, Any]:
        """The body of a chat completion, with the decision and what it cost under `cascal`."""
        await self.decide(asked, course)
        if course.mode == "vote" and isinstance(course.decision, Decision):
            return await self._vote(asked, course, course.decision)
        answer = await self._first(course, lambda one: self.upstream.complete(one, asked.body))
        cost = _cost([(self.pool.models[course.model], answer)])
        return {**answer.body, "cascal": {**course.body(), "cost": cost}}

    async def stream(self, asked: ChatAsked, course: Course) -> EventStream:
        """The stream of the first model, started."""
        await self.decide(asked, course)
        return await self._first(course, lambda one: self.upstream.stream(one, asked.body))

    async def _first(
        self, course: Course, call: Callable[[ModelSpec], Awaitable[Called]]
    ) -> Called:
        """What the first model gives, or the next of its route where that is wanted and it fails.

        If all fail, the error is that of the first.
        """
        names, first_error = [course.model], None
        if course.decision is not None:
            names += course.decision.after_first(self.options.failover)
        for name in names:
            course.model = name
            begun = course.upstream_seconds
            try:
                return await self._timed(course, self.pool.models[name], call, begun)
            except ApiError as error:
                first_error = first_error or error
                course.failed.append(name)
                self.metrics.count_failure(name, error.code)
                if error.code in _OWN_FAULTS:
                    break
        course.model = names[0]
        raise first_error or ApiError("internal_error", "The route holds no model.")

    async def _timed(
        self,
        course: Course,
        model: ModelSpec,
        call: Callable[[ModelSpec], Awaitable[Called]],
        before: float = 0.0,
    ) -> Called:
        """The outcome of a call that began after `before` seconds of others."""
        begun = time.perf_counter()
        try:
            return await call(model)
        finally:
            seconds = time.perf_counter() - begun
            self.metrics.add_upstream(model.name, seconds)
            course.upstream_seconds = max(course.upstream_seconds, before + seconds)

    async def _vote(self, asked: ChatAsked, course: Course, decision: Decision) -> dict[str, Any]:
        """Ask the selected models at once; one that fails has no vote, all failing is an error."""

        def ask(model: ModelSpec) -> Awaitable[Answer]:
            return self.upstream.complete(model, asked.body)

        heard: dict[str, Answer | ApiError] = {}

        async def hear(name: str) -> None:
            try:
                heard[name] = await self._timed(course, self.pool.models[name], ask)
            except ApiError as error:
                self.metrics.count_failure(name, error.code)
                heard[name] = error

        async with anyio.create_task_group() as calls:
            for name in decision.selected:
                calls.start_soon(hear, name)
        outcomes = [heard[name] for name in decision.selected]
        answers = {
            name: one
            for name, one in zip(decision.selected, outcomes, strict=True)
            if isinstance(one, Answer)
        }
        if not answers:
            raise next(one for one in outcomes if isinstance(one, ApiError))
        votes = [
            read_vote(name, one, asked.n_options, asked.options)
            for name, one in zip(decision.selected, outcomes, strict=True)
        ]
        verdict = await count_votes(decision.routes, votes, asked.n_options)
        course.model = verdict.model
        cost = _cost([(self.pool.models[name], one) for name, one in answers.items()])
        stated = {**course.body(), **verdict.to_dict(), "cost": cost}
        return {**answers[verdict.model].body, "cascal": stated}

    async def route(self, asked: RouteAsked) -> dict[str, Any]:
        """Decisions without asking any model."""
        vectors = asked.vectors
        if vectors is None:
            vectors = await self.decider.encode(asked.texts)
        decisions = await self.decider.decide(vectors, asked.top_k)
        rows = [one.to_dict() for one in decisions]
        if asked.trace:
            traces = await self._traces(vectors, decisions, asked.top_k)
            rows = [{**row, "trace": trace} for row, trace in zip(rows, traces, strict=True)]
        return rows[0] if asked.single else {"routes": rows}

    async def _traces(
        self, vectors: FloatArray, decisions: Sequence[AnyDecision], top_k: int | None
    ) -> list[dict[str, Any]]:
        """All that decided, query by query."""
        router = self.decider.router
        if isinstance(router, ScoreRouter):
            return [one.trace() for one in decisions if isinstance(one, ScoreDecision)]
        if top_k is not None:
            router = replace(router, thresholds=replace(router.thresholds, top_k=top_k))
        if len(vectors) == 1:
            return [explain(router, vectors[0]).to_dict()]
        return await asyncio.to_thread(lambda: [explain(router, row).to_dict() for row in vectors])

    async def embed(self, asked: EmbedAsked) -> dict[str, Any]:
        """The vectors by which the router decides."""
        vectors = await self.decider.encode(asked.texts)
        rows = [
            {"object": "embedding", "index": place, "embedding": asked.written(row)}
            for place, row in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        name = self.decider.router.encoder
        return {"object": "list", "model": name, "data": rows, "usage": usage}

    async def close(self) -> None:
        """Close the upstream connections; wait for texts being encoded."""
        await self.upstream.close()
        await self.decider.close()


def _cost(calls: list[tuple[ModelSpec, Answer]]) -> float | None:
    """US dollars of all calls; None where a price or a number of tokens is unknown."""
    total = 0.0
    for model, answer in calls:
        usage = answer.body.get("usage")
        given, got = _tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens")
        total += response_cost(model, given, got)
    return round(total, 9) if math.isfinite(total) else None


def _tokens(usage: object, name: str) -> float:
    """A number of tokens; nan where an upstream says nothing, or nothing that can be one."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_TOKENS:
        return math.nan
    return float(value)
