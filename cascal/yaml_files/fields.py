"""Mappings that people write, checked field by field: pydantic reads, the sentences are ours.

A refusal says which field, where it stands, what is wrong and what to write. What is ready here
never repeats a value, which may be a key; a sentence with {came} does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cascal.datatypes import CascalError

F = TypeVar("F", bound="Fields")


def refusal(sentence: str, *, code: str, **words: str) -> PydanticCustomError:
    """What a validator raises: a sentence in which the names in braces are filled in.

    {field}   the name of the field
    {where}   the place of its mapping in words: "entry 2 of the pool file"
    {place}   the field with its place as a path: "must_go_to[1].models"
    {within}  the path of what it stands in: "must_go_to[1]"
    {came}    the value, cut; only where it cannot be a key
    and the names of `words`, which are filled in as they are
    """
    context = {"sentence": sentence, "code": code, "words": words}
    return PydanticCustomError("refused", "{sentence}", context)


def _anew(refused: PydanticCustomError, **words: str) -> PydanticCustomError:
    """The same refusal, with words; one object raised twice would keep the frames of both."""
    context = dict(refused.context or {})
    context["words"] = {**context["words"], **words}
    return PydanticCustomError("refused", "{sentence}", context)


class Fields(BaseModel):
    """A mapping of known fields whose values are taken as they are, never converted.

    `no_mapping` and `unknown` are said of anything else and of an unknown field; `advice` is added
    to the latter.
    """

    model_config = ConfigDict(strict=True, frozen=True)
    advice: ClassVar[str] = ""
    no_mapping: ClassVar[PydanticCustomError] = refusal(
        "There is no mapping with a name in {where}.", code="not-records"
    )
    unknown: ClassVar[PydanticCustomError] = refusal(
        "The field {came} in {where} is unknown; known are {known}.{advice}", code="unknown-field"
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            raise _anew(cls.no_mapping)
        for name in value:
            if name not in cls.model_fields:
                known = ", ".join(cls.model_fields)
                raise _anew(cls.unknown, came=shown(name), known=known, advice=cls.advice)
        return value


def refused_with(refused: PydanticCustomError) -> WrapValidator:
    """Refuse whatever does not fit with this refusal."""

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401
        try:
            return handler(value)
        except ValidationError:
            raise _anew(refused) from None

    return WrapValidator(validate)


def refused_as(words: str) -> WrapValidator:
    """Refuse whatever does not fit as "<field> in <place> <words>"."""
    return refused_with(refusal(f"{{field}} in {{where}} {words}", code="bad-field"))


def shown(value: object, length: int = 40) -> str:
    """The first characters of a value in quotes, without ever writing the rest of it out."""
    if isinstance(value, str):
        return repr(value[:length])
    if not isinstance(value, dict | list | tuple):
        return repr(str(value)[:length])
    text = ""
    for piece in _pieces(value, length):
        text += piece
        if len(text) >= length:
            break
    return repr(text[:length])


def _pieces(value: object, length: int) -> Iterator[str]:
    """The text of a value in parts, each of them short."""
    if isinstance(value, dict):
        yield "{"
        for place, (name, inner) in enumerate(value.items()):
            yield ", " if place else ""
            yield from _pieces(name, length)
            yield ": "
            yield from _pieces(inner, length)
        yield "}"
    elif isinstance(value, list | tuple):
        opening, closing = "[]" if isinstance(value, list) else "()"
        yield opening
        for place, inner in enumerate(value):
            yield ", " if place else ""
            yield from _pieces(inner, length)
        yield closing
    else:
        yield repr(value[:length] if isinstance(value, str | bytes) else value)


def _needed(text: str) -> str:
    if not text:
        raise PydanticCustomError("missing", "A blank text is a missing one.")
    return text


def _whole(value: object) -> object:
    """2.0 is a whole number, as some programs write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[
    str,
    BeforeValidator(lambda value: "" if value is None else value),
    AfterValidator(str.strip),
    refused_as("is no text. Put it into quotes."),
]
"""A text without the spaces around it; null is none."""
NeededText = Annotated[Text, AfterValidator(_needed)]
Number = Annotated[
    float | None,
    Field(ge=0, allow_inf_nan=False),
    refused_as("is no number of 0 or more."),
]
Count = Annotated[
    int | None,
    Field(ge=1),
    BeforeValidator(_whole),
    refused_as("is no whole number of 1 or more."),
]
Flag = Annotated[bool, refused_as("is neither true nor false.")]


@dataclass(frozen=True)
class _Place:
    """Where a value stands below `root`, in the words that a sentence may use."""

    path: tuple[int | str, ...]
    root: str

    @property
    def field(self) -> str:
        name = self.path[-1] if self.path else ""
        return name if isinstance(name, str) else ""

    @property
    def where(self) -> str:
        where = self.root
        path = self.path[:-1] if self.field else self.path
        for name, place in zip(path[::2], path[1::2], strict=True):
            where = f"entry {int(place) + 1} of the {name} in {where}"
        return where

    @property
    def place(self) -> str:
        parts = (f"[{one + 1}]" if isinstance(one, int) else one and f".{one}" for one in self.path)
        return "".join(parts).removeprefix(".") or self.root

    @property
    def within(self) -> str:
        return _Place(self.path[:-1], self.root).place


_MISSING = refusal("{field} is missing in {where}.", code="missing-value")
_NO_LIST = refusal("{field} in {where} is no list.", code="bad-field")
_MISFIT = refusal("{field} in {where} does not fit.", code="bad-field")
_OF_PYDANTIC = {"missing": _MISSING.context, "list_type": _NO_LIST.context}
_NAMES = re.compile(r"\{(\w+)\}")


def read_fields(
    kind: type[F],
    value: object,
    where: str,
    *,
    context: Mapping[str, Any] | None = None,
    kind_of_refusal: type[CascalError] = CascalError,
) -> F:
    """The value as `kind`; `where` names its place, such as "entry 2 of the pool file".

    `context` goes to the validators.
    """
    try:
        return kind.model_validate(value, context=context)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    known = first["ctx"] if first["type"] == "refused" else _OF_PYDANTIC.get(first["type"])
    refused = known or _MISFIT.context or {}
    sentence = _filled(refused, _Place(first["loc"], where), first["input"])
    raise kind_of_refusal(sentence, code=refused["code"])


def _filled(refused: Mapping[str, Any], place: _Place, came: object) -> str:
    """The sentence with its names filled in, at once: what is filled in may hold braces too."""

    def word(name: re.Match[str]) -> str:
        if name[1] in refused["words"]:
            return str(refused["words"][name[1]])
        return shown(came) if name[1] == "came" else str(getattr(place, name[1], name[0]))

    return _NAMES.sub(word, refused["sentence"])


def listed(entries: object, what: str) -> list[tuple[str, object]]:
    """Place and value of every entry of a file's list; anything else is refused."""
    if not isinstance(entries, list) or not entries:
        raise CascalError(
            f"The {what} holds no list of entries. Write at least one, with a name.",
            code="not-records",
        )
    return [(f"entry {place} of the {what}", entry) for place, entry in enumerate(entries, 1)]
