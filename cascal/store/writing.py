"""Adding a data set: checked at the door, all in one transaction, bulk through Arrow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pyarrow as pa

from cascal.columns import Batches, Imported
from cascal.datatypes import CascalError, ModelSpec, OnConflict
from cascal.store.checks import refuse_bad_rows, refuse_conflicts, refuse_orphans
from cascal.store.connection import scalar
from cascal.store.fingerprints import update_fingerprint
from cascal.store.keeping import add_kept
from cascal.store.records import AddReport, utc_now
from cascal.store.room import Lengths, allow, stored_at_once

_NEW_QUERY = """
CREATE TEMP TABLE new_query AS
WITH filled AS (
    SELECT * REPLACE (coalesce(options, []) AS options), left(sha256(text), 32) AS text_hash
    FROM incoming_query)
SELECT *,
    md5(to_json({'q': query_id, 't': task, 'x': text_hash, 'o': options, 'a': answer,
        'g': answer_origin, 's': skill, 'p': split})::VARCHAR) AS content_hash
FROM filled
"""
_PLAIN_HASH = """
md5(to_json({'q': query_id, 'm': model, 'n': sample, 'x': text, 'a': answer,
    'r': rule, 'l': mean_logprob, 'i': input_tokens, 'o': output_tokens, 'c': cost,
    't': latency, 's': status})::VARCHAR)
"""
_NEW_RESPONSE = f"""
CREATE TEMP TABLE new_response AS
WITH filled AS (
    SELECT * REPLACE (
        CASE WHEN isnan(mean_logprob) THEN NULL ELSE mean_logprob END AS mean_logprob,
        CASE WHEN isnan(cost) THEN NULL ELSE cost END AS cost,
        CASE WHEN isnan(latency) THEN NULL ELSE latency END AS latency,
        CASE WHEN isnan(score) THEN NULL ELSE score END AS score)
    FROM incoming_response),
hashed AS (
    SELECT *, {_PLAIN_HASH} AS plain FROM filled)
SELECT * EXCLUDE (plain), length(text) AS text_length,
    CASE WHEN score IS NULL THEN plain
        ELSE md5(to_json({{'h': plain, 'score': score}})::VARCHAR) END AS content_hash
FROM hashed
"""  # noqa: S608 – no value
"""A row without a score keeps the hash it had before scores were stored."""

_INSERTS = (
    """
    INSERT INTO query BY NAME
    SELECT $d AS dataset, * EXCLUDE (row), (SELECT coalesce(max(position) + 1, 0) FROM query
        WHERE dataset = $d) + row_number() OVER (ORDER BY row) - 1 AS position
    FROM new_query n
    WHERE NOT EXISTS (FROM query q WHERE q.dataset = $d AND q.query_id = n.query_id)
    """,
    """
    INSERT INTO response BY NAME
    SELECT $d AS dataset, * EXCLUDE (row) FROM new_response n
    WHERE NOT EXISTS (FROM response r WHERE r.dataset = $d AND r.query_id = n.query_id
        AND r.model = n.model AND r.sample = n.sample)
    """,
    """
    INSERT INTO model BY NAME
    SELECT $d AS dataset, * EXCLUDE (row, bare), (SELECT coalesce(max(position) + 1, 0)
        FROM model WHERE dataset = $d) + row_number() OVER (ORDER BY row) - 1 AS position
    FROM new_model n
    WHERE NOT EXISTS (FROM model m WHERE m.dataset = $d AND m.name = n.name)
    """,
    """
    INSERT INTO task BY NAME
    WITH named AS (
        SELECT name, description, row FROM new_task
        UNION ALL
        SELECT task, '', min(row) + 1000000000 FROM new_query
        WHERE task NOT IN (SELECT name FROM new_task) GROUP BY task)
    SELECT $d AS dataset, name, description, (SELECT coalesce(max(position) + 1, 0)
        FROM task WHERE dataset = $d) + row_number() OVER (ORDER BY row) - 1 AS position
    FROM named n WHERE NOT EXISTS (FROM task t WHERE t.dataset = $d AND t.name = n.name)
    """,
)
_FORGET = (
    "DELETE FROM response WHERE dataset = ?",
    "DELETE FROM query WHERE dataset = ?",
    "DELETE FROM model WHERE dataset = ?",
    "DELETE FROM task WHERE dataset = ?",
    "DELETE FROM layout WHERE dataset = ?",
    "DELETE FROM attempt WHERE dataset = ?",
    "DELETE FROM failure WHERE dataset = ?",
    "DELETE FROM equivalence WHERE dataset = ?",
    "DELETE FROM kept WHERE dataset = ?",
    "DELETE FROM dataset WHERE name = ?",
)
_CHOOSE_RIGHT = "UPDATE dataset SET right_by = ? WHERE name = ?"
_PIECE_BYTES = 8 << 20
_SUPERSEDE = """
DELETE FROM response r WHERE r.dataset = $d AND r.status = 'error' AND EXISTS (
    FROM new_response n WHERE n.query_id = r.query_id AND n.model = r.model
    AND n.sample = r.sample AND n.content_hash <> r.content_hash)
