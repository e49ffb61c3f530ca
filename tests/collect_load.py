"""Measure the collector against the simulated server in another process; prints one JSON line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cascal.collection.into_workspace import collect_into, read_queries
from cascal.columns import RESPONSE_SCHEMA, Imported
from cascal.endpoint.pool_file import PoolModel
from cascal.simulate import simulated_pool
from cascal.simulate.demo import queries_table
from cascal.simulate.questions import TASKS
from cascal.simulate.random_streams import stream
from cascal.simulate.server_templates import template_query
from cascal.store import Workspace

SERVE = """
import sys
from cascal.simulate import server

server.serve(latency=float(sys.argv[1]), started=lambda url: print(url, flush=True))
"""


@contextmanager
def served(latency: float) -> Iterator[str]:
    """The server's URL."""
    command = [sys.executable, "-c", SERVE, str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own interpreter
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def filled(folder: str, n_queries: int) -> Workspace:
    """A workspace with so many queries."""
    store = Workspace(Path(folder) / "load.duckdb")
    queries = [
        replace(template_query(TASKS[row % 9], stream("load", row)), query_id=f"q{row:05d}")
        for row in range(n_queries)
    ]
    empty = RESPONSE_SCHEMA.empty_table()
    store.add(
        Imported(
            dataset="load",
            origin="real",
            source="x",
            tasks=(),
            models=(),
            queries=queries_table(queries),
            responses=empty,
        )
    )
    return store


def rate(folder: str) -> dict:
    """Share of the ideal rate at 500 ms of latency and 64 calls at once."""
    store, n_queries = filled(folder, 2_560), 2_560
    with served(0.5) as url:
        model = PoolModel(simulated_pool(url)[0], concurrency=64)
        warm = filled(f"{folder}/warm", 4)
        collect_into(warm, "load", [model])
        started = time.perf_counter()
        collect_into(store, "load", [model])
        seconds = time.perf_counter() - started
    ideal = n_queries * 0.5 / 64
    return {"seconds": seconds, "ideal": ideal, "share_of_ideal": ideal / seconds}


def memory(folder: str) -> dict:
    """Peak memory of 50,000 responses, and what the process had before."""
    store = filled(folder, 12_500)
    assert len(read_queries(store, "load")) == 12_500
    with served(0.0) as url:
        pool = [PoolModel(spec, concurrency=16) for spec in simulated_pool(url)[:4]]
        collect_into(filled(f"{folder}/warm", 4), "load", pool)
        before, started = _peak_mb(), time.perf_counter()
        collect_into(store, "load", pool)
        seconds = time.perf_counter() - started
    return {
        "stored": store.dataset("load").n_responses,
        "before_mb": before,
        "peak_mb": _peak_mb(),
        "seconds": seconds,
        "file_mb": store.path.stat().st_size / 2**20,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


if __name__ == "__main__":
    os.environ["NO_PROXY"] = "127.0.0.1"
    measured = {"rate": rate, "memory": memory}[sys.argv[1]](sys.argv[2])
    sys.stdout.write(json.dumps(measured) + "\n")
