"""How many requests are worked on at once, and how many may wait for a place."""

from __future__ import annotations

import asyncio

import anyio

from cascal.number_format import counted
from cascal.serve.errors import ApiError


class Gate:
    """At most `concurrency` inside, at most `queue` before it; one more is refused with 429.

    Waiting ends after `seconds`. Places are given in the order of arrival.
    """

    def __init__(self, concurrency: int, queue: int, seconds: float) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._queue = queue
        self._seconds = seconds
        self.inside = 0
        self.waiting = 0

    @property
    def full(self) -> bool:
        """Whether who comes now has to wait."""
        return self._places.locked()

    async def enter(self) -> None:
        """Take a place; every call that returns needs one `leave`."""
        if self.full and self.waiting >= self._queue:
            raise _overloaded(
                f"{counted(self.inside, 'request is', 'requests are')} under way and "
                f"{counted(self.waiting, 'waits', 'wait')}."
            )
        self.waiting += 1
        try:
            with anyio.fail_after(self._seconds):
                await self._places.acquire()
        except TimeoutError:
            raise _overloaded(f"There was no free place within {self._seconds:g} s.") from None
        finally:
            self.waiting -= 1
        self.inside += 1

    def leave(self) -> None:
        """Give the place back."""
        self.inside -= 1
        self._places.release()


def _overloaded(why: str) -> ApiError:
    return ApiError("overloaded", f"{why} Try again in a moment.", {"Retry-After": "1"})
