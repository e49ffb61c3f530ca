"""A server on loopback that answers by a script: what the tests of the endpoint talk to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-secret-0123456789"
SILENT = object()


class Script(ThreadingHTTPServer):
    """Answers each request with the next reply of a list, the last one for ever."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list = []
        self.requests: list[tuple[dict, dict]] = []
        self.closing = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def next_reply(self) -> object:
        with self.lock:
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def handle_error(self, request, client_address) -> None:
        """A client that gave up is part of the script."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((headers, body))
        self._reply(body)

    def _reply(self, body: dict) -> None:
        reply = self.server.next_reply()
        if reply is SILENT:
            self.server.closing.wait(10)
            return
        status, headers, answer = reply(body) if callable(reply) else reply
        payload = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *arguments) -> None:
        """Nothing on stderr."""


@contextmanager
def scripted() -> Iterator[Script]:
    """A running script, ended by its own handle."""
    script = Script()
    thread = threading.Thread(target=script.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.closing.set()
        script.shutdown()
        thread.join()
        script.server_close()
