"""Bodies of the simulated server on the wire: whole, slow, cut off, malformed, or never sent.

Imported only where starlette is installed; `server` sees to that.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

SLOW_SECONDS = 0.8
"""How long a body takes under the fault slow_tokens."""

_SLOW_PIECES = 8
JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True)
class Body:
    """What is to be sent under status 200: one piece of JSON, or the events of a stream."""

    pieces: tuple[bytes, ...]
    media_type: str = JSON

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Body:
        """One piece of JSON."""
        return cls((json.dumps(content).encode(),))

    def whole(self) -> Response:
        """The body at once."""
        return Response(b"".join(self.pieces), media_type=self.media_type)

    def slow(self) -> Response:
        """The body in pieces, over `SLOW_SECONDS`."""
        pieces = self._several()
        return _Pieces(pieces, self, SLOW_SECONDS / len(pieces), cut=False)

    def cut_off(self) -> Response:
        """Half of the body, then the end of the connection."""
        return _Pieces(self._several(), self, 0.0, cut=True)

    def malformed(self, rng: random.Random) -> Response:
        """Something else than the body: half of it, a web page, no choices, an error object."""
        whole = b"".join(self.pieces)
        error = {"error": {"message": "Simulated error under status 200.", "code": None}}
        kinds = (
            (whole[: len(whole) // 2], self.media_type),
            (b"<html><body>Simulated welcome page</body></html>", "text/html"),
            (json.dumps({"choices": []}).encode(), JSON),
            (json.dumps(error).encode(), JSON),
        )
        content, media_type = rng.choice(kinds)
        return Response(content, media_type=media_type)

    def _several(self) -> list[bytes]:
        if len(self.pieces) > 1:
            return list(self.pieces)
        whole = self.pieces[0]
        size = len(whole) // _SLOW_PIECES + 1
        return [whole[start : start + size] for start in range(0, len(whole), size)]


class _Pieces(Response):
    """A body sent in pieces with pauses; if cut, half of it, and then the connection ends.

    uvicorn closes the connection of an application that returns before its body is complete.
    """

    def __init__(self, pieces: list[bytes], body: Body, pause: float, *, cut: bool) -> None:
        super().__init__(media_type=body.media_type)
        self._pieces = pieces[: len(pieces) // 2] if cut else pieces
        self._pause, self._cut = pause, cut
        del self.headers["content-length"]
        if body.media_type == JSON:
            self.headers["content-length"] = str(sum(map(len, pieces)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(self._pause)
        if not self._cut:
            await send({"type": "http.response.body", "body": b""})


class Silence(Response):
    """Nothing, until the client gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the end of the connection."""
        while (await receive())["type"] != "http.disconnect":
            pass


def error_response(status: int, message: str, retry_after: float | None = None) -> Response:
    """An error in OpenAI's format."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    kind = {404: "not_found_error", 429: "rate_limit_error"}.get(status, "invalid_request_error")
    error = {"message": message, "type": "server_error" if status >= 500 else kind, "code": None}
    return JSONResponse({"error": error}, status, headers)
