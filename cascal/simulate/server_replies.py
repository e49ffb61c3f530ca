"""What the simulated server says: a reply to a prompt, and its body in OpenAI's format."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cascal.datatypes import CascalError, Query, Task
from cascal.prompts import find_generation, find_query
from cascal.simulate.accuracies import MODELS
from cascal.simulate.generators import GeneratorName
from cascal.simulate.pool import SimulatedPool
from cascal.simulate.random_streams import stream
from cascal.simulate.server_items import Known, item_of, write_item

GENERATOR_MODELS: dict[str, GeneratorName] = {
    "generator-strong": "strong",
    "generator-weak": "weak",
}
NAMES = (*MODELS, *GENERATOR_MODELS)
"""Every model the server serves."""

_TOKEN = re.compile(r"\s*\S{1,6}|\s+")
_CHARACTERS_PER_TOKEN = 4.0
_FENCED = 1 / 3
_GENERATOR_LOGPROB = {"strong": -0.18, "weak": -0.42}
_NO_OPTIONS = "I cannot answer this, because a simulated model needs options to choose from."
_REFUSAL = "I'm sorry, but I can't help with this request."


@dataclass(frozen=True, kw_only=True)
class SimulatedReply:
    """What a simulated model says; `odd` names the unusual form it takes, if any.

    output_tokens may be more than the tokens of the text: the rest was thought, not said.
    """

    text: str
    mean_logprob: float
    input_tokens: int
    output_tokens: int
    finish_reason: str = "stop"
    refused: bool = False
    has_logprobs: bool = True
    odd: str = ""

    @property
    def tokens(self) -> list[str]:
        """Pieces of up to six characters and the space before them; together, the text."""
        return _TOKEN.findall(self.text)


class Speaker:
    """All simulated models; what one says depends on the seed and the request alone."""

    def __init__(self, seed: int, known: Known) -> None:
        self.seed = seed
        self._pool = SimulatedPool(seed)
        self._known = known

    def reply(self, model: str, body: Mapping[str, Any], *, odd: bool = False) -> SimulatedReply:
        """Answer a query, write a query, or say something short to any other prompt.

        The request's `seed` draws another sample of a model's answer; none is sample 0.
        """
        messages = body["messages"]
        generation, query = find_generation(messages), find_query(messages)
        if model in GENERATOR_MODELS and generation is not None:
            said = self._generated(model, *generation, plain=bool(_schema(body)), odd=odd)
        elif generation is not None:
            raise CascalError(
                f"{model} writes no queries; ask {' or '.join(GENERATOR_MODELS)}.",
                code="unknown-model",
            )
        elif model in MODELS and query is not None and query.options:
            said = self._answered(model, query, body.get("seed"))
        else:
            said = self._other(model, body, query)
        said = replace(said, has_logprobs=bool(body.get("logprobs")))
        if odd and generation is None:
            forms = ("parts", "legacy", "no usage", "thoughts")
            said = replace(said, odd=stream(self.seed, "odd", model, said.text).choice(forms))
        return _cut(said, body.get("max_completion_tokens") or body.get("max_tokens"))

    def _answered(self, model: str, query: Query, sample: object) -> SimulatedReply:
        number = sample if isinstance(sample, int) else 0
        response = self._pool.respond(model, item_of(query, self._known), number)
        return SimulatedReply(
            text=response.text,
            mean_logprob=response.mean_logprob,
            input_tokens=response.input_tokens or 0,
            output_tokens=response.output_tokens or 0,
        )

    def _generated(
        self, model: str, task: Task, number: int, *, plain: bool, odd: bool
    ) -> SimulatedReply:
        """A query as JSON; the weak generator likes fences, unless a schema forbids them."""
        generator = GENERATOR_MODELS[model]
        item = write_item(generator, task, number, self.seed)
        query, letters = item.query, "ABCD"
        rng = stream(self.seed, "wording", model, task.name, number)
        marked = query.options[letters.index(query.answer or "A")]
        answer = f"{query.answer}. {marked}" if odd else query.answer
        content = {"question": query.text, "options": query.options, "answer": answer}
        text = json.dumps(content, ensure_ascii=False)
        fenced = generator == "weak" and rng.random() < _FENCED
        if odd or (fenced and not plain):
            text = f"Here is a question on {task.name}:\n\n```json\n{text}\n```\n\nI hope it helps."
        logprob = _GENERATOR_LOGPROB[generator] * rng.uniform(0.6, 1.4)
        asked = len(task.name) + len(task.description) + 900
        return SimulatedReply(
            text=text,
            mean_logprob=logprob,
            input_tokens=_n_tokens(asked),
            output_tokens=_n_tokens(len(text)),
        )

    def _other(self, model: str, body: Mapping[str, Any], query: Query | None) -> SimulatedReply:
        schema = _schema(body)
        text = json.dumps(example_of(schema)) if schema else "This is a simulated model."
        text = _NO_OPTIONS if query is not None else text
        logprob = -stream(self.seed, "other", model, text).uniform(0.05, 0.5)
        asked = sum(len(str(one.get("content", ""))) for one in body["messages"])
        return SimulatedReply(
            text=text,
            mean_logprob=logprob,
            input_tokens=_n_tokens(asked),
            output_tokens=_n_tokens(len(text)),
        )


def refusal_of(reply: SimulatedReply) -> SimulatedReply:
    """The same reply as a refusal in its own field."""
    n_tokens = _n_tokens(len(_REFUSAL))
    return replace(
        reply, text=_REFUSAL, output_tokens=n_tokens, finish_reason="stop", refused=True, odd=""
    )


def _n_tokens(characters: int) -> int:
    return max(1, round(characters / _CHARACTERS_PER_TOKEN))


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON schema a request asks for, {} without one."""
    wanted = body.get("response_format")
    shape = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
    schema = shape.get("schema") if isinstance(shape, Mapping) else None
    return schema if isinstance(schema, Mapping) else {}


