"""What a client asks: the bodies of requests, read and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cascal.datatypes import FloatArray
from cascal.serve.errors import ApiError
from cascal.serve.pool import RESERVED

Mode = Literal["first", "vote"]

_CHAT_FIELDS = ("mode", "top_k", "n_options")
_ROUTE_FIELDS = ("text", "texts", "vector", "vectors", "top_k", "trace")
_MAX_OPTIONS = 26
_OPTION = re.compile(r"^\s{0,8}\(?([A-Z])[.):]\s", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class ChatAsked:
    """A chat completion asked of the router.

    model      the name of a model that is to be asked whatever the router says; "" = route
    text       what is routed: the last user message
    top_k      how many models vote; None = as the router was tuned
    n_options  options of a choice, 0 = a free answer; counted in the text where not given
    body       what goes upstream, without the field `cascal`
    """

    model: str
    mode: Mode
    text: str
    top_k: int | None
    n_options: int
    stream: bool
    body: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class RouteAsked:
    """A dry route: texts, or vectors (n, D); `single` if the question was no list."""

    texts: tuple[str, ...]
    vectors: FloatArray | None
    top_k: int | None
    trace: bool
    single: bool


def read_json(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; anything else, also nan or a nesting too deep, is refused."""
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError("invalid_body", "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise ApiError("invalid_body", "The body is no JSON object.")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON.")


def read_chat(body: dict[str, Any], models: Sequence[str]) -> ChatAsked:
    """Check a chat completion; parameters that are not ours go upstream as they are."""
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise ApiError("invalid_body", f"Name a model, e.g. {RESERVED[0]!r}.", param="model")
    if model not in RESERVED and model not in models:
        raise ApiError(
            "model_not_found",
            f"There is no model {model[:80]!r}; /v1/models lists what there is.",
            param="model",
        )
    if not isinstance(messages, list) or not messages:
        raise ApiError(
            "invalid_body", "messages must be a list that is not empty.", param="messages"
        )
    stream = body.get("stream") or False
    if not isinstance(stream, bool):
        raise ApiError("invalid_body", "stream must be true or false.", param="stream")
    routed = model in RESERVED
    ours = _ours(body.get("cascal"), routed)
    text = last_user_text(messages) if routed else ""
    mode: Mode = ours.get("mode", "vote" if model == "cascal-vote" else "first")
    if stream and mode == "vote":
        raise ApiError(
            "vote_cannot_stream", "A vote is known only when all have answered: leave stream out."
        )
    n_options = ours.get("n_options")
    return ChatAsked(
        model="" if routed else model,
        mode=mode,
        text=text,
        top_k=_top_k(ours.get("top_k"), len(models)),
        n_options=count_options(text) if n_options is None else n_options,
        stream=stream,
        body={name: value for name, value in body.items() if name != "cascal"},
    )


def _ours(field: object, routed: bool) -> dict[str, Any]:
    """The request's field `cascal`, checked but for top_k."""
    if field is None:
        return {}
    if not routed:
        raise ApiError("invalid_body", "cascal goes with the model cascal only.", param="cascal")
    if not isinstance(field, dict) or any(name not in _CHAT_FIELDS for name in field):
        raise ApiError(
            "invalid_body", f"cascal may hold {', '.join(_CHAT_FIELDS)}.", param="cascal"
        )
    if field.get("mode", "first") not in ("first", "vote"):
        raise ApiError("invalid_body", "cascal.mode is first or vote.", param="cascal.mode")
    n_options = field.get("n_options")
    legal = n_options is None or (_is_count(n_options) and n_options != 1)
    if not legal or (n_options or 0) > _MAX_OPTIONS:
        raise ApiError(
            "invalid_body",
            f"cascal.n_options is 0 (a free answer) or 2 to {_MAX_OPTIONS}.",
            param="cascal.n_options",
        )
    return field


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _top_k(value: object, n_models: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= n_models:
        raise ApiError("invalid_body", f"top_k is 1 to {n_models}.", param="top_k")
    return value


def last_user_text(messages: Sequence[object]) -> str:
    """The text of the last message of the user; of several parts, those that are text."""
    users = [one for one in messages if isinstance(one, dict) and one.get("role") == "user"]
    content = users[-1].get("content") if users else None
    if isinstance(content, list):
        parts = [one.get("text") for one in content if isinstance(one, dict)]
        content = "\n".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str) or not content.strip():
        raise ApiError(
            "no_user_text", "There is no message of the user with text.", param="messages"
        )
    return as_unicode(content)


def as_unicode(text: str) -> str:
    """The text with halves of surrogate pairs replaced: no encoder takes them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def count_options(text: str) -> int:
    """How many lines A., B., … a text ends in; 0 if there are not at least two."""
    expected = 0
    for letter in _OPTION.findall(text):
        place = ord(letter) - ord("A")
        expected = place + 1 if place == expected else int(place == 0)
    return expected if expected >= 2 else 0


def read_route(body: dict[str, Any], n_models: int, max_batch: int) -> RouteAsked:
    """Check a dry route: one of text, texts, vector, vectors; and top_k, trace."""
    unknown = [name for name in body if name not in _ROUTE_FIELDS]
    given = [name for name in _ROUTE_FIELDS[:4] if body.get(name) is not None]
    if unknown or len(given) != 1:
        raise ApiError(
            "invalid_body",
            "Give one of text, texts, vector, vectors; and top_k, trace if you like.",
        )
    trace = body.get("trace", True)
    if not isinstance(trace, bool):
        raise ApiError("invalid_body", "trace must be true or false.", param="trace")
    name, single = given[0], given[0] in ("text", "vector")
    items = [body[name]] if single else body[name]
    if not isinstance(items, list) or not 1 <= len(items) <= max_batch:
        raise ApiError("invalid_body", f"{name} must be a list of 1 to {max_batch}.", param=name)
    top_k = _top_k(body.get("top_k"), n_models)
    if name in ("vector", "vectors"):
        return RouteAsked((), _unit_rows(items, name), top_k, trace, single)
    if not all(isinstance(one, str) and one.strip() for one in items):
        raise ApiError("invalid_body", "A text is no text, or empty.", param=name)
    return RouteAsked(tuple(as_unicode(one) for one in items), None, top_k, trace, single)


def _unit_rows(items: list[object], name: str) -> FloatArray:
    """Rows of length 1; their dimension is checked by the router."""
    refusal = ApiError(
        "invalid_body", "A vector is a list of finite numbers that are not all 0.", param=name
    )
    try:
        rows = np.array(items)
    except (ValueError, TypeError, OverflowError):
        raise refusal from None
    if rows.ndim != 2 or rows.dtype.kind not in "iuf" or not rows.size:
        raise refusal
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise refusal
    return np.asarray(rows / lengths)
