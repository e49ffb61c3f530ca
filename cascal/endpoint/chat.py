"""Chat completions: asked many at a time, tried with patience, within a budget."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cascal.datatypes import ModelSpec
from cascal.endpoint.budget import Budget
from cascal.endpoint.client import endpoint_client
from cascal.endpoint.completion import Completion, ReplyStatus, read_completion
from cascal.endpoint.keys import EndpointError, check_base_url, omitted_headers, read_key
from cascal.endpoint.retry import (
    Cause,
    Failure,
    Patience,
    failure_of,
    timed_out,
    try_patiently,
)
from cascal.prices import response_cost

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_CHARACTERS_PER_TOKEN = 4.0
_REFUSING = (400, 422, 500)
"""Status codes of refusals; 500 is what llama-cpp-python sends for a JSON schema."""
_TOP_LOGPROBS = 1
"""Alternatives a token. llama-cpp-python sends none at all unless it is given, llama.cpp sends
none where it is 0 and 20 where it is missing."""
_NAMED = {
    "top_logprobs": ("top_logprobs",),
    "logprobs": ("logprobs",),
    "response_format": ("response_format", "json_schema"),
}
"""Parameters that are dropped, and the words by which a server refuses them."""


@dataclass(frozen=True)
class ChatRequest:
    """What is asked; None leaves a parameter to the server.

    `schema` is a JSON schema the reply has to follow (strict structured output).
    """

    messages: Sequence[Mapping[str, str]]
    _: KW_ONLY
    temperature: float | None = 0.7
    top_p: float | None = None
    max_tokens: int | None = 1024
    logprobs: bool = True
    schema: Mapping[str, Any] | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came of a request: a text, or an error, and never one as the other.

    status   "ok", "truncated", "refused", or "error" with its sentence, its cause and no text
    cost     US dollars by the model's prices, nan without prices or token counts
    latency  seconds of the attempt that was answered, nan if none was
    attempts requests sent, but for those repeated at once without a parameter the server refused
    waited   seconds slept between attempts
    """

    text: str
    status: ReplyStatus
    mean_logprob: float = math.nan
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float = math.nan
    latency: float = math.nan
    finish_reason: str = ""
    error: str = ""
    cause: Cause = ""
    attempts: int = 0
    waited: float = 0.0


