"""Where each of the router's models is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cascal.datatypes import CascalError, ModelSpec
from cascal.endpoint.pool_file import PoolModel, unset_keys
from cascal.number_format import counted

RESERVED = ("cascal", "cascal-vote")
"""Names by which a client asks for the router itself."""


@dataclass(frozen=True)
class Pool:
    """The router's models by name, in the router's order; `notes` are sentences worth showing."""

    models: Mapping[str, ModelSpec]
    notes: tuple[str, ...] = ()


def choose_models(pool: Sequence[PoolModel], models: Sequence[str]) -> Pool:
    """The router's models among those of a pool.

    A model that the pool lacks is refused, what the router does not know is left out with a note,
    and so is a key variable that is not set. How collecting asks a model (temperature, tokens) is
    passed over: here the client says it.
    """
    by_name = {model.name: model for model in pool}
    missing = [name for name in models if name not in by_name]
    if missing:
        raise CascalError(
            f"The pool file lacks {len(missing)} of the router's {counted(len(models), 'model')}: "
            f"{', '.join(missing[:5])}. Add an entry for each, or fit a router without them.",
            code="unknown-model",
        )
    taken = [name for name in models if name in RESERVED]
    if taken:
        raise CascalError(
            f"The router has a model called {taken[0]!r}, which asks the router.", code="taken-name"
        )
    extra = [name for name in by_name if name not in models]
    notes = [f"Not in the router, left out: {', '.join(extra)}."] if extra else []
    notes += [
        f"The environment variable {name} is not set; its models will fail."
        for name in unset_keys(by_name[name] for name in models)
    ]
    return Pool({name: by_name[name].spec for name in models}, tuple(notes))
