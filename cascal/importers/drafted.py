"""The rows of a draft -> what the store takes: a table, or batches where they are too many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar, cast

import pyarrow as pa

from cascal.columns import KEPT_SCHEMA, QUERY_SCHEMA, RESPONSE_SCHEMA, Batches
from cascal.datatypes import Split
from cascal.importers.fields import gold_answer
from cascal.importers.rows import QueryRow, ResponseRow
from cascal.importers.shelf import Shelf
from cascal.importers.splits import SplitPlan, splits_of

_ROWS_OF_A_BATCH = 2_000
_CHARS_OF_A_BATCH = 4 << 20

Row = TypeVar("Row", bound=tuple[Any, ...])


def query_rows(queries: Shelf[QueryRow], plan: SplitPlan) -> pa.Table | Batches:
    """QUERY_SCHEMA in the order the queries came, split by a plan."""
    splits = None if plan.test_share is None else _drawn(queries, plan)

    def batch(rows: list[QueryRow], start: int) -> pa.RecordBatch:
        ids, tasks = [one.query_id for one in rows], [one.task for one in rows]
        in_file = [cast("Split", one.split) for one in rows]
        of_rows = splits_of(ids, tasks, in_file, plan) if splits is None else splits[start:]
        return _query_batch(rows, of_rows[: len(rows)])

    return _rows(queries, QUERY_SCHEMA, batch)


def _drawn(queries: Shelf[QueryRow], plan: SplitPlan) -> list[str]:
    """The split of every query; a share is drawn of all of a task."""
    ids: list[str] = []
    tasks: list[str] = []
    in_file: list[Split] = []
    for one in queries.values():
        ids.append(one.query_id)
        tasks.append(sys.intern(one.task))
        in_file.append(cast("Split", one.split))
    return splits_of(ids, tasks, in_file, plan)


def _query_batch(rows: list[QueryRow], splits: list[str]) -> pa.RecordBatch:
    golds = [gold_answer(one.gold, one.options)[0] for one in rows]
    columns: dict[str, list[Any]] = {
        "query_id": [one.query_id for one in rows],
        "task": [one.task for one in rows],
        "text": [one.text for one in rows],
        "options": [list(one.options) for one in rows],
        "answer": golds,
        "answer_origin": [
            "none" if gold is None else one.origin for gold, one in zip(golds, rows, strict=True)
        ],
        "skill": [one.skill for one in rows],
        "split": splits,
    }
    return pa.record_batch(columns, schema=QUERY_SCHEMA)


def response_rows(responses: Shelf[ResponseRow]) -> pa.Table | Batches:
    """RESPONSE_SCHEMA in the order the responses came."""
    return _rows(responses, RESPONSE_SCHEMA, _response_batch)


def _response_batch(rows: list[ResponseRow], _start: int) -> pa.RecordBatch:
    columns = {name: [getattr(one, name) for one in rows] for name in RESPONSE_SCHEMA.names}
    return pa.record_batch(columns, schema=RESPONSE_SCHEMA)


def _rows(
    shelf: Shelf[Row], schema: pa.Schema, batch: Callable[[list[Row], int], pa.RecordBatch]
) -> pa.Table | Batches:
    size = max(1, min(_ROWS_OF_A_BATCH, _CHARS_OF_A_BATCH * len(shelf) // (shelf.n_chars + 1)))

    def batches() -> Iterator[pa.RecordBatch]:
        values, start = shelf.values(), 0
        while rows := list(islice(values, size)):
            yield batch(rows, start)
            start += len(rows)

    if shelf.on_disk:
        return Batches(schema=schema, num_rows=len(shelf), make=batches)
    return pa.Table.from_batches(batches(), schema=schema).combine_chunks()


def kept_table(kept: dict[str, dict[str, str] | dict[str, float]]) -> pa.Table:
    """KEPT_SCHEMA, column by column."""
    rows = [
        {
            "query_id": query_id,
            "name": name,
            "text": value if isinstance(value, str) else None,
            "number": None if isinstance(value, str) else value,
        }
        for name, values in kept.items()
        for query_id, value in values.items()
    ]
    return pa.Table.from_pylist(rows, KEPT_SCHEMA)
