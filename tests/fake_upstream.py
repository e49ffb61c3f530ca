"""A model endpoint on loopback that behaves as its path says: /normal/v1, /slow/v1, /cut/v1, …"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading

WORDS = ("The ", "answer ", "is ", "(A).")
USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


class FakeUpstream:
    """Serves in a thread of its own; `requests` are (mode, headers, body), `gone` who hung up.

    texts maps a model id to what it says; others say `WORDS`. A request's own field `delay` is the
    seconds its normal answer takes.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], dict]] = []
        self.gone: list[str] = []
        self.texts: dict[str, str] = {}
        self.logprobs: dict[str, float] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> FakeUpstream:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    @property
    def n_open(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def url(self, mode: str) -> str:
        return f"http://127.0.0.1:{self._port}/{mode}/v1"

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._connections: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader, writer) -> None:
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader, writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))))
        mode = first.split(" ")[1].split("/")[1]
        self.requests.append((mode, headers, body))
        return await getattr(self, f"_{mode}")(reader, writer, headers, body)

    async def _normal(self, _reader, writer, _headers, body) -> bool:
        await asyncio.sleep(body.get("delay", 0.0))
        text = self.texts.get(body["model"])
        pieces = WORDS if text is None else [text]
        if body.get("stream"):
            await self._start_stream(writer)
            for piece in pieces:
                await self._event(writer, json.dumps(chunk(body["model"], piece)))
            await self._event(writer, "[DONE]")
            return False
        answer = completion(body["model"], "".join(pieces), self.logprobs.get(body["model"]))
        return await self._json(writer, 200, answer)

    async def _echo(self, _reader, writer, headers, body) -> bool:
        """A server that repeats the key it got, also in a header."""
        said = f"You sent {headers['authorization']}"
        if body.get("stream"):
            await self._start_stream(writer)
            await self._event(writer, json.dumps(chunk("m", said)))
            await self._event(writer, json.dumps(chunk("m", said)))
            await self._event(writer, "[DONE]")
            return False
        return await self._json(writer, 200, completion("m", said))

    async def _echo500(self, _reader, writer, headers, _body) -> bool:
        return await self._json(writer, 500, {"error": {"message": headers["authorization"]}})

    async def _slow(self, reader, _writer, _headers, _body) -> bool:
        await self._until_gone("slow", reader)
        return False

    async def _silent(self, reader, writer, _headers, _body) -> bool:
        """A stream that stops after its first event, and stays open."""
        await self._start_stream(writer)
        await self._event(writer, json.dumps(chunk("m", "One ")))
        await self._until_gone("silent", reader)
        return False

    async def _flood(self, _reader, writer, _headers, _body) -> bool:
        """A stream that goes on as long as anybody takes it."""
        await self._start_stream(writer)
        while True:
            await self._event(writer, json.dumps(chunk("m", "word " * 2000)))

    async def _until_gone(self, mode: str, reader) -> None:
        await reader.read()
        self.gone.append(mode)

    async def _cut(self, _reader, writer, _headers, body) -> bool:
        if body.get("stream"):
            await self._start_stream(writer)
            for word in WORDS[:2]:
                await self._event(writer, json.dumps(chunk("m", word)))
        else:
            writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"choices"')
            await writer.drain()
        return False

    async def _wrong(self, _reader, writer, _headers, _body) -> bool:
        return await self._raw(writer, 200, "text/html", b"<html><b>Not a completion</b></html>")

    async def _empty(self, _reader, writer, _headers, _body) -> bool:
        return await self._json(writer, 200, {"choices": []})

    async def _gateway(self, _reader, writer, _headers, _body) -> bool:
        return await self._json(writer, 200, {"error": {"message": "no capacity", "code": 503}})

    async def _huge(self, _reader, writer, _headers, _body) -> bool:
        return await self._raw(writer, 200, "application/json", b" " * 200_000)

    async def _unlikely(self, _reader, writer, _headers, body) -> bool:
        """What the test wrote into the question, as the whole reply or its first event."""
        content = body["messages"][-1]["content"].encode()
        if body.get("stream"):
            await self._start_stream(writer)
            await self._event(writer, content.decode())
            return False
        return await self._raw(writer, 200, "application/json", content)

    async def _full(self, _reader, writer, _headers, body) -> bool:
        """A server with `n`, tools and JSON mode: it says back what it was asked."""
        kept = {name: body[name] for name in ("n", "tools", "response_format") if name in body}
        answer = completion(body["model"], json.dumps(kept))
        tool = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        answer["choices"] *= body.get("n", 1)
        if "tools" in body:
            answer["choices"][0]["message"] |= {"tool_calls": [tool]}
        return await self._json(writer, 200, answer)

    async def _status(self, writer, status: int, **headers: str) -> bool:
        return await self._json(writer, status, {"error": {"message": f"said {status}"}}, headers)

    async def _e500(self, _reader, writer, _headers, _body) -> bool:
        return await self._status(writer, 500)

    async def _e429(self, _reader, writer, _headers, _body) -> bool:
        return await self._status(writer, 429, **{"retry-after": "7"})

    async def _e401(self, _reader, writer, _headers, _body) -> bool:
        return await self._status(writer, 401)

    async def _e404(self, _reader, writer, _headers, _body) -> bool:
        return await self._status(writer, 404)

    async def _e400(self, _reader, writer, _headers, _body) -> bool:
        return await self._status(writer, 400)

    async def _json(self, writer, status, value, headers=None) -> bool:
        content = json.dumps(value).encode()
        return await self._raw(writer, status, "application/json", content, headers)

    async def _raw(self, writer, status, kind, content, headers=None) -> bool:
        lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()
        return True

    async def _start_stream(self, writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
        writer.write(b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n")
        await writer.drain()

    async def _event(self, writer, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        if data == "[DONE]":
            writer.write(b"0\r\n\r\n")
        await writer.drain()


def completion(model: str, text: str, logprob: float | None = None) -> dict:
    tokens = [{"token": "x", "logprob": logprob}]
    logprobs = None if logprob is None else {"content": tokens}
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {"index": 0, "message": message, "finish_reason": "stop", "logprobs": logprobs}
        ],
        "usage": USAGE,
    }


def chunk(model: str, piece: str) -> dict:
    delta = {"role": "assistant", "content": piece}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }
