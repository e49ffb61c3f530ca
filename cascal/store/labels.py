"""Labels as facts: who said what about which query, for which purpose, by which draw.

A label is never an answer of the query: gold and generated answers stay as they came. It belongs to
the text and options that its person saw (`content`), and outlives a replaced data set, so that a
label on a query that was edited since is noticed and not lost.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import duckdb

from cascal.datatypes import CascalError
from cascal.store.connection import first_row
from cascal.store.label_checks import (
    place_in_draw,
    refuse_bad_draw,
    refuse_bad_label,
    refuse_second,
)
from cascal.store.option_counts import n_options_of
from cascal.store.reading import require
from cascal.store.records import Draw, Label, LabelReport

_CONTENT = "md5(to_json({'x': q.text_hash, 'o': q.options})::VARCHAR)"
_CONTENTS = f"""
SELECT query_id, {_CONTENT}, {n_options_of("q")} FROM query q WHERE dataset = $dataset
"""  # noqa: S608 – no value
_SOME = f"{_CONTENTS} AND list_contains($ids, query_id)"
_LABELS = f"""
SELECT l.query_id, l.person, l.mark, l.answer, l.verdicts, l.purpose, l.draw_id, l.probability,
    l.content, l.created_at, coalesce({_CONTENT} = l.content, false) AS current
