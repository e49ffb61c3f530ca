"""Labels as a table: drawn queries for a spreadsheet or an annotation tool.

The file says by which draw and under which settings it was made, so that what comes back can be
checked (`cascal.dataset.label_file`). Whose an answer is is not shown, and changes from query to
query.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cascal.dataset.contest import Contest
from cascal.dataset.label_rights import given_answers
from cascal.datatypes import option_letter
from cascal.files.spreadsheet import safe_cell
from cascal.store import Draw, Label, Workspace

COLUMNS = (
    "place",
    "of",
    "query_id",
    "task",
    "text",
    "options",
    "answer",
    "answer_1",
    "right_1",
    "answer_2",
    "right_2",
    "who",
    "draw",
    "probability",
    "settings",
    "content",
)
"""`answer`, or `right_1` and `right_2`, are filled in; the rest comes back as it went."""

Row = dict[str, Any]


def two_sides(contest: Contest, draw: Draw, query_id: str) -> tuple[str, str]:
    """The two models of a query, in an order that tells nobody which is the router's choice."""
    row = contest.row_of[query_id]
    names = [contest.part.votes.models[int(one[row])] for one in (contest.first, contest.second)]
    turned = hashlib.sha256(f"{draw.draw_id}\x1f{query_id}".encode()).digest()[0] % 2
    return (names[1], names[0]) if turned else (names[0], names[1])


def label_rows(
    workspace: Workspace, dataset: str, contest: Contest, draw: Draw, who: str
) -> list[Row]:
    """One row for every query that was handed out; those labelled by `who` hold answer and name."""
    own = {
        one.query_id: one for one in workspace.labels(dataset) if one.person == who and one.current
    }
    asked = draw.frame[: draw.n_asked]
    contents = workspace.contents(dataset, asked)
    free = [one for one in asked if not contest.part.votes.option_counts[contest.row_of[one]]]
    given = given_answers(workspace, dataset, free) if free else {}
    shared = {
        "of": len(asked),
        "draw": draw.draw_id,
        "probability": draw.probability,
        "settings": settings_text(draw.settings),
    }
    return [
        shared
        | {"place": place, "content": contents[query_id], "who": who if query_id in own else ""}
        | _of_query(contest, query_id)
        | _of_label(own.get(query_id), two_sides(contest, draw, query_id), given.get(query_id, {}))
        for place, query_id in enumerate(asked, 1)
    ]


def _of_query(contest: Contest, query_id: str) -> Row:
    row, part = contest.row_of[query_id], contest.part
    return {
        "query_id": query_id,
        "task": part.votes.tasks[row],
        "text": part.texts[row],
        "options": "\n".join(lettered(part.options[row])),
    }


def _of_label(label: Label | None, sides: tuple[str, str], given: Mapping[str, str]) -> Row:
    """What is filled in, as far as it is known; free answers are shown."""
    answer = ""
    if label is not None:
        answer = (label.answer or "") if label.mark == "answered" else label.mark
    cells: Row = {"answer": answer}
    for number, model in enumerate(sides, 1):
        verdict = None if label is None else label.verdicts.get(model)
        cells[f"answer_{number}"] = given.get(model, "")
        cells[f"right_{number}"] = "" if verdict is None else ("yes" if verdict else "no")
    return cells


def lettered(options: Sequence[str]) -> list[str]:
    """The options, each with its letter."""
    return [f"{option_letter(at)}: {text}" for at, text in enumerate(options)]


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as one cell."""
    return json.dumps(settings, sort_keys=True, ensure_ascii=False)


def write_label_file(path: Path, rows: Sequence[Row]) -> None:
    """Write CSV that spreadsheets open: UTF-8 with a mark, and no cell that is a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: safe_cell(row[name]) for name in COLUMNS} for row in rows)
