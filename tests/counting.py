"""The simulated server, and what it was asked: counted per model and prompt."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from cascal.endpoint.pool_file import PoolModel
from cascal.prompts import find_generation, find_query
from cascal.simulate import Faults, running, simulated_generators, simulated_pool
from cascal.simulate.server_http import SimulatedServer

TASKS = """
tasks:
- name: arithmetic
  description: Sums, fractions and percentages of daily life.
- name: kelp
  description: Ecology of kelp forests, sea urchins and otters.
- name: tides
  description: Tides, currents and the moon.
"""


class Asked:
    """The address of the server and its counts: (model, text) of a query, or (model, task, n).

    `keys` are the values of the header Authorization that came.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.counts: Counter[tuple] = Counter()
        self.keys: set[str] = set()
        self._lock = threading.Lock()
        self.last = 0.0

    def note(self, body: dict) -> None:
        messages, model = body["messages"], body["model"]
        query, generation = find_query(messages), find_generation(messages)
        with self._lock:
            self.last = time.monotonic()
            if query is not None:
                self.counts[model, query.text, query.options] += 1
            elif generation is not None:
                self.counts[model, generation[0].name, generation[1]] += 1

    def total(self) -> int:
        return sum(self.counts.values())

    def wait(self, n: int) -> None:
        """Until the server has been asked n times."""
        while self.total() < n:
            time.sleep(0.002)

    def pool(self, n: int | None = None, **options) -> list[PoolModel]:
        return [PoolModel(spec, **options) for spec in simulated_pool(self.url)[:n]]

    def generator(self, name: str = "generator-strong", **options) -> PoolModel:
        found = {spec.name: spec for spec in simulated_generators(self.url)}
        return PoolModel(found[name], **options)


@contextmanager
def counting(faults: Faults | None = None, latency: float = 0.0, **options) -> Iterator[Asked]:
    """A running simulated server that counts what it is asked."""
    asked = Asked("")
    original = SimulatedServer.chat

    async def chat(self, request):
        asked.note(json.loads(await request.body()))
        asked.keys.add(request.headers.get("authorization", ""))
        return await original(self, request)

    SimulatedServer.chat = chat
    try:
        with running(faults=faults or Faults(), latency=latency, **options) as url:
            asked.url = url
            yield asked
    finally:
        SimulatedServer.chat = original
