"""Data sets under construction: what is missing, what failed, and rows that come in batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA, Imported
from cascal.datatypes import CascalError, ModelSpec, Task
from cascal.store.connection import fetch, first_row, scalar
from cascal.store.reading import require
from cascal.store.records import utc_now
from cascal.store.writing import add

ATTEMPT_SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("number", pa.int32()),
        ("generator", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("reply", pa.string()),
        ("query_id", pa.string()),
        ("similar_to", pa.string()),
        ("leak_of", pa.string()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("cost", pa.float64()),
        ("latency", pa.float64()),
    ]
)
"""One row an attempt at a query; (task, number) is unique in a data set."""

_FAILURE_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("query_id", "model", "cause", "sentence")]
)
_NUMBERS = ("cost", "latency", "mean_logprob", "score")
_MISSING = """
SELECT q.query_id FROM query q WHERE q.dataset = $dataset AND NOT EXISTS (
    FROM response r WHERE r.dataset = $dataset AND r.query_id = q.query_id AND r.model = $model
        AND r.sample = 0 AND (r.status <> 'error' OR NOT $retry))
ORDER BY q.position
"""
_ATTEMPTS = """
SELECT task, number, generator, outcome, reason, reply, query_id, similar_to, leak_of,
    input_tokens, output_tokens, cost, latency
FROM attempt WHERE dataset = $dataset ORDER BY number, task
"""
_FAILURES = """
SELECT model, cause, count(*) AS n_queries, min(sentence) AS example
FROM failure WHERE dataset = $dataset GROUP BY ALL ORDER BY model, n_queries DESC, cause
"""
_OUTDATED = """
DELETE FROM failure f WHERE f.dataset = $dataset AND EXISTS (
    FROM response r WHERE r.dataset = $dataset AND r.query_id = f.query_id AND r.model = f.model
        AND r.sample = 0 AND r.status <> 'error')
"""
_SETTLE = "UPDATE dataset SET origin = 'real' WHERE name = ? AND origin = 'simulated'"


def begin(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    source: str,
    tasks: Sequence[Task],
    models: Sequence[ModelSpec],
    *,
    simulated: bool,
) -> None:
    """Make the data set, or let tasks and models join it; see `Workspace.begin`."""
    origin = scalar(connection, "SELECT origin FROM dataset WHERE name = $d", d=dataset)
    if origin is None:
        connection.execute(
            "INSERT INTO dataset VALUES (?, ?, ?, '', ?, '', 'auto')",
            [dataset, "simulated" if simulated else "real", source, utc_now()],
        )
    elif not simulated:
        connection.execute(_SETTLE, [dataset])
    for model in models:
        _renew(connection, dataset, model)
    _extend(connection, dataset, tasks=tuple(tasks), models=tuple(models))


def _renew(connection: duckdb.DuckDBPyConnection, dataset: str, model: ModelSpec) -> None:
    """Bring a stored model's address and prices up to date; another model_id is refused."""
    key = [dataset, model.name]
    row = first_row(connection, "SELECT model_id FROM model WHERE dataset = ? AND name = ?", key)
    if row is None:
        return
    if row[0] and row[0] != model.model_id:
        raise CascalError(
            f"Model {model.name[:80]!r} of data set {dataset[:80]!r} is {row[0][:80]!r}, and not "
            f"{model.model_id[:80]!r}. Give the other model another name in the pool file.",
            code="conflicting-rows",
        )
    prices = [None if math.isnan(one) else one for one in (model.input_price, model.output_price)]
    connection.execute(
        "UPDATE model SET model_id = ?, base_url = ?, key_env = ?, input_price = ?, "
        "output_price = ?, simulated = ? WHERE dataset = ? AND name = ?",
        [model.model_id, model.base_url, model.key_env, *prices, model.simulated, *key],
    )


