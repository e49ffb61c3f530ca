"""The only network code: embeddings from an OpenAI-compatible endpoint, with bounded retries.

A key is read from the environment variable that is named, sent to the endpoint and never stored,
shown or logged; what an error quotes from a server is scrubbed of it.
"""

from __future__ import annotations

import email.utils
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from cascal.datatypes import CascalError, FloatArray
from cascal.tables import Progress

if TYPE_CHECKING:
    from openai import OpenAI

_NO_KEY = "none"
_KEY = re.compile(r"[!#-&(-\[\]-~]+")  # visible ASCII without quotes and backslash
_RETRIED = {408, 409, 425, 429}  # and every 5xx
_LONGEST_WAIT = 20.0


class EndpointError(CascalError):
    """An endpoint that refused, failed or answered something else; never holds the key."""


@dataclass(frozen=True)
class Patience:
    """How long one request is tried: attempts *and* seconds are limited, whichever ends first.

    `timeout` is of one attempt. Waits double from 0.5 s; a server's Retry-After takes precedence.
    """

    attempts: int = 5
    total_seconds: float = 120.0
    timeout: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class _Failure:
    """One failed attempt: what to say, whether trying again may help, what the server asks."""

    reason: str
    retry: bool
    retry_after: float | None = None


def embed(
    base_url: str,
    model: str,
    texts: Sequence[str],
    key_env: str = "",
    *,
    batch: int = 128,
    attempts: int = 5,
    total_seconds: float = 120.0,
    timeout: float = 30.0,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> FloatArray:
    """Vectors (n, D) float32 of n texts, as the endpoint returned them (not normalised).

    The limits hold for each request of `batch` texts. `key_env` names the key's variable.
    """
    base_url, key = check_base_url(base_url), read_key(key_env)
    _refuse_empty(texts)
    patience = Patience(attempts, total_seconds, timeout, sleep)
    parts: list[FloatArray] = []
    with _client(base_url, key, timeout) as client:
        for start in range(0, len(texts), batch):
            part = list(texts[start : start + batch])
            body = _request(partial(_post, client, model, part), key, base_url, patience)
            parts.append(_vectors(body, len(part), base_url))
            _same_dimension(parts, base_url)
            if progress is not None:
                progress((start + len(part)) / len(texts), f"{start + len(part):,} texts encoded")
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _refuse_empty(texts: Sequence[str]) -> None:
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise EndpointError(f"Text {number} is empty; endpoints refuse that. Leave it out.")


def check_base_url(base_url: str) -> str:
    """The URL without a trailing slash; one that is not http(s) or carries a secret is refused."""
    parts = urlsplit(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EndpointError("A base URL looks like https://host/v1 (http:// or https://).")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EndpointError(
            f"The base URL of {parts.hostname} carries a user name, a password or a query. Put the "
            "key into an environment variable and name that variable."
        )
    return base_url.strip().rstrip("/")


def read_key(key_env: str) -> str:
    """The key held by an environment variable, "none" without a variable's name."""
    if not key_env:
        return _NO_KEY
    key = os.environ.get(key_env, "").strip()
    if not key:
        raise EndpointError(
            f"The environment variable {key_env} is not set. Set it to the endpoint's key, or "
            "leave key_env empty for an endpoint without keys."
        )
    if not _KEY.fullmatch(key):
        raise EndpointError(
            f"The environment variable {key_env} holds characters no key has (spaces, quotes, line "
            "breaks or non-ASCII). Set it to the bare key."
        )
    return key


def scrub(text: str, key: str, limit: int = 300) -> str:
    """One line of what a server said, at most `limit` characters, the key blotted out."""
    if key and key != _NO_KEY:
        text = text.replace(key, "***")
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit] + "…"


def _client(base_url: str, key: str, timeout: float) -> OpenAI:
    import openai

    return openai.OpenAI(api_key=key, base_url=base_url, timeout=timeout, max_retries=0)


def _post(client: OpenAI, model: str, texts: list[str], timeout: float) -> str:
    """Body of the answer. Organisation and project of the environment are not sent along."""
    import openai

    omitted = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
    answer = client.embeddings.with_raw_response.create(
        model=model,
        input=texts,
        encoding_format="float",
        extra_headers=omitted,
        timeout=timeout,
    )
    return str(answer.http_response.text)


def _request(call: Callable[[float], str], key: str, base_url: str, patience: Patience) -> str:
    """Call, with the seconds one attempt may take, until it succeeds or patience ends.

    The error is raised outside of every handler, so that it drags no request along as context.
    """
    started = patience.clock()
    attempt = 1
    outcome = _attempt(partial(call, min(patience.timeout, patience.total_seconds)), key)
    while isinstance(outcome, _Failure):
        left = patience.total_seconds - (patience.clock() - started)
        wait = _wait(outcome, attempt)
        ending = _ending(outcome, attempt, left - wait, patience)
        if ending is not None:
            raise EndpointError(f"{urlsplit(base_url).netloc}: {outcome.reason}{ending}")
        patience.sleep(wait)
        attempt += 1
        outcome = _attempt(partial(call, min(patience.timeout, left - wait)), key)
    return outcome


def _wait(failure: _Failure, attempt: int) -> float:
    if failure.retry_after is not None:
        return failure.retry_after
    return float(min(0.5 * 2.0 ** (attempt - 1), _LONGEST_WAIT))


def _ending(failure: _Failure, attempt: int, left: float, patience: Patience) -> str | None:
    """Why there is no further attempt, as the end of a sentence; None if there is one."""
    if not failure.retry:
        return ""
    if attempt >= patience.attempts:
        return f" Gave up after {attempt} attempts."
    if left <= 0:
        return f" Gave up: one more attempt would pass the {patience.total_seconds:g} s allowed."
    return None


def _attempt(call: Callable[[], str], key: str) -> str | _Failure:
    import openai

    try:
        return call()
    except openai.APITimeoutError:
        return _Failure("no answer in time. Is the endpoint up, is the timeout long enough?", True)
    except openai.APIConnectionError as error:
        cause = scrub(str(error.__cause__ or error), key)
        return _Failure(f"no connection ({cause}). Check the URL and that it is up.", True)
    except openai.APIStatusError as error:
        return _status_failure(error.status_code, error.response.headers, error.message, key)
    except openai.OpenAIError as error:
        return _Failure(scrub(str(error), key), False)


def _status_failure(status: int, headers: Mapping[str, str], said: str, key: str) -> _Failure:
    """What an HTTP status means for the user."""
    broke = "insufficient_quota" in said
    said = scrub(said, key)
    if status in (401, 403):
        return _Failure(f"the key was refused ({status}). Check its variable. {said}", False)
    if status == 404:
        return _Failure(f"no such model or path ({status}). Check the URL's /v1. {said}", False)
    retry = (status in _RETRIED or status >= 500) and not broke
    return _Failure(f"HTTP status {status}. {said}", retry, retry_after(headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait (Retry-After, a number or a date); None if it does not."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(moment.timestamp() - time.time(), 0.0)


def _vectors(body: str, n_texts: int, base_url: str) -> FloatArray:
    """The vectors (n, D) of one answer, in the order of the texts, or a refusal."""
    host = urlsplit(base_url).netloc
    rows = _rows(body)
    if rows is None:
        raise EndpointError(
            f"{host} answered something that is not a list of embeddings. Check that the URL ends "
            "in /v1 and that the model is an embedding model."
        )
    if sorted(rows, key=str) != sorted(range(n_texts), key=str):
        raise EndpointError(f"{host} returned {len(rows)} embeddings for {n_texts} texts.")
    array = _array([rows[row] for row in range(n_texts)])
    if array is None:
        raise EndpointError(f"{host} returned embeddings that are no equally long rows of numbers.")
    return array


def _rows(body: str) -> dict[object, object] | None:
    """Position -> embedding of one answer; None if it is something else."""
    try:
        items = json.loads(body)["data"]
        return {item.get("index", row): item["embedding"] for row, item in enumerate(items)}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _array(rows: list[object]) -> FloatArray | None:
    try:
        array = np.array(rows, dtype=np.float32)
    except (ValueError, TypeError):
        return None
    return array if array.ndim == 2 and array.size and np.isfinite(array).all() else None


def _same_dimension(parts: list[FloatArray], base_url: str) -> None:
    if parts[-1].shape[1] != parts[0].shape[1]:
        raise EndpointError(
            f"{urlsplit(base_url).netloc} returned {parts[-1].shape[1]} dimensions after "
            f"{parts[0].shape[1]}: the model changed while it was asked. Try again."
        )
