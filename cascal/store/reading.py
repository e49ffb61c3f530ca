"""Reading data sets, queries and responses back, always in the order they were first given."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import UTC
from typing import Any

import duckdb
import pyarrow as pa

from cascal.columns import QUERY_SCHEMA, RESPONSE_SCHEMA
from cascal.datatypes import CascalError, ModelSpec, Split, Task
from cascal.store.connection import fetch, scalar
from cascal.store.option_counts import n_options_of
from cascal.store.records import DatasetInfo

_DATASETS = """
WITH q AS (
    SELECT dataset, count(*) AS n, count(*) FILTER (split = 'train') AS train,
        count(*) FILTER (split = 'test') AS test, list(DISTINCT answer_origin) AS origins
    FROM query GROUP BY dataset),
m AS (SELECT dataset, count(*) AS n FROM model GROUP BY dataset),
r AS (SELECT dataset, count(*) AS n FROM response GROUP BY dataset),
t AS (SELECT dataset, count(*) AS n FROM task GROUP BY dataset)
SELECT d.name, d.origin, d.source, d.note, d.created_at, coalesce(q.n, 0), coalesce(q.train, 0),
    coalesce(q.test, 0), coalesce(m.n, 0), coalesce(r.n, 0), coalesce(t.n, 0),
    coalesce(q.origins, []), d.fingerprint, d.right_by
FROM dataset d LEFT JOIN q ON q.dataset = d.name LEFT JOIN m ON m.dataset = d.name
LEFT JOIN r ON r.dataset = d.name LEFT JOIN t ON t.dataset = d.name
ORDER BY d.created_at, d.name
"""
_QUERIES = """
SELECT query_id, task, text, options, answer, answer_origin, skill, split, text_hash
FROM query WHERE dataset = $dataset AND ($split IS NULL OR split = $split) ORDER BY position
"""
_RESPONSES = """
SELECT r.query_id, r.model, r.sample, CASE WHEN $with_text THEN r.text END AS text, r.answer,
    r.rule, r.mean_logprob, r.input_tokens, r.output_tokens, r.cost, r.latency, r.status, r.score
FROM response r JOIN query q ON q.dataset = $dataset AND q.query_id = r.query_id
JOIN model m ON m.dataset = $dataset AND m.name = r.model
WHERE r.dataset = $dataset AND ($split IS NULL OR q.split = $split)
    AND ($query_id IS NULL OR r.query_id = $query_id)
ORDER BY q.position, m.position, r.sample
"""

_GIVEN = f"""
SELECT count(*) FILTER (r.rule = 'given') * 2 > count(*)
FROM response r JOIN query q ON q.dataset = $dataset AND q.query_id = r.query_id
WHERE r.dataset = $dataset AND r.sample = 0 AND r.score IS NOT NULL AND r.answer IS NOT NULL
    AND {n_options_of("q")} > 0
"""  # noqa: S608 – no value


def datasets(connection: duckdb.DuckDBPyConnection) -> list[DatasetInfo]:
    """Every stored data set, oldest first."""
    return [_dataset_info(row) for row in connection.execute(_DATASETS).fetchall()]


def _dataset_info(row: tuple[Any, ...]) -> DatasetInfo:
    values = {field.name: value for field, value in zip(fields(DatasetInfo), row, strict=True)}
    present = values["answer_origins"]
    values["answer_origins"] = tuple(one for one in ("gold", "generated", "none") if one in present)
    values["created_at"] = values["created_at"].replace(tzinfo=UTC)
    return DatasetInfo(**values)


def letters_given(connection: duckdb.DuckDBPyConnection, dataset: str) -> bool:
    """Whether most scored answers to choices are letters that their source read itself."""
    return bool(scalar(connection, _GIVEN, dataset=dataset))


def require(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise CascalError, listing the known data sets, where this one does not exist."""
    rows = connection.execute("SELECT name FROM dataset ORDER BY created_at, name").fetchall()
    known = [row[0] for row in rows]
    if name not in known:
        listed = ", ".join(repr(one[:80]) for one in known[:20])
        raise CascalError(
            f"There is no data set {name[:80]!r}. "
            + (f"Known are: {listed}." if known else "The workspace is empty: import one first."),
            code="no-dataset",
        )


def tasks(connection: duckdb.DuckDBPyConnection, dataset: str) -> tuple[Task, ...]:
    """The tasks, in the order they were first given."""
    require(connection, dataset)
    rows = connection.execute(
        "SELECT name, description FROM task WHERE dataset = ? ORDER BY position", [dataset]
    ).fetchall()
    return tuple(Task(*row) for row in rows)


def models(connection: duckdb.DuckDBPyConnection, dataset: str) -> tuple[ModelSpec, ...]:
    """The model pool, in the order it was first given."""
    require(connection, dataset)
    rows = connection.execute(
        "SELECT name, model_id, base_url, key_env, input_price, output_price, simulated "
        "FROM model WHERE dataset = ? ORDER BY position",
        [dataset],
    ).fetchall()
    return tuple(_model(row) for row in rows)


def _model(row: tuple[Any, ...]) -> ModelSpec:
    values = {field.name: value for field, value in zip(fields(ModelSpec), row, strict=True)}
    for name in ("input_price", "output_price"):
        values[name] = math.nan if values[name] is None else values[name]
    return ModelSpec(**values)


def queries(connection: duckdb.DuckDBPyConnection, dataset: str, split: Split | None) -> pa.Table:
    """QUERY_SCHEMA and text_hash, in row order."""
    require(connection, dataset)
    table = fetch(connection, _QUERIES, dataset=dataset, split=split)
    return table.cast(QUERY_SCHEMA.append(pa.field("text_hash", pa.string())))


def responses(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    split: Split | None = None,
    *,
    with_text: bool = False,
    query_id: str | None = None,
) -> pa.Table:
    """RESPONSE_SCHEMA by query, model and sample; without the column `text` unless asked for."""
    require(connection, dataset)
    table = fetch(
        connection,
        _RESPONSES,
        dataset=dataset,
        split=split,
        with_text=with_text,
        query_id=query_id,
    ).cast(RESPONSE_SCHEMA)
    return table if with_text else table.drop_columns(["text"])


def response_texts(connection: duckdb.DuckDBPyConnection, dataset: str, query_id: str) -> pa.Table:
    """RESPONSE_SCHEMA of one query, in model order; an unknown query is refused."""
    require(connection, dataset)
    known = scalar(
        connection,
        "SELECT count(*) FROM query WHERE dataset = $d AND query_id = $q",
        d=dataset,
        q=query_id,
    )
    if not known:
        raise CascalError(
            f"Data set {dataset[:80]!r} has no query {query_id[:80]!r}.", code="unknown-query"
        )
    return responses(connection, dataset, with_text=True, query_id=query_id)
