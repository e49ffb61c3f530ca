"""Columns of one's own that were kept at import: one value a query, text or number."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from cascal.columns import KEPT_SCHEMA, MAX_KEPT_COLUMNS, Imported, KeptColumn
from cascal.datatypes import CascalError, Split
from cascal.number_format import counted
from cascal.store.connection import fetch, first_row, scalar
from cascal.store.file import WorkspaceFile
from cascal.store.reading import require

_STAGE = """
CREATE TEMP TABLE new_kept AS SELECT *, row_number() OVER () AS row FROM incoming_kept
"""
_OTHER_VALUE = """
SELECT n.name, n.query_id FROM new_kept n JOIN kept k ON k.dataset = $d AND k.name = n.name
    AND k.query_id = n.query_id
WHERE (k.text, k.number) IS DISTINCT FROM (n.text, n.number) ORDER BY n.row LIMIT 1
"""
_OTHER_TYPE = """
SELECT n.name FROM new_kept n JOIN kept k ON k.dataset = $d AND k.name = n.name
WHERE (k.text IS NULL) <> (n.text IS NULL) ORDER BY n.row LIMIT 1
"""
_INSERT = """
INSERT INTO kept BY NAME
WITH place AS (
    SELECT name, (SELECT coalesce(max(position) + 1, 0) FROM kept WHERE dataset = $d)
        + row_number() OVER (ORDER BY min(row)) - 1 AS fresh
    FROM new_kept GROUP BY name)
SELECT $d AS dataset, n.query_id, n.name, n.text, n.number,
    coalesce((SELECT min(position) FROM kept k WHERE k.dataset = $d AND k.name = n.name), p.fresh)
    AS position
FROM new_kept n JOIN place p ON p.name = n.name
JOIN query q ON q.dataset = $d AND q.query_id = n.query_id
WHERE NOT EXISTS (FROM kept k WHERE k.dataset = $d AND k.name = n.name
    AND k.query_id = n.query_id)
"""
_NAMES = """
SELECT name, count(number) > 0 AS numeric, count(*) AS n_queries FROM kept
WHERE dataset = $dataset GROUP BY name ORDER BY min(position)
"""
_ROWS = """
SELECT k.query_id, k.name, k.text, k.number FROM kept k
JOIN query q ON q.dataset = k.dataset AND q.query_id = k.query_id
WHERE k.dataset = $dataset ORDER BY k.position, q.position
"""
_VALUES = """
SELECT q.query_id, k.name, k.text, k.number FROM query q
LEFT JOIN kept k ON k.dataset = q.dataset AND k.query_id = q.query_id
WHERE q.dataset = $dataset AND ($split IS NULL OR q.split = $split) ORDER BY q.position
"""


def add_kept(connection: duckdb.DuckDBPyConnection, imported: Imported) -> None:
    """Store the kept columns of a data set whose queries are stored; a contradiction is refused."""
    if not len(imported.kept):
        return
    name = imported.dataset
    connection.register("incoming_kept", imported.kept)
    connection.execute(_STAGE)
    _refuse_other(connection, name)
    connection.execute(_INSERT, {"d": name})
    n_columns = scalar(
        connection, "SELECT count(DISTINCT name) FROM kept WHERE dataset = $d", d=name
    )
    if n_columns > MAX_KEPT_COLUMNS:
        raise CascalError(
            f"Data set {name[:80]!r} would keep {counted(n_columns, 'column')} of its own; up to "
            f"{MAX_KEPT_COLUMNS} are kept. Nothing was written.",
            code="out-of-bounds",
        )


def _refuse_other(connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
    other = first_row(connection, _OTHER_TYPE, {"d": dataset})
    if other is not None:
        raise CascalError(
            f"Data set {dataset[:80]!r} keeps the column {other[0][:80]!r} with numbers on one "
            "side and texts on the other; nothing was written. Rename the column that comes.",
            code="conflicting-rows",
        )
    value = first_row(connection, _OTHER_VALUE, {"d": dataset})
    if value is not None:
        raise CascalError(
            f"Data set {dataset[:80]!r} keeps another value of {value[0][:80]!r} for query "
            f"{value[1][:80]!r} already; nothing was written. Replace the whole data set "
            "(--on-conflict replace), or rename the column.",
            code="conflicting-rows",
        )


class Keeping(WorkspaceFile):
    """What a `Workspace` keeps of the columns that people slice by."""

    def kept_names(self, dataset: str) -> dict[str, int]:
        """How many queries have a value, by the name of the kept column, in the order kept."""
        with self._reading() as connection:
            require(connection, dataset)
            rows = fetch(connection, _NAMES, dataset=dataset).to_pylist()
        return {row["name"]: row["n_queries"] for row in rows}

    def kept_rows(self, dataset: str) -> pa.Table:
        """KEPT_SCHEMA, column by column, as `add` takes it."""
        with self._reading() as connection:
            require(connection, dataset)
            return fetch(connection, _ROWS, dataset=dataset).cast(KEPT_SCHEMA)

    def kept_columns(self, dataset: str, split: Split | None = None) -> tuple[KeptColumn, ...]:
        """Every kept column with a value a query, in the order of `queries`."""
        with self._reading() as connection:
            require(connection, dataset)
            names = fetch(connection, _NAMES, dataset=dataset).to_pylist()
            if not names:
                return ()
            rows = fetch(connection, _VALUES, dataset=dataset, split=split).to_pylist()
        place = {one: at for at, one in enumerate(dict.fromkeys(row["query_id"] for row in rows))}
        found: dict[str, np.ndarray] = {
            one["name"]: np.full(len(place), np.nan)
            if one["numeric"]
            else np.full(len(place), "", dtype=object)
            for one in names
        }
        for row in rows:
            if row["name"] is not None:
                value = row["text"] if row["number"] is None else row["number"]
                found[row["name"]][place[row["query_id"]]] = value
        return tuple(KeptColumn(name, values) for name, values in found.items())
