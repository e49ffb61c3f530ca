"""Mappings that people write, checked field by field: pydantic reads, the sentences are ours.

A refusal says which field, where it stands, what is wrong and what to write; it never repeats a
value, which may be a key.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class Fields(BaseModel):
    """A mapping of known fields whose values are taken as they are, never converted.

    `advice` is added where a field is unknown.
    """

    model_config = ConfigDict(strict=True, frozen=True)
    advice: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            raise refusal("There is no mapping with a name in {where}.", code="not-records")
        unknown = [str(name) for name in value if name not in cls.model_fields]
        if unknown:
            known = ", ".join(cls.model_fields)
            raise refusal(
                f"The field {unknown[0][:40]!r} in {{where}} is unknown; known are {known}."
                f"{cls.advice}",
                code="unknown-field",
            )
        return value


def refusal(sentence: str, *, code: str) -> PydanticCustomError:
    """What a validator raises: a sentence in which {field} and {where} are filled in."""
    return PydanticCustomError("refused", "{sentence}", {"sentence": sentence, "code": code})


def refused_as(words: str) -> WrapValidator:
    """Refuse whatever does not fit as "<field> in <place> <words>"."""

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401
        try:
            return handler(value)
        except ValidationError:
            raise refusal(f"{{field}} in {{where}} {words}", code="bad-field") from None

    return WrapValidator(validate)


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


def read_fields(kind: type[F], value: object, where: str) -> F:
    """The value as `kind`; `where` names its place, such as "entry 2 of the pool file"."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    path = list(first["loc"])
    field = path.pop() if path and isinstance(path[-1], str) else ""
    for name, place in zip(path[::2], path[1::2], strict=True):
        where = f"entry {int(place) + 1} of the {name} in {where}"
    if first["type"] == "missing":
        raise CascalError(f"{field} is missing in {where}.", code="missing-value")
    if first["type"] == "refused":
        sentence = first["ctx"]["sentence"].replace("{field}", str(field))
        raise CascalError(sentence.replace("{where}", where), code=first["ctx"]["code"])
    wrong = "is no list" if first["type"] == "list_type" else "does not fit"
    raise CascalError(f"{field} in {where} {wrong}.", code="bad-field")


def listed(entries: object, what: str) -> list[tuple[str, object]]:
    """Place and value of every entry of a file's list; anything else is refused."""
    if not isinstance(entries, list) or not entries:
        raise CascalError(
            f"The {what} holds no list of entries. Write at least one, with a name.",
            code="not-records",
        )
    return [(f"entry {place} of the {what}", entry) for place, entry in enumerate(entries, 1)]
