"""Whose page is drawn now: pages of many visitors come one after the other, in order of arrival.

Threads of one process share one processor's time for Python. Twenty pages that are drawn at once
are all ready at the end; one after the other, half of them are ready in half of the time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident

LONGEST = 1.0
"""Seconds after which a page goes on beside the next one: a fit that it needs holds up nobody."""


class Turns:
    """Turns in the order of arrival; one that lasts longer than `longest` lets the next begin."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._changed = Condition()
        self._waiting: deque[int] = deque()
        self._owner: int | None = None
        self._until = 0.0

    @property
    def n_waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and give it back at the end; who has it already goes on."""
        mine = get_ident()
        if self._owner == mine:
            yield
            return
        self._wait(mine)
        try:
            yield
        finally:
            self._give_back(mine)

    def _wait(self, mine: int) -> None:
        with self._changed:
            self._waiting.append(mine)
            while left := self._left(mine):
                self._changed.wait(left)
            self._waiting.popleft()
            self._owner, self._until = mine, time.monotonic() + self._longest
            self._changed.notify_all()  # the next one waits for another end now

    def _left(self, mine: int) -> float | None:
        """Seconds until it may be this one's turn; None if it is."""
        if self._waiting[0] != mine:
            return self._longest
        left = self._until - time.monotonic()
        return left if self._owner is not None and left > 0 else None

    def _give_back(self, mine: int) -> None:
        with self._changed:
            if self._owner == mine:
                self._owner = None
                self._changed.notify_all()


_PAGES = Turns()
turn = _PAGES.turn
