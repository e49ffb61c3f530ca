"""Who does the work: this process, or the workers of a Dask scheduler that the user names."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cascal.computing.blas import one_blas_thread
from cascal.datatypes import CascalError
from cascal.machines.folder import Part
from cascal.provenance import versions

Result = TypeVar("Result")
Kept = Any
"""A result that stays where it was computed; it may be an argument of what comes next."""
PATIENCE = 20.0
"""Seconds until a scheduler must have answered."""
_LARGE = "10GB"
"""Votes are sent once, however many: no reason for Dask to warn."""


def alone(function: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401
    """Call with one thread for linear algebra: more would round otherwise."""
    with one_blas_thread():
        return function(*arguments)


def in_turn(function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]) -> list[Result]:
    """One call after the other."""
    return [alone(function, *one) for one in arguments]


class Crew(ABC):
    """Does the same for every part of the work list; results come in the order of the parts."""

    @abstractmethod
    def each(
        self, function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Result]:
        """The results of function(*arguments[0]), function(*arguments[1]) … here."""

    @abstractmethod
    def keep(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Kept]:
        """The same, but the results stay where they are computed."""


class Here(Crew):
    """One process, this, takes one part after the other."""

    def each(
        self, function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Result]:
        """One after the other."""
        return in_turn(function, arguments)

    def keep(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Kept]:
        """Results are kept by being held."""
        return self.each(function, arguments)


class Workers(Crew):
    """The workers of a Dask scheduler.

    A part goes to the same worker every time, if it is there, for that holds its rows; else to any
    other. A new one goes to the worker with the fewest rows. What a lost worker had is computed
    again.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 – dask.distributed has no types
        self._client = client
        self._homes: dict[Part, str] = {}

    def each(
        self, function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Result]:
        """All parts at once, those of a worker in as many batches as it has threads."""
        threads = self._client.nthreads()
        by_home: dict[str | None, list[int]] = {}
        for at, one in enumerate(arguments):
            by_home.setdefault(self._home(at, one, sorted(threads)), []).append(at)
        batches = [
            (home, own[thread :: threads.get(home, 1)])
            for home, own in by_home.items()
            for thread in range(min(threads.get(home, 1), len(own)))
        ]
        kept = [
            self._submit(home, in_turn, function, [arguments[at] for at in own])
            for home, own in batches
        ]
        found: dict[int, Result] = {}
        for (_, own), some in zip(batches, self.gather(kept), strict=True):
            found.update(zip(own, some, strict=True))
        return [found[at] for at in range(len(arguments))]

    def gather(self, kept: Sequence[Kept]) -> list[Any]:
        """What was kept, fetched."""
        return list(self._client.gather(list(kept)))

    def on_every_worker(self, function: Callable[[], Result]) -> dict[str, Result]:
        """The result of a function on each worker, by its address."""
        return dict(self._client.run(function))

    def keep(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> list[Kept]:
        """Futures: Dask moves or recomputes what they stand for."""
        workers = sorted(self._client.nthreads())
        return [
            self._submit(self._home(at, one, workers), alone, function, *one)
            for at, one in enumerate(arguments)
        ]

    def _submit(self, home: str | None, function: Callable[..., Any], *arguments: Any) -> Kept:  # noqa: ANN401
        elsewhere = home is not None
        return self._client.submit(
            function, *arguments, pure=False, workers=home, allow_other_workers=elsewhere
        )

    def _home(self, at: int, arguments: tuple[Any, ...], workers: list[str]) -> str | None:
        """The worker of the part among the arguments; without one, as the parts were dealt out."""
        if not workers:
            return None
        part = next((one for one in arguments if isinstance(one, Part)), None)
        if part is None:
            return list(self._homes.values())[at] if at < len(self._homes) else workers[0]
        if self._homes.get(part) not in workers:
            rows = dict.fromkeys(workers, 0)
            for other, home in self._homes.items():
                rows[home] = rows.get(home, 0) + other.n_rows
            self._homes[part] = min(workers, key=rows.__getitem__)
        return self._homes[part]


@contextmanager
def connect(address: str, *, patience: float = PATIENCE) -> Iterator[Workers]:
    """The workers of the scheduler at an address, e.g. tcp://10.0.0.1:8786.

    Only this address is spoken to. Dask's messages are pickles and whoever speaks to a scheduler
    can run code on its workers: name one that you started, in a network that you trust. Workers
    that would write pickles to disk are refused.
    """
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise CascalError(
            "Fitting by many machines needs Dask. Install it: pip install 'cascal[cluster]'.",
            code="not-installed",
        ) from None
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE}):
        try:
            _knock(address, patience)
            client = Client(address, timeout=patience, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CascalError(
                f"No Dask scheduler answers at {address[:100]!r} ({str(error)[:200]}). Start one "
                "with `dask scheduler`, and name the address that it prints.",
                code="not-running",
            ) from None
        with client:
            _check(address, client.run(_about) if client.nthreads() else {})
            yield Workers(client)


def _knock(address: str, patience: float) -> None:
    """OSError or ValueError where nobody listens.

    A client that never connected must not be made: when it is collected it takes a lock of its
    library, and waits for ever where that happens while the lock is held.
    """
    where = urlsplit(address if "://" in address else f"tcp://{address}")
    if where.scheme == "inproc":  # of this very process, reached without a port
        return
    if where.hostname is None or where.port is None:
        raise ValueError("host and port are needed, as in tcp://10.0.0.1:8786")
    socket.create_connection((where.hostname, where.port), timeout=patience).close()


def _about(dask_worker: Any) -> tuple[str, bool]:  # noqa: ANN401
    """Of a worker: the version of cascal, and whether it would write results to disk."""
    memory = dask_worker.memory_manager
    limits = memory.memory_target_fraction, memory.memory_spill_fraction
    return versions()["cascal"], any(limit is not False for limit in limits)


def _check(address: str, workers: dict[str, tuple[str, bool]]) -> None:
    own = versions()["cascal"]
    if not workers:
        raise CascalError(
            f"The scheduler at {address[:100]!r} has no workers. Start some: `dask worker "
            f"{address[:100]}`.",
            code="not-running",
        )
    found = {version for version, _ in workers.values()}
    if found != {own}:
        raise CascalError(
            f"The workers have cascal {', '.join(sorted(found))}, this is {own}. "
            "Install the same version everywhere.",
            code="other-version",
        )
    if any(spills for _, spills in workers.values()):
        raise CascalError(
            "A worker may write results to its disk as pickles. Start the workers with "
            "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=False and "
            "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=False.",
            code="pickle",
        )
