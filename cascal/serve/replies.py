"""What goes back to a client, as ASGI applications."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio

from cascal.serve.errors import ApiError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")


class ClientGone(Exception):
    """The client closed its connection: nobody waits for an answer."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    content: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: object, receive: Receive, send: Send) -> None:
        """Send it."""
        extra = {"content-length": str(len(self.content))}
        await _start(send, self.status, self.content_type, {**self.headers, **extra})
        await send({"type": "http.response.body", "body": self.content})


def as_reply(value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """A value as JSON."""
    return Reply(json.dumps(value, allow_nan=False).encode(), headers=dict(headers or {}))


def refuse(error: ApiError) -> Reply:
    """A refusal as an OpenAI error object."""
    return Reply(json.dumps(error.to_dict()).encode(), error.status, headers=error.headers)


@dataclass(frozen=True)
class StreamReply:
    """Events sent as they come; `close` is called however it ends."""

    events: AsyncIterator[str]
    headers: Mapping[str, str]
    close: Callable[[], Awaitable[None]]

    async def __call__(self, scope: object, receive: Receive, send: Send) -> None:
        """Send them; a client that leaves ends the upstream's stream too."""
        try:
            await unless_gone(receive, self._send(send))
        except (ClientGone, OSError):
            pass
        finally:
            await self.close()

    async def _send(self, send: Send) -> None:
        headers = {**self.headers, "cache-control": "no-cache", "x-accel-buffering": "no"}
        await _start(send, 200, "text/event-stream; charset=utf-8", headers)
        async for event in self.events:
            body = event.encode("utf-8", "replace")
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _start(send: Send, status: int, kind: str, headers: Mapping[str, str]) -> None:
    pairs = {"content-type": kind, "x-content-type-options": "nosniff", **headers}
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client closes its connection.

    Call it once the request's body has been read: then the next message is the end. What has ended
    in spite of that is returned: who asked for it lets it go.

    A scope cancels, as httpx gives its connections back under the shield of scopes alone: one that
    is cancelled by itself in that moment would be lost.
    """
    scope = anyio.CancelScope()

    async def scoped() -> T:
        with scope:
            return await work
        raise ClientGone

    working = asyncio.ensure_future(scoped())
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        scope.cancel()
        return await working
    finally:
        scope.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_body(
    headers: Mapping[str, str], receive: Receive, limit: int, seconds: float
) -> bytes:
    """The body of a request: at most `limit` bytes, within `seconds`, declared as JSON.

    A page in a browser cannot send JSON to another site without asking first, so a page the user
    happens to visit cannot use this server.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError("invalid_body", "Send JSON, with Content-Type: application/json.")
    declared = headers.get("content-length", "")
    too_large = ApiError("body_too_large", f"The body has more than {limit:,} bytes.")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > limit:
                    raise too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise ApiError("body_too_slow", f"The body did not come within {seconds:g} s.") from None
