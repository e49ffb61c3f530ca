"""As much of S3 as reading needs, on loopback: list, size, content. Keys are checked by nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class LoopbackS3:
    """Objects by "BUCKET/KEY", and what was asked with which Authorization header."""

    port: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)


def _listing(store: LoopbackS3, bucket: str, query: dict[str, list[str]]) -> str:
    prefix, delimiter = (query.get(name, [""])[0] for name in ("prefix", "delimiter"))
    keys, folders = [], set()
    for name in sorted(store.objects):
        of_bucket, _, key = name.partition("/")
        if of_bucket == bucket and key.startswith(prefix):
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
            else:
                keys.append((key, len(store.objects[name])))
    inner = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{size}</Size>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>e</ETag></Contents>"
        for key, size in keys
    ) + "".join(
        f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>"
        for one in sorted(folders)
    )
    return (
        '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>'
        f"<Name>{bucket}</Name><KeyCount>{len(keys) + len(folders)}</KeyCount>{inner}"
        "</ListBucketResult>"
    )


class _Answering(BaseHTTPRequestHandler):
    """Sends what `found` says."""

    protocol_version = "HTTP/1.1"

    def found(self, name: str, query: dict[str, list[str]]) -> tuple[int, bytes, str]:
        """Status, content and type of an object, a bucket or a listing."""
        raise NotImplementedError

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        status, content, kind = self.found(unquote(parts.path).strip("/"), query)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", '"e"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = _answer

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def _handler(store: LoopbackS3) -> type[BaseHTTPRequestHandler]:
    class Handler(_Answering):
        def found(self, name: str, query: dict[str, list[str]]) -> tuple[int, bytes, str]:
            store.asked.append((name, self.headers.get("Authorization", "")))
            bucket, _, key = name.partition("/")
            if not key and query:
                return 200, _listing(store, bucket, query).encode(), "application/xml"
            if name in store.objects:
                return 200, store.objects[name], "binary/octet-stream"
            known = not key and any(one.startswith(f"{bucket}/") for one in store.objects)
            return 200 if known else 404, b"", "application/xml"

    return Handler


@contextmanager
def loopback_s3() -> Iterator[LoopbackS3]:
    """A server that runs until the end of the block."""
    store = LoopbackS3()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
    store.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
