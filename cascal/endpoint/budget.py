"""Limits on what a run may use: calls, tokens, dollars, shared by all of its clients."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cascal.number_format import counted, decimal, dollars


@dataclass(frozen=True)
class Spent:
    """What has been used so far; tokens and dollars of calls still under way are not in it."""

    calls: int = 0
    tokens: int = 0
    dollars: float = 0.0


class Budget:
    """Counts calls, tokens and money; when a limit is reached, no new call starts. Thread-safe.

    A call is one request with all of its attempts, taken *before* it is sent: a limit in calls is
    exact however many clients share it. Tokens and dollars are known only afterwards, so those
    limits may be passed by the calls that are under way when they are reached.
    """

    def __init__(
        self,
        calls: int | None = None,
        tokens: int | None = None,
        dollars: float | None = None,
    ) -> None:
        self.calls, self.tokens, self.dollars = calls, tokens, dollars
        self._lock = threading.Lock()
        self._spent = Spent()

    @property
    def spent(self) -> Spent:
        """What has been used so far."""
        return self._spent

    @property
    def reached(self) -> str | None:
        """Which limit is reached, in a sentence; None while calls may start."""
        return self._reached(self.spent)

    def _reached(self, spent: Spent) -> str | None:
        if self.calls is not None and spent.calls >= self.calls:
            return f"The budget of {counted(self.calls, 'call')} is used up."
        if self.tokens is not None and spent.tokens >= self.tokens:
            return f"The budget of {counted(self.tokens, 'token')} is used up ({spent.tokens:,})."
        if self.dollars is not None and spent.dollars >= self.dollars:
            return (
                f"The budget of {dollars(self.dollars)} is used up (${decimal(spent.dollars, 4)})."
            )
        return None

    def reserve(self) -> str | None:
        """Take one call; None if it may start, otherwise the sentence of `reached`."""
        with self._lock:
            spent = self._spent
            reached = self._reached(spent)
            if reached is None:
                self._spent = Spent(spent.calls + 1, spent.tokens, spent.dollars)
            return reached

    def record(self, tokens: int, dollars: float) -> None:
        """Add what a finished call used."""
        with self._lock:
            spent = self._spent
            self._spent = Spent(spent.calls, spent.tokens + tokens, spent.dollars + dollars)
