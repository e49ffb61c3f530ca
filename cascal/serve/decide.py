"""Texts -> vectors -> decisions, for many requests at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
import numpy as np

from cascal.computing_order import best_first
from cascal.datatypes import CascalError, FloatArray
from cascal.results import Routes
from cascal.routing.route import Router
from cascal.scores import ScoreRouter
from cascal.serve.by_scores import ScoreDecision, decide_by_scores
from cascal.serve.errors import ApiError
from cascal.serve.options import ServeOptions

if TYPE_CHECKING:
    from cascal.encode.batches import Encoder

Waiting = tuple[Sequence[str], asyncio.Future[FloatArray]]
"""The texts of one request, and where their vectors go."""
MAX_BATCH = 8
"""Texts of different requests that are encoded together; more would be padded to the longest."""
INLINE = 4
"""So many queries are decided on the spot; more of them in a thread, beside the others."""
_PLAIN = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"


@dataclass(frozen=True, eq=False)
class Decision:
    """One query's route; `routes` holds its single row, margin is None for a pool of one.

    always : the model that is asked for every query because labels say so, "" without a gate
    """

    routes: Routes
    always: str = ""

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the selected models, best first."""
        return tuple(self.routes.models[m] for m in self.routes.selected[0])

    @property
    def margin(self) -> float | None:
        """Score difference of the first and second model."""
        best = np.sort(self.routes.scores[0])[::-1]
        return float(best[0] - best[1]) if len(best) > 1 else None

    def after_first(self, n: int) -> list[str]:
        """The n models that come next by score, be they selected or not."""
        routes = self.routes
        order = best_first(routes.scores, routes.models, min(n + 1, len(routes.models)))[0]
        return [name for name in (routes.models[m] for m in order) if name != self.selected[0]][:n]

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        routes = self.routes
        return {
            "model": self.selected[0],
            "selected": list(self.selected),
            "task": routes.tasks[routes.task[0]],
            "cluster": int(routes.cluster[0]),
            "distance": round(float(routes.distance[0]), 6),
            "margin": None if self.margin is None else round(self.margin, 6),
            "fallback": round(float(routes.fallback[0]), 6),
            **({"always": self.always} if self.always else {}),
        }


AnyDecision = Decision | ScoreDecision
AnyRouter = Router | ScoreRouter


def header_text(value: object) -> str:
    """What a header may hold; anything else is percent-encoded UTF-8."""
    return quote(str(value), safe=_PLAIN)


def decision_headers(mode: str, model: str, decision: AnyDecision | None) -> dict[str, str]:
    """The decision as `x-cascal-*` headers; what no header may hold is percent-encoded UTF-8."""
    shown: dict[str, object] = {"mode": mode, "model": model}
    if decision is not None:
        stated = decision.to_dict()
        names = ("task", "cluster", "distance", "margin", "always", "scored_by")
        shown |= {name: stated.get(name) for name in names}
    return {
        f"x-cascal-{name.replace('_', '-')}": header_text(value)
        for name, value in shown.items()
        if value is not None
    }


class Decider:
    """Encodes and routes. `threads` only encode; what arrives meanwhile is their next batch.

    So nothing waits for a batch to fill: alone, a text is encoded at once. Where one thread has to
    do all, batches grow under load to `MAX_BATCH` texts; several threads take a request each.
    """

    def __init__(
        self, router: AnyRouter, encoder: Encoder, options: ServeOptions, threads: Executor
    ) -> None:
        self.router = router
        self._encoder = encoder
        self._timeout = options.timeout
        self._n_threads = options.encoder_threads
        self._threads = threads
        self._waiting: deque[Waiting] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    async def encode(self, texts: Sequence[str]) -> FloatArray:
        """Unit vectors (n, D); `encoder_failed` or `encoder_timeout` where there are none."""
        future: asyncio.Future[FloatArray] = asyncio.get_running_loop().create_future()
        self._waiting.append((texts, future))
        self._start()
        try:
            with anyio.fail_after(self._timeout):
                return await future
        except TimeoutError:
            raise ApiError(
                "encoder_timeout", f"The encoder gave no vector within {self._timeout:g} s."
            ) from None
        except CascalError as error:
            raise ApiError("encoder_failed", str(error)) from error

    def _start(self) -> None:
        if self._waiting and len(self._workers) < self._n_threads:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """A worker is told as ended later than it ends: what came between has none yet."""
        self._workers.discard(worker)
        self._start()

    async def _work(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            if batch and not await self._encode_together(batch) and len(batch) > 1:
                for one in batch:  # the fault of one text is not that of its neighbours
                    await self._encode_together([one])

    def _next_batch(self) -> list[Waiting]:
        batch: list[Waiting] = []
        n_texts, most = 0, MAX_BATCH if self._n_threads == 1 else 0
        while self._waiting and (not batch or n_texts + len(self._waiting[0][0]) <= most):
            texts, future = self._waiting.popleft()
            if not future.done():  # whoever asked may be gone
                batch.append((texts, future))
                n_texts += len(texts)
        return batch

    async def _encode_together(self, batch: Sequence[Waiting]) -> bool:
        texts = [text for one, _ in batch for text in one]
        loop = asyncio.get_running_loop()
        try:
            vectors = await loop.run_in_executor(self._threads, self._encoder.encode, texts)
        except Exception as error:  # noqa: BLE001 – every encoder below has errors of its own
            if len(batch) == 1:
                _settle(batch[0][1], _as_refusal(error))
            return False
        start = 0
        for one, future in batch:
            _settle(future, vectors[start : start + len(one)])
            start += len(one)
        return True

    async def decide(self, vectors: FloatArray, top_k: int | None = None) -> list[AnyDecision]:
        """The decisions of unit rows (n, D); another dimension is refused."""
        if len(vectors) <= INLINE:
            return self._decide(vectors, top_k)
        return await asyncio.to_thread(self._decide, vectors, top_k)

    def _decide(self, vectors: FloatArray, top_k: int | None) -> list[AnyDecision]:
        if isinstance(self.router, ScoreRouter):
            return [*decide_by_scores(self.router, vectors, top_k)]
        try:
            routes = self.router.route(vectors)
        except CascalError as error:
            raise ApiError("invalid_body", str(error)) from None
        if top_k is not None:
            selected = best_first(routes.scores, routes.models, top_k)
            routes = replace(routes, selected=selected)
        return [Decision(_row(routes, row), self.router.always) for row in range(len(routes))]

    async def close(self) -> None:
        """Wait for the batches under way; whoever still waits for another is told."""
        while self._waiting:
            _settle(
                self._waiting.popleft()[1],
                CascalError("The server is shutting down.", code="not-running"),
            )
        await asyncio.gather(*self._workers)


def _settle(future: asyncio.Future[FloatArray], outcome: FloatArray | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _as_refusal(error: Exception) -> CascalError:
    if isinstance(error, CascalError):
        return error
    return CascalError(f"The encoder failed ({type(error).__name__}).", code="encoder-failed")


def _row(routes: Routes, row: int) -> Routes:
    one = slice(row, row + 1)
    return replace(
        routes,
        query_ids=routes.query_ids[one],
        task=routes.task[one],
        cluster=routes.cluster[one],
        distance=routes.distance[one],
        scores=routes.scores[one],
        selected=routes.selected[one],
        fallback=routes.fallback[one],
    )
