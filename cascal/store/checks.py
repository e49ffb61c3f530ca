"""What the store refuses: rows that say nothing, and rows that contradict stored ones."""

from __future__ import annotations

import duckdb

from cascal.datatypes import SEVERAL_RIGHT, STATUSES, CascalError
from cascal.store.connection import first_row

_BAD_ANSWER = f"""
SELECT query_id, answer, len(options) FROM new_query WHERE len(options) BETWEEN 2 AND 26
AND (NOT (length(trim(answer)) = 1 OR regexp_full_match(answer, '{SEVERAL_RIGHT}'))
    OR list_min(string_split(upper(trim(answer)), ',')) < 'A'
    OR list_max(string_split(upper(trim(answer)), ',')) > chr(64 + len(options)::INTEGER))
ORDER BY row LIMIT 1
"""  # noqa: S608 – no value
_BAD_QUERIES = (
    (
        "SELECT row FROM new_query WHERE query_id IS NULL OR task IS NULL OR text IS NULL "
        "OR answer_origin IS NULL OR split IS NULL ORDER BY row LIMIT 1",
        "Query row {0} lacks an id, a task, a text, an answer origin or a split. Fill it in.",
    ),
    (
        "SELECT query_id FROM new_query GROUP BY query_id HAVING count(*) > 1 "
        "ORDER BY min(row) LIMIT 1",
        "Query {0!r} comes more than once. Drop or rename the duplicates.",
    ),
    (
        "SELECT query_id, split FROM new_query WHERE split NOT IN ('train', 'test') "
        "ORDER BY row LIMIT 1",
        "Query {0!r} is in the split {1!r}; a split is 'train' or 'test'.",
    ),
    (
        "SELECT query_id, answer_origin FROM new_query "
        "WHERE answer_origin NOT IN ('gold', 'generated', 'none') ORDER BY row LIMIT 1",
        "Query {0!r} has the answer origin {1!r}; choose 'gold', 'generated' or 'none'.",
    ),
    (
        "SELECT query_id FROM new_query WHERE len(options) = 1 ORDER BY row LIMIT 1",
        "Query {0!r} has 1 option; a choice needs at least 2, and none means a free answer.",
    ),
    (
        _BAD_ANSWER,
        "Query {0!r} has the answer {1!r}, which is not the letter of one of its {2} options.",
    ),
)
_BAD_RESPONSES = (
    (
        "SELECT row FROM new_response WHERE query_id IS NULL OR model IS NULL OR sample IS NULL "
        "OR status IS NULL ORDER BY row LIMIT 1",
        "Response row {0} lacks a query, a model, a sample number or a status. Fill it in.",
    ),
    (
        "SELECT model, query_id, sample FROM new_response GROUP BY ALL HAVING count(*) > 1 "
        "ORDER BY min(row) LIMIT 1",
        "The response of {0!r} to query {1!r}, sample {2}, comes more than once. Keep one.",
    ),
    (
        "SELECT model, query_id, mean_logprob FROM new_response WHERE mean_logprob > 1e-6 "
        "ORDER BY row LIMIT 1",
        "The response of {0!r} to query {1!r} has mean_logprob {2}; log-probabilities are ≤ 0.",
    ),
    (
        "SELECT model, query_id, score FROM new_response WHERE score NOT BETWEEN 0 AND 1 "
        "ORDER BY row LIMIT 1",
        "The response of {0!r} to query {1!r} has the score {2}; it lies between 0 and 1.",
    ),
)
_BAD_NAMES = (
    (
        "SELECT name FROM new_model GROUP BY name HAVING count(*) > 1 ORDER BY min(row) LIMIT 1",
        "Model {0!r} is in the pool more than once. Keep one.",
    ),
    (
        "SELECT name FROM new_task GROUP BY name HAVING count(*) > 1 ORDER BY min(row) LIMIT 1",
        "Task {0!r} comes more than once. Keep one.",
    ),
)
_ORPHANS = (
    (
        "SELECT model, query_id FROM new_response n WHERE NOT EXISTS (FROM query q "
        "WHERE q.dataset = ? AND q.query_id = n.query_id) ORDER BY row LIMIT 1",
        "A response of {0!r} names query {1!r}, which is not among the queries.",
    ),
    (
        "SELECT model, query_id FROM new_response n WHERE NOT EXISTS (FROM model m "
        "WHERE m.dataset = ? AND m.name = n.model) ORDER BY row LIMIT 1",
        "A response to query {1!r} names the model {0!r}, which is not in the pool.",
    ),
)


