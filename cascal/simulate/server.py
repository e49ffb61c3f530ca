"""The simulated pool and two generators behind the OpenAI protocol, on loopback.

Routes: POST /v1/chat/completions (whole or streamed), POST /v1/embeddings, GET /v1/models, GET
/health. A reply depends on the seed, the model and the prompt (and the request's `seed`), never on
the order of calls or on what was asked before a restart; see `server_items` for how. Keys are
neither needed nor read.
"""

from __future__ import annotations

import importlib.util
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from cascal.datatypes import CascalError, ModelSpec
from cascal.simulate.faults import Faults
from cascal.simulate.items import Item
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.server_items import demo_index, skill_of
from cascal.simulate.server_replies import GENERATOR_MODELS, Speaker

if TYPE_CHECKING:
    from uvicorn import Server

LOOPBACK = "127.0.0.1"
NO_FAULTS = Faults()

_GENERATOR_PRICES = {"strong": (3.00, 12.00), "weak": (0.05, 0.20)}
_START_SECONDS = 30.0


def simulated_pool(base_url: str) -> tuple[ModelSpec, ...]:
    """The models of the simulated pool, with prices, at a server's URL (http://HOST:PORT/v1)."""
    return tuple(replace(spec, base_url=base_url) for spec in SimulatedPool().specs())


def simulated_generators(base_url: str) -> tuple[ModelSpec, ...]:
    """The strong and the weak generator at a server's URL."""
    return tuple(
        ModelSpec(
            name,
            model_id=name,
            base_url=base_url,
            input_price=_GENERATOR_PRICES[generator][0],
            output_price=_GENERATOR_PRICES[generator][1],
            simulated=True,
        )
        for name, generator in GENERATOR_MODELS.items()
    )


def serve(
    port: int = 0,
    seed: int = 0,
    faults: Faults = NO_FAULTS,
    latency: float = 0.0,
    *,
    items: Sequence[Item] = (),
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted; port 0 takes a free one. `started` is called with the base URL.

    `items` are known to the server beside those of the demo and its own.
    """
    server, listening = _server(port, seed, faults, latency, items)
    if started is not None:
        started(_url(listening))
    server.run(sockets=[listening])


@contextmanager
def running(
    port: int = 0,
    seed: int = 0,
    faults: Faults = NO_FAULTS,
    latency: float = 0.0,
    *,
    items: Sequence[Item] = (),
) -> Iterator[str]:
    """The same server in a thread of this process; yields its base URL and ends with the block."""
    server, listening = _server(port, seed, faults, latency, items)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        _wait_until(lambda: server.started, thread)
        yield _url(listening)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _wait_until(ready: Callable[[], bool], thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if not thread.is_alive() or time.monotonic() > deadline:
            raise CascalError("The simulated server did not start.", code="not-running")
        time.sleep(0.005)


def _url(listening: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listening.getsockname()[1]}/v1"


def _server(
    port: int, seed: int, faults: Faults, latency: float, items: Sequence[Item]
) -> tuple[Server, socket.socket]:
    """A server that is not yet running, and the socket it will listen on."""
    if any(importlib.util.find_spec(name) is None for name in ("starlette", "uvicorn")):
        raise CascalError(
            "The simulated server needs the extra serve; install it: pip install 'cascal[serve]'.",
            code="not-installed",
        )
    import uvicorn

    from cascal.simulate.server_http import SimulatedServer

    named = {(item.query.text, item.query.options): item for item in items}
    speaker = Speaker(seed, {**demo_index(), **named})
    skill_of("ready before the first request")
    config = uvicorn.Config(
        SimulatedServer(speaker, faults, latency).app(),
        http="h11",
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",  # cut connections are wanted, not worth a line
        access_log=False,
        timeout_graceful_shutdown=0,
    )
    return uvicorn.Server(config), _listen(port)


def _listen(port: int) -> socket.socket:
    try:
        listening = socket.create_server((LOOPBACK, port), backlog=2048)
    except OSError as error:
        raise CascalError(
            f"Port {port} cannot be used ({error.strerror}); name another.", code="cannot-listen"
        ) from None
    # Accepted connections inherit it; with Nagle's algorithm every answer waits 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
