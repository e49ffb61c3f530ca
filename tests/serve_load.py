"""Many clients at once against a served router, over plain sockets: latencies, nothing else."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Load:
    """What the clients met. Milliseconds, without the delay that was asked of the upstream.

    outside is what a client sees (its own and the fake upstream's work included), inside what the
    server says of itself.
    """

    outside: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def line(self, name: str, seconds: float) -> str:
        def shown(values: list[float]) -> str:
            low, middle, high = np.percentile(values, [50, 95, 99])
            return f"p50 {low:.1f}, p95 {middle:.1f}, p99 {high:.1f} ms"

        return (
            f"{name}: {len(self.statuses)} requests, {len(self.statuses) / seconds:.0f} a second; "
            f"inside the server {shown(self.inside)}; seen by clients {shown(self.outside)}"
        )


async def run_clients(
    port: int,
    n_clients: int,
    seconds: float,
    make: Callable[[random.Random], tuple[str, dict]],
    pause: Callable[[random.Random], float] = lambda _: 0.0,
    at_least: int = 0,
) -> Load:
    """`n_clients` that ask one after the other, for some seconds; `make` gives path and body.

    Each asks `at_least` so often, however long that takes on a machine that does much else. A
    field `delay` of the body is taken off the latency.
    """
    load = Load()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def client(number: int) -> None:
        rng = random.Random(number)  # noqa: S311 – repeatable, not secret
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(rng.random() * min(1.0, seconds / 4))
        asked = 0
        while loop.time() < end or asked < at_least:
            asked += 1
            path, body = make(rng)
            begun = loop.time()
            status, headers = await _post(reader, writer, path, body)
            taken = loop.time() - begun - body.get("delay", 0.0)
            load.outside.append(1000 * taken)
            load.inside.append(float(headers.get("x-cascal-overhead-ms", "nan")))
            load.statuses.append(status)
            await asyncio.sleep(pause(rng))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client(number) for number in range(n_clients)))
    return load


async def _post(reader, writer, path, body) -> tuple[int, dict[str, str]]:
    content = json.dumps(body).encode()
    writer.write(
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n".encode()
        + content
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
    await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split(" ")[1]), headers
