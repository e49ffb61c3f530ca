"""Collecting a fraction of the responses into a workspace, in two rounds.

No plan is stored: the base sample follows from the ids, and the second round from the responses of
the base sample. So a run that is stopped goes on with the same plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cascal.collection.ask_less import base_sample, check_fraction, most_calls, still_to_ask
from cascal.collection.collect import CollectProgress, ModelProgress, collect
from cascal.collection.into_workspace import Limits, join_pool, missing_queries
from cascal.datatypes import BoolArray, Query
from cascal.endpoint.pool_file import PoolModel
from cascal.number_format import counted
from cascal.store import Workspace

COST = (
    "Asking less costs accuracy: at 40 % of the calls about half a point on two real pools and up "
    "to 3.4 points on the simulated sets, at 20 % more (docs/collect.md)."
)
"""Said before a fraction is collected."""


@dataclass(frozen=True, kw_only=True)
class CallsAhead:
    """What collecting a fraction would ask, known before anything is sent.

    n_queries, n_models : training queries and models
    n_base : training queries that every model is asked
    n_test : test queries, which every model is asked whatever the fraction
    stored : responses there are already; most : calls at most that are still to come
    """

    n_queries: int
    n_models: int
    n_base: int
    n_test: int
    stored: int
    most: int

    @property
    def sentence(self) -> str:
        """All of it in a sentence."""
        whole = (self.n_queries + self.n_test) * self.n_models
        test = f" and {counted(self.n_test, 'test query')}" if self.n_test else ""
        return (
            f"At most {counted(self.most, 'call')}; all would be {whole:,}, and {self.stored:,} "
            f"are stored. Every model is asked {self.n_base:,} of "
            f"{counted(self.n_queries, 'training query')}{test}; then further queries go to the "
            "models that may still be the best of their task."
        )


@dataclass(frozen=True, eq=False)
class _Plan:
    """The training queries in stored order, and which of them are the base sample."""

    query_ids: tuple[str, ...]
    tasks: tuple[str, ...]
    base: BoolArray
    test: frozenset[str]

    @property
    def first(self) -> frozenset[str]:
        """Ids of the first round: base sample and test queries."""
        chosen = (one for one, base in zip(self.query_ids, self.base, strict=True) if base)
        return self.test.union(chosen)


def _plan(workspace: Workspace, dataset: str, n_models: int, fraction: float) -> _Plan:
    rows = workspace.queries(dataset).select(["query_id", "task", "split"]).to_pylist()
    training = [row for row in rows if row["split"] != "test"]
    check_fraction(fraction, len(training), n_models)
    ids = tuple(row["query_id"] for row in training)
    tasks = tuple(row["task"] for row in training)
    test = frozenset(row["query_id"] for row in rows if row["split"] == "test")
    return _Plan(ids, tasks, base_sample(ids, tasks, n_models, fraction), test)


def calls_ahead(
    workspace: Workspace,
    dataset: str,
    pool: Sequence[PoolModel],
    fraction: float,
    *,
    retry_errors: bool = False,
) -> CallsAhead:
    """How many calls `collect_fraction` would make at most."""
    plan = _plan(workspace, dataset, len(pool), fraction)
    missing = missing_queries(workspace, dataset, pool, retry_errors=retry_errors)
    n_missing, first = _count(missing), _count(_only(missing, plan.first))
    n_base = int(plan.base.sum())
    later = min(
        most_calls(len(plan.base), len(pool), fraction) - n_base * len(pool), n_missing - first
    )
    if not first and n_missing:  # the base sample has spoken: the rest is known exactly
        later = _count(_second(workspace, dataset, plan, missing, fraction))
    return CallsAhead(
        n_queries=len(plan.base),
        n_models=len(pool),
        n_base=n_base,
        n_test=len(plan.test),
        stored=(len(plan.base) + len(plan.test)) * len(pool) - n_missing,
        most=first + later,
    )


def _count(wanted: Mapping[str, Sequence[Query]]) -> int:
    return sum(len(queries) for queries in wanted.values())


def _only(missing: Mapping[str, Sequence[Query]], wanted: frozenset[str]) -> dict[str, list[Query]]:
    return {
        model: [query for query in queries if query.query_id in wanted]
        for model, queries in missing.items()
    }


def collect_fraction(
    workspace: Workspace,
    dataset: str,
    pool: Sequence[PoolModel],
    fraction: float,
    *,
    retry_errors: bool = False,
    limits: Limits | None = None,
    progress: Callable[[CollectProgress], None] | None = None,
) -> CollectProgress:
    """Ask the pool a fraction of all training queries times models, and every test query.

    The base sample first; the second round begins only when that is complete. Stored as they come;
    call it again with the same fraction to go on, with a larger one to ask more.
    """
    limits = limits or Limits()
    ahead = calls_ahead(workspace, dataset, pool, fraction, retry_errors=retry_errors)
    join_pool(workspace, dataset, pool)
    plan = _plan(workspace, dataset, len(pool), fraction)
    told = _Rounds(ahead.most, progress)
    with workspace.recording(dataset) as recorder:

        def ask(wanted: Mapping[str, Sequence[Query]]) -> CollectProgress:
            return told.after(
                collect(
                    pool,
                    wanted,
                    recorder.response,
                    budget=limits.budget,
                    stop=limits.stop,
                    progress=told,
                    patience=limits.patience,
                )
            )

        missing = missing_queries(workspace, dataset, pool, retry_errors=retry_errors)
        first = ask(_only(missing, plan.first))
        if any(model.left for model in first.models):
            return first
        recorder.commit()
        return ask(_second(workspace, dataset, plan, missing, fraction))


def _second(
    workspace: Workspace,
    dataset: str,
    plan: _Plan,
    missing: Mapping[str, Sequence[Query]],
    fraction: float,
) -> dict[str, list[Query]]:
    """What the second round asks of each model."""
    models = tuple(missing)
    votes = workspace.votes(dataset, "train", models)
    row = {query_id: place for place, query_id in enumerate(votes.query_ids)}
    votes = votes.take(np.array([row[one] for one in plan.query_ids], dtype=np.int64))
    cells = still_to_ask(votes, plan.base, fraction)
    wanted = {
        model: frozenset(one for one, ask in zip(plan.query_ids, column, strict=True) if ask)
        for model, column in zip(models, cells.T, strict=True)
    }
    return {model: _only({model: missing[model]}, wanted[model])[model] for model in models}


class _Rounds:
    """Progress of several rounds told as one."""

    def __init__(self, most: int, tell: Callable[[CollectProgress], None] | None) -> None:
        self._most, self._tell = most, tell
        self._before: dict[str, ModelProgress] = {}

    def __call__(self, now: CollectProgress) -> None:
        if self._tell is not None:
            self._tell(replace(self._joined(now), expected=self._most))

    def after(self, now: CollectProgress) -> CollectProgress:
        """The state after a round, earlier ones included; the next is added to it."""
        joined = self._joined(now)
        self._before = {one.model: one for one in joined.models}
        return joined

    def _joined(self, now: CollectProgress) -> CollectProgress:
        models = tuple(
            _added(self._before[one.model], one) if one.model in self._before else one
            for one in now.models
        )
        return replace(now, models=models)


def _added(before: ModelProgress, now: ModelProgress) -> ModelProgress:
    return replace(
        now,
        wanted=before.wanted + now.wanted,
        done=before.done + now.done,
        failed=before.failed + now.failed,
        cost=before.cost + now.cost,
    )
