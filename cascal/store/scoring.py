"""Scores as facts: who found which response how good, from 0 to 1.

A score is never a vote, a gold answer or a label. It belongs to the query and the response that
were read (`content`): where either changed since it is kept and not used. What the source of the
responses said about them comes with the responses and is read here beside the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import duckdb
import pyarrow as pa

from cascal.datatypes import CascalError
from cascal.store.connection import fetch, scalar
from cascal.store.file import WorkspaceFile
from cascal.store.reading import require
from cascal.store.records import SCORE_ORIGINS, Score, ScoreReport

_CONTENT = (
    "md5(to_json({'x': q.text_hash, 'o': q.options, 't': coalesce(r.text, ''), "
    "'a': coalesce(r.answer, '')})::VARCHAR)"
)
_SCORED = f"""
SELECT q.query_id, r.model, {_CONTENT} FROM response r
JOIN query q ON q.dataset = r.dataset AND q.query_id = r.query_id
WHERE r.dataset = $dataset AND r.sample = 0
"""  # noqa: S608 – no value
_GIVEN = f"""
SELECT s.query_id, s.model, s.value, s.origin, s.scorer, s.content, s.created_at,
    coalesce({_CONTENT} = s.content, false)
FROM score s LEFT JOIN query q ON q.dataset = s.dataset AND q.query_id = s.query_id
LEFT JOIN response r ON r.dataset = s.dataset AND r.query_id = s.query_id AND r.model = s.model
    AND r.sample = 0