"""
_FURTHER_SAMPLES = """
SELECT DISTINCT n.model FROM new_response n JOIN response r ON r.dataset = $d
    AND r.query_id = n.query_id AND r.model = n.model AND r.sample = n.sample
WHERE n.content_hash <> r.content_hash AND r.status <> 'error'
"""
_AS_IN_THE_FILE = "UPDATE new_response SET sample = sample + ?::INTEGER WHERE model = ?"
_HASH_ANEW = f"""
UPDATE new_response SET content_hash = CASE WHEN score IS NULL THEN {_PLAIN_HASH}
    ELSE md5(to_json({{'h': {_PLAIN_HASH}, 'score': score}})::VARCHAR) END WHERE model = ?
"""  # noqa: S608 – no value


def _numbered(rows: pa.Table | Batches, seen: Callable[[pa.Array], None]) -> pa.RecordBatchReader:
    """The rows with their numbers, read once and a batch at a time, whose texts are seen before."""
    schema = rows.schema.append(pa.field("row", pa.int64()))

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for whole in rows.to_batches():
            for batch in _pieces(whole):
                numbers = pa.array(np.arange(start, start + len(batch), dtype=np.int64))
                seen(batch.column("text"))
                yield pa.record_batch([*batch.columns, numbers], schema=schema)
                start += len(batch)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A batch in pieces of some megabytes: DuckDB hashes a piece as a whole."""
    n_pieces = max(1, batch.nbytes // _PIECE_BYTES)
    n_rows = max(1, len(batch) // n_pieces)
    return (batch.slice(start, n_rows) for start in range(0, len(batch), n_rows))


def _price(price: float) -> float | None:
    return None if math.isnan(price) else price


def _model_rows(models: tuple[ModelSpec, ...]) -> pa.Table:
    """The pool as a table; `bare` where nothing but the name is known."""
    return pa.table(
        {
            "row": pa.array(range(len(models)), pa.int64()),
            "name": pa.array([one.name for one in models], pa.string()),
            "model_id": pa.array([one.model_id for one in models], pa.string()),
            "base_url": pa.array([one.base_url for one in models], pa.string()),
            "key_env": pa.array([one.key_env for one in models], pa.string()),
            "input_price": pa.array([_price(one.input_price) for one in models], pa.float64()),
            "output_price": pa.array([_price(one.output_price) for one in models], pa.float64()),
            "simulated": pa.array([one.simulated for one in models], pa.bool_()),
            "bare": pa.array([_is_bare(one) for one in models], pa.bool_()),
        }
    )


def _is_bare(model: ModelSpec) -> bool:
    unpriced = math.isnan(model.input_price) and math.isnan(model.output_price)
    named = model.model_id or model.base_url or model.key_env or model.simulated
    return unpriced and not named


def _stage(connection: duckdb.DuckDBPyConnection, imported: Imported) -> None:
    """Put what comes into temporary tables, with its hashes and its row order."""
    tasks = imported.tasks
    task_rows = pa.table(
        {
            "row": pa.array(range(len(tasks)), pa.int64()),
            "name": pa.array([one.name for one in tasks], pa.string()),
            "description": pa.array([one.description for one in tasks], pa.string()),
        }
    )
    lengths, other, stored = Lengths(), connection.cursor(), stored_at_once(connection)

    def seen(texts: pa.Array) -> None:
        before = lengths.at_once
        lengths.look(texts)
        if lengths.at_once > max(before, stored):
            allow(other, lengths.at_once)

    connection.register("incoming_query", _numbered(imported.queries, seen))
    connection.register("incoming_response", _numbered(imported.responses, seen))
    connection.register("new_task", task_rows)
    connection.register("new_model", _model_rows(imported.models))
    connection.execute(_NEW_QUERY)
    connection.execute(_NEW_RESPONSE)


def forget(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Delete a data set's rows; vectors and runs stay."""
    for sql in _FORGET:
        connection.execute(sql, [name])


def _make_room(
    connection: duckdb.DuckDBPyConnection, imported: Imported, on_conflict: OnConflict
) -> None:
    """Refuse, replace or extend where the name is taken; make the data set where it is not."""
    name = imported.dataset
    origin = scalar(connection, "SELECT origin FROM dataset WHERE name = $d", d=name)
    if origin is not None and on_conflict == "refuse":
        raise CascalError(
            f"There is a data set {name[:80]!r} already. Extend it by what is new, replace it "
            "(--on-conflict extend or replace), or choose another name.",
            code="already-there",
        )
    if origin is not None and on_conflict == "extend":
        if origin != imported.origin:
            raise CascalError(
                f"Data set {name[:80]!r} is {origin} and cannot be extended by {imported.origin} "
                "data; nothing was written. Import them under another name.",
                code="mixed-origins",
            )
        _number_further_samples(connection, imported)
        refuse_conflicts(connection, name)
        connection.execute(_SUPERSEDE, {"d": name})
        if imported.right != "auto":
            connection.execute(_CHOOSE_RIGHT, [imported.right, name])
        return
    forget(connection, name)
    note = "\n".join(imported.notes + imported.left_out)
    connection.execute(
        "INSERT INTO dataset VALUES (?, ?, ?, ?, ?, '', ?)",
        [name, imported.origin, imported.source, note, utc_now(), imported.right],
    )


def _number_further_samples(connection: duckdb.DuckDBPyConnection, imported: Imported) -> None:
    """Give models the numbers of the file back whose sample 0 is stored and another one.

    A file of samples 1 and 2 alone may count from 1, or hold what follows on a stored sample 0.
    """
    if not imported.first_samples:
        return
    found = connection.execute(_FURTHER_SAMPLES, {"d": imported.dataset}).fetchall()
    for model in [one for (one,) in found if one in imported.first_samples]:
        connection.execute(_AS_IN_THE_FILE, [imported.first_samples[model], model])
        connection.execute(_HASH_ANEW, [model])


def add(
    connection: duckdb.DuckDBPyConnection, imported: Imported, on_conflict: OnConflict
) -> AddReport:
    """Write a data set; the caller's transaction makes it all or nothing.

    A stored response with status "error" is a failed attempt: `extend` lets a new one replace it.
    """
    if on_conflict not in ("refuse", "replace", "extend"):
        raise CascalError(
            f"on_conflict is {on_conflict!r}; choose refuse, replace or extend.",
            code="unknown-choice",
        )
    name = imported.dataset
    _stage(connection, imported)
    refuse_bad_rows(connection)
    _make_room(connection, imported, on_conflict)
    queries, responses, *_ = [scalar(connection, sql, d=name) for sql in _INSERTS]
    refuse_orphans(connection, name)
    add_kept(connection, imported)
    update_fingerprint(connection, name)
    n_incoming = len(imported.queries) + len(imported.responses)
    return AddReport(name, queries, responses, n_incoming - queries - responses)