def _differing(*columns: tuple[str, str]) -> str:
    """SQL for the fields, by the names that files have, in which a new and a stored row differ."""
    cases = (
        f"CASE WHEN n.{column} IS DISTINCT FROM o.{column} THEN '{shown}' END"
        for column, shown in columns
    )
    return f"concat_ws(', ', {', '.join(cases)})"


_QUERY_FIELDS = _differing(
    *(("task", "task"), ("text", "text"), ("options", "options"), ("answer", "gold")),
    *(("answer_origin", "answer_origin"), ("skill", "skill"), ("split", "split")),
)
_RESPONSE_FIELDS = _differing(
    *(("text", "response"), ("answer", "answer"), ("rule", "rule"), ("status", "status")),
    *(("mean_logprob", "mean_logprob"), ("input_tokens", "input_tokens"), ("score", "score")),
    *(("output_tokens", "output_tokens"), ("cost", "cost"), ("latency", "latency")),
)
_CONFLICTS = (
    (
        f"SELECT n.query_id, {_QUERY_FIELDS} FROM new_query n JOIN query o ON o.dataset = ? "  # noqa: S608 – no value
        "AND o.query_id = n.query_id WHERE o.content_hash <> n.content_hash "
        "ORDER BY n.row LIMIT 1",
        "query {0!r} with another {1}",
    ),
    (
        f"SELECT n.model, n.query_id, n.sample, {_RESPONSE_FIELDS} "  # noqa: S608 – no value
        "FROM new_response n JOIN response o "
        "ON o.dataset = ? AND o.query_id = n.query_id AND o.model = n.model "
        "AND o.sample = n.sample WHERE o.content_hash <> n.content_hash AND o.status <> 'error' "
        "ORDER BY n.row LIMIT 1",
        "the response of {0!r} to query {1!r}, sample {2}, with another {3}",
    ),
    (
        "SELECT n.name FROM new_model n JOIN model m ON m.dataset = ? AND m.name = n.name "
        "WHERE NOT n.bare AND (m.model_id, m.base_url, m.key_env, m.input_price, "
        "m.output_price, m.simulated) IS DISTINCT FROM (n.model_id, n.base_url, n.key_env, "
        "n.input_price, n.output_price, n.simulated) ORDER BY n.row LIMIT 1",
        "model {0!r} with different content",
    ),
    (
        "SELECT n.name FROM new_task n JOIN task t ON t.dataset = ? AND t.name = n.name "
        "WHERE n.description <> '' AND t.description <> n.description ORDER BY n.row LIMIT 1",
        "task {0!r} with different content",
    ),
)


def _shown(values: tuple[object, ...]) -> list[object]:
    return [one[:80] if isinstance(one, str) else one for one in values]


def refuse_bad_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise CascalError for the first staged row that could not be read back as what it is."""
    for sql, sentence in (*_BAD_QUERIES, *_BAD_RESPONSES, *_BAD_NAMES):
        row = first_row(connection, sql)
        if row is not None:
            raise CascalError(
                sentence.format(*_shown(row)) + " Nothing was written.", code="unusable-row"
            )
    row = first_row(
        connection,
        "SELECT model, query_id, status FROM new_response WHERE NOT list_contains(?, status) "
        "ORDER BY row LIMIT 1",
        [list(STATUSES)],
    )
    if row is not None:
        raise CascalError(
            "The response of {!r} to query {!r} has the status {!r}; ".format(*_shown(row))
            + f"choose one of {', '.join(STATUSES)}. Nothing was written.",
            code="unusable-row",
        )


def refuse_orphans(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Raise CascalError where a staged response names a query or a model nobody knows."""
    for sql, sentence in _ORPHANS:
        row = first_row(connection, sql, [dataset])
        if row is not None:
            raise CascalError(
                sentence.format(*_shown(row)) + " Nothing was written.", code="unknown-reference"
            )


def refuse_conflicts(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    """Raise CascalError naming the first staged row that contradicts a stored one."""
    for sql, what in _CONFLICTS:
        row = first_row(connection, sql, [dataset])
        if row is not None:
            raise CascalError(
                f"Data set {dataset[:80]!r} holds {what.format(*_shown(row))} already; "
                "nothing was written. Replace the whole data set (--on-conflict replace), or "
                "import under another name.",
                code="conflicting-rows",
            )
