"""The pool file: where each of the router's models is asked."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cascal.datatypes import CascalError, ModelSpec
from cascal.endpoint import check_base_url

RESERVED = ("cascal", "cascal-vote")
"""Names by which a client asks for the router itself."""

_FIELDS = ("name", "model_id", "base_url", "key_env", "input_price", "output_price")
_COLLECTING = ("concurrency", "temperature", "max_tokens", "logprobs", "simulated")
"""How `cascal collect` asks a model; here the client says it."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Pool:
    """The router's models by name, in the router's order; `notes` are sentences worth showing."""

    models: Mapping[str, ModelSpec]
    notes: tuple[str, ...] = ()


def read_pool(entries: object, models: Sequence[str]) -> Pool:
    """Check the list of a pool file against the router's models.

    An entry is {name, model_id, base_url, key_env, input_price, output_price}; only name and
    base_url are needed (model_id is the name where it is missing, key_env empty for no key, prices
    are US dollars per million tokens; fields that only collecting needs are passed over). A model
    without an entry is refused, an entry without a model is left out with a note, and so is a key
    variable that is not set.
    """
    if not isinstance(entries, list) or not entries:
        raise CascalError(
            "The pool file is no list of models. Write one entry a model: name, model_id, "
            "base_url, key_env, input_price, output_price."
        )
    specs = [_spec(entry, place) for place, entry in enumerate(entries, 1)]
    by_name = {spec.name: spec for spec in specs}
    if len(by_name) < len(specs):
        names = [spec.name for spec in specs]
        twice = next(name for name in names if names.count(name) > 1)
        raise CascalError(f"The pool file names {twice[:80]!r} more than once.")
    missing = [name for name in models if name not in by_name]
    if missing:
        raise CascalError(
            f"The pool file lacks {len(missing)} of the router's {len(models)} models: "
            f"{', '.join(missing[:5])}. Add an entry for each, or fit a router without them."
        )
    taken = [name for name in models if name in RESERVED]
    if taken:
        raise CascalError(f"The router has a model called {taken[0]!r}, which asks the router.")
    return Pool({name: by_name[name] for name in models}, _notes(by_name, models))


def _notes(by_name: Mapping[str, ModelSpec], models: Sequence[str]) -> tuple[str, ...]:
    extra = [name for name in by_name if name not in models]
    notes = [f"Not in the router, left out: {', '.join(extra)}."] if extra else []
    used = dict.fromkeys(by_name[name].key_env for name in models)
    unset = [name for name in used if name and not os.environ.get(name, "").strip()]
    notes += [
        f"The environment variable {name} is not set; its models will fail." for name in unset
    ]
    return tuple(notes)


def _spec(entry: object, place: int) -> ModelSpec:
    if not isinstance(entry, dict):
        raise CascalError(f"Entry {place} of the pool file is no mapping with a name.")
    unknown = [str(key) for key in entry if key not in (*_FIELDS, *_COLLECTING)]
    if unknown:
        raise CascalError(
            f"Entry {place} of the pool file has the unknown field {unknown[0][:40]!r}; known are "
            f"{', '.join(_FIELDS)}. Keys are never written here, only the name of their variable."
        )
    name = _text(entry, "name", place)
    key_env = _text(entry, "key_env", place)
    if not name:
        raise CascalError(f"Entry {place} of the pool file has no name.")
    if key_env and not _VARIABLE.fullmatch(key_env):
        raise CascalError(
            f"key_env of {name!r} in the pool file is not the name of an environment variable. "
            "Put the key into a variable and write the variable's name."
        )
    return ModelSpec(
        name,
        _text(entry, "model_id", place) or name,
        check_base_url(_text(entry, "base_url", place)),
        key_env,
        _price(entry, "input_price", name),
        _price(entry, "output_price", name),
    )


def _text(entry: Mapping[str, object], field: str, place: int) -> str:
    value = entry.get(field)
    if value is not None and not isinstance(value, str):
        raise CascalError(
            f"{field} of entry {place} of the pool file is no text. Put it into quotes."
        )
    return (value or "").strip()


def _price(entry: Mapping[str, object], field: str, name: str) -> float:
    value = entry.get(field)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise CascalError(
            f"{field} of {name!r} in the pool file is no number of US dollars per million tokens."
        )
    return float(value)