FROM label l LEFT JOIN query q ON q.dataset = l.dataset AND q.query_id = l.query_id
WHERE l.dataset = $dataset ORDER BY l.position
"""  # noqa: S608 – no value
_DRAWS = """
SELECT draw_id, purpose, settings, seed, n_asked, frame, created_at FROM draw
WHERE dataset = $dataset ORDER BY created_at, draw_id
"""
_INSERT = "INSERT INTO label VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ONE = "dataset = ? AND query_id = ? AND person = ? AND content = ?"


def contents(
    connection: duckdb.DuckDBPyConnection, dataset: str, query_ids: Sequence[str] | None = None
) -> dict[str, tuple[str, int]]:
    """Of every query, or of these, the hash of text and options, and the number of options."""
    require(connection, dataset)
    if query_ids is None:
        rows = connection.execute(_CONTENTS, {"dataset": dataset}).fetchall()
    else:
        given = {"dataset": dataset, "ids": list(query_ids)}
        rows = connection.execute(_SOME, given).fetchall()
    return {query_id: (content, n_options) for query_id, content, n_options in rows}


def draws(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[Draw]:
    """Every draw of a data set, oldest first."""
    require(connection, dataset)
    return [
        Draw(
            draw_id=row[0],
            purpose=row[1],
            settings=json.loads(row[2]),
            seed=row[3],
            n_asked=row[4],
            frame=tuple(row[5]),
            created_at=row[6].replace(tzinfo=UTC),
        )
        for row in connection.execute(_DRAWS, {"dataset": dataset}).fetchall()
    ]


def draw(connection: duckdb.DuckDBPyConnection, dataset: str, draw_id: str) -> Draw:
    """One draw; CascalError where the workspace does not hold it."""
    for one in draws(connection, dataset):
        if one.draw_id == draw_id:
            return one
    raise CascalError(
        f"Data set {dataset[:80]!r} has no draw {draw_id[:80]!r}: the labels belong to another "
        "workspace or data set, or the draw's name was changed. Draw queries here and label those.",
        code="changed-draw",
    )


def put_draw(connection: duckdb.DuckDBPyConnection, dataset: str, given: Draw) -> Draw:
    """Store a draw, or ask more of a stored one; what was asked stays asked."""
    known = {one.draw_id: one for one in draws(connection, dataset)}.get(given.draw_id)
    refuse_bad_draw(given, given.frame if known else contents(connection, dataset, given.frame))
    if known is None:
        connection.execute(
            "INSERT INTO draw VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                dataset,
                given.draw_id,
                given.purpose,
                json.dumps(given.settings, sort_keys=True),
                given.seed,
                given.n_asked,
                list(given.frame),
                given.created_at,
            ],
        )
    elif known.frame != given.frame:
        raise CascalError(
            f"The draw {given.draw_id[:80]!r} is stored with other queries, or in another order. "
            "Draw anew.",
            code="changed-draw",
        )
    else:
        _ask(connection, dataset, given.draw_id, given.n_asked)
    return draw(connection, dataset, given.draw_id)


def _ask(connection: duckdb.DuckDBPyConnection, dataset: str, draw_id: str, n_asked: int) -> None:
    connection.execute(
        "UPDATE draw SET n_asked = greatest(n_asked, ?) WHERE dataset = ? AND draw_id = ?",
        [n_asked, dataset, draw_id],
    )


def labels(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[Label]:
    """Every label, in the order they came; `current` says whether its query is still the same."""
    require(connection, dataset)
    return [_label(row) for row in connection.execute(_LABELS, {"dataset": dataset}).fetchall()]


def _label(row: tuple[Any, ...]) -> Label:
    return Label(
        query_id=row[0],
        person=row[1],
        mark=row[2],
        answer=row[3],
        verdicts=json.loads(row[4]),
        purpose=row[5],
        draw_id=row[6],
        probability=row[7],
        content=row[8],
        created_at=row[9].replace(tzinfo=UTC),
        current=row[10],
    )


def add_labels(
    connection: duckdb.DuckDBPyConnection, dataset: str, given: Sequence[Label]
) -> LabelReport:
    """Store labels, all or none; the same label again is no second one."""
    known = contents(connection, dataset, [one.query_id for one in given])
    models = {
        row[0]
        for row in connection.execute(
            "SELECT name FROM model WHERE dataset = ?", [dataset]
        ).fetchall()
    }
    stored = {one.key: one for one in labels(connection, dataset)}
    asked = {one.draw_id: one for one in draws(connection, dataset)}
    added = 0
    for one in given:
        refuse_bad_label(one, known, models)
        if one.key in stored:
            refuse_second(stored[one.key], one)
            continue
        place = place_in_draw(one, asked)
        _insert(connection, dataset, one)
        _ask(connection, dataset, one.draw_id, place + 1)
        stored[one.key] = one
        added += 1
    return LabelReport(dataset=dataset, n_added=added, n_known=len(given) - added)


def _insert(connection: duckdb.DuckDBPyConnection, dataset: str, label: Label) -> None:
    last = first_row(
        connection, "SELECT coalesce(max(position), -1) FROM label WHERE dataset = ?", [dataset]
    )
    connection.execute(
        _INSERT,
        [
            dataset,
            label.query_id,
            label.person,
            label.content,
            (last or (-1,))[0] + 1,
            label.mark,
            label.answer,
            json.dumps(dict(label.verdicts), sort_keys=True),
            label.purpose,
            label.draw_id,
            label.probability,
            label.created_at,
        ],
    )


def undo_label(connection: duckdb.DuckDBPyConnection, dataset: str, person: str) -> Label:
    """Take the last label of a person back; CascalError where there is none."""
    own = [one for one in labels(connection, dataset) if one.person == person]
    if not own:
        raise CascalError(
            f"There is no label of {person[:80]!r} in data set {dataset[:80]!r} to take back.",
            code="missing-value",
        )
    last = own[-1]
    connection.execute(
        f"DELETE FROM label WHERE {_ONE}",  # noqa: S608 – no value
        [dataset, last.query_id, last.person, last.content],
    )
    return last


def delete_labels(
    connection: duckdb.DuckDBPyConnection, dataset: str, query_id: str | None, person: str | None
) -> int:
    """Delete the labels of a query, of a person, of both, or all; how many there were."""
    require(connection, dataset)
    where = "dataset = $d AND ($q IS NULL OR query_id = $q) AND ($p IS NULL OR person = $p)"
    values = {"d": dataset, "q": query_id, "p": person}
    row = first_row(connection, f"SELECT count(*) FROM label WHERE {where}", values)  # noqa: S608 – no value
    connection.execute(f"DELETE FROM label WHERE {where}", values)  # noqa: S608 – no value
    return int((row or (0,))[0])
