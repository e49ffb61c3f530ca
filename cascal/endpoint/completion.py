"""What came back: the body of a chat completion, read as it is, without guessing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cascal.endpoint.keys import blot, scrub
from cascal.endpoint.logprobs import mean_logprob
from cascal.endpoint.retry import Failure, status_failure

TOOL_CALL = "tool_calls"
ReplyStatus = Literal["ok", "truncated", "refused", "error"]


@dataclass(frozen=True)
class Completion:
    """One choice of a chat completion; token counts are None where the server gives none."""

    text: str
    status: ReplyStatus
    mean_logprob: float = math.nan
    input_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str = ""


def read_completion(body: str, key: str) -> Completion | Failure:
    """Read the first choice of a body, or say why it is none.

    A body of an error under HTTP status 200 (as gateways send) is an error. A refusal keeps the
    model's words as text. Content in parts is joined. The finish reason of a call of a tool in
    place of a text is `TOOL_CALL`, whatever the server writes.
    """
    try:
        answer = json.loads(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return _malformed("no JSON", body, key)
    choice = _first_choice(answer)
    error = _stated_error(answer, choice)
    if error is not None:
        return _in_body(error, key)
    message = choice.get("message") if choice is not None else None
    content = _content(message)
    if choice is None or content is None:
        return _malformed("no chat completion", body, key)
    finish_reason = str(choice.get("finish_reason") or "")
    refusal = message.get("refusal") if isinstance(message, Mapping) else None
    text = blot(content or (refusal if isinstance(refusal, str) else ""), key)
    if not text and calls_tool(message):
        finish_reason = TOOL_CALL
    usage = answer.get("usage")
    return Completion(
        text,
        _status(finish_reason, bool(refusal)),
        mean_logprob(choice),
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        finish_reason,
    )


def calls_tool(message: object) -> bool:
    """Whether a message of a chat calls a tool."""
    if not isinstance(message, Mapping):
        return False
    return bool(message.get("tool_calls") or message.get("function_call"))


def _first_choice(answer: object) -> Mapping[str, Any] | None:
    choices = answer.get("choices") if isinstance(answer, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else None


def _content(message: object) -> str | None:
    """The text of a message, "" where it has none; None if there is no message to be read."""
    if not isinstance(message, Mapping):
        return None
    content = message.get("content")
    if isinstance(content, list):
        parts = [one.get("text") for one in content if isinstance(one, Mapping)]
        return "".join(part for part in parts if isinstance(part, str))
    return "" if content is None else content if isinstance(content, str) else None


def _status(finish_reason: str, refused: bool) -> ReplyStatus:
    if refused or finish_reason == "content_filter":
        return "refused"
    return "truncated" if finish_reason == "length" else "ok"


def _count(usage: object, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, Mapping) else None
    counted = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if counted else None


def _stated_error(answer: object, choice: Mapping[str, Any] | None) -> object:
    """The error a body states instead of a choice, or inside of one; None if it states none."""
    if choice is not None:
        return choice.get("error")
    return answer.get("error") if isinstance(answer, Mapping) else None


def _in_body(error: object, key: str) -> Failure:
    code = str(error.get("code")) if isinstance(error, Mapping) else ""
    said = json.dumps(error, ensure_ascii=False)
    if len(code) == 3 and code.isdecimal() and code[0] in "45":
        return status_failure(int(code), {}, said, key)
    return Failure(f"the server reports an error. {scrub(said, key)}", True, cause="server error")


def _malformed(what: str, body: str, key: str) -> Failure:
    shown = scrub(body, key, 80)
    reason = f"the answer is {what} ({shown or 'empty'}). Check that the URL ends in /v1."
    return Failure(reason, True, cause="malformed")