WHERE s.dataset = $dataset ORDER BY s.position
"""  # noqa: S608 – no value
_OF_SOURCE = f"""
SELECT q.query_id, r.model, r.score, 'source', d.source, {_CONTENT}, d.created_at, true
FROM response r JOIN query q ON q.dataset = r.dataset AND q.query_id = r.query_id
JOIN dataset d ON d.name = r.dataset
WHERE r.dataset = $dataset AND r.sample = 0 AND r.score IS NOT NULL AND isfinite(r.score)
ORDER BY q.position, r.model
"""  # noqa: S608 – no value
_LENGTHS = """
SELECT query_id, model, text_length FROM response
WHERE dataset = $dataset AND sample = 0 AND text_length > 0
"""
_COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in ("query_id", "model", "origin", "scorer", "content")),
        ("position", pa.int32()),
        ("value", pa.float64()),
        ("created_at", pa.timestamp("us", tz="UTC")),
    ]
)


_COUNTS = """
SELECT CASE origin WHEN 'judge' THEN 'judge:' || scorer ELSE origin END AS origin, count(*) AS n
FROM score WHERE dataset = $dataset GROUP BY ALL
UNION ALL SELECT 'source', count(score) FROM response
WHERE dataset = $dataset AND sample = 0 HAVING count(score) > 0
ORDER BY origin
"""


class Scoring(WorkspaceFile):
    """What a `Workspace` keeps about scores of responses."""

    def add_scores(self, dataset: str, given: Sequence[Score]) -> ScoreReport:
        """Store scores of persons and judges, all or none.

        Refused are responses that are not there or were changed since, values outside 0 to 1, the
        origin "source" (it comes with the responses), and a second, different score of one scorer;
        the same score again is counted as known.
        """
        with self._writing() as connection:
            return _add(connection, dataset, given)

    def response_scores(self, dataset: str) -> list[Score]:
        """Every score, the source's first; `current` is False where what it is about changed.

        Scores of different origins, and of different judges, are never averaged by the store.
        """
        with self._reading() as connection:
            require(connection, dataset)
            rows = []
            for sql in (_OF_SOURCE, _GIVEN):
                rows += connection.execute(sql, {"dataset": dataset}).fetchall()
        return [_score(row) for row in rows]

    def score_counts(self, dataset: str) -> dict[str, int]:
        """How many scores of each origin there are: person, source, judge:NAME."""
        with self._reading() as connection:
            require(connection, dataset)
            rows = fetch(connection, _COUNTS, dataset=dataset).to_pylist()
        return {row["origin"]: row["n"] for row in rows}

    def response_lengths(self, dataset: str) -> dict[tuple[str, str], int]:
        """Characters of every first response that has a text, by query and model."""
        with self._reading() as connection:
            require(connection, dataset)
            rows = connection.execute(_LENGTHS, {"dataset": dataset}).fetchall()
        return {(query_id, model): length for query_id, model, length in rows}

    def scored_content(self, dataset: str) -> dict[tuple[str, str], str]:
        """The hash of every response and its query, by query and model: what a score is about."""
        with self._reading() as connection:
            return _contents(connection, dataset)

    def undo_score(self, dataset: str, scorer: str) -> Score:
        """Take the last score of a person back; CascalError where there is none."""
        own = [
            one
            for one in self.response_scores(dataset)
            if (one.origin, one.scorer) == ("person", scorer)
        ]
        if not own:
            raise CascalError(
                f"There is no score of {scorer[:80]!r} in data set {dataset[:80]!r} to take back.",
                code="missing-value",
            )
        last = own[-1]
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM score WHERE dataset = ? AND query_id = ? AND model = ? "
                "AND origin = ? AND scorer = ? AND content = ?",
                [dataset, *last.key],
            )
        return last

    def delete_scores(self, dataset: str, origin: str, scorer: str) -> int:
        """Delete all scores of one person or judge; returns how many there were."""
        key = {"d": dataset, "o": origin, "s": scorer}
        where = "dataset = $d AND origin = $o AND scorer = $s"
        with self._writing() as connection:
            require(connection, dataset)
            n_scores = scalar(connection, f"SELECT count(*) FROM score WHERE {where}", **key)  # noqa: S608 – no value
            connection.execute(f"DELETE FROM score WHERE {where}", key)  # noqa: S608 – no value
        return int(n_scores)


def _score(row: tuple[Any, ...]) -> Score:
    return Score(
        query_id=row[0],
        model=row[1],
        value=row[2],
        origin=row[3],
        scorer=row[4],
        content=row[5],
        created_at=row[6].replace(tzinfo=UTC),
        current=row[7],
    )


def _contents(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[tuple[str, str], str]:
    require(connection, dataset)
    rows = connection.execute(_SCORED, {"dataset": dataset}).fetchall()
    return {(query_id, model): content for query_id, model, content in rows}


def _add(
    connection: duckdb.DuckDBPyConnection, dataset: str, given: Sequence[Score]
) -> ScoreReport:
    contents = _contents(connection, dataset)
    rows = connection.execute(_GIVEN, {"dataset": dataset}).fetchall()
    stored = {one.key: one for one in map(_score, rows)}
    place = int(
        scalar(
            connection,
            "SELECT coalesce(max(position), -1) + 1 FROM score WHERE dataset = $d",
            d=dataset,
        )
    )
    rows_to_add: list[tuple[Any, ...]] = []
    for one in given:
        _refuse_bad(one, contents)
        about = one.content or contents[one.query_id, one.model]
        key = (one.query_id, one.model, one.origin, one.scorer, about)
        if key in stored:
            _refuse_second(stored[key], one)
            continue
        rows_to_add.append((*key, place + len(rows_to_add), one.value, one.created_at))
        stored[key] = one
    _insert(connection, dataset, rows_to_add)
    n_added = len(rows_to_add)
    return ScoreReport(dataset=dataset, n_added=n_added, n_known=len(given) - n_added)


def _insert(
    connection: duckdb.DuckDBPyConnection, dataset: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    table = pa.Table.from_pylist(
        [dict(zip(_COLUMNS.names, row, strict=True)) for row in rows], _COLUMNS
    )
    connection.register("given_scores", table)
    connection.execute(
        "INSERT INTO score BY NAME SELECT $d AS dataset, * REPLACE "
        "(created_at::TIMESTAMP AS created_at) FROM given_scores",
        {"d": dataset},
    )
    connection.unregister("given_scores")


def _refuse_bad(score: Score, contents: dict[tuple[str, str], str]) -> None:
    shown = f"of {score.model[:80]!r} to query {score.query_id[:80]!r}"
    if (score.query_id, score.model) not in contents:
        raise CascalError(
            f"A score is about the response {shown}, which is not in the data set. Nothing was "
            "stored.",
            code="unknown-reference",
        )
    if score.content and score.content != contents[score.query_id, score.model]:
        raise CascalError(
            f"The response {shown}, or the query, changed since it was handed out. Nothing was "
            "stored; score what it says now.",
            code="changed-query",
        )
    if not (math.isfinite(score.value) and 0.0 <= score.value <= 1.0):
        raise CascalError(
            f"The score of the response {shown} is {score.value:g}; it lies between 0 (useless) "
            "and 1 (as good as can be). Nothing was stored.",
            code="out-of-bounds",
        )
    if score.origin not in SCORE_ORIGINS or score.origin == "source" or not score.scorer.strip():
        raise CascalError(
            f"The score of the response {shown} is by {score.origin[:40]!r} "
            f"{score.scorer[:80]!r}; name a person or a judge. What a source says comes with its "
            "responses, in the column score of an import.",
            code="unusable-row",
        )


def _refuse_second(stored: Score, given: Score) -> None:
    if stored.value != given.value:
        raise CascalError(
            f"{given.scorer[:80]!r} has scored the response of {given.model[:80]!r} to query "
            f"{given.query_id[:80]!r} already, with {stored.value:g} and not {given.value:g}. "
            "Nothing was stored; delete the scores of this scorer first, or name another.",
            code="labelled-twice",
        )
