"""The HTTP side of the simulated server: its routes, and the drawing of faults.

Imported only where starlette is installed; `server` sees to that.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cascal.datatypes import CascalError
from cascal.simulate.faults import Broken, Faults
from cascal.simulate.random_streams import stream
from cascal.simulate.server_embeddings import EMBEDDING_MODEL, embeddings_body
from cascal.simulate.server_replies import (
    NAMES,
    Speaker,
    completion_body,
    completion_events,
    refusal_of,
)
from cascal.simulate.server_wire import EVENTS, Body, Silence, error_response

DrawnFrom = tuple[object, ...]


class SimulatedServer:
    """Routes and their state: attempts are counted per model and prompt, for the faults alone."""

    def __init__(self, speaker: Speaker, faults: Faults, latency: float) -> None:
        self._speaker, self._faults, self._latency = speaker, faults, latency
        self._attempts: Counter[bytes] = Counter()

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/embeddings", self.embeddings, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/health", self.health),
            ]
        )

    async def health(self, _: Request) -> Response:
        """Whether the server is up."""
        return JSONResponse({"status": "ok", "simulated": True})

    async def models(self, _: Request) -> Response:
        """Every model, the embedding model last."""
        entry = {"object": "model", "created": 0, "owned_by": "simulated"}
        listed = [{"id": name, **entry} for name in (*NAMES, EMBEDDING_MODEL)]
        return JSONResponse({"object": "list", "data": listed})

    async def chat(self, request: Request) -> Response:
        """A chat completion, whole or streamed, or a fault."""
        body = _read(await request.body())
        messages = body.get("messages")
        asked = isinstance(messages, list) and all(isinstance(one, dict) for one in messages)
        if not asked or not messages:
            return error_response(400, "The body needs messages, a list of {role, content}.")
        model = str(body.get("model"))
        if model not in NAMES:
            return error_response(404, f"There is no model {model!r}; GET /v1/models lists them.")
        prompt = json.dumps([messages, body.get("seed")])
        drawn = partial(self._drawn, self._speaker.seed, model, prompt)
        answer = partial(self._spoken, model, body, drawn)
        return await self._or_fault(model, prompt, answer, slow=drawn("slow_tokens"))

    async def embeddings(self, request: Request) -> Response:
        """Hashing vectors of texts, or a fault."""
        body = _read(await request.body())
        texts = body.get("input")
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            return error_response(400, "The body needs input, a text or a list of texts.")
        coded = body.get("encoding_format") == "base64"

        def answer() -> Body:
            return Body.of(embeddings_body(texts, coded=coded))

        return await self._or_fault(EMBEDDING_MODEL, json.dumps(texts), answer)

    async def _or_fault(
        self, model: str, prompt: str, answer: Callable[[], Body], *, slow: bool = False
    ) -> Response:
        """The answer after the latency, unless this attempt is drawn to fail."""
        mark = hashlib.blake2b(f"{model}\x1f{prompt}".encode(), digest_size=16).digest()
        drawn_from = (self._speaker.seed, model, prompt, self._attempts[mark])
        self._attempts[mark] += 1
        broken = self._faults.broken(*drawn_from)
        if broken == "timeout":
            return Silence()
        if broken in ("rate_limit", "server_error"):
            return self._failed(broken, drawn_from)
        await asyncio.sleep(self._latency)
        try:
            body = answer()
        except UnicodeEncodeError:
            return error_response(400, "A text holds half of a surrogate pair, which is no text.")
        except CascalError as refusal:
            return error_response(400, str(refusal))
        if broken == "disconnect":
            return body.cut_off()
        if broken == "malformed":
            return body.malformed(stream("malformed", *drawn_from))
        return body.slow() if slow else body.whole()

    def _failed(self, broken: Broken, drawn_from: DrawnFrom) -> Response:
        if broken == "rate_limit":
            return error_response(429, "Simulated rate limit.", self._faults.retry_after)
        status = stream("status", *drawn_from).choice((500, 502, 503))
        if status == 502:
            return Response("<html>Simulated bad gateway</html>", 502, media_type="text/html")
        return error_response(status, "Simulated server error.")

    def _drawn(self, seed: int, model: str, prompt: str, name: str) -> bool:
        return self._faults.drawn(name, seed, model, prompt)

    def _spoken(self, model: str, body: Mapping[str, Any], drawn: Callable[[str], bool]) -> Body:
        reply = self._speaker.reply(model, body, odd=drawn("odd_format"))
        if drawn("refusal"):
            reply = refusal_of(reply)
        if drawn("no_logprobs"):
            reply = replace(reply, has_logprobs=False)
        seed = self._speaker.seed
        if not body.get("stream"):
            return Body.of(completion_body(model, reply, seed))
        wanted = body.get("stream_options")
        with_usage = isinstance(wanted, Mapping) and bool(wanted.get("include_usage"))
        events = completion_events(model, reply, seed, with_usage=with_usage)
        return Body(tuple(_as_events(events)), EVENTS)


def _as_events(chunks: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for chunk in chunks:
        yield f"data: {json.dumps(chunk)}\n\n".encode()
    yield b"data: [DONE]\n\n"


def _read(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, {} if it is none."""
    try:
        written = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return written if isinstance(written, dict) else {}
