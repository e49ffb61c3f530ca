"""What can be set about the server: limits in time, size and number."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cascal.datatypes import CascalError
from cascal.hosts import LOOPBACK


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Limits of the server; every wait ends.

    timeout         seconds an upstream may take for an answer, or be silent within a stream
    stream_seconds  seconds a whole stream may take
    concurrency     requests worked on at once
    queue           requests that may wait for a place; one more is refused (429)
    max_body        bytes of a request
    body_seconds    seconds a client may take to send its request
    max_batch       texts or vectors of one dry route
    failover        further models of the route that are asked, one by one, where the first fails
    encoder_threads requests whose texts are encoded at once; above 1, each request's alone
    max_answer      bytes of an upstream's answer, or of one event of a stream
    api_key_env     name of the variable with the key that clients must send; "" = none
    hosts           names in the Host header that are let in; () = all
    """

    timeout: float = 60.0
    stream_seconds: float = 600.0
    concurrency: int = 64
    queue: int = 128
    max_body: int = 1 << 20
    body_seconds: float = 15.0
    max_batch: int = 256
    failover: int = 0
    encoder_threads: int = 1
    max_answer: int = 16 << 20
    api_key_env: str = ""
    hosts: tuple[str, ...] = LOOPBACK

    def __post_init__(self) -> None:
        for name in ("timeout", "stream_seconds", "body_seconds"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise CascalError(
                    f"ServeOptions.{name} is {value}; it must be above 0 seconds.",
                    code="out-of-bounds",
                )
        numbers = ("concurrency", "queue", "max_body", "max_batch", "failover", "encoder_threads")
        for name in numbers:
            least = 0 if name in ("queue", "failover") else 1
            if getattr(self, name) < least:
                raise CascalError(
                    f"ServeOptions.{name} is {getattr(self, name)}; at least {least} is needed.",
                    code="out-of-bounds",
                )
