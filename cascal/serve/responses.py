"""The Responses API in terms of chat completions: texts in, a text out, whole or as it comes.

Read are `model`, `input`, `instructions`, `stream`, `temperature`, `top_p`, `max_output_tokens`,
`text.format` and `cascal`. What would need a memory or tools of the server is refused by name.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

from cascal.files.plain_json import read_plain
from cascal.serve.errors import ApiError
from cascal.serve.events import DONE, as_event, event_data

_AS_THEY_ARE = ("model", "stream", "temperature", "top_p", "cascal")
_HARMLESS = ("metadata", "user", "store", "truncation", "service_tier")
"""Fields that change no answer here."""
_PARTS = {"input_text": "text", "output_text": "text", "text": "text"}


def as_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat completion that asks the same; `invalid_body` for what it cannot ask."""
    chat = {name: body[name] for name in _AS_THEY_ARE if body.get(name) is not None}
    chat["messages"] = _messages(body)
    if body.get("max_output_tokens") is not None:
        chat["max_tokens"] = body["max_output_tokens"]
    text = body.get("text")
    if isinstance(text, Mapping) and isinstance(text.get("format"), Mapping):
        chat["response_format"] = _format(text["format"])
    known = {*_AS_THEY_ARE, *_HARMLESS, "input", "instructions", "max_output_tokens", "text"}
    for name, value in body.items():
        if name not in known and value not in (None, [], False):
            raise _refusal(name, f"{name[:40]} is not read on this path; ask /v1/chat/completions.")
    return chat


def _refusal(param: str, message: str) -> ApiError:
    return ApiError("invalid_body", message, param=param[:40])


def _messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    asked, instructions = body.get("input"), body.get("instructions")
    items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    if not isinstance(items, list) or not items:
        raise _refusal("input", "input must be a text, or a list of messages that is not empty.")
    if instructions is not None and not isinstance(instructions, str):
        raise _refusal("instructions", "instructions must be a text.")
    first = [{"role": "system", "content": instructions}] if instructions else []
    return [*first, *(_message(item) for item in items)]


def _message(item: object) -> dict[str, Any]:
    if not isinstance(item, Mapping) or not isinstance(item.get("role"), str):
        raise _refusal("input", "Each entry of input is a message with role and content.")
    role = "system" if item["role"] == "developer" else item["role"]
    content = item.get("content")
    if isinstance(content, list):
        content = [_part(part) for part in content]
    return {"role": role, "content": content}


def _part(part: object) -> dict[str, Any]:
    if isinstance(part, Mapping):
        if part.get("type") in _PARTS and isinstance(part.get("text"), str):
            return {"type": "text", "text": part["text"]}
        if part.get("type") == "input_image" and isinstance(part.get("image_url"), str):
            return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    raise _refusal("input", "A part of a message is input_text with text, or input_image.")


def _format(asked: Mapping[str, Any]) -> dict[str, Any]:
    """`json_schema` holds its schema one level deeper in a chat completion."""
    kind = asked.get("type")
    if kind != "json_schema":
        return {"type": kind}
    return {"type": kind, kind: {name: one for name, one in asked.items() if name != "type"}}


def from_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """A chat completion as a response; of several choices the first."""
    content = body["choices"][0]["message"].get("content")
    response = _response(body, content if isinstance(content, str) else "")
    usage = body.get("usage")
    return {**response, "usage": _usage(usage) if isinstance(usage, Mapping) else None}


def _response(body: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    """A response; in progress where there is no text yet."""
    done = text is not None
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed" if done else "in_progress",
        "model": body.get("model"),
        "output": [_item(f"msg_{uuid.uuid4().hex}", text)] if text is not None else [],
        "parallel_tool_calls": False,
        "tool_choice": "none",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "usage": None,
        **({"cascal": body["cascal"]} if "cascal" in body else {}),
    }


def _item(item_id: str, text: str | None) -> dict[str, Any]:
    """The one message of a response."""
    return {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "status": "in_progress" if text is None else "completed",
        "content": [] if text is None else [_content(text)],
    }


def _content(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    given, got = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": got,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.get("total_tokens"),
    }


async def events_from_chat(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """The events of a chat completion as those of a response; an error ends them as a failure."""
    told = _Told()
    async for event in events:
        data = event_data(event)
        if data == DONE:
            for last in told.ended():
                yield last
            return
        chunk = _chunk(data)
        if "error" in chunk:
            yield told.failed(chunk["error"])
            return
        if not told.response:
            for first in told.begun(chunk):
                yield first
        if delta := _delta(chunk):
            yield told.added(delta)


class _Told:
    """What a client has been told of a streamed response so far."""

    def __init__(self) -> None:
        self.response: dict[str, Any] = {}
        self._item_id = f"msg_{uuid.uuid4().hex}"
        self._text = ""
        self._n_events = 0

    def begun(self, chunk: Mapping[str, Any]) -> list[str]:
        """The events before any text."""
        self.response = _response(chunk, None)
        item = _item(self._item_id, None)
        return [
            self._event("response.created", response=self.response),
            self._event("response.output_item.added", output_index=0, item=item),
            self._in_part("response.content_part.added", part=_content("")),
        ]

    def added(self, delta: str) -> str:
        """The event of further text."""
        self._text += delta
        return self._in_part("response.output_text.delta", delta=delta, logprobs=[])

    def ended(self) -> list[str]:
        """The events after the last text."""
        item = _item(self._item_id, self._text)
        whole = {**self.response, "status": "completed", "output": [item]}
        return [
            self._in_part("response.output_text.done", text=self._text, logprobs=[]),
            self._in_part("response.content_part.done", part=_content(self._text)),
            self._event("response.output_item.done", output_index=0, item=item),
            self._event("response.completed", response=whole),
        ]

    def failed(self, error: object) -> str:
        """The event of a stream that broke."""
        return self._event("response.failed", response={**self.response, **_failed(error)})

    def _in_part(self, kind: str, **fields: object) -> str:
        place = {"item_id": self._item_id, "output_index": 0, "content_index": 0}
        return self._event(kind, **place, **fields)

    def _event(self, kind: str, **fields: object) -> str:
        number, self._n_events = self._n_events, self._n_events + 1
        return f"event: {kind}\n" + as_event({"type": kind, "sequence_number": number, **fields})


def _failed(error: object) -> dict[str, Any]:
    said = error if isinstance(error, Mapping) else {}
    return {
        "status": "failed",
        "error": {"code": "server_error", "message": str(said.get("message", "")) or "It failed."},
    }


def _chunk(data: str) -> Mapping[str, Any]:
    """What an event holds; a comment, or what is no chunk, holds nothing."""
    try:
        chunk = read_plain(data) if data else {}
    except ValueError:
        return {}
    return chunk if isinstance(chunk, Mapping) else {}


def _delta(chunk: Mapping[str, Any]) -> str:
    """The text that a chunk adds."""
    choices = chunk.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    delta = choice.get("delta") if isinstance(choice, Mapping) else None
    content = delta.get("content") if isinstance(delta, Mapping) else None
    return content if isinstance(content, str) else ""