def _extend(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    *,
    tasks: tuple[Task, ...] = (),
    models: tuple[ModelSpec, ...] = (),
    queries: Sequence[Mapping[str, Any]] = (),
    responses: Sequence[Mapping[str, Any]] | pa.Table = (),
) -> None:
    require(connection, dataset)
    origin = scalar(connection, "SELECT origin FROM dataset WHERE name = $d", d=dataset)
    table = responses
    if not isinstance(table, pa.Table):
        table = pa.Table.from_pylist(list(table), RESPONSE_SCHEMA)
    rows = pa.Table.from_pylist(list(queries), QUERY_SCHEMA)
    add(
        connection,
        Imported(
            dataset=dataset,
            origin=origin,
            source="",
            tasks=tasks,
            models=models,
            queries=rows,
            responses=table,
        ),
        "extend",
    )


def record(
    connection: duckdb.DuckDBPyConnection, dataset: str, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store rows of a journal, in their order; rows that are stored already change nothing."""
    attempts = _latest(rows, "attempt", ("task", "number"))
    answered = _latest(rows, "response", ("query_id", "model"))
    queries = [one["query"] for one in attempts if one["query"] is not None]
    responses = [_known(one["response"]) for one in answered]
    _extend(connection, dataset, queries=queries, responses=responses)
    made = [_known(one["attempt"]) for one in attempts]
    _put(connection, dataset, "attempt", pa.Table.from_pylist(made, ATTEMPT_SCHEMA))
    failed = [{**one, **one["response"]} for one in answered if "cause" in one]
    _put(connection, dataset, "failure", pa.Table.from_pylist(failed, _FAILURE_SCHEMA))
    connection.execute(_OUTDATED, {"dataset": dataset})


def _latest(
    rows: Sequence[Mapping[str, Any]], kind: str, key: tuple[str, str]
) -> list[Mapping[str, Any]]:
    """The last row of each key, in the order of those last rows."""
    latest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for one in rows:
        if kind in one:
            name = tuple(one[kind][part] for part in key)
            latest.pop(name, None)
            latest[name] = one
    return list(latest.values())


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with null where a number is nan."""
    return {
        name: None if name in _NUMBERS and value is not None and math.isnan(value) else value
        for name, value in row.items()
    }


def _put(connection: duckdb.DuckDBPyConnection, dataset: str, table: str, rows: pa.Table) -> None:
    if len(rows):
        connection.register("incoming", rows)
        connection.execute(
            f"INSERT OR REPLACE INTO {table} BY NAME SELECT $d AS dataset, * FROM incoming",  # noqa: S608 - one of two names of ours
            {"d": dataset},
        )
        connection.unregister("incoming")


def missing(
    connection: duckdb.DuckDBPyConnection, dataset: str, models: Sequence[str], *, retry: bool
) -> dict[str, list[str]]:
    """Query ids that each model has not answered, in row order."""
    require(connection, dataset)
    found = {}
    for model in models:
        table = fetch(connection, _MISSING, dataset=dataset, model=model, retry=retry)
        found[model] = table["query_id"].to_pylist()
    return found


def attempts(connection: duckdb.DuckDBPyConnection, dataset: str) -> pa.Table:
    """ATTEMPT_SCHEMA by number and task."""
    require(connection, dataset)
    return fetch(connection, _ATTEMPTS, dataset=dataset).cast(ATTEMPT_SCHEMA)


def failures(connection: duckdb.DuckDBPyConnection, dataset: str) -> pa.Table:
    """Errors by model and cause: model, cause, n_queries, example."""
    require(connection, dataset)
    return fetch(connection, _FAILURES, dataset=dataset)


def replace_responses(
    connection: duckdb.DuckDBPyConnection, dataset: str, responses: pa.Table
) -> None:
    """Put RESPONSE_SCHEMA in the place of stored responses of the same keys."""
    require(connection, dataset)
    connection.register("changed", responses)
    connection.execute(
        "DELETE FROM response r WHERE r.dataset = ? AND EXISTS (FROM changed c WHERE "
        "c.query_id = r.query_id AND c.model = r.model AND c.sample = r.sample)",
        [dataset],
    )
    connection.unregister("changed")
    _extend(connection, dataset, responses=responses)
