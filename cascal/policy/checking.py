"""What a policy asserts, and a router checked against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from cascal.datatypes import CascalError, Embeddings, FloatArray
from cascal.evaluate import effective_number
from cascal.number_format import counted, decimal, percent
from cascal.routing.route import Router

Encode = Callable[[str, Sequence[str]], FloatArray]
"""Unit vectors (n, D) of texts by the encoder of an id."""
Among = Literal["first", "selected"]

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
            prompts = counted(len(policy.prompts), "prompt")
            said = f"max_share: {name} gets {percent(part, 1)} of {prompts}; at most "
            assertions.append(
                Assertion(
                    "max_share",
                    bool(part <= limit),
                    f"{said}{percent(limit, 1)}.",
                    float(part),
                    limit,
                )
            )
    least = policy.min_effective_models
    if least is not None:
        found = effective_number(share)
        said = (
            f"min_effective_models: {decimal(found, 2)} models are in use effectively; at least "
            f"{least:g}."
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
        f"baseline: {percent(share, 1)} of {counted(len(first), 'prompt')} go to another model "
        "than "
        f"before; at most {percent(limit, 1)}.",
        share,
        limit,
    )
