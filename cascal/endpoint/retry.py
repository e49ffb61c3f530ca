"""How long a request is tried, and what a failed attempt means: the same for every kind of call."""

from __future__ import annotations

import asyncio
import email.utils
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from cascal.endpoint.keys import scrub
from cascal.number_format import counted

if TYPE_CHECKING:
    from openai import OpenAIError

T = TypeVar("T")
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
_STOP_SECONDS = 0.2  # how often a wait looks whether it should stop


@dataclass(frozen=True)
class Patience:
    """How long one request is tried: attempts *and* seconds are limited, whichever ends first.

    `timeout` is of one attempt. Waits double from 0.5 s; a server's Retry-After takes precedence.
    `pause` waits.
    """

    attempts: int = 5
    total_seconds: float = 120.0
    timeout: float = 30.0
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


_STOPPED = Failure("stopped between two attempts.", False, cause="stopped")


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
        return f" Gave up after {counted(attempt, 'attempt')}."
    if left <= 0:
        return f" Gave up: one more attempt would pass the {patience.total_seconds:g} s allowed."
    return None


@dataclass(frozen=True)
class Tried(Generic[T]):
    """What came of a request after `attempts`; of a failure, `reason` is the whole sentence.

    latency are the seconds of the attempt that succeeded, waited those between attempts.
    """

    outcome: T | Failure
    attempts: int
    waited: float
    latency: float = math.nan


async def try_patiently(
    attempt: Callable[[float], Awaitable[T | Failure]],
    patience: Patience,
    stop: Callable[[], bool] | None = None,
) -> Tried[T]:
    """Attempt, with the seconds an attempt may take, until it succeeds or patience ends.

    A failure that names refused parameters is tried again at once and not counted: the caller has
    dropped them. Once `stop()` is true, a wait ends and nothing more is sent.
    """
    started, attempts, waited = patience.clock(), 0, 0.0
    while True:
        begun = patience.clock()
        left = patience.total_seconds - (begun - started)
        outcome = await attempt(min(patience.timeout, left))
        if not isinstance(outcome, Failure):
            return Tried(outcome, attempts + 1, waited, patience.clock() - begun)
        if outcome.refused:
            continue
        attempts += 1
        seconds = wait_seconds(outcome, attempts)
        left = patience.total_seconds - (patience.clock() - started)
        end = ending(outcome, attempts, left - seconds, patience)
        if end is not None:
            return Tried(replace(outcome, reason=f"{outcome.reason}{end}"), attempts, waited)
        waited += await _wait(seconds, patience, stop)
        if stop is not None and stop():
            return Tried(_STOPPED, attempts, waited)


async def _wait(seconds: float, patience: Patience, stop: Callable[[], bool] | None) -> float:
    """Wait, looking for a stop now and then; how long it was."""
    step = seconds if stop is None else _STOP_SECONDS
    waited = 0.0
    while waited < seconds and not (stop is not None and stop()):
        rest = min(step, seconds - waited)
        await patience.pause(rest)
        waited += rest
    return waited


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
    said, cause = scrub(said, key), cause_of(status)
    if cause == "key refused":
        reason = f"the key was refused ({status}). Check its variable. {said}"
        return Failure(reason, False, cause=cause)
    if cause == "not found":
        reason = f"no such model or path ({status}). Check the URL's /v1. {said}"
        return Failure(reason, False, cause=cause)
    retry = (status in _RETRIED or status >= 500) and not broke
    reason = f"HTTP status {status}. {said}"
    return Failure(reason, retry, retry_after(headers), "quota" if broke else cause)


def cause_of(status: int) -> Cause:
    """What an HTTP status other than 200 means; the same for whoever calls an endpoint."""
    if status in (401, 403):
        return "key refused"
    if status == 404:
        return "not found"
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
