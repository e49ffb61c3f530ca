"""What each response cost and how long it took, as arrays of queries × models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cascal.datatypes import FloatArray, IntArray, ModelSpec, Split, Votes
from cascal.prices import cost_of_tokens
from cascal.store import Workspace


def read_costs(
    workspace: Workspace, dataset: str, split: Split, votes: Votes, models: Sequence[ModelSpec]
) -> FloatArray:
    """(Q, M) US dollars: as the response says, else tokens times the model's prices."""
    table = _first_samples(workspace, dataset, split, votes)
    rows, columns = _places(table, votes)
    stated, read, written = (
        _numbers(table, name) for name in ("cost", "input_tokens", "output_tokens")
    )
    column = {name: at for at, name in enumerate(votes.models)}
    priced = np.full(len(rows), np.nan)
    for model in models:
        own = columns == column.get(model.name, -1)
        priced[own] = cost_of_tokens(model, read[own], written[own])
    costs = np.full(votes.shape, np.nan)
    costs[rows, columns] = np.where(np.isfinite(stated), stated, priced)
    return costs


def read_latencies(
    workspace: Workspace, dataset: str, split: Split | None, votes: Votes
) -> FloatArray:
    """(Q, M) seconds that the response took, as its source says; nan where it does not.

    split : whose votes they are, None where they are those of all queries
    """
    table = _first_samples(workspace, dataset, split, votes)
    seconds = np.full(votes.shape, np.nan)
    rows, columns = _places(table, votes)
    seconds[rows, columns] = _numbers(table, "latency")
    return seconds


def _first_samples(
    workspace: Workspace, dataset: str, split: Split | None, votes: Votes
) -> pa.Table:
    """The responses that vote, of the models of the votes."""
    table = workspace.responses(dataset, split)
    of_pool = pc.is_in(table["model"], pa.array(votes.models))
    return table.filter(pc.and_(pc.equal(table["sample"], 0), of_pool))


def _places(table: pa.Table, votes: Votes) -> tuple[IntArray, IntArray]:
    """Row and column of each response in the votes."""
    row = {query_id: at for at, query_id in enumerate(votes.query_ids)}
    column = {name: at for at, name in enumerate(votes.models)}
    rows = np.array([row[one] for one in table["query_id"].to_pylist()], dtype=np.int64)
    columns = np.array([column[one] for one in table["model"].to_pylist()], dtype=np.int64)
    return rows, columns


def _numbers(table: pa.Table, name: str) -> FloatArray:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), dtype=float)
