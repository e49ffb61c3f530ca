"""What a server can do, found out by asking it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cascal.datatypes import ModelSpec
from cascal.endpoint.chat import ChatClient, ChatRequest, Reply
from cascal.endpoint.client import endpoint_client
from cascal.endpoint.keys import check_base_url, omitted_headers, read_key
from cascal.endpoint.retry import Failure, Patience, failure_of, timed_out
from cascal.number_format import counted, decimal

_PATIENCE = Patience(attempts=2, total_seconds=30.0, timeout=15.0)
_ASKED = ({"role": "user", "content": "Which letter comes first in the alphabet?"},)
_SCHEMA = {
    "type": "object",
    "properties": {"first_letter": {"type": "string"}},
    "required": ["first_letter"],
    "additionalProperties": False,
}
_ON_LOGPROBS = {
    True: "Log-probabilities of the tokens come back.",
    False: "No log-probabilities come back; there will be no confidences.",
    None: "Whether log-probabilities come back could not be found out.",
}
_ON_SCHEMA = {
    True: "A JSON schema is followed.",
    False: "A JSON schema is not followed; generated queries are read from plain text.",
    None: "Whether a JSON schema is followed could not be found out.",
}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a server can do; None where it could not be found out.

    reachable  a chat request was answered
    models     the ids it lists, () if it lists none
    logprobs   log-probabilities of the tokens come back
    schema     a reply follows a JSON schema
    latency    seconds of the answer, nan if there was none
    sentences  one on each of the above, by its name
    """

    model: str
    reachable: bool
    models: tuple[str, ...] = ()
    logprobs: bool | None = None
    schema: bool | None = None
    latency: float = math.nan
    sentences: Mapping[str, str] = field(default_factory=dict)


async def probe(model: ModelSpec, patience: Patience = _PATIENCE) -> Probe:
    """Ask a server for its models and two short replies (under 100 tokens together).

    Never raises for a server's faults; a wrong URL or a missing key variable raises EndpointError.
    """
    base_url, key = check_base_url(model.base_url), read_key(model.key_env)
    models = await _list_models(base_url, key, patience.timeout)
    async with ChatClient(model, patience, concurrency=1) as client:
        plain = await client.ask(ChatRequest(_ASKED, max_tokens=32))
        shaped = plain
        if plain.status != "error":
            shaped = await client.ask(ChatRequest(_ASKED, max_tokens=64, schema=_SCHEMA))
    return _found(model, models, plain, shaped)


async def _list_models(base_url: str, key: str, timeout: float) -> tuple[str, ...] | Failure:
    import openai

    async with endpoint_client(base_url, key, timeout) as client:
        try:
            async with asyncio.timeout(timeout):
                answer = await client.models.with_raw_response.list(extra_headers=omitted_headers())
        except TimeoutError:
            return timed_out()
        except openai.OpenAIError as error:
            return failure_of(error, key)
    try:
        return tuple(str(one["id"]) for one in json.loads(answer.http_response.text)["data"])
    except (ValueError, TypeError, KeyError):
        return Failure("the list of models cannot be read.", False, cause="malformed")


def _found(
    model: ModelSpec, models: tuple[str, ...] | Failure, plain: Reply, shaped: Reply
) -> Probe:
    reachable = plain.status != "error"
    logprobs = math.isfinite(plain.mean_logprob) if reachable else None
    schema = None if not reachable or shaped.status == "error" else _follows(shaped.text)
    listed = () if isinstance(models, Failure) else models
    sentences = {
        "reachable": "The server answers." if reachable else f"No answer: {plain.error}",
        "models": _on_models(model, models),
        "logprobs": _ON_LOGPROBS[logprobs],
        "schema": _ON_SCHEMA[schema],
        "latency": f"The answer took {decimal(plain.latency, 2)} s."
        if reachable
        else "Not measured.",
    }
    return Probe(
        model=model.name,
        reachable=reachable,
        models=listed,
        logprobs=logprobs,
        schema=schema,
        latency=plain.latency,
        sentences=sentences,
    )


def _on_models(model: ModelSpec, models: tuple[str, ...] | Failure) -> str:
    if isinstance(models, Failure):
        return f"The models are not listed: {models.reason}"
    wanted = model.model_id or model.name
    has = "among them" if wanted in models else "but not"
    return f"{counted(len(models), 'model is', 'models are')} listed, {has} {wanted}."


def _follows(text: str) -> bool:
    try:
        written: Any = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(written, dict) and list(written) == ["first_letter"]
