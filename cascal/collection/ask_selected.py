"""Ask the models of one route now: their answers as they come, and the vote as it forms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from cascal.answers import LIVE_SECONDS, group_answers
from cascal.collection.collect import as_response
from cascal.datatypes import CascalError, ModelSpec, Query, Response
from cascal.endpoint import Budget, ChatClient, ChatRequest, Patience, Reply, run_to_end
from cascal.prompts import answer_messages
from cascal.routing.route import Router
from cascal.vote import winner_of

PATIENCE = Patience(attempts=2, total_seconds=60.0, timeout=45.0)
"""Somebody is waiting: give up sooner than a collection would."""


@dataclass(frozen=True)
class LiveAnswer:
    """What one model answered; `sentence` says what went wrong, "" where nothing did."""

    response: Response
    sentence: str = ""


@dataclass(frozen=True)
class LiveVote:
    """The winning answer, in the words of the best-ranked supporter; None: nobody answered.

    supporters are the models that gave it, best-ranked first; model is the first of them.
    """

    answer: str | None
    supporters: tuple[str, ...]
    cost: float
    seconds: float

    @property
    def model(self) -> str | None:
        """The winning model: the best-ranked one that gave the winning answer."""
        return self.supporters[0] if self.supporters else None


def reachable(models: Sequence[ModelSpec], names: Sequence[str]) -> tuple[ModelSpec, ...]:
    """The specs of the named models, in that order; CascalError where one has no endpoint."""
    known = {one.name: one for one in models}
    without = [name for name in names if not known[name].base_url]
    if without:
        raise CascalError(
            f"{', '.join(without)} have no endpoint in this data set. Responses collected with "
            "cascal collect bring theirs along.",
            code="no-endpoint",
        )
    return tuple(known[name] for name in names)


def destinations(models: Sequence[ModelSpec]) -> str:
    """The hosts that would be asked, and whose key each of them would get, as words."""
    asked = (
        urlsplit(one.base_url).netloc + (f" (with the key in {one.key_env})" if one.key_env else "")
        for one in models
    )
    return ", ".join(dict.fromkeys(asked))


def ask_live(
    models: Sequence[ModelSpec],
    query: Query,
    told: Callable[[LiveAnswer], None],
    *,
    patience: Patience = PATIENCE,
    budget: Budget | None = None,
) -> list[LiveAnswer]:
    """Ask every model once, all at the same time; `told` gets each answer when it comes.

    Returns the answers in the order of the models. Blocks until the last one, bounded by
    `patience`. EndpointError where a key variable is not set.
    """

    async def one(spec: ModelSpec) -> LiveAnswer:
        async with ChatClient(spec, patience, 1, budget) as client:
            reply = await client.ask(ChatRequest(answer_messages(query)))
        found = _live(query, spec.name, reply)
        told(found)
        return found

    async def every() -> list[LiveAnswer]:
        return list(await asyncio.gather(*(one(spec) for spec in models)))

    return run_to_end(every())


def _live(query: Query, model: str, reply: Reply) -> LiveAnswer:
    return LiveAnswer(as_response(query, model, reply), reply.error)


def tally(router: Router, answers: Sequence[LiveAnswer]) -> LiveVote:
    """The vote of the answers so far, given in the order of the ranking (best first).

    Free answers that mean the same count as one; ties go as in `vote.winning_voters`. Costs and
    seconds are of all that came; a reply of unknown cost makes the sum unknown.
    """
    given = [one.response for one in answers if one.response.answer is not None]
    cost = float(sum(one.response.cost for one in answers if one.response.status != "error"))
    latencies = [one.response.latency for one in answers if np.isfinite(one.response.latency)]
    seconds = max(latencies, default=0.0)
    groups = group_answers([str(one.answer) for one in given], seconds=LIVE_SECONDS)
    place = winner_of(
        router, [one.model for one in given], groups, [one.mean_logprob for one in given]
    )
    if place is None:
        return LiveVote(None, (), cost, seconds)
    supporters = tuple(
        one.model for one, group in zip(given, groups, strict=True) if group == groups[place]
    )
    return LiveVote(given[place].answer, supporters, cost, seconds)
