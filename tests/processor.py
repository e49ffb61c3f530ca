"""Processor time of a piece of work alone."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least seconds of the processor that this thread needed for the work.

    Other threads do not count (a test before may have left one at work), nor other processes; the
    least of a few repeats leaves out a garbage collection that fell into one of them.
    """
    taken = []
    for _ in range(repeats):
        started = time.thread_time()
        work()
        taken.append(time.thread_time() - started)
    return min(taken)
