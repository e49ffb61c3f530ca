"""Scores as a table: responses without their models' names go out, scores come back."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cascal.datatypes import CascalError
from cascal.draws import random_places
from cascal.files.spreadsheet import original_cell, safe_cell
from cascal.importers.tabular import Sheet, read_sheet
from cascal.store import Score, ScoreOrigin, Workspace

COLUMNS = ("query_id", "task", "text", "response_key", "response", "score", "who", "content")
"""`score` is filled in, from 0 to 1; the rest comes back as it went."""


def response_key(query_id: str, model: str) -> str:
    """A name of a response that does not tell its model to a reader."""
    digest = hashlib.sha256(f"{query_id}\x1f{model}".encode("utf-8", "surrogatepass"))
    return f"r{digest.hexdigest()[:11]}"  # a spreadsheet makes a number of digits alone


def drawn_queries(query_ids: Sequence[str], n: int, seed: int) -> list[str]:
    """N queries at random; more of them with the same seed begin with the same."""
    places = random_places(query_ids, seed)
    order = sorted(range(len(query_ids)), key=lambda row: places[row])
    return [query_ids[row] for row in order[:n]]


def score_rows(
    workspace: Workspace, dataset: str, n: int, who: str, seed: int = 0
) -> list[dict[str, Any]]:
    """One row a response to n queries drawn at random; scores that `who` gave are filled in."""
    with workspace.opened():
        return _rows(workspace, dataset, n, who, seed)


def _rows(workspace: Workspace, dataset: str, n: int, who: str, seed: int) -> list[dict[str, Any]]:
    queries = {one["query_id"]: one for one in workspace.queries(dataset).to_pylist()}
    contents = workspace.scored_content(dataset)
    own = {
        (one.query_id, one.model): one.value
        for one in workspace.response_scores(dataset)
        if one.scorer == who and one.origin == "person" and one.current
    }
    rows = []
    for query_id in drawn_queries(tuple(queries), n, seed):
        found = workspace.response_texts(dataset, query_id).to_pylist()
        first = [one for one in found if one["sample"] == 0]
        for one in sorted(first, key=lambda one: response_key(query_id, one["model"])):
            place = (query_id, one["model"])
            rows.append(
                {
                    "query_id": query_id,
                    "task": queries[query_id]["task"],
                    "text": queries[query_id]["text"],
                    "response_key": response_key(*place),
                    "response": one["text"] or one["answer"] or "",
                    "score": own.get(place, ""),
                    "who": who if place in own else "",
                    "content": contents[place],
                }
            )
    return rows


def write_score_file(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write CSV that spreadsheets open: UTF-8 with a mark, and no cell that is a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: safe_cell(row[name]) for name in COLUMNS} for row in rows)


def read_score_file(
    workspace: Workspace, dataset: str, path: Path, origin: ScoreOrigin, who: str
) -> list[Score]:
    """The scores of a filled-in file, or of any table with query_id, model and score.

    Rows without a score are left out; `who` scored the rows that name nobody, and a judge all.
    """
    sheet = read_sheet(path)
    _refuse_columns(path.name, sheet)
    keys = {
        response_key(query_id, model): model
        for query_id, model in workspace.scored_content(dataset)
    }
    names = list(sheet.columns)
    found = []
    for number, cells in enumerate(zip(*sheet.columns.values(), strict=True), 1):
        row = {
            name: "" if cell is None else original_cell(str(cell)).strip()
            for name, cell in zip(names, cells, strict=True)
        }
        if not row["score"]:
            continue
        found.append(
            Score(
                query_id=row["query_id"],
                model=_model(path.name, number, row, keys),
                value=_value(path.name, number, row["score"]),
                origin=origin,
                scorer=who if origin == "judge" else row.get("who") or who,
                content=row.get("content", ""),
            )
        )
    if not found:
        raise CascalError(
            f"{path.name!r} holds no score. Fill in the column `score` with numbers from 0 to 1.",
            code="no-records",
        )
    return found


def _refuse_columns(name: str, sheet: Sheet) -> None:
    missing = [one for one in ("query_id", "score") if one not in sheet.columns]
    if not {"response_key", "model"} & set(sheet.columns):
        missing.append("response_key")
    if missing or sheet.refused:
        what = f"the column {missing[0]!r}" if missing else f"row {sheet.refused[0][0]} in part"
        raise CascalError(
            f"{name!r} lacks {what}. Fill in the file that `cascal scores --out` wrote, or give "
            "query_id, model and score.",
            code="missing-column",
        )


def _model(name: str, number: int, row: Mapping[str, str], keys: Mapping[str, str]) -> str:
    if row.get("response_key"):
        if row["response_key"] not in keys:
            raise CascalError(
                f"Row {number} of {name!r} is about the response {row['response_key'][:40]!r}, "
                "which is not in this data set. Nothing was stored.",
                code="unknown-reference",
            )
        return keys[row["response_key"]]
    return row.get("model", "")


def _value(name: str, number: int, text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as error:
        raise CascalError(
            f"Row {number} of {name!r} has the score {text[:40]!r}; write a number from 0 to 1, "
            "or leave it empty. Nothing was stored.",
            code="unreadable-value",
        ) from error
