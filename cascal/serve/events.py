"""Server-sent events of an upstream, passed on one by one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import anyio
import httpx

from cascal.endpoint.keys import blot
from cascal.files.plain_json import read_plain
from cascal.serve.errors import ApiError, TooLarge

if TYPE_CHECKING:
    from cascal.serve.options import ServeOptions

DONE = "[DONE]"
MAX_EVENT = 1 << 20
"""Bytes of one event."""
_CUT = ApiError("upstream_cut", "The upstream broke off within its answer.")
_SILENT = ApiError("upstream_timeout", "The upstream fell silent within its answer.")


async def split_events(chunks: AsyncIterator[bytes], key: str) -> AsyncGenerator[str]:
    """The events of a stream of bytes, each with its blank line and without the key.

    A rest that no blank line ends is left out. TooLarge for an event beyond `MAX_EVENT`.
    """
    rest = b""
    async for chunk in chunks:
        rest = (rest + chunk).replace(b"\r\n", b"\n")
        *events, rest = rest.split(b"\n\n")
        if len(rest) > MAX_EVENT:
            raise TooLarge(f"an event of more than {MAX_EVENT:,} bytes")
        for event in events:
            yield blot(event.decode("utf-8", "replace"), key) + "\n\n"


def event_data(event: str) -> str:
    """What follows `data:` in an event, "" for a comment."""
    lines = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
    return "\n".join(lines)


def as_event(value: object) -> str:
    """A value as an event."""
    return f"data: {json.dumps(value)}\n\n"


class EventStream:
    """A stream that has started: its first chunk is read, the rest follows in `events`."""

    def __init__(
        self,
        first: dict[str, Any],
        events: AsyncIterator[str],
        close: Callable[[], Awaitable[None]],
        options: ServeOptions,
    ) -> None:
        self._first = first
        self._events = events
        self._close = close
        self._options = options
        self.outcome = "client_gone"
        """What came of it; "ok" or a code once the stream has ended by itself."""

    async def pass_on(self, extra: Mapping[str, Any]) -> AsyncIterator[str]:
        """All events; the first has `extra` added, the others are as the upstream wrote them.

        A stream that is cut, silent for too long or endless closes with an event that holds an
        OpenAI error, which clients raise.
        """
        yield as_event({**self._first, **extra})
        clock = asyncio.get_running_loop().time
        end = clock() + self._options.stream_seconds
        try:
            while True:
                with anyio.fail_after(min(self._options.timeout, end - clock())):
                    event = await anext(self._events, None)
                if event is None:
                    refusal = _CUT
                    break
                done = event_data(event) == DONE
                if done:  # whoever reads no further than this has all of it
                    self.outcome = "ok"
                yield event
                if done:
                    return
        except (TimeoutError, httpx.TimeoutException):
            refusal = _SILENT
        except (httpx.HTTPError, httpx.StreamError, TooLarge):
            refusal = _CUT
        self.outcome = refusal.code
        yield as_event(refusal.to_dict())

    async def close(self) -> None:
        """Let the upstream go; what it has not sent it need not send."""
        await self._close()


async def first_chunk(events: AsyncIterator[str], who: str) -> dict[str, Any]:
    """The first chunk of a stream; `upstream_malformed` if it is none, or there is none."""
    async for event in events:
        if data := event_data(event):
            return _chunk(data, who)
    raise ApiError("upstream_malformed", f"{who} sent no event where a stream was asked.")


def _chunk(data: str, who: str) -> dict[str, Any]:
    try:
        chunk = read_plain(data)
    except ValueError:
        chunk = None
    if isinstance(chunk, dict) and chunk.get("error") is not None:
        raise ApiError("upstream_error", f"{who} reports an error in its first event.")
    if not isinstance(chunk, dict) or not isinstance(chunk.get("choices"), list):
        raise ApiError("upstream_malformed", f"{who} sent a first event that is no chunk.")
    return chunk
