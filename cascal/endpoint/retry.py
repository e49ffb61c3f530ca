"""How long a request is tried, and what a failed attempt means: the same for every kind of call."""

from __future__ import annotations

import asyncio
import email.utils
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cascal.endpoint.keys import scrub

if TYPE_CHECKING:
    from openai import OpenAIError

Cause = Literal[
    "",
    "rate limit",
    "server error",
    "time-out",
    "connection",
    "malformed",
    "key refused",
    "not found",
    "bad request",
    "quota",
    "budget",
    "stopped",
]
"""Stable codes for grouping errors; "" where there is none."""

FINAL_CAUSES = ("key refused", "not found", "quota")
"""After one of these a model is not asked again: every further call would end the same."""

MOST_ERRORS = 20
"""A model with this many errors in a row is not asked again in a run."""

_RETRIED = {408, 409, 425, 429}  # and every 5xx
_LONGEST_WAIT = 20.0


@dataclass(frozen=True)
class Patience:
    """How long one request is tried: attempts *and* seconds are limited, whichever ends first.

    `timeout` is of one attempt. Waits double from 0.5 s; a server's Retry-After takes precedence.
    `sleep` waits in blocking calls, `pause` in asynchronous ones.
    """

    attempts: int = 5
    total_seconds: float = 120.0
    timeout: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep


@dataclass(frozen=True)
class Failure:
    """One failed attempt: what to say, whether trying again may help, what the server asks.

    `refused` names the parameters of the request that the server does not know.
    """

    reason: str
    retry: bool
    retry_after: float | None = None
    cause: Cause = "server error"
    refused: frozenset[str] = frozenset()


def wait_seconds(failure: Failure, attempt: int) -> float:
    """Seconds to wait after a failed attempt, counted from 1."""
    if failure.retry_after is not None:
        return failure.retry_after
    return float(min(0.5 * 2.0 ** (attempt - 1), _LONGEST_WAIT))


def ending(failure: Failure, attempt: int, left: float, patience: Patience) -> str | None:
    """Why there is no further attempt, as the end of a sentence; None if there is one.

    `left` are the seconds that the wait would leave.
    """
    if not failure.retry:
        return ""
    if attempt >= patience.attempts:
        return f" Gave up after {attempt} attempts."
    if left <= 0:
        return f" Gave up: one more attempt would pass the {patience.total_seconds:g} s allowed."
    return None


def timed_out() -> Failure:
    """No answer within the time-out of an attempt."""
    reason = "no answer in time. Is the endpoint up, is the timeout long enough?"
    return Failure(reason, True, cause="time-out")


def failure_of(error: OpenAIError, key: str) -> Failure:
    """What an error of the client library means for the user; the key is blotted out."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return timed_out()
    if isinstance(error, openai.APIConnectionError):
        said = scrub(str(error.__cause__ or error), key)
        reason = f"no connection ({said}). Check the URL and that it is up."
        return Failure(reason, True, cause="connection")
    if isinstance(error, openai.APIStatusError):
        return status_failure(error.status_code, error.response.headers, error.message, key)
    return Failure(scrub(str(error), key), False, cause="malformed")


def status_failure(status: int, headers: Mapping[str, str], said: str, key: str) -> Failure:
    """What an HTTP status means for the user."""
    broke = "insufficient_quota" in said
    said = scrub(said, key)
    if status in (401, 403):
        reason = f"the key was refused ({status}). Check its variable. {said}"
        return Failure(reason, False, cause="key refused")
    if status == 404:
        reason = f"no such model or path ({status}). Check the URL's /v1. {said}"
        return Failure(reason, False, cause="not found")
    retry = (status in _RETRIED or status >= 500) and not broke
    reason = f"HTTP status {status}. {said}"
    cause: Cause = "quota" if broke else _cause(status)
    return Failure(reason, retry, retry_after(headers), cause)


def _cause(status: int) -> Cause:
    if status == 429:
        return "rate limit"
    if status == 408:
        return "time-out"
    return "server error" if status >= 500 else "bad request"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait (Retry-After, a number or a date); None if it does not."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(moment.timestamp() - time.time(), 0.0)
