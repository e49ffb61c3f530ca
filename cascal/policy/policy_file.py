"""Policies as files, read field by field; a refusal shows what came, for a policy holds no key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cascal.number_format import counted
from cascal.policy.checking import Among, Policy, PolicyError, RouteRule
from cascal.routing.route import Router
from cascal.yaml_files.fields import Fields, read_fields, refusal, refused_with, shown

_ROUTES = ("must_go_to", "must_not_go_to")
_LONGEST_NAME = 60


def _with_words(text: str) -> str:
    if not text.strip():
        raise ValueError("A text is blank.")
    return text


def _named(name: str) -> str:
    if not name:
        raise ValueError("A name is empty.")
    return name


def _texts_listed(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise refusal("{place} is a list of texts that is not empty.", code="wrong-type")
    return value


def _entries_listed(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise refusal("{place} is a list of entries with models and texts.", code="wrong-type")
    return value


def _router_models(info: ValidationInfo) -> Sequence[str]:
    models: Sequence[str] = info.context["models"] if info.context else ()
    return models


def _refuse_unknown_models(named: Iterable[object], info: ValidationInfo, where: str) -> None:
    models = _router_models(info)
    for name in named:
        if name not in models:
            raise refusal(
                f"{where} names the model {{came}}; the router has {{models}}.",
                code="unknown-model",
                came=shown(name, _LONGEST_NAME),
                models=", ".join(models),
            )


def _known_models(named: list[str], info: ValidationInfo) -> list[str]:
    _refuse_unknown_models(named, info, "{within}")
    return named


def _shares_by_model(value: object, info: ValidationInfo) -> object:
    """A share for all models is one for the model ""."""
    if not isinstance(value, dict):
        return {"": value}
    if not value:
        raise refusal(
            "{place} names no model. Write {model: share}, or one share for all.",
            code="missing-value",
        )
    _refuse_unknown_models(value, info, "{place}")
    return value


def _number_of_models(
    value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> float:
    """A number of models, of which the router has only so many."""
    most = len(_router_models(info))
    try:
        number = float(handler(value))
    except ValidationError:
        number = math.nan
    if not 1 <= number <= most:
        raise refusal(
            "{place} is {came}; write a number from 1 to {most}.",
            code="out-of-bounds",
            most=str(most),
        )
    return number


FileName = Annotated[
    str,
    AfterValidator(_named),
    refused_with(refusal("{place} is the name of a file of queries.", code="wrong-type")),
]
Line = Annotated[
    str,
    AfterValidator(_with_words),
    refused_with(
        refusal("{within} holds {came}, which is no text. Put it into quotes.", code="wrong-type")
    ),
]
Lines = Annotated[list[Line], Field(fail_fast=True), BeforeValidator(_texts_listed)]
Share = Annotated[
    float,
    Field(ge=0, le=1),
    refused_with(refusal("{place} is {came}; write a number from 0 to 1.", code="out-of-bounds")),
]
NEEDED: Any = Field(None, validate_default=True)
"""A field that refuses its absence in its own words."""


class PolicyFields(Fields):
    """A mapping inside a policy."""

    unknown: ClassVar[PydanticCustomError] = refusal(
        "{place} holds {came}, which is not known; write {known}.", code="unknown-field"
    )


class RouteEntry(PolicyFields):
    """Texts, or a file of them, that must or must not go to some models."""

    no_mapping = refusal("{place} is no mapping with models and texts.", code="wrong-type")

    models: Annotated[Lines, AfterValidator(_known_models)] = NEEDED
    texts: Lines | None = None
    file: FileName | None = None
    among: Annotated[
        Among,
        refused_with(refusal("{place} is {came}; write first or selected.", code="unknown-choice")),
    ] = "first"

    @model_validator(mode="after")
    def _refuse_none_or_both(self) -> RouteEntry:
        if (self.texts is None) == (self.file is None):
            raise refusal("{place} needs texts or file, one of the two.", code="missing-value")
        return self

    def rule(self, name: str, folder: Path) -> RouteRule:
        """The entry with its texts read; `name` is where it stands."""
        texts = tuple(self.texts or ()) if self.file is None else _texts_of(self.file, folder)
        wanted = name.startswith("must_go_to")
        return RouteRule(name, tuple(self.models), texts, self.among, wanted=wanted)


class BaselineEntry(PolicyFields):
    """Another router, and how many prompts may go to another model than there."""

    no_mapping = refusal("{place} is {router: file, max_flipped: share}.", code="wrong-type")

    router: Annotated[
        str,
        refused_with(refusal("{within} is {router: file, max_flipped: share}.", code="wrong-type")),
    ] = NEEDED
    max_flipped: Share = NEEDED


Routes = Annotated[list[RouteEntry], Field(fail_fast=True), BeforeValidator(_entries_listed)]


class PolicyFile(PolicyFields):
    """What a policy file holds, in the order in which one is written."""

    prompts: FileName | None = None
    must_go_to: Routes | None = None
    must_not_go_to: Routes | None = None
    max_share: Annotated[dict[str, Share], BeforeValidator(_shares_by_model)] | None = None
    min_effective_models: Annotated[float, WrapValidator(_number_of_models)] | None = None
    baseline: BaselineEntry | None = None

    @model_validator(mode="after")
    def _refuse_nothing(self) -> PolicyFile:
        if not self.asserted():
            names = ", ".join(name for name in type(self).model_fields if name != "prompts")
            raise refusal(
                "The policy asserts nothing. Give one of {names}.",
                code="missing-value",
                names=names,
            )
        return self

    def asserted(self) -> list[str]:
        """Names of the assertions that are made."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        return [name for name in given if name != "prompts"]

    def rules(self, folder: Path) -> Iterator[RouteRule]:
        """All rules for routes, each named by its place."""
        for name in _ROUTES:
            for place, entry in enumerate(getattr(self, name) or (), 1):
                yield entry.rule(f"{name}[{place}]", folder)


