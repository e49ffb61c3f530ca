"""What a client asks: the bodies of requests, read by pydantic and refused in our sentences."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cascal.datatypes import FloatArray
from cascal.files.plain_json import read_plain
from cascal.serve.errors import ApiError
from cascal.serve.pool import RESERVED

Mode = Literal["first", "vote"]
B = TypeVar("B", bound=BaseModel)

MAX_DEPTH = 100
_MAX_OPTIONS = 26
_OPTION = re.compile(r"^\s{0,8}\(?([A-Z])[.):](?=\s)[ \t]{0,8}([^\n]{0,4000})", re.MULTILINE)
_EXPECTED = {
    "model": f"Name a model, e.g. {RESERVED[0]!r}.",
    "messages": "messages must be a list that is not empty.",
    "stream": "stream must be true or false.",
    "cascal": "cascal may hold mode, top_k, n_options.",
    "cascal.mode": "cascal.mode is first or vote.",
    "cascal.n_options": f"cascal.n_options is 0 (a free answer) or 2 to {_MAX_OPTIONS}.",
    "cascal.top_k": "cascal.top_k is 1 to {n_models}.",
    "input": "input must be a text, or a list of 1 to {max_batch} texts, none of them empty.",
    "encoding_format": "encoding_format is float or base64.",
    "": "Give one of text, texts, vector, vectors; and top_k, trace if you like.",
    "text": "text must be a text that is not empty.",
    "texts": "texts must be a list of 1 to {max_batch} texts, none of them empty.",
    "vector": "vector must be a list of finite numbers that are not all 0.",
    "vectors": "vectors must be a list of 1 to {max_batch} vectors of the same length: lists of "
    "finite numbers that are not all 0.",
    "top_k": "top_k is 1 to {n_models}.",
    "trace": "trace must be true or false.",
}
"""What each field must be, said where it is something else."""


@dataclass(frozen=True, kw_only=True)
class ChatAsked:
    """A chat completion asked of the router.

    model      the name of a model that is to be asked whatever the router says; "" = route
    text       what is routed: the last user message; "" where it has no text, or a model is named
    top_k      how many models vote; None = as the router was tuned
    n_options  options of a choice, 0 = a free answer; counted in the text where not given
    options    those that the text lists; all right ones are asked for where n_options is 0
    body       what goes upstream, without the field `cascal`
    """

    model: str
    mode: Mode
    text: str
    top_k: int | None
    n_options: int
    options: tuple[str, ...]
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


@dataclass(frozen=True)
class EmbedAsked:
    """Texts whose vectors are asked for, as lists of numbers or in base64 (float32)."""

    texts: tuple[str, ...]
    in_base64: bool

    def written(self, vector: FloatArray) -> list[float] | str:
        """A vector as it was asked for."""
        if self.in_base64:
            return base64.b64encode(vector.astype("<f4").tobytes()).decode()
        return [float(number) for number in vector]


def _with_words(text: str) -> str:
    if not text.strip():
        raise ValueError("A text is blank.")
    return as_unicode(text)


_Text = Annotated[str, AfterValidator(_with_words)]
_Vector = Annotated[list[float], Field(fail_fast=True)]
_TopK = Annotated[int, Field(ge=1)] | None
_Choice = Annotated[int, Field(ge=2, le=_MAX_OPTIONS)]
_FreeAnswer = Annotated[int, Field(ge=0, le=0)]


class _Body(BaseModel):
    """Values are taken as they are, never converted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class _Ours(_Body):
    """The field `cascal` of a chat completion."""

    mode: Mode = "first"
    top_k: _TopK = None
    n_options: _Choice | _FreeAnswer | None = None


class _Chat(_Body):
    """The fields of a chat completion that are read here; others go upstream unread."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)
    messages: list[Any] = Field(min_length=1)
    stream: bool | None = None
    cascal: _Ours | None = None


class _Embed(_Body):
    """Texts to encode; the model's name is taken as it is, there is one encoder."""

    model_config = ConfigDict(extra="ignore")

    input: _Text | Annotated[list[_Text], Field(min_length=1, fail_fast=True)]
    encoding_format: Literal["float", "base64"] = "float"


class _Route(_Body):
    """A dry route; one of the first four is given."""

    text: _Text | None = None
    texts: list[_Text] | None = Field(None, min_length=1, fail_fast=True)
    vector: _Vector | None = None
    vectors: list[_Vector] | None = Field(None, min_length=1, fail_fast=True)
    top_k: _TopK = None
    trace: bool = True


