"""Ask one model of the pool for the names of clusters: one call a cluster, stored as they come."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from cascal.collection.ask_selected import destinations
from cascal.dataset.dataset import Dataset
from cascal.dataset.snapshot import Snapshot, cluster_members
from cascal.datatypes import CascalError, ModelSpec
from cascal.endpoint import Budget, ChatClient, ChatRequest, Patience, Reply, run_to_end
from cascal.naming.cluster_names import cluster_name
from cascal.naming.given_names import GivenName, short_name
from cascal.number_format import counted, decimal
from cascal.prices import response_cost
from cascal.prompts import naming_messages
from cascal.store import Workspace

N_QUERIES = 8
TEXT_LENGTH = 300
MAX_TOKENS = 400
"""Room for a model that thinks before it names."""
_NAME_TOKENS = 10
_CHARACTERS_PER_TOKEN = 4
PATIENCE = Patience(attempts=2, total_seconds=120.0, timeout=60.0)


@dataclass(frozen=True, kw_only=True)
class NamingPlan:
    """What would be sent: one request for each cluster that has no given name, by its members."""

    model: ModelSpec
    requests: dict[str, ChatRequest]

    @property
    def cost(self) -> float:
        """About how many US dollars, four characters taken as a token; nan without prices."""
        characters = sum(
            len(message["content"]) for one in self.requests.values() for message in one.messages
        )
        given, got = characters // _CHARACTERS_PER_TOKEN, _NAME_TOKENS * len(self.requests)
        return response_cost(self.model, given, got)

    @property
    def most(self) -> float:
        """The same if every reply is as long as it may be."""
        longer = (MAX_TOKENS - _NAME_TOKENS) * len(self.requests)
        return self.cost + response_cost(self.model, 0, longer)

    @property
    def sentence(self) -> str:
        """How many calls go where, what is sent and what it costs."""
        cost = "its price is not known"
        if math.isfinite(self.cost):
            cost = f"about ${decimal(self.cost, 4)}, at most ${decimal(self.most, 4)}"
        n_calls = len(self.requests)
        return (
            f"{counted(n_calls, 'call')} to {self.model.name} at "
            f"{destinations([self.model])}, one a cluster: {cost}. Sent are up to {N_QUERIES} "
            "training queries of each cluster, and the names of the others of its task."
        )


def plan_names(snapshot: Snapshot, model: ModelSpec) -> NamingPlan:
    """The requests to one model for all clusters that no model has named; nothing is sent.

    CascalError where the model has no address.
    """
    if not model.base_url:
        raise CascalError(
            f"{model.name} has no endpoint in this data set, so it cannot be asked for names.",
            code="no-endpoint",
        )
    dataset, clusters = snapshot.dataset, snapshot.router.clusters
    members = cluster_members(dataset, clusters)
    return NamingPlan(
        model=model,
        requests={
            key: _request(snapshot, cluster)
            for cluster, key in enumerate(members)
            if key not in dataset.given_names
        },
    )


def _request(snapshot: Snapshot, cluster: int) -> ChatRequest:
    clusters = snapshot.router.clusters
    texts = [
        snapshot.dataset.train.texts[row][:TEXT_LENGTH]
        for row in snapshot.typical(cluster, N_QUERIES)
    ]
    others = [
        cluster_name(snapshot.names[other][1:2])
        for other in (clusters.task == clusters.task[cluster]).nonzero()[0].tolist()
        if other != cluster
    ]
    task = snapshot.router.tasks[clusters.task[cluster]]
    return ChatRequest(
        naming_messages(task, texts, others),
        temperature=0.0,
        max_tokens=MAX_TOKENS,
        logprobs=False,
    )


@dataclass(frozen=True, kw_only=True)
class Named:
    """What came of it: names by members, sentences of what failed, US dollars (nan: unknown)."""

    names: dict[str, GivenName]
    failures: tuple[str, ...]
    cost: float

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        cost = f" for ${decimal(self.cost, 4)}" if math.isfinite(self.cost) else ""
        failed = f"; {len(self.failures)} without: {self.failures[0]}" if self.failures else ""
        return f"{counted(len(self.names), 'cluster')} named{cost}{failed}"


def name_into(
    workspace: Workspace,
    dataset: Dataset,
    plan: NamingPlan,
    told: Callable[[int], None] = lambda _: None,
    *,
    patience: Patience = PATIENCE,
    concurrency: int = 4,
) -> Named:
    """Send the plan and store every name that came, also where `told` raises to end it.

    told gets the number of replies after each. EndpointError where a key variable is not set.
    """
    replies: dict[str, Reply] = {}

    async def one(client: ChatClient, key: str) -> None:
        replies[key] = await client.ask(plan.requests[key])
        told(len(replies))

    async def every() -> None:
        budget = Budget(calls=len(plan.requests))
        async with ChatClient(plan.model, patience, concurrency, budget) as client:
            await asyncio.gather(*(one(client, key) for key in plan.requests))

    try:
        run_to_end(every())
    finally:
        named = _named(plan.model.name, replies)
        workspace.put_cluster_names(dataset.info.name, named.names)
    return named


def _named(model: str, replies: dict[str, Reply]) -> Named:
    names = {
        key: GivenName(short, model)
        for key, reply in replies.items()
        if (short := short_name(reply.text))
    }
    failures = tuple(
        reply.error or "the reply was empty" for key, reply in replies.items() if key not in names
    )
    cost = sum(reply.cost for reply in replies.values() if reply.status != "error")
    return Named(names=names, failures=failures, cost=float(cost))
