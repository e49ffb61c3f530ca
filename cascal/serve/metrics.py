"""Counts and times of the server, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper ends in seconds."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What is counted. Labels are names of the pool, modes and codes: never what a client wrote.

    Every server has a registry of its own, so that two in one process count apart.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        registry = CollectorRegistry()
        self._shown = _WithoutStarts(registry)
        self._requests = Counter(
            "cascal_requests",
            "Finished requests by model, mode and outcome.",
            ("model", "mode", "outcome"),
            registry=registry,
        )
        self._failures = Counter(
            "cascal_upstream_failures",
            "Failed calls by model and code.",
            ("model", "code"),
            registry=registry,
        )
        self._overhead = Histogram(
            "cascal_overhead_seconds",
            "Time of a request without its upstream calls.",
            ("path",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._upstream = Histogram(
            "cascal_upstream_seconds",
            "Time of an upstream call; of a stream, to its start.",
            ("model",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._inside = Gauge(
            "cascal_requests_inside", "Requests being worked on.", registry=registry
        )
        self._waiting = Gauge(
            "cascal_requests_waiting", "Requests waiting for a place.", registry=registry
        )
        for path in ("chat", "route"):
            self._overhead.labels(path)  # shown before the first request

    def count(self, model: str, mode: str, outcome: str) -> None:
        """One finished request; model is "" where none was chosen."""
        self._requests.labels(model, mode, outcome).inc()

    def count_failure(self, model: str, code: str) -> None:
        """One failed call of a model, whether or not another answered instead."""
        self._failures.labels(model, code).inc()

    def add_overhead(self, path: str, seconds: float) -> None:
        """Time of one request without its upstream calls; path is "chat" or "route"."""
        self._overhead.labels(path).observe(seconds)

    def add_upstream(self, model: str, seconds: float) -> None:
        """Time one upstream took, whatever came of it; of a stream, up to its first event."""
        self._upstream.labels(model).observe(seconds)

    def text(self, inside: int, waiting: int) -> bytes:
        """Everything, for /metrics."""
        from prometheus_client import generate_latest

        self._inside.set(inside)
        self._waiting.set(waiting)
        return generate_latest(self._shown)


class _WithoutStarts:
    """A registry without the times at which its series began: gauges nobody asked for.

    The client library leaves them out only for the whole process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric
