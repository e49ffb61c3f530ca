"""Whether two answers are equal as mathematics: math-verify in worker processes with a deadline.

Some comparisons never end (sympy simplifies, or computes a tower of powers inside one C call), so
each runs in a process that can be ended: a pool of pebble.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, TimeoutError, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from pebble import ProcessExpired, ProcessPool

from cascal.answers.groups import Groups
from cascal.number_format import counted

logger = logging.getLogger(__name__)

Pair = tuple[str, str]
Unit = tuple[Pair, ...]
"""What one query needs compared; a pair is left out once its two answers are in one group."""
Report = Callable[[str], None]

PAIR_SECONDS = 3.0
"""Processor time of one comparison; beyond that the two count as different.

Processor time, so that a busy machine decides as an idle one does.
"""
_WALL_SECONDS = 10 * PAIR_SECONDS
"""The deadline on the clock, which also ends what waits instead of computing."""
MAX_WORKERS = 4
PAIRS_PER_TASK = 64
MAX_REMEMBERED = 100_000
_FAILURES = (TimeoutError, ProcessExpired, BrokenProcessPool)


class _Workers:
    """The process-wide pool, started by the first comparison.

    Workers start by loky's context, which runs a fresh interpreter and does not import the caller's
    ``__main__``: with the standard library's spawn and forkserver a script without
    ``if __name__ == "__main__"`` would run again in every worker, and a fork would copy locks that
    other threads of a server hold. pebble ends the workers when the process ends.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._owner = 0

    def schedule(self, units: Sequence[Unit]) -> Future[list[list[Pair]]]:
        """Compare the units in a worker, within the time of one pair."""
        with self._lock:
            usable = self._pool is not None and self._pool.active and self._owner == os.getpid()
            if self._pool is None or not usable:
                self._pool, self._owner = _new_pool(), os.getpid()
            given = (list(units), PAIR_SECONDS)
            return self._pool.schedule(equal_in_units, given, timeout=_WALL_SECONDS)

    def end(self) -> None:
        """Let the workers end after what they were given; later work starts others."""
        with self._lock:
            pool = self._pool if self._owner == os.getpid() else None
            self._pool = None
        if pool is not None:
            pool.close()  # type: ignore[no-untyped-call]
            pool.join()


def end_workers() -> None:
    """Give back the memory of the processes that compare, as after much work."""
    _workers.end()


def _new_pool() -> ProcessPool:
    from joblib.externals.loky.backend.context import get_context

    n_workers = max(1, min(MAX_WORKERS, os.cpu_count() or 1))
    return ProcessPool(n_workers, initializer=_prepare, context=get_context("loky"))


_workers = _Workers()
remembered: dict[bytes, list[Pair]] = {}
"""The equal pairs of every unit that this process has compared, by the digest of the unit."""


def equal_pairs(
    units: Sequence[Unit],
    *,
    seconds: float = math.inf,
    told: Callable[[float], None] | None = None,
    report: Report = logger.warning,
) -> list[list[Pair]]:
    """The pairs of each unit that are equal; those not compared within `seconds` are not.

    Every pair has `PAIR_SECONDS`; one that takes longer counts as different, for the rest of this
    process, and is told to `report`. `told` gets the share of the units that are done.
    """
    ends = time.monotonic() + seconds
    found = {unit: remembered.get(_digest(unit)) for unit in dict.fromkeys(units) if unit}
    waiting = [unit for unit, equal in found.items() if equal is None]
    late: list[Unit] = []
    n_done = 0
    for task, equal in _answered(list(_tasks(waiting)), ends):
        if equal is None:
            late += task
        else:
            compared = dict(zip(task, equal, strict=True))
            found.update(compared)
            _remember(compared)
        n_done += len(task)
        if told is not None:
            told(n_done / len(waiting))
    compared = _compare_singly(late, ends, report)
    found.update(compared)
    _remember(compared)
    return [found.get(unit) or [] for unit in units]


def _tasks(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """The units, so many at a time that the way to a worker and back costs little."""
    task: list[Unit] = []
    for unit in units:
        task.append(unit)
        if sum(map(len, task)) >= PAIRS_PER_TASK:
            yield task
            task = []
    if task:
        yield task


def _compare_singly(units: Sequence[Unit], ends: float, report: Report) -> dict[Unit, list[Pair]]:
    """The equal pairs of what was too slow together, compared pair by pair."""
    tasks: list[list[Unit]] = [[(pair,)] for unit in units for pair in unit]
    equal: set[Pair] = set()
    different: list[Pair] = []
    answered: set[Pair] = set()
    for task, found in _answered(tasks, ends):
        answered.add(task[0][0])
        if found is None:
            different.append(task[0][0])
        elif found[0]:
            equal.add(task[0][0])
    if different:
        one, other = min(different)
        report(
            f"{counted(len(different), 'comparison')} of free answers took over {PAIR_SECONDS:g} s "
            f"each; these count as different answers, as {one[:60]!r} and {other[:60]!r}."
        )
    complete = [unit for unit in units if answered.issuperset(unit)]
    return {unit: [pair for pair in unit if pair in equal] for unit in complete}


def _answered(
    tasks: Sequence[list[Unit]], ends: float
) -> Iterator[tuple[list[Unit], list[list[Pair]] | None]]:
    """Each task with its result as it comes, None where it failed; nothing after the end."""
    futures: dict[Future[Any], list[Unit]] = {_workers.schedule(task): task for task in tasks}
    left = None if math.isinf(ends) else max(0.0, ends - time.monotonic())
    try:
        for future in as_completed(futures, timeout=left):
            failed = isinstance(future.exception(), _FAILURES)
            yield futures[future], None if failed else future.result()
    except TimeoutError:
        return
    finally:
        for future in futures:
            future.cancel()


def _remember(compared: Mapping[Unit, list[Pair]]) -> None:
    if len(remembered) > MAX_REMEMBERED:
        remembered.clear()
    remembered.update((_digest(unit), equal) for unit, equal in compared.items())


def _digest(unit: Unit) -> bytes:
    return blake2b(ascii(unit).encode(), digest_size=16).digest()


def _prepare() -> None:
    """Load the library before a worker takes its first task, so that loading is not timed."""
    logging.disable(logging.CRITICAL)
    _parsed("1")


def equal_in_units(units: Sequence[Unit], seconds: float = PAIR_SECONDS) -> list[list[Pair]]:
    """The equal pairs of each unit, as far as its groups need them; runs in a worker.

    Every pair has so many seconds of processor time; then the process ends.
    """
    try:
        return [_equal_in_unit(unit, seconds) for unit in units]
    finally:
        _end_after(0.0)


def _end_after(seconds: float) -> None:
    """End this process after so much processor time; 0 for never. Windows has no such timer.

    The system does it, in the midst of a C call and without a parent too.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _equal_in_unit(unit: Unit, seconds: float) -> list[Pair]:
    groups, equal = Groups(), []
    for one, other in unit:
        if groups.together(one, other):
            continue
        _end_after(seconds)
        if _equal(one, other):
            groups.join(one, other)
            equal.append((one, other))
    return equal


def _equal(one: str, other: str) -> bool:
    """Equal in either direction: math-verify is not symmetric."""
    from math_verify import verify

    first, second = _parsed(one), _parsed(other)
    if not first or not second:
        return False
    pairs = ((first, second), (second, first))
    return any(verify(*pair, timeout_seconds=None) for pair in pairs)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> list[Any]:
    from math_verify import parse

    return list(parse(f"${text.replace('$', '')}$", parsing_timeout=None))
