"""Assertions on a router's decisions, for a user's CI: no model is called, no label is needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cascal.datatypes import CascalError, Embeddings, FloatArray
from cascal.evaluate import effective_number
from cascal.route import Router

Encode = Callable[[str, Sequence[str]], FloatArray]
"""Unit vectors (n, D) of texts by the encoder of an id."""
Among = Literal["first", "selected"]

_FIELDS = (
    "prompts",
    "must_go_to",
    "must_not_go_to",
    "max_share",
    "min_effective_models",
    "baseline",
)
_ROUTE_FIELDS = ("models", "texts", "file", "among")
_BASELINE_FIELDS = ("router", "max_flipped")
_SHOWN = 60


class PolicyError(CascalError):
    """A policy that cannot be checked: where it is wrong, what came, what to write."""


@dataclass(frozen=True)
class RouteRule:
    """Texts that must (or must not) go to some models.

    among "first": the first model counts; "selected": all that would be asked in a vote. A text
    that must go there needs one of them, one that must not is violated by any of them.
    """

    name: str
    models: tuple[str, ...]
    texts: tuple[str, ...]
    among: Among
    wanted: bool


@dataclass(frozen=True)
class Policy:
    """What is asserted; None = not asserted. `max_share` is by model, or "" for every model."""

    prompts: tuple[str, ...] = ()
    routes: tuple[RouteRule, ...] = ()
    max_share: Mapping[str, float] | None = None
    min_effective_models: float | None = None
    baseline: Router | None = None
    max_flipped: float = 0.0


@dataclass(frozen=True)
class Assertion:
    """One assertion with its outcome in a sentence; measured and limit are None for routes."""

    rule: str
    held: bool
    sentence: str
    measured: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Outcome:
    """All assertions of a policy, in its order."""

    assertions: tuple[Assertion, ...]

    @property
    def violated(self) -> tuple[Assertion, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.assertions if not one.held)

    def to_dict(self) -> dict[str, Any]:
        """JSON types only."""
        return {
            "held": not self.violated,
            "n_violated": len(self.violated),
            "assertions": [asdict(one) for one in self.assertions],
        }


def read_policy(document: object, folder: Path, models: Sequence[str]) -> Policy:
    """Check what a policy file holds; names of files count from `folder`, the policy's own.

    prompts               file of queries for the shares: one a line, or a table with a text column
    must_go_to            list of {models, texts or file, among: first (default) or selected}
    must_not_go_to        the same
    max_share             largest share of the prompts for any model, or {model: share}
    min_effective_models  exp(entropy of the shares), at least this much
    baseline              {router: file, max_flipped: largest share of prompts with another model}
    """
    if not isinstance(document, dict) or not document:
        raise PolicyError(
            f"A policy is a mapping of assertions: {', '.join(_FIELDS)}.", code="wrong-type"
        )
    _refuse_unknown(document, _FIELDS, "The policy")
    asserted = [name for name in _FIELDS[1:] if document.get(name) is not None]
    if not asserted:
        raise PolicyError(
            f"The policy asserts nothing. Give one of {', '.join(_FIELDS[1:])}.",
            code="missing-value",
        )
    counting = [name for name in asserted if name not in ("must_go_to", "must_not_go_to")]
    named = document.get("prompts")
    prompts = () if named is None else _texts_of(named, folder, "prompts")
    if counting and not prompts:
        raise PolicyError(
            f"{counting[0]} counts shares: name a file of queries under prompts.",
            code="missing-value",
        )
    routes = [
        _route_rule(entry, f"{name}[{place}]", folder, models)
        for name in ("must_go_to", "must_not_go_to")
        for place, entry in enumerate(_entries(document.get(name), name), 1)
    ]
    least = document.get("min_effective_models")
    baseline, max_flipped = _baseline(document.get("baseline"), folder)
    return Policy(
        prompts,
        tuple(routes),
        _shares(document.get("max_share"), models),
        None if least is None else _number(least, "min_effective_models", 1.0, len(models)),
        baseline,
        max_flipped,
    )


def _refuse_unknown(mapping: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    unknown = [str(name) for name in mapping if name not in known]
    if unknown:
        raise PolicyError(
            f"{where} holds {unknown[0][:40]!r}, which is not known; write {', '.join(known)}.",
            code="unknown-field",
        )


def _texts_of(name: object, folder: Path, where: str) -> tuple[str, ...]:
    from cascal.importers.texts import read_texts  # slow to import

    if not isinstance(name, str) or not name:
        raise PolicyError(f"{where} is the name of a file of queries.", code="wrong-type")
    read = read_texts(folder / name)
    if read.refused:
        raise PolicyError(
            f"{name} has {len(read.refused)} rows without a text, the first is row "
            f"{read.refused[0].row}. A policy counts every row: remove them.",
            code="unusable-text",
        )
    return read.texts


def _entries(value: object, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or not value:
        raise PolicyError(f"{name} is a list of entries with models and texts.", code="wrong-type")
    return value


def _route_rule(entry: object, name: str, folder: Path, models: Sequence[str]) -> RouteRule:
    if not isinstance(entry, dict):
        raise PolicyError(f"{name} is no mapping with models and texts.", code="wrong-type")
    _refuse_unknown(entry, _ROUTE_FIELDS, name)
    given = [one for one in ("texts", "file") if entry.get(one) is not None]
    if len(given) != 1:
        raise PolicyError(f"{name} needs texts or file, one of the two.", code="missing-value")
    if given == ["file"]:
        texts = _texts_of(entry["file"], folder, f"{name}.file")
    else:
        texts = _strings(entry["texts"], f"{name}.texts")
    among = entry.get("among", "first")
    if among not in ("first", "selected"):
        raise PolicyError(
            f"{name}.among is {str(among)[:40]!r}; write first or selected.", code="unknown-choice"
        )
    named = _strings(entry.get("models"), f"{name}.models")
    for one in named:
        _refuse_unknown_model(one, models, name)
    return RouteRule(name, named, texts, among, wanted=name.startswith("must_go_to"))


def _strings(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise PolicyError(f"{name} is a list of texts that is not empty.", code="wrong-type")
    for one in value:
        if not isinstance(one, str) or not one.strip():
            raise PolicyError(
                f"{name} holds {str(one)[:40]!r}, which is no text. Put it into quotes.",
                code="wrong-type",
            )
    return tuple(value)


def _refuse_unknown_model(name: object, models: Sequence[str], where: str) -> None:
    if name not in models:
        raise PolicyError(
            f"{where} names the model {str(name)[:60]!r}; the router has {', '.join(models)}.",
            code="unknown-model",
        )


def _number(value: object, name: str, low: float, high: float) -> float:
    legal = isinstance(value, int | float) and not isinstance(value, bool)
    if not legal or not low <= float(str(value)) <= high:
        raise PolicyError(
            f"{name} is {str(value)[:40]!r}; write a number from {low:g} to {high:g}.",
            code="out-of-bounds",
        )
    return float(str(value))


def _shares(value: object, models: Sequence[str]) -> Mapping[str, float] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        return {"": _number(value, "max_share", 0.0, 1.0)}
    if not value:
        raise PolicyError(
            "max_share names no model. Write {model: share}, or one share for all.",
            code="missing-value",
        )
    for name in value:
        _refuse_unknown_model(name, models, "max_share")
    return {name: _number(share, f"max_share.{name}", 0.0, 1.0) for name, share in value.items()}


def _baseline(value: object, folder: Path) -> tuple[Router | None, float]:
    if value is None:
        return None, 0.0
    if not isinstance(value, dict) or not isinstance(value.get("router"), str):
        raise PolicyError("baseline is {router: file, max_flipped: share}.", code="wrong-type")
    _refuse_unknown(value, _BASELINE_FIELDS, "baseline")
    limit = _number(value.get("max_flipped"), "baseline.max_flipped", 0.0, 1.0)
    return Router.load(folder / value["router"]), limit


def check(router: Router, policy: Policy, encode: Encode) -> Outcome:
    """Route the policy's texts and judge every assertion; ties of a limit hold."""
    assertions = [one for rule in policy.routes for one in _check_routes(router, rule, encode)]
    if policy.prompts:
        first = [row[0] for row in _selected(router, policy.prompts, encode)]
        share = np.array([first.count(name) for name in router.models]) / len(first)
        assertions += _check_shares(router, policy, share)
        if policy.baseline is not None:
            before = [row[0] for row in _selected(policy.baseline, policy.prompts, encode)]
            assertions.append(_check_flips(policy, first, before))
    return Outcome(tuple(assertions))


