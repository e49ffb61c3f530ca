"""Which free answers of a query are the same: decided when they come, kept in `equivalence`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cascal.answers import RULE, AnswerSet, compare_sets
from cascal.answers.mathematics import end_workers
from cascal.columns import Progress
from cascal.number_format import counted
from cascal.store.connection import fetch
from cascal.store.fingerprints import update_fingerprint
from cascal.store.option_counts import n_options_of

SAME_SCHEMA = pa.schema(
    [("query_id", pa.string()), ("answer", pa.string()), ("representative", pa.string())]
)
"""One row an answer as it is stored; equal ones have the same representative, blank ones ""."""

_CHANGED = f"""
WITH free AS (
    SELECT query_id, answer FROM query
    WHERE dataset = $dataset AND {n_options_of("query")} = 0),
present AS (
    SELECT query_id, answer FROM free WHERE answer IS NOT NULL
    UNION
    SELECT r.query_id, r.answer FROM response r JOIN free USING (query_id)
    WHERE r.dataset = $dataset AND r.sample = 0 AND r.answer IS NOT NULL),
known AS (
    SELECT query_id, answer, representative FROM equivalence
    WHERE dataset = $dataset AND rule = $rule),
every AS (
    SELECT query_id, answer, k.representative, p.query_id IS NOT NULL AS present
    FROM present p FULL JOIN known k USING (query_id, answer)),
changed AS (
    SELECT DISTINCT query_id FROM every WHERE representative IS NULL OR NOT present)
SELECT query_id, answer, representative, present FROM every SEMI JOIN changed USING (query_id)
ORDER BY query_id, answer
"""  # noqa: S608 – no value
_FORGET = """
DELETE FROM equivalence WHERE dataset = $dataset
    AND (rule <> $rule OR query_id IN (SELECT unnest($changed)))
"""
_INSERT = """
INSERT INTO equivalence BY NAME
SELECT $dataset AS dataset, query_id, answer, representative, $rule AS rule FROM compared
"""


QUERIES_AT_ONCE = 5_000
"""Queries whose answers are texts of Python at one time, and are stored together."""

_STORED = """
SELECT query_id, answer, representative FROM equivalence
WHERE dataset = $dataset AND rule = $rule
"""


def same(
    connection: duckdb.DuckDBPyConnection, dataset: str, compared: pa.Table | None = None
) -> pa.Table:
    """SAME_SCHEMA as stored; `compared` stands in for what is stored about its queries."""
    stored = fetch(connection, _STORED, dataset=dataset, rule=RULE).cast(SAME_SCHEMA)
    if compared is None or not len(compared):
        return stored
    others = pc.invert(pc.is_in(stored["query_id"], compared["query_id"].combine_chunks()))
    return pa.concat_tables([stored.filter(others), compared])


class Compared(NamedTuple):
    """Queries whose answers were compared, and SAME_SCHEMA of them."""

    query_ids: tuple[str, ...]
    same: pa.Table


@dataclass(frozen=True, eq=False)
class Changed:
    """The queries whose answers are not the ones that were compared, with all their answers.

    rows      : query_id, answer, its known representative, and whether the answer is still there;
                by query. As texts of Python all of them would take several times the memory.
    query_ids : each once
    """

    rows: pa.Table
    query_ids: tuple[str, ...]

    def compare(self, progress: Progress | None = None) -> Iterator[Compared]:
        """What is the same, some queries at a time; needs no connection, as it may take minutes."""
        n_queries = len(self.query_ids)

        def told(n_done: int, n_more: int, share: float) -> None:
            if progress is not None:
                sentence = f"Comparing free answers of {counted(n_queries, 'query')}"
                progress((n_done + share * n_more) / max(n_queries, 1), sentence)

        n_done, sets = 0, self._sets()
        while some := dict(islice(sets, QUERIES_AT_ONCE)):
            told(n_done, 0, 0.0)
            yield Compared(tuple(some), _compared(some, partial(told, n_done, len(some))))
            n_done += len(some)
        if n_queries > QUERIES_AT_ONCE:
            end_workers()

    def _sets(self) -> Iterator[tuple[str, AnswerSet]]:
        """The answers of each query.

        Where an answer has gone, the others are compared anew: it may have joined two.
        """
        batches = self.rows.to_batches(max_chunksize=10_000)
        rows = (row for batch in batches for row in batch.to_pylist())
        for query_id, of_query in groupby(rows, key=itemgetter("query_id")):
            answers = list(of_query)
            texts = tuple(row["answer"] for row in answers if row["present"])
            known = {
                row["answer"]: row["representative"]
                for row in answers
                if row["representative"] is not None
            }
            yield query_id, AnswerSet(texts, known if len(texts) == len(answers) else {})


def _compared(sets: Mapping[str, AnswerSet], told: Callable[[float], None]) -> pa.Table:
    same = compare_sets(list(sets.values()), told=told)
    rows = [
        (query_id, answer, representative)
        for query_id, one in zip(sets, same, strict=True)
        for answer, representative in one.items()
    ]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table([pa.array(one, pa.string()) for one in columns], schema=SAME_SCHEMA)


def changed(connection: duckdb.DuckDBPyConnection, dataset: str) -> Changed:
    """What is left to compare, by this version of the rule."""
    rows = fetch(connection, _CHANGED, dataset=dataset, rule=RULE)
    return Changed(rows, tuple(pc.unique(rows["query_id"]).to_pylist()))


def keep(connection: duckdb.DuckDBPyConnection, dataset: str, compared: Compared) -> None:
    """Store what was compared; it becomes part of the data set's fingerprint."""
    connection.execute(
        _FORGET, {"dataset": dataset, "rule": RULE, "changed": list(compared.query_ids)}
    )
    connection.register("compared", compared.same)
    connection.execute(_INSERT, {"dataset": dataset, "rule": RULE})
    connection.unregister("compared")
    update_fingerprint(connection, dataset)
