"""Chat messages and token log-probabilities, as several formats write them."""

from __future__ import annotations

import json
import math

from cascal.endpoint.logprobs import mean_logprob
from cascal.importers.checked_rows import part
from cascal.importers.fields import raw_text
from cascal.importers.jsonlines import Record


def message_text(value: object) -> str:
    """The text of a content, or of the user's messages of a conversation.

    A content is a text or a list of parts; a part without text is shown as its type: "[image]".
    """
    if not isinstance(value, list):
        return _said_by_user(raw_text(value))
    parts = [part(one) for one in value]
    if any("role" in one for one in parts):
        said = [message_text(one.get("content")) for one in parts if one.get("role") == "user"]
        return "\n\n".join(said)
    return "\n".join(_part_text(one) for one in value)


def replied_text(value: object) -> object:
    """A reply as it stands in a table: of a message, or of a conversation, what the model said.

    Texts and all else stay as they are, but a list of one text is that text.
    """
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if isinstance(value, list) and value and all("role" in part(one) for one in value):
        said = [part(one) for one in value if part(one).get("role") != "user"]
        return "\n\n".join(message_text(one.get("content")) for one in said[-1:])
    if isinstance(value, dict) and "content" in value and "role" in value:
        return message_text(value["content"])
    return value


def _said_by_user(text: str) -> str:
    """The user's messages of a conversation that is written as JSON; any other text as it is."""
    if not text.lstrip().startswith("[{"):
        return text
    try:
        messages = json.loads(text)
    except (ValueError, RecursionError):
        return text
    chat = all(isinstance(one, dict) and "role" in one for one in messages)
    return message_text(messages) if chat else text


def _part_text(one: object) -> str:
    if not isinstance(one, dict):
        return _said_by_user(raw_text(one))
    text = one.get("text")
    return raw_text(text) if text is not None else f"[{raw_text(one.get('type')) or 'part'}]"


def mean_of_logprobs(choice: Record) -> float | None:
    """The mean log-probability of a choice's tokens, as an endpoint's reply is read; or None."""
    mean = mean_logprob(choice)
    return None if math.isnan(mean) else mean
