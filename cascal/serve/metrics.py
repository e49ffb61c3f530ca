"""Counts and times of the server, in Prometheus' text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping

BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper ends in seconds."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """Counts of seconds in `BUCKETS`, their number and sum."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one value."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str, labels: Mapping[str, str]) -> Iterator[str]:
        """The cumulative buckets, the sum and the number."""
        total = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self._counts, strict=True):
            total += count
            yield f"{name}_bucket{_labels({**labels, 'le': bound})} {total}"
        yield f"{name}_sum{_labels(labels)} {self._sum:.6f}"
        yield f"{name}_count{_labels(labels)} {total}"


class Metrics:
    """What is counted. Labels are names of the pool, modes and codes: never what a client wrote."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._overhead = {"chat": Histogram(), "route": Histogram()}
        self._upstream: dict[str, Histogram] = {}

    def count(self, model: str, mode: str, outcome: str) -> None:
        """One finished request; model is "" where none was chosen."""
        self._requests[model, mode, outcome] += 1

    def count_failure(self, model: str, code: str) -> None:
        """One failed call of a model, whether or not another answered instead."""
        self._failures[model, code] += 1

    def add_overhead(self, path: str, seconds: float) -> None:
        """Time of one request without its upstream calls; path is "chat" or "route"."""
        self._overhead[path].add(seconds)

    def add_upstream(self, model: str, seconds: float) -> None:
        """Time one upstream took, whatever came of it; of a stream, up to its first event."""
        self._upstream.setdefault(model, Histogram()).add(seconds)

    def text(self, inside: int, waiting: int) -> str:
        """Everything, for /metrics."""
        lines = [
            "# HELP cascal_requests_total Finished requests by model, mode and outcome.",
            "# TYPE cascal_requests_total counter",
        ]
        for (model, mode, outcome), n in sorted(self._requests.items()):
            labels = {"model": model, "mode": mode, "outcome": outcome}
            lines.append(f"cascal_requests_total{_labels(labels)} {n}")
        lines += [
            "# HELP cascal_upstream_failures_total Failed calls by model and code.",
            "# TYPE cascal_upstream_failures_total counter",
        ]
        for (model, code), n in sorted(self._failures.items()):
            lines.append(
                f"cascal_upstream_failures_total{_labels({'model': model, 'code': code})} {n}"
            )
        lines += [
            "# HELP cascal_overhead_seconds Time of a request without its upstream calls.",
            "# TYPE cascal_overhead_seconds histogram",
        ]
        for path, histogram in self._overhead.items():
            lines += histogram.lines("cascal_overhead_seconds", {"path": path})
        lines += [
            "# HELP cascal_upstream_seconds Time of an upstream call; of a stream, to its start.",
            "# TYPE cascal_upstream_seconds histogram",
        ]
        for model, histogram in sorted(self._upstream.items()):
            lines += histogram.lines("cascal_upstream_seconds", {"model": model})
        for name, what, value in (
            ("cascal_requests_inside", "Requests being worked on.", inside),
            ("cascal_requests_waiting", "Requests waiting for a place.", waiting),
        ):
            lines += [f"# HELP {name} {what}", f"# TYPE {name} gauge", f"{name} {value}"]
        return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
