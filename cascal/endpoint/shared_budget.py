"""One budget for several processes or machines: a ledger in a folder that all of them see."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from cascal.datatypes import CascalError
from cascal.endpoint.budget import Budget, Spent
from cascal.files.file_lock import held

_POLL = 0.002
"""Seconds between two attempts to have the ledger."""
_TAIL = 1_024
"""Bytes at the end of the ledger in which its last whole line stands."""


class SharedBudget(Budget):
    """A `Budget` over all processes that use one ledger, and over earlier runs with it.

    The first line of the ledger holds the limits, each further one what has been used by then: a
    kill while one is written leaves the one before. A call is entered before it is sent, so a limit
    in calls is exact; what the calls under way in all processes use may come on top of the others.
    CascalError where the limits are not those of the ledger.
    """

    def __init__(self, ledger: Path, limits: Budget) -> None:
        super().__init__(limits.calls, limits.tokens, limits.dollars)
        self._ledger = ledger
        wanted = {"calls": limits.calls, "tokens": limits.tokens, "dollars": limits.dollars}
        with self._opened() as file:
            first = file.readline()
            if not first.endswith(b"\n"):  # new, or a kill came while it was made
                file.truncate(0)
                _write(file, wanted)
            elif json.loads(first) != wanted:
                raise CascalError(
                    f"The shards in {ledger.parent} share {_words(json.loads(first))}; this run "
                    f"has {_words(wanted)}. Give the same budget, or take another folder.",
                    code="conflicting-settings",
                )

    @property
    def spent(self) -> Spent:
        """What all have used so far."""
        with self._opened() as file:
            return _last(file)

    def reserve(self) -> str | None:
        """Take one call; None if it may start, otherwise the sentence of `reached`."""
        with self._opened() as file:
            spent = _last(file)
            reached = self._reached(spent)
            if reached is None:
                _write(file, asdict(Spent(spent.calls + 1, spent.tokens, spent.dollars)))
            return reached

    def record(self, tokens: int, dollars: float) -> None:
        """Add what a finished call used."""
        with self._opened() as file:
            spent = _last(file)
            _write(file, asdict(Spent(spent.calls, spent.tokens + tokens, spent.dollars + dollars)))

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """The ledger from its beginning, while no other process has it."""
        with self._lock:
            while (file := held(self._ledger)) is None:
                time.sleep(_POLL)
            with file:
                file.seek(0)
                yield file


def _write(file: IO[bytes], line: Mapping[str, float | None]) -> None:
    """Append a line; the break before it ends what a kill left of another one."""
    begins = file.seek(0, 2) == 0
    file.write((b"" if begins else b"\n") + json.dumps(line).encode() + b"\n")


def _last(file: IO[bytes]) -> Spent:
    """What the last whole line says; nothing is used where the limits stand alone."""
    end = file.seek(0, 2)
    file.seek(max(end - _TAIL, len(_first(file))))
    for line in reversed(file.read().split(b"\n")):
        if line.startswith(b"{") and line.endswith(b"}"):
            return Spent(**json.loads(line))
    return Spent()


def _first(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.readline()


def _words(limits: Mapping[str, float | None]) -> str:
    """Limits in words, such as "a budget of 20 calls and 3 dollars"."""
    set_ones = [f"{value:,} {name}" for name, value in limits.items() if value is not None]
    return f"a budget of {' and '.join(set_ones)}" if set_ones else "no budget"