def read_json(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body; anything else, also nan or a nesting too deep, is refused."""
    try:
        body = read_plain(raw)
    except ValueError:
        raise ApiError("invalid_body", "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise ApiError("invalid_body", "The body is no JSON object.")
    if _is_deeper(body, MAX_DEPTH):
        raise ApiError("invalid_body", f"The body is nested more than {MAX_DEPTH} deep.")
    return body


def _is_deeper(body: dict[str, Any], limit: int) -> bool:
    level: list[Any] = [body]
    for _ in range(limit):
        values = (part.values() if isinstance(part, dict) else part for part in level)
        level = [one for held in values for one in held if isinstance(one, dict | list)]
    return bool(level)


def _checked(kind: type[B], body: dict[str, Any], **limits: int) -> B:
    """The body as `kind`; the first field that does not fit is refused."""
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        place = error.errors(include_url=False, include_input=False)[0]["loc"]
    paths = (".".join(map(str, place[:end])) for end in range(len(place), 0, -1))
    raise _refusal(next((path for path in paths if path in _EXPECTED), ""), **limits)


def _refusal(path: str, **limits: int) -> ApiError:
    return ApiError("invalid_body", _EXPECTED[path].format(**limits), param=path)


def read_chat(body: dict[str, Any], models: Sequence[str]) -> ChatAsked:
    """Check a chat completion; parameters that are not ours go upstream as they are."""
    chat = _checked(_Chat, body, n_models=len(models))
    routed, ours, stream = chat.model in RESERVED, chat.cascal or _Ours(), bool(chat.stream)
    if not routed and chat.model not in models:
        raise no_such_model(chat.model)
    if chat.cascal is not None and not routed:
        raise ApiError("invalid_body", "cascal goes with the model cascal only.", param="cascal")
    text = last_user_text(chat.messages) if routed else ""
    voted = chat.model == "cascal-vote" and "mode" not in ours.model_fields_set
    mode: Mode = "vote" if voted else ours.mode
    options = listed_options(text)
    if stream and mode == "vote":
        raise ApiError(
            "vote_cannot_stream", "A vote is known only when all have answered: leave stream out."
        )
    if (ours.top_k or 0) > len(models):
        raise _refusal("cascal.top_k", n_models=len(models))
    return ChatAsked(
        model="" if routed else chat.model,
        mode=mode,
        text=text,
        top_k=ours.top_k,
        n_options=len(options) if ours.n_options is None else ours.n_options,
        options=options,
        stream=stream,
        body={name: value for name, value in body.items() if name != "cascal"},
    )


def no_such_model(name: str) -> ApiError:
    """The refusal of a name that is neither the router's nor a model's."""
    return ApiError(
        "model_not_found",
        f"There is no model {name[:80]!r}; /v1/models lists what there is.",
        param="model",
    )


def last_user_text(messages: Sequence[object]) -> str:
    """The text of the last message of the user; of several parts, those that are text.

    "" where it holds images only, or nothing; `no_user_text` where there is no such message.
    """
    users = [one for one in messages if isinstance(one, dict) and one.get("role") == "user"]
    content = users[-1].get("content") if users else None
    if isinstance(content, list):
        parts = [one.get("text") for one in content if isinstance(one, dict)]
        content = "\n".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        raise ApiError(
            "no_user_text", "There is no message of the user with text.", param="messages"
        )
    return as_unicode(content) if content.strip() else ""


def as_unicode(text: str) -> str:
    """The text with halves of surrogate pairs replaced: no encoder takes them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def listed_options(text: str) -> tuple[str, ...]:
    """The lines A., B., … that a text ends in; none if there are not at least two."""
    options: list[str] = []
    for letter, option in _OPTION.findall(text):
        place = ord(letter) - ord("A")
        if place != len(options):
            options.clear()
        if place == len(options):
            options.append(option.strip())
    return tuple(options) if len(options) >= 2 else ()


def read_route(body: dict[str, Any], n_models: int, max_batch: int) -> RouteAsked:
    """Check a dry route: one of text, texts, vector, vectors; and top_k, trace."""
    limits = {"n_models": n_models, "max_batch": max_batch}
    route = _checked(_Route, body, **limits)
    fields = ("text", "texts", "vector", "vectors")
    given = [name for name in fields if getattr(route, name) is not None]
    if len(given) != 1:
        raise _refusal("")
    if (route.top_k or 0) > n_models:
        raise _refusal("top_k", **limits)
    texts = route.texts or ([] if route.text is None else [route.text])
    rows = route.vectors or ([] if route.vector is None else [route.vector])
    vectors = _unit_rows(rows)
    if max(len(texts), len(rows)) > max_batch or (rows and vectors is None):
        raise _refusal(given[0], **limits)
    single = given[0] in ("text", "vector")
    return RouteAsked(tuple(texts), vectors, route.top_k, route.trace, single)


def read_embed(body: dict[str, Any], max_batch: int) -> EmbedAsked:
    """Check a request for vectors: `input`, and `encoding_format` if you like."""
    asked = _checked(_Embed, body, max_batch=max_batch)
    texts = (asked.input,) if isinstance(asked.input, str) else tuple(asked.input)
    if len(texts) > max_batch:
        raise _refusal("input", max_batch=max_batch)
    return EmbedAsked(texts, asked.encoding_format == "base64")


def _unit_rows(rows: Sequence[Sequence[float]]) -> FloatArray | None:
    """Rows of length 1, None if they cannot be; their dimension is checked by the router."""
    if len({len(row) for row in rows}) != 1:
        return None
    array = np.array(rows, dtype=np.float64)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(array, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        return None
    return np.asarray(array / lengths)
