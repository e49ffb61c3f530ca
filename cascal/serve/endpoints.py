"""What each path of the server does with a request: read, admit, answer, count."""

from __future__ import annotations

import hmac
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cascal.datatypes import CascalError
from cascal.endpoint import EndpointError, read_key
from cascal.scores import ScoreRouter
from cascal.serve.bodies import (
    ChatAsked,
    no_such_model,
    read_chat,
    read_embed,
    read_json,
    read_route,
)
from cascal.serve.decide import AnyRouter, Decider
from cascal.serve.errors import ApiError
from cascal.serve.metrics import CONTENT_TYPE
from cascal.serve.options import ServeOptions
from cascal.serve.pool import RESERVED, Pool
from cascal.serve.replies import (
    ClientGone,
    Reply,
    StreamReply,
    T,
    as_reply,
    read_body,
    refuse,
    unless_gone,
)
from cascal.serve.responses import as_chat, events_from_chat, from_chat
from cascal.serve.service import OVERHEAD, Course, Service
from cascal.serve.upstream import Upstream

if TYPE_CHECKING:
    from starlette.requests import Request

    from cascal.encode.batches import Encoder

SPIN_COUNT = "10000"
"""How often torch's workers look before they sleep; the library's own default is 300,000."""

Answered = Reply | StreamReply


@dataclass(frozen=True)
class Dialect:
    """How a path asks for a chat completion and hears of it, whole or as it comes."""

    read: Callable[[dict[str, Any]], dict[str, Any]]
    write: Callable[[dict[str, Any]], dict[str, Any]]
    stream: Callable[[AsyncIterator[str]], AsyncIterator[str]]


CHAT = Dialect(lambda body: body, lambda answer: answer, lambda events: events)
RESPONSES = Dialect(as_chat, from_chat, events_from_chat)
_CLIENT_GONE = Reply(b"", 499)


