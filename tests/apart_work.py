"""Work that another process does in tests; it imports little, so that the process starts soon."""

from __future__ import annotations

import os
import signal
import time

from cascal.datatypes import CascalError


def whose_process(*, progress) -> tuple[int, int]:
    """The process that does this, and its rank."""
    print("what work prints is no message")  # noqa: T201 – that is the point
    progress(0.5, "Half")
    return os.getpid(), os.nice(0)


def refuses_to_sweep(*, progress) -> None:
    raise CascalError("There is nothing to sweep.", code="missing-value")


def fails(*, progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fatal:
    """Lets its process end soon after it is sent: while what follows waits for the reader."""

    def __reduce__(self):
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        return str, ()


def ends_within_its_result(*, progress) -> list[object]:
    progress(0.5, str(os.getpid()))
    return [Fatal(), b"longer than a pipe holds" * 50_000]


def lasts(seconds: float, *, progress) -> None:
    progress(0.1, "Begun")
    time.sleep(seconds)


class Remembers:
    """Gets an attribute while it is sent, as what a page goes on reading."""

    def __init__(self) -> None:
        self.first = Told(self)
        self.last = 3


class Told:
    def __init__(self, whom: Remembers) -> None:
        self.whom = whom

    def __reduce__(self):
        self.whom.found_meanwhile = True
        return str, ("told",)


def what_came(given: Remembers, *, progress) -> dict[str, object]:
    return vars(given)
