"""Calls to the models' endpoints: each bounded in time and size, each failure with its code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx

from cascal.datatypes import ModelSpec
from cascal.endpoint import EndpointError, read_key, scrub
from cascal.endpoint.client import certificates
from cascal.endpoint.keys import blot
from cascal.endpoint.retry import cause_of
from cascal.files.plain_json import read_plain
from cascal.serve.errors import ApiError, TooLarge
from cascal.serve.events import EventStream, first_chunk, split_events

if TYPE_CHECKING:
    from cascal.serve.options import ServeOptions

_MAX_ERROR = 1 << 16
_FAULTS = (TimeoutError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TooLarge)
CONNECT_SECONDS = 10.0
"""How long an upstream may take to accept a connection, where the whole answer may take longer."""
KEPT_SECONDS = 2.0
"""How long an unused connection is kept: servers close theirs after 5 s and more, and what is sent
in that moment is lost."""
_CLIENTS_FAULT = (400, 413, 415, 422)
"""Statuses by which the request itself is refused: no other model would take it."""


@dataclass(frozen=True)
class Answer:
    """What an upstream answered: the text of its body, and that body read."""

    raw: str
    body: dict[str, Any]


class Upstream:
    """One connection pool for all models. The keys are read for each call and never kept.

    How many connections are open is bounded by the requests that are worked on at once.
    """

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        connect = min(CONNECT_SECONDS, options.timeout)
        self._client = httpx.AsyncClient(
            verify=certificates(),
            timeout=httpx.Timeout(options.timeout, connect=connect),
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=options.concurrency,
                keepalive_expiry=KEPT_SECONDS,
            ),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def complete(self, model: ModelSpec, body: Mapping[str, Any]) -> Answer:
        """A whole chat completion."""
        key = _key(model)
        try:
            with anyio.fail_after(self._options.timeout):
                async with self._client.stream("POST", **_call(model, body, key)) as response:
                    raw = await _read(response, self._options.max_answer)
        except _FAULTS as error:
            raise _failure(model, error, key, self._options.timeout) from None
        if response.status_code != 200:
            raise _refusal(model, response.status_code, response.headers, raw, key)
        return _checked(model, blot(raw, key))

    async def stream(self, model: ModelSpec, body: Mapping[str, Any]) -> EventStream:
        """A stream whose first event has come and is a chunk of a chat completion."""
        key = _key(model)
        async with AsyncExitStack() as stack:
            try:
                with anyio.fail_after(self._options.timeout):
                    request = self._client.build_request("POST", **_call(model, body, key))
                    response = await self._client.send(request, stream=True)
                    stack.push_async_callback(response.aclose)
                    if response.status_code != 200:
                        raw = await _read(response, _MAX_ERROR)
                        raise _refusal(model, response.status_code, response.headers, raw, key)
                    events = split_events(response.aiter_bytes(), key)
                    stack.push_async_callback(events.aclose)
                    first = await first_chunk(events, _who(model))
            except _FAULTS as error:
                raise _failure(model, error, key, self._options.timeout) from None
            return EventStream(first, events, stack.pop_all().aclose, self._options)


def _key(model: ModelSpec) -> str:
    try:
        return read_key(model.key_env)
    except EndpointError as error:
        raise ApiError("key_not_configured", f"{model.name}: {error}") from None


def _call(model: ModelSpec, body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """URL, content and headers; nothing of the client's headers goes upstream."""
    return {
        "url": f"{model.base_url}/chat/completions",
        "content": json.dumps({**body, "model": model.model_id}).encode(),
        "headers": {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        },
    }


async def _read(response: httpx.Response, limit: int) -> str:
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit:,} bytes")
        parts.append(chunk)
    return b"".join(parts).decode("utf-8", "replace")


def _checked(model: ModelSpec, raw: str) -> Answer:
    """The body of a chat completion; an error under status 200, as gateways send, is an error."""
    try:
        body = read_plain(raw)
    except ValueError:
        body = None
    choices = body.get("choices") if isinstance(body, dict) else None
    whole = isinstance(choices, list) and bool(choices) and all(map(_is_choice, choices))
    error = _stated_error(body, choices, whole=whole)
    if whole and error is None:
        return Answer(raw, body)
    if error is not None:
        said = scrub(json.dumps(error, ensure_ascii=False), "")
        raise ApiError("upstream_error", f"{_who(model)} reports an error. {said}")
    shown = scrub(raw, "", 80) or "empty"
    raise ApiError("upstream_malformed", f"{_who(model)} answered no chat completion ({shown}).")


def _is_choice(choice: object) -> bool:
    """Whether it has a message; its content is a text, a list of parts, or not there."""
    message = choice.get("message") if isinstance(choice, dict) else None
    return isinstance(message, dict) and isinstance(message.get("content"), str | list | None)


def _stated_error(body: object, choices: object, *, whole: bool) -> object:
    """The error a body states instead of choices, or the first of them inside itself."""
    if not whole and isinstance(body, dict) and body.get("error") is not None:
        return body["error"]
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("error") if isinstance(first, dict) else None


def _who(model: ModelSpec) -> str:
    return f"Model {model.name} ({urlsplit(model.base_url).netloc})"


def _failure(model: ModelSpec, error: Exception, key: str, timeout: float) -> ApiError:
    """What went wrong on the way, as a code."""
    if isinstance(error, httpx.ConnectTimeout):
        seconds = min(CONNECT_SECONDS, timeout)
        return ApiError(
            "upstream_unreachable", f"{_who(model)} accepted no connection within {seconds:g} s."
        )
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return ApiError(
            "upstream_timeout",
            f"{_who(model)} gave no answer within {timeout:g} s. Try again, or raise --timeout.",
        )
    said = scrub(str(error), key) or type(error).__name__
    if isinstance(error, httpx.ConnectError):
        return ApiError("upstream_unreachable", f"{_who(model)} cannot be reached ({said}).")
    return ApiError("upstream_malformed", f"{_who(model)} broke off ({said}).")


def _refusal(
    model: ModelSpec, status: int, headers: Mapping[str, str], raw: str, key: str
) -> ApiError:
    """What an upstream's status means; its words are cut short and the key is blotted out."""
    said, cause = scrub(raw, key), cause_of(status)
    if cause == "key refused":
        variable = model.key_env or "(none is named)"
        message = f"{_who(model)} refused the key ({status}). Check the variable {variable}."
        return ApiError("upstream_key_refused", message)
    if cause == "not found":
        message = f"{_who(model)} knows no such model or path. Check model_id and base_url. {said}"
        return ApiError("upstream_not_found", message)
    if cause == "rate limit":
        wait = {name: headers[name] for name in ("retry-after",) if headers.get(name, "").isdigit()}
        return ApiError("upstream_rate_limited", f"{_who(model)} takes no more. {said}", wait)
    code = "upstream_refused" if status in _CLIENTS_FAULT else "upstream_error"
    return ApiError(code, f"{_who(model)} answered with status {status}. {said}")
