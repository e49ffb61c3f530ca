"""What may go wrong on request: the faults of the simulated server."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

from cascal.datatypes import CascalError
from cascal.simulate.random_streams import stream

Broken = Literal["timeout", "disconnect", "rate_limit", "server_error", "malformed"]
_BROKEN: tuple[Broken, ...] = ("timeout", "disconnect", "rate_limit", "server_error", "malformed")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often each thing goes wrong, as rates from 0 to 1, drawn one by one.

    Instead of an answer, the first that is drawn counts. Drawn anew for every attempt:
    timeout       nothing is ever sent
    disconnect    the connection is cut in the middle of the answer
    rate_limit    status 429, with the header Retry-After if `retry_after` (seconds) is given
    server_error  status 500, 502 or 503
    malformed     status 200 with half a body, a web page, no choices, or an error object

    In the answer. Drawn once per model and prompt, so that answers do not depend on attempts:
    no_logprobs   log-probabilities are null
    refusal       the model refuses (`message.refusal`)
    odd_format    legal but rare: content in parts, legacy log-probabilities, no usage, thoughts in
                  front; a generator fences its JSON and marks the answer by letter and text
    slow_tokens   the body comes in pieces, over `SLOW_SECONDS`
    """

    rate_limit: float = 0.0
    retry_after: float | None = None
    server_error: float = 0.0
    timeout: float = 0.0
    disconnect: float = 0.0
    malformed: float = 0.0
    no_logprobs: float = 0.0
    refusal: float = 0.0
    odd_format: float = 0.0
    slow_tokens: float = 0.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            largest = math.inf if one.name == "retry_after" else 1.0
            if value is not None and not 0.0 <= value <= largest:
                kind = "seconds of 0 or more" if largest > 1 else "a rate from 0 to 1"
                raise CascalError(
                    f"Faults.{one.name} is {value}; it must be {kind}.", code="out-of-bounds"
                )

    def broken(self, *drawn_from: object) -> Broken | None:
        """The first fault that is drawn instead of an answer, None if all goes well."""
        return next((name for name in _BROKEN if self.drawn(name, *drawn_from)), None)

    def drawn(self, name: str, *drawn_from: object) -> bool:
        """Whether one fault strikes; the same for the same seed, model, prompt and attempt."""
        rate = float(getattr(self, name))
        return rate > 0 and stream("fault", name, *drawn_from).random() < rate


def read_faults(written: Iterable[str]) -> Faults:
    """Faults of NAME=RATE, as on the command line."""
    rates: dict[str, float] = {}
    names = [one.name for one in fields(Faults)]
    for one in written:
        name, _, rate = (part.strip() for part in one.partition("="))
        if name not in names:
            raise CascalError(
                f"There is no fault {name!r}; choose among {', '.join(names)}.",
                code="unknown-choice",
            )
        try:
            rates[name] = float(rate)
        except ValueError:
            raise CascalError(
                f"{one!r} is no fault; write NAME=RATE, as in {name}=0.3.", code="malformed-value"
            ) from None
    return Faults(**rates)