def example_of(schema: Mapping[str, Any]) -> object:
    """The smallest value of a plain JSON schema (objects, arrays, texts, numbers, enums)."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties") or {}
        return {name: example_of(part) for name, part in parts.items()}
    if kind == "array":
        return [example_of(schema.get("items") or {})] * int(schema.get("minItems") or 0)
    return {"string": "A", "integer": 1, "number": 1.0, "boolean": True}.get(str(kind))


def _cut(reply: SimulatedReply, limit: object) -> SimulatedReply:
    """The reply within a limit of tokens of its text; thoughts do not count."""
    tokens = reply.tokens
    if not isinstance(limit, int) or len(tokens) <= limit:
        return reply
    text = "".join(tokens[: max(limit, 0)])
    return replace(reply, text=text, output_tokens=max(limit, 0), finish_reason="length")


def token_logprobs(reply: SimulatedReply, seed: int) -> list[float]:
    """One log-probability per token of the text; their mean is the reply's."""
    tokens = reply.tokens
    rng = stream(seed, "tokens", reply.text)
    shares = [rng.expovariate(1.0) for _ in tokens]
    total = sum(shares) or 1.0
    return [reply.mean_logprob * len(tokens) * share / total for share in shares]


def _stated(
    reply: SimulatedReply, tokens: Sequence[str], values: Sequence[float]
) -> dict[str, Any] | None:
    """The log-probabilities of some tokens, under `content` or, of a refusal, `refusal`."""
    if not reply.has_logprobs:
        return None
    stated = [
        {"token": token, "logprob": value, "bytes": list(token.encode()), "top_logprobs": []}
        for token, value in zip(tokens, values, strict=True)
    ]
    return {
        "content": None if reply.refused else stated,
        "refusal": stated if reply.refused else None,
    }


def _logprobs(reply: SimulatedReply, seed: int) -> dict[str, Any] | None:
    values = token_logprobs(reply, seed)
    if reply.odd == "legacy" and reply.has_logprobs:
        return {"tokens": ["", *reply.tokens], "token_logprobs": [None, *values]}
    return _stated(reply, reply.tokens, values)


def _usage(reply: SimulatedReply) -> dict[str, Any]:
    thought = max(reply.output_tokens - len(reply.tokens), 0)
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def _head(model: str, reply: SimulatedReply, kind: str) -> dict[str, Any]:
    mark = hashlib.blake2b(f"{model}\x1f{reply.text}".encode(), digest_size=8).hexdigest()
    head = {"id": f"chatcmpl-{mark}", "object": kind, "created": 0, "model": model}
    return {**head, "system_fingerprint": "simulated"}


def completion_body(model: str, reply: SimulatedReply, seed: int) -> dict[str, Any]:
    """The body of a chat completion."""
    content: object = None if reply.refused else reply.text
    if reply.odd == "parts":
        content = [{"type": "text", "text": reply.text}]
    elif reply.odd == "thoughts":
        content = f"<think>\nThe options are compared first.\n</think>\n\n{reply.text}"
    refusal = reply.text if reply.refused else None
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, "refusal": refusal},
        "logprobs": _logprobs(reply, seed),
        "finish_reason": reply.finish_reason,
    }
    body = {**_head(model, reply, "chat.completion"), "choices": [choice]}
    return body if reply.odd == "no usage" else {**body, "usage": _usage(reply)}


def completion_events(
    model: str, reply: SimulatedReply, seed: int, *, with_usage: bool
) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed chat completion: role, one token each, the end, the usage."""
    head = _head(model, reply, "chat.completion.chunk")
    field = "refusal" if reply.refused else "content"

    def chunk(delta: dict[str, Any], logprobs: object, end: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": end}
        return {**head, "choices": [choice]}

    yield chunk({"role": "assistant", field: ""}, None, None)
    for token, value in zip(reply.tokens, token_logprobs(reply, seed), strict=True):
        yield chunk({field: token}, _stated(reply, [token], [value]), None)
    yield chunk({}, None, reply.finish_reason)
    if with_usage:
        yield {**head, "choices": [], "usage": _usage(reply)}
