"""Saved runs: what a fit was made from and what it measured, as JSON text."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC
from typing import Any

import duckdb

from cascal.datatypes import CascalError
from cascal.store.connection import scalar
from cascal.store.records import Run

_JSON = ("settings", "thresholds", "numbers", "versions")
_RUNS = """
SELECT name, dataset, settings, thresholds, numbers, versions, fingerprint, note, created_at
FROM run
"""


def _text(run: Run, name: str) -> str:
    try:
        return json.dumps(getattr(run, name), sort_keys=True)
    except (TypeError, ValueError) as error:
        raise CascalError(
            f"Run.{name} of {run.name[:80]!r} is not JSON: {error}. Use numbers, text, lists and "
            "dictionaries.",
            code="wrong-type",
        ) from error


def save_run(connection: duckdb.DuckDBPyConnection, run: Run, *, replace: bool) -> None:
    """Store a run; a taken name is refused unless it is to be replaced."""
    if not run.name.strip():
        raise CascalError("The run needs a name.", code="missing-value")
    taken = scalar(connection, "SELECT count(*) FROM run WHERE name = $n", n=run.name)
    if taken and not replace:
        raise CascalError(
            f"There is a run {run.name[:80]!r} already. Choose another name, or replace it.",
            code="already-there",
        )
    connection.execute("DELETE FROM run WHERE name = ?", [run.name])
    connection.execute(
        "INSERT INTO run (name, dataset, settings, thresholds, numbers, versions, fingerprint, "
        "note, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            run.name,
            run.dataset,
            *(_text(run, one) for one in _JSON),
            run.fingerprint,
            run.note,
            run.created_at,
        ],
    )


def _run(row: tuple[Any, ...]) -> Run:
    values = {field.name: value for field, value in zip(fields(Run), row, strict=True)}
    for name in _JSON:
        values[name] = json.loads(values[name])
    values["created_at"] = values["created_at"].replace(tzinfo=UTC)
    return Run(**values)


def runs(connection: duckdb.DuckDBPyConnection) -> list[Run]:
    """Every saved run, newest first."""
    found = [_run(row) for row in connection.execute(_RUNS).fetchall()]
    return sorted(found, key=lambda run: (run.created_at, run.name), reverse=True)


def run(connection: duckdb.DuckDBPyConnection, name: str) -> Run:
    """One saved run; CascalError lists the known ones where it does not exist."""
    known = {one.name: one for one in runs(connection)}
    if name not in known:
        listed = ", ".join(repr(one[:80]) for one in list(known)[:20]) or "none"
        raise CascalError(f"There is no run {name[:80]!r}; saved are: {listed}.", code="no-run")
    return known[name]


def delete_run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Delete one run; CascalError where it does not exist."""
    run(connection, name)
    connection.execute("DELETE FROM run WHERE name = ?", [name])
