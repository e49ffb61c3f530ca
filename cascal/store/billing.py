"""What the calls behind a data set cost: its responses and the attempts at its queries."""

from __future__ import annotations

import math

import duckdb

from cascal.datatypes import ModelSpec
from cascal.prices import Bill, cost_of_tokens
from cascal.store import reading
from cascal.store.connection import fetch
from cascal.store.file import WorkspaceFile

_STATED = "cost IS NOT NULL AND isfinite(cost)"
_COUNTED = "input_tokens IS NOT NULL AND output_tokens IS NOT NULL"
_RESPONSES = f"""
SELECT model, coalesce(sum(cost) FILTER ({_STATED}), 0.0) AS dollars,
    count(*) FILTER ({_STATED}) AS n_stated,
    coalesce(sum(input_tokens) FILTER (NOT ({_STATED}) AND {_COUNTED}), 0)::DOUBLE AS read,
    coalesce(sum(output_tokens) FILTER (NOT ({_STATED}) AND {_COUNTED}), 0)::DOUBLE AS written,
    count(*) FILTER (NOT ({_STATED}) AND {_COUNTED}) AS n_counted,
    count(*) FILTER (NOT ({_STATED}) AND NOT ({_COUNTED}) AND status <> 'error') AS n_silent
FROM response WHERE dataset = $dataset GROUP BY model ORDER BY model
"""  # noqa: S608 – no value
_ATTEMPTS = f"""
SELECT generator, coalesce(sum(cost) FILTER ({_STATED}), 0.0) AS dollars,
    count(*) FILTER ({_STATED}) AS n_stated, count(*) FILTER (NOT ({_STATED})) AS n_silent
FROM attempt WHERE dataset = $dataset GROUP BY generator ORDER BY generator
"""  # noqa: S608 – no value


class Billing(WorkspaceFile):
    """What a `Workspace` knows about money."""

    def bills(self, dataset: str) -> tuple[Bill, ...]:
        """One bill a model for its responses, all samples of them, one a generator for attempts.

        A response costs what it says, else its tokens times the prices of its model; an error that
        says neither cost nothing.
        """
        with self._reading() as connection:
            pool = {one.name: one for one in reading.models(connection, dataset)}
            return (*_responses(connection, dataset, pool), *_attempts(connection, dataset))


def _responses(
    connection: duckdb.DuckDBPyConnection, dataset: str, pool: dict[str, ModelSpec]
) -> list[Bill]:
    bills = []
    for row in fetch(connection, _RESPONSES, dataset=dataset).to_pylist():
        known, silent, priced = row["n_stated"], row["n_silent"], 0.0
        if row["n_counted"]:
            priced = cost_of_tokens(pool[row["model"]], row["read"], row["written"])
            if math.isnan(priced):
                priced, silent = 0.0, silent + row["n_counted"]
            else:
                known += row["n_counted"]
        bills.append(Bill(row["model"], row["dollars"] + priced, known, silent))
    return bills


def _attempts(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[Bill]:
    return [
        Bill(row["generator"], row["dollars"], row["n_stated"], row["n_silent"])
        for row in fetch(connection, _ATTEMPTS, dataset=dataset).to_pylist()
    ]
