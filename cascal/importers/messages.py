"""Chat messages and token log-probabilities, as several formats write them."""

from __future__ import annotations

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
        return raw_text(value)
    parts = [part(one) for one in value]
    if any("role" in one for one in parts):
        said = [message_text(one.get("content")) for one in parts if one.get("role") == "user"]
        return "\n\n".join(said)
    return "\n".join(_part_text(one) for one in value)


def _part_text(one: object) -> str:
    if not isinstance(one, dict):
        return raw_text(one)
    text = one.get("text")
    return raw_text(text) if text is not None else f"[{raw_text(one.get('type')) or 'part'}]"


def mean_of_logprobs(choice: Record) -> float | None:
    """The mean log-probability of a choice's tokens, as an endpoint's reply is read; or None."""
    mean = mean_logprob(choice)
    return None if math.isnan(mean) else mean
