"""Whether what a run has drawn is on its way to the browser, before another run may follow.

As long as it is unsent, Streamlit drops it once the browser asks for another run: all of it if that
is a whole run, even one that comes to draw a part of the page only, and of a part what is in it.
The end of the run is told all the same, so the browser takes away what it has not heard of.
"""

from __future__ import annotations

import re
from threading import Event
from uuid import uuid4

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATIENCE = 2.0
"""Seconds after which a browser that takes nothing is not waited for."""
_SHORT = 4096
"""Bytes of a message beyond which it is none of ours."""
_MARK = re.compile(rb"cascal-sent-([0-9a-f]{32})")


class Sent:
    """What waits until a mark that it has drawn was sent."""

    def __init__(self) -> None:
        self._waiting: dict[str, Event] = {}
        self.watched = False

    def wait(self, patience: float = PATIENCE) -> bool:
        """Draw a mark that takes no place, and wait until it was sent; False if it was not.

        True at once where nothing is watched, as in a server of others.
        """
        if not self.watched:
            return True
        name, event = uuid4().hex, Event()
        self._waiting[name] = event
        try:
            st.html(f"<style>/* cascal-sent-{name} */</style>")
            return event.wait(patience)
        finally:
            del self._waiting[name]

    def note(self, message: bytes) -> None:
        """Tell who waits for it that a message was sent."""
        found = _MARK.search(message) if len(message) < _SHORT else None
        event = None if found is None else self._waiting.get(found[1].decode())
        if event is not None:
            event.set()


SENT = Sent()
"""Of all sessions of this process."""


class Watch:
    """Looks at what goes to browsers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on as it is."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def send_and_note(message: Message) -> None:
            await send(message)
            if message["type"] == "websocket.send":
                SENT.note(message.get("bytes") or b"")

        SENT.watched = True
        await self.app(scope, receive, send_and_note)