def _selected(router: Router, texts: Sequence[str], encode: Encode) -> list[list[str]]:
    """Names of the selected models of every text, best first."""
    ids = [str(row) for row in range(len(texts))]
    vectors = Embeddings.from_array(ids, encode(router.encoder, texts), router.encoder)
    return [[router.models[m] for m in row] for row in router.route(vectors).selected]


def _check_routes(router: Router, rule: RouteRule, encode: Encode) -> list[Assertion]:
    """One assertion a text."""
    assertions = []
    must = f"it must {'' if rule.wanted else 'not '}go to {' or '.join(rule.models)}"
    for text, selected in zip(rule.texts, _selected(router, rule.texts, encode), strict=True):
        counted = selected[:1] if rule.among == "first" else selected
        held = any(name in rule.models for name in counted) == rule.wanted
        said = f"{rule.name}: {_quoted(text)} goes to {', '.join(counted)}; {must}."
        assertions.append(Assertion(rule.name, held, said))
    return assertions


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line if len(line) <= _SHOWN else line[:_SHOWN] + '…'}'"


def _check_shares(router: Router, policy: Policy, share: FloatArray) -> list[Assertion]:
    assertions = []
    limits = policy.max_share or {}
    for name, part in zip(router.models, share, strict=True):
        limit = limits.get(name, limits.get(""))
        if limit is not None:
            said = f"max_share: {name} gets {part:.1%} of {len(policy.prompts):,} prompts; at most "
            assertions.append(
                Assertion(
                    "max_share", bool(part <= limit), f"{said}{limit:.1%}.", float(part), limit
                )
            )
    least = policy.min_effective_models
    if least is not None:
        found = effective_number(share)
        said = (
            f"min_effective_models: {found:.2f} models are in use effectively; at least {least:g}."
        )
        held = found >= least or math.isclose(found, least)
        assertions.append(Assertion("min_effective_models", held, said, found, least))
    return assertions


def _check_flips(policy: Policy, first: Sequence[str], before: Sequence[str]) -> Assertion:
    flips = sum(now != then for now, then in zip(first, before, strict=True))
    share, limit = flips / len(first), policy.max_flipped
    return Assertion(
        "baseline",
        share <= limit,
        f"baseline: {share:.1%} of {len(first):,} prompts go to another model than before; at "
        f"most {limit:.1%}.",
        share,
        limit,
    )
