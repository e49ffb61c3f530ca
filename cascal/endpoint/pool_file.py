"""Pools of models as files. Keys never stand in one.

A YAML or JSON list (or `models:` with one) of entries
    name, model_id, base_url, key_env, input_price, output_price   as in ModelSpec
    concurrency, temperature, max_tokens, logprobs, simulated      optional
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator

from cascal.datatypes import CascalError, ModelSpec
from cascal.endpoint.keys import EndpointError, check_base_url
from cascal.yaml_files.documents import read_document
from cascal.yaml_files.fields import (
    Count,
    Fields,
    Flag,
    NeededText,
    Number,
    Text,
    listed,
    read_fields,
    refusal,
)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_PREFIXED_KEY = re.compile(r"(?:sk|pk|gsk|hf|xai|r8|pplx|nvapi|AIza)_?[A-Za-z0-9]{16,}")
_KEY_LENGTH = 20
_LONGEST_NAME = 200


@dataclass(frozen=True)
class PoolModel:
    """A model and how it is asked; a temperature or max_tokens of None is left to the server."""

    spec: ModelSpec
    concurrency: int = 8
    temperature: float | None = 0.7
    max_tokens: int | None = 1024
    logprobs: bool = True

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name


def _check_name(name: str) -> str:
    if "::" in name or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise refusal("{field} in {where} holds '::' or what cannot be printed.", code="bad-field")
    return name


def _check_variable(name: str) -> str:
    if name and (not _VARIABLE.fullmatch(name) or _looks_like_a_key(name)):
        raise refusal(
            "{field} in {where} is not the name of an environment variable but looks like a key. "
            "Put the key into a variable, such as MY_API_KEY, and write that name.",
            code="written-secret",
        )
    return name


def _looks_like_a_key(name: str) -> bool:
    """Variables are named in words; keys are long and mix digits into letters."""
    if _PREFIXED_KEY.fullmatch(name):
        return True
    has_digit = any(one.isdecimal() for one in name)
    plain = name.upper() != name or "_" not in name
    return len(name) >= _KEY_LENGTH and has_digit and plain


def _check_url(url: str) -> str:
    try:
        return check_base_url(url)
    except EndpointError as error:
        raise refusal(f"{{field}} in {{where}}: {error}", code=error.code) from None


class PoolEntry(Fields):
    """One model of a pool file, in the order in which one is written."""

    advice = (
        " A key is never written into a file: put it into an environment variable and write that "
        "variable's name as key_env."
    )

    name: Annotated[NeededText, AfterValidator(_check_name)]
    model_id: Text = ""
    base_url: Annotated[NeededText, AfterValidator(_check_url)]
    key_env: Annotated[Text, AfterValidator(_check_variable)] = ""
    input_price: Number = None
    output_price: Number = None
    concurrency: Count = PoolModel.concurrency
    temperature: Number = PoolModel.temperature
    max_tokens: Count = PoolModel.max_tokens
    logprobs: Flag = PoolModel.logprobs
    simulated: Flag = False

    def model(self) -> PoolModel:
        """The entry as the program knows it; a price that is not given is nan."""
        spec = ModelSpec(
            self.name,
            model_id=self.model_id or self.name,
            base_url=self.base_url,
            key_env=self.key_env,
            input_price=math.nan if self.input_price is None else self.input_price,
            output_price=math.nan if self.output_price is None else self.output_price,
            simulated=self.simulated,
        )
        return PoolModel(
            spec,
            self.concurrency or PoolModel.concurrency,
            self.temperature,
            self.max_tokens,
            self.logprobs,
        )


def read_pool(path: str | Path) -> tuple[PoolModel, ...]:
    """The models of a pool file, in its order; CascalError says what is wrong with it."""
    return parse_pool(read_document(Path(path), "pool file"))


def parse_pool(entries: object) -> tuple[PoolModel, ...]:
    """The models of a pool file's content."""
    entries = entries["models"] if isinstance(entries, Mapping) and "models" in entries else entries
    placed = listed(entries, "pool file")
    models = tuple(read_fields(PoolEntry, entry, where).model() for where, entry in placed)
    name, times = Counter(model.name for model in models).most_common(1)[0]
    if times > 1:
        raise CascalError(
            f"The pool file names {name[:80]!r} more than once. Rename one.", code="duplicate-id"
        )
    return models


def write_pool(path: str | Path, models: Sequence[PoolModel]) -> None:
    """Write a pool file that reads back as the same models; what is unknown is left out."""
    entries = [_entry_of(model) for model in models]
    parse_pool(entries)
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)
    if Path(path).suffix.lower() == ".json":
        text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
    Path(path).write_text(text, encoding="utf-8")


def _entry_of(model: PoolModel) -> dict[str, Any]:
    """All fields of an entry, but for prices nobody knows and a model that is real."""
    holders = (model, model.spec)
    known = {
        name: next(getattr(one, name) for one in holders if hasattr(one, name))
        for name in PoolEntry.model_fields
    }
    known["model_id"] = known["model_id"] or model.name
    for name in ("input_price", "output_price"):
        if math.isnan(known[name]):
            del known[name]
    if not known["simulated"]:
        del known["simulated"]
    return known


def unset_keys(models: Iterable[PoolModel]) -> tuple[str, ...]:
    """Names of key variables that are not set, each once."""
    named = dict.fromkeys(model.spec.key_env for model in models if model.spec.key_env)
    return tuple(name for name in named if not os.environ.get(name, "").strip())