class Endpoints:
    """One method a path. The service lives from the server's start to its end."""

    def __init__(
        self, router: AnyRouter, pool: Pool, encoder: Encoder, options: ServeOptions
    ) -> None:
        self._parts = (router, pool, encoder)
        self._options = options
        self._threads = ThreadPoolExecutor(options.encoder_threads, "cascal-encoder")
        self._service: Service | None = None

    def warm_up(self) -> None:
        """Encode one text, in a thread that will encode others.

        torch keeps a set of workers for each thread it computes in, and they wait for each other by
        spinning; where another process has a core, that costs up to twenty times the work itself,
        so they spin for some microseconds only, unless the environment says otherwise.
        """
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # read when torch is loaded
        encoder = self._parts[2]
        self._threads.submit(encoder.encode, ("The first text loads the encoder.",)).result()

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Open connections, close them and the encoder's threads."""
        router, pool, encoder = self._parts
        self._service = Service(
            Decider(router, encoder, self._options, self._threads),
            pool,
            self._options,
            Upstream(self._options),
        )
        try:
            yield
        finally:
            await self._service.close()
            self._threads.shutdown(wait=False)

    @property
    def service(self) -> Service:
        """The service, once the server has started."""
        if self._service is None:
            raise CascalError(
                "The server has not started: run the application with its lifespan.",
                code="not-running",
            )
        return self._service

    async def chat(self, request: Request) -> Answered:
        """A chat completion of the routed, voted or named model."""
        return await self._complete(request, CHAT)

    async def responses(self, request: Request) -> Answered:
        """The same, asked and answered in the words of the Responses API."""
        return await self._complete(request, RESPONSES)

    async def _complete(self, request: Request, dialect: Dialect) -> Answered:
        course = Course()
        try:
            body = dialect.read(await self._body(request))
            asked = read_chat(body, tuple(self.service.pool.models))
            course.mode = "named" if asked.model else asked.mode
            await self._enter(request)
            if asked.stream:
                return await self._stream(request, asked, course, dialect)
            answer = await self._inside(request, self.service.complete(asked, course))
        except (ApiError, ClientGone) as error:
            return self._ended(course, error)
        self._succeeded("chat", course)
        return as_reply(dialect.write(answer), course.headers())

    async def route(self, request: Request) -> Answered:
        """Decisions without a model call."""
        course = Course(mode="dry")
        try:
            n_models, limit = len(self.service.pool.models), self._options.max_batch
            asked = read_route(await self._body(request), n_models, limit)
            await self._enter(request)
            body = await self._inside(request, self.service.route(asked))
        except (ApiError, ClientGone) as error:
            return self._ended(course, error)
        self._succeeded("route", course)
        return as_reply(body, {OVERHEAD: f"{1000 * course.overhead:.2f}"})

    async def embeddings(self, request: Request) -> Answered:
        """Vectors of the router's own encoder."""
        course = Course(mode="embed")
        try:
            asked = read_embed(await self._body(request), self._options.max_batch)
            await self._enter(request)
            body = await self._inside(request, self.service.embed(asked))
        except (ApiError, ClientGone) as error:
            return self._ended(course, error)
        self._succeeded("embeddings", course)
        return as_reply(body, {OVERHEAD: f"{1000 * course.overhead:.2f}"})

    async def _enter(self, request: Request) -> None:
        """Take a place; who leaves while waiting for one makes room for the next."""
        gate = self.service.gate
        await (unless_gone(request.receive, gate.enter()) if gate.full else gate.enter())

    async def _inside(self, request: Request, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the place that was taken, as long as the client waits for it."""
        try:
            return await unless_gone(request.receive, work)
        finally:
            self.service.gate.leave()

    async def _stream(
        self, request: Request, asked: ChatAsked, course: Course, dialect: Dialect
    ) -> StreamReply:
        """A started stream; it keeps its place until its end."""
        service = self.service
        try:
            stream = await unless_gone(request.receive, service.stream(asked, course))
        except BaseException:
            service.gate.leave()
            raise
        service.metrics.add_overhead("chat", course.overhead)

        async def close() -> None:
            service.gate.leave()
            service.metrics.count(course.model, course.mode, stream.outcome)
            await stream.close()

        events = dialect.stream(stream.pass_on({"cascal": course.body()}))
        return StreamReply(events, course.headers(), close)

    def _succeeded(self, path: str, course: Course) -> None:
        self.service.metrics.add_overhead(path, course.overhead)
        self.service.metrics.count(course.model, course.mode, "ok")

    def _ended(self, course: Course, error: ApiError | ClientGone) -> Reply:
        """Count a request that came to nothing; say why, if anybody listens."""
        code = error.code if isinstance(error, ApiError) else "client_gone"
        self.service.metrics.count(course.model, course.mode, code)
        if not isinstance(error, ApiError):
            return _CLIENT_GONE
        error.headers |= course.headers()
        return refuse(error)

    async def failed(self, _request: Request, _error: Exception) -> Reply:
        """An error nobody foresaw; the log has it, the client only learns that."""
        self.service.metrics.count("", "", "internal_error")
        return refuse(ApiError("internal_error", "The server failed; its log says where."))

    async def models(self, request: Request) -> Reply:
        """The names that may be asked: the router, its vote, and every model of the pool."""
        return self._admitted(
            request, lambda: as_reply({"object": "list", "data": self._model_cards()})
        )

    async def model(self, request: Request) -> Reply:
        """One of these names."""
        name = request.path_params["name"]

        def found() -> Reply:
            card = next((one for one in self._model_cards() if one["id"] == name), None)
            return refuse(no_such_model(name)) if card is None else as_reply(card)

        return self._admitted(request, found)

    def _model_cards(self) -> list[dict[str, Any]]:
        by_scores = isinstance(self._parts[0], ScoreRouter)
        names = (*(RESERVED[:1] if by_scores else RESERVED), *self.service.pool.models)
        cards: list[dict[str, Any]] = [
            {"id": name, "object": "model", "created": 0, "owned_by": "cascal"} for name in names
        ]
        cards[0]["labels"] = self._labels
        return cards

    async def metrics(self, request: Request) -> Reply:
        """Counts and times for Prometheus."""

        def text() -> Reply:
            service = self.service
            shown = service.metrics.text(service.gate.inside, service.gate.waiting)
            return Reply(shown, content_type=CONTENT_TYPE)

        return self._admitted(request, text)

    async def health(self, _request: Request) -> Reply:
        """Whether the server answers, and with which router; needs no key."""
        router, pool, _ = self._parts
        return as_reply(
            {
                "status": "ok",
                "models": len(pool.models),
                **_learnt(router),
                "encoder": router.encoder,
                "router": router.fingerprint[:12],
                "labels": self._labels,
            }
        )

    @property
    def _labels(self) -> dict[str, Any] | None:
        """What a few labels said of the router, as far as it heeds any."""
        router = self._parts[0]
        record = None if isinstance(router, ScoreRouter) else router.labels
        return None if record is None else {"sentence": record.sentence, **record.to_dict()}

    def _admitted(self, request: Request, answer: Callable[[], Reply]) -> Reply:
        try:
            self._admit(request)
        except ApiError as error:
            return refuse(error)
        return answer()

    async def _body(self, request: Request) -> dict[str, object]:
        self._admit(request)
        options = self._options
        raw = await read_body(
            request.headers, request.receive, options.max_body, options.body_seconds
        )
        return read_json(raw)

    def _admit(self, request: Request) -> None:
        """Refuse a wrong key."""
        variable = self._options.api_key_env
        if not variable:
            return
        try:
            key = read_key(variable)
        except EndpointError as error:
            raise ApiError("key_not_configured", str(error)) from None
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {key}".encode()):
            raise ApiError(
                "invalid_api_key", "The key is missing or wrong: Authorization: Bearer …"
            )


def _learnt(router: AnyRouter) -> dict[str, Any]:
    """What a router was learnt as: clusters of votes, or from whose scores."""
    if isinstance(router, ScoreRouter):
        return {"scored_by": router.scored_by, "n_scored": router.n_scored}
    return {"clusters": len(router.clusters)}
