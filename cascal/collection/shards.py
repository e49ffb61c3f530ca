"""Collecting by several processes or machines at once: a shard for every model in one folder.

Each process asks models of its own and never writes the workspace, of which a copy will do. One
process takes over what the shards hold. A budget holds over all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cascal.collection.collect import CollectProgress, collect
from cascal.collection.into_workspace import Limits, join_pool, missing_queries
from cascal.endpoint import SharedBudget
from cascal.endpoint.pool_file import PoolModel
from cascal.store import Workspace
from cascal.store.shards import Shards

LEDGER = "budget.jsonl"
"""Name of the file in the folder of the shards that their budget is kept in."""


def collect_shard(
    workspace: Workspace,
    dataset: str,
    pool: Sequence[PoolModel],
    folder: Path,
    *,
    retry_errors: bool = False,
    limits: Limits | None = None,
    progress: Callable[[CollectProgress], None] | None = None,
) -> CollectProgress:
    """Ask every model of the pool what neither the workspace nor its shard has an answer to.

    Stored as they come; call it again to go on. A budget is that of all shards in the folder, over
    all runs. CascalError where another process asks one of the models into this folder.
    """
    bounds = limits or Limits()
    with Shards(folder, dataset, [model.name for model in pool]) as shards:
        budget = bounds.budget and SharedBudget(folder / LEDGER, bounds.budget)
        missing = missing_queries(workspace, dataset, pool, retry_errors=retry_errors)
        wanted = {}
        for model, queries in missing.items():
            answered = shards.answered(model, retry_errors=retry_errors)
            wanted[model] = [one for one in queries if one.query_id not in answered]
        return collect(
            pool,
            wanted,
            shards.response,
            budget=budget,
            stop=bounds.stop,
            progress=progress,
            patience=bounds.patience,
        )


def merge_shards(
    workspace: Workspace, dataset: str, pool: Sequence[PoolModel], folder: Path
) -> int:
    """Take the responses of a folder's shards into the workspace; how many there were.

    Shards that are still written stay where they are, and can be taken over again.
    """
    join_pool(workspace, dataset, pool)
    return workspace.merge_shards(dataset, folder)