PolicyFile.no_mapping = refusal(
    f"A policy is a mapping of assertions: {', '.join(PolicyFile.model_fields)}.",
    code="wrong-type",
)


def read_policy(document: object, folder: Path, models: Sequence[str]) -> Policy:
    """Check what a policy file holds; names of files count from `folder`, the policy's own.

    prompts               file of queries for the shares: one a line, or a table with a text column
    must_go_to            list of {models, texts or file, among: first (default) or selected}
    must_not_go_to        the same
    max_share             largest share of the prompts for any model, or {model: share}
    min_effective_models  exp(entropy of the shares), at least this much
    baseline              {router: file, max_flipped: largest share of prompts with another model}
    """
    written = read_fields(
        PolicyFile,
        None if document == {} else document,
        "The policy",
        context={"models": models},
        kind_of_refusal=PolicyError,
    )
    prompts = () if written.prompts is None else _texts_of(written.prompts, folder)
    counting = [name for name in written.asserted() if name not in _ROUTES]
    if counting and not prompts:
        raise PolicyError(
            f"{counting[0]} counts shares: name a file of queries under prompts.",
            code="missing-value",
        )
    before = written.baseline
    return Policy(
        prompts,
        tuple(written.rules(folder)),
        written.max_share,
        written.min_effective_models,
        None if before is None else Router.load(folder / before.router),
        0.0 if before is None else before.max_flipped,
    )


def _texts_of(name: str, folder: Path) -> tuple[str, ...]:
    from cascal.importers.texts import read_texts  # slow to import

    read = read_texts(folder / name)
    if read.refused:
        raise PolicyError(
            f"{name} has {counted(len(read.refused), 'row')} without a text, the first is row "
            f"{read.refused[0].row}. A policy counts every row: remove them.",
            code="unusable-text",
        )
    return read.texts
