"""Connections of clients: how many there may be, and how long one may say nothing.

What a request may take is bounded elsewhere (`ServeOptions`); here is what comes before it. A
client that opens connections and sends half a request in each would otherwise keep them all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from cascal.number_format import counted

HEAD_SECONDS = 10.0
"""How long the head of a request may take from the first byte awaited to the last."""
STALL_SECONDS = 60.0
"""How long a client may take nothing of what waits to be sent to it."""
MAX_CONNECTIONS = 512
"""One more is closed at once; few enough for the files a process may open, upstreams included."""
_LINES = 5
_SECONDS = 60.0
_NOISY = ("uvicorn.error", "asyncio")
"""Loggers that write a line for each thing a client does wrong."""


class BoundedConnection(H11Protocol):
    """One connection: closed where there are too many, no whole request comes, or nobody reads."""

    head_seconds = HEAD_SECONDS
    stall_seconds = STALL_SECONDS
    max_connections = MAX_CONNECTIONS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 – uvicorn's own
        super().__init__(*arguments, **named)
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it by closing it."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.abort()
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Pass on what came; the head of a request is awaited for a bounded time."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        self._go_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads too slowly: it has a bounded time to go on."""
        super().pause_writing()
        self._stall = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read what was sent."""
        self._go_on()
        super().resume_writing()

    def _go_on(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class FewLines(logging.Filter):
    """Lets few lines of a kind through in a minute; the next one says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written; its kind is the text before its values are put in."""
        kind, now = (record.name, str(record.msg)[:200]), time.monotonic()
        started, n_lines = self._seen.get(kind, (now, 0))
        if now - started >= _SECONDS:
            if n_lines > _LINES:
                more = counted(n_lines - _LINES, "more such line was", "more such lines were")
                record.msg = f"{record.msg} ({more} left out)"
            started, n_lines = now, 0
        self._seen[kind] = (started, n_lines + 1)
        return n_lines < _LINES


def quieten() -> None:
    """Bound what clients can make the loggers of the server write."""
    few = FewLines()
    for name in _NOISY:
        logging.getLogger(name).addFilter(few)