class ChatClient:
    """Asks one model; an async context manager.

    At most `concurrency` requests are under way, waits between attempts included. The seconds of
    `patience` start when a request gets its place. Server faults come back as replies of status
    "error"; what is wrong on this side (URL, key variable, no price under a limit in dollars)
    raises EndpointError on entering. Once `stop()` is true nothing new is sent, and what waits
    between attempts ends; requests under way are answered.

    A server that refuses `logprobs`, `top_logprobs` or `response_format` (status 400, 422 or 500
    naming it) is asked again without, for as long as this client lives; one that wants
    `max_completion_tokens` gets that instead of `max_tokens`.
    """

    def __init__(
        self,
        model: ModelSpec,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        concurrency: int = 8,
        budget: Budget | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        if concurrency < 1:
            raise EndpointError(
                f"A concurrency of {concurrency} asks nothing; it starts at 1.",
                code="out-of-bounds",
            )
        self.model = model
        self.dropped: frozenset[str] = frozenset()
        """Parameters this server refused."""
        self._patience = patience
        self._budget = budget
        self._stop = stop
        self._slots = asyncio.Semaphore(concurrency)
        self._client: AsyncOpenAI | None = None

    async def __aenter__(self) -> ChatClient:
        base_url, key = check_base_url(self.model.base_url), read_key(self.model.key_env)
        self._refuse_unpriced()
        self._client = endpoint_client(base_url, key, self._patience.timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _refuse_unpriced(self) -> None:
        limited = self._budget is not None and self._budget.dollars is not None
        if limited and math.isnan(self.model.input_price + self.model.output_price):
            raise EndpointError(
                f"Model {self.model.name!r} has no prices, so a budget in dollars cannot be kept. "
                "Give its prices per million tokens, or limit calls or tokens instead.",
                code="unusable-costs",
            )

    async def ask(self, request: ChatRequest) -> Reply:
        """Send one request, with as many attempts as patience allows; never raises for a server."""
        client = self._client
        if client is None:
            raise EndpointError(
                "A ChatClient is opened by `async with ChatClient(…) as client`.",
                code="not-running",
            )
        async with self._slots:
            if self._stopped():
                return _unsent("stopped", "Stopped before it was asked.")
            reached = self._budget.reserve() if self._budget is not None else None
            if reached is not None:
                return _unsent("budget", reached)
            reply = await self._tried(client, request)
            self._charge(request, reply)
            return reply

    async def _tried(self, client: AsyncOpenAI, request: ChatRequest) -> Reply:
        """Attempt until there is a completion or patience ends."""
        attempt = partial(self._attempt, client, request)
        tried = await try_patiently(attempt, self._patience, self._stop)
        outcome = tried.outcome
        if isinstance(outcome, Completion):
            return self._reply(outcome, tried.latency, tried.attempts, tried.waited)
        error = f"{urlsplit(self.model.base_url).netloc}: {outcome.reason}"
        return _failed(error, outcome.cause, tried.attempts, tried.waited)

    async def _attempt(
        self, client: AsyncOpenAI, request: ChatRequest, seconds: float
    ) -> Completion | Failure:
        """One request, ended after `seconds` even if the server goes on sending."""
        import openai

        sent = self._parameters(request)
        headers, limit = omitted_headers(), max(seconds, 0.001)
        try:
            async with asyncio.timeout(seconds):
                answer = await client.chat.completions.with_raw_response.create(
                    **sent, extra_headers=headers, timeout=limit
                )
        except TimeoutError:
            return timed_out()
        except openai.APIStatusError as error:
            failure = _with_refused(failure_of(error, client.api_key), error, sent)
            self.dropped |= failure.refused
            return failure
        except openai.OpenAIError as error:
            return failure_of(error, client.api_key)
        except (TypeError, ValueError):
            reason = "the request cannot be written as JSON. Look for broken characters in it."
            return Failure(reason, False, cause="bad request")
        return read_completion(answer.http_response.text, client.api_key)

    def _parameters(self, request: ChatRequest) -> dict[str, Any]:
        """The body of a request, without what this server refused."""
        logprobs = request.logprobs and "logprobs" not in self.dropped
        strict = {"name": "reply", "strict": True, "schema": request.schema}
        wanted = {
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
            "max_tokens": request.max_tokens,
            "logprobs": request.logprobs or None,
            "top_logprobs": _TOP_LOGPROBS if logprobs else None,
            "response_format": request.schema and {"type": "json_schema", "json_schema": strict},
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        for name in self.dropped & body.keys():
            value = body.pop(name)
            if name == "max_tokens":
                body["max_completion_tokens"] = value
        model = self.model.model_id or self.model.name
        return {"model": model, "messages": list(request.messages), **body}

    def _stopped(self) -> bool:
        return self._stop is not None and self._stop()

    def _reply(self, read: Completion, latency: float, attempts: int, waited: float) -> Reply:
        return Reply(
            text=read.text,
            status=read.status,
            mean_logprob=read.mean_logprob,
            input_tokens=read.input_tokens,
            output_tokens=read.output_tokens,
            cost=response_cost(self.model, read.input_tokens, read.output_tokens),
            latency=latency,
            finish_reason=read.finish_reason,
            attempts=attempts,
            waited=waited,
        )

    def _charge(self, request: ChatRequest, reply: Reply) -> None:
        """Tell the budget; where a server counts no tokens, four characters are taken as one."""
        if self._budget is None or reply.status == "error":
            return
        given, got = reply.input_tokens, reply.output_tokens
        if given is None:
            characters = sum(len(str(one.get("content", ""))) for one in request.messages)
            given = round(characters / _CHARACTERS_PER_TOKEN)
        if got is None:
            got = round(len(reply.text) / _CHARACTERS_PER_TOKEN)
        cost = response_cost(self.model, given, got)
        self._budget.record(given + got, 0.0 if math.isnan(cost) else cost)


def _with_refused(failure: Failure, error: APIStatusError, sent: Mapping[str, Any]) -> Failure:
    """The failure, with the parameters that the server names as unknown to it."""
    if error.status_code not in _REFUSING:
        return failure
    said = str(error.param) if error.param else error.message
    names = {
        name
        for name, words in _NAMED.items()
        if name in sent and any(word in said for word in words)
    }
    if "top_logprobs" in names:  # the longer name holds the shorter one
        names.discard("logprobs")
    if "max_tokens" in sent and "max_completion_tokens" in error.message:
        names = {"max_tokens"}
    if not names:
        return failure
    return Failure(failure.reason, False, None, failure.cause, frozenset(names))


def _unsent(cause: Cause, sentence: str) -> Reply:
    return _failed(sentence, cause, 0, 0.0)


def _failed(error: str, cause: Cause, attempts: int, waited: float) -> Reply:
    return Reply(
        text="", status="error", error=error, cause=cause, attempts=attempts, waited=waited
    )
