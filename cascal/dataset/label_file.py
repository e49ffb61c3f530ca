"""Labels that come back in a table, checked against the draw and settings they went out with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cascal.dataset.contest import Contest
from cascal.dataset.label_rows import COLUMNS, settings_text, two_sides
from cascal.datatypes import CascalError, option_letter
from cascal.files.spreadsheet import original_cell
from cascal.importers.tabular import read_sheet
from cascal.number_format import counted
from cascal.provenance import named
from cascal.store import Draw, Label, Mark

NEEDED = ("of", "query_id", "answer", "draw", "settings", "content")
MARKED: Mapping[str, Mark] = {
    "skip": "skipped",
    "skipped": "skipped",
    "bad": "bad",
    "bad question": "bad",
}
"""What may stand in place of an answer."""
_VERDICTS = {
    **dict.fromkeys(("yes", "y", "true", "right", "1", "1.0"), True),
    **dict.fromkeys(("no", "n", "false", "wrong", "0", "0.0"), False),
}
MOST_NAMED = 6
"""So many settings that differ are named at most."""
_LETTER = re.compile(r"\(?([A-Za-z]{1,2})[).:]?(?:\s.*)?", re.DOTALL)


def read_label_file(
    path: Path, contest: Contest, draws: Mapping[str, Draw], settings: Mapping[str, Any], who: str
) -> list[Label]:
    """The labels of a filled-in file; rows without an answer are left out.

    Refused are files that lack columns, rows of the draw or the settings they were made under, and
    rows whose answer cannot be read. `who` labelled the rows that name nobody.
    """
    rows = _read_rows(path)
    draw = _checked_draw(path.name, rows, draws)
    _refuse_other_settings(path.name, rows, settings)
    _refuse_lost_rows(path.name, rows, draw)
    found = [
        _label(path.name, number, row, contest, draw, who) for number, row in enumerate(rows, 1)
    ]
    labels = [one for one in found if one is not None]
    _refuse_judges(path.name, labels)
    _refuse_two_answers(path.name, labels)
    return labels


def _read_rows(path: Path) -> list[dict[str, str]]:
    sheet = read_sheet(path)
    missing = [one for one in NEEDED if one not in sheet.columns]
    if missing or sheet.refused:
        what = f"the column {missing[0]!r}" if missing else f"row {sheet.refused[0][0]} in part"
        raise CascalError(
            f"{path.name!r} lacks {what}. Fill in the file that `cascal label --out` wrote, and "
            "keep all of its columns and rows.",
            code="missing-column",
        )
    names = [one for one in COLUMNS if one in sheet.columns]
    cells = zip(*(sheet.columns[one] for one in names), strict=True)
    rows = [
        {
            name: "" if cell is None else original_cell(str(cell))
            for name, cell in zip(names, row, strict=True)
        }
        for row in cells
    ]
    if not rows:
        raise CascalError(f"{path.name!r} holds no row to read.", code="no-records")
    return rows


def _checked_draw(name: str, rows: Sequence[Mapping[str, str]], draws: Mapping[str, Draw]) -> Draw:
    """The one draw that every row names."""
    named = sorted({row["draw"].strip() for row in rows})
    if len(named) > 1 or named[0] not in draws:
        raise CascalError(
            f"{name!r} names the draw {', '.join(repr(one[:40]) for one in named[:4])}; a file is "
            "of one draw of this workspace and data set. Nothing was stored; write it again with "
            "`cascal label --out`.",
            code="changed-draw",
        )
    return draws[named[0]]


def _refuse_other_settings(
    name: str, rows: Sequence[Mapping[str, str]], settings: Mapping[str, Any]
) -> None:
    """Refuse a file that was written under other settings than those it is read under."""
    present = json.loads(settings_text(settings))
    for row in rows:
        try:
            written = json.loads(row["settings"])
        except json.JSONDecodeError:
            written = None
        if written == present:
            continue
        differ = ", ".join(_different(present, written)[:MOST_NAMED]) or "further ones"
        raise CascalError(
            f"{name!r} was written under other settings: {differ} differ. Nothing was stored; read "
            "it with the options it was written with, its column `settings` holds them.",
            code="conflicting-settings",
        )


def _different(present: Mapping[str, Any], written: object) -> list[str]:
    """Names of the settings that differ, those inside of a group by their own names."""
    names: list[str] = []
    for name, value in sorted(present.items()):
        other = written.get(name) if isinstance(written, dict) else None
        if value != other:
            inside = _different(value, other) if isinstance(value, dict) else []
            names += inside or [name]
    return names


def _refuse_lost_rows(name: str, rows: Sequence[Mapping[str, str]], draw: Draw) -> None:
    """Refuse a file in which queries of the draw are gone, or others have come."""
    ids = {row["query_id"] for row in rows}
    said = {row["of"].strip() for row in rows}
    of = next(iter(said)) if len(said) == 1 else ""
    size = int(float(of)) if re.fullmatch(r"\d{1,9}(\.0+)?", of) else 0
    asked = set(draw.frame[:size])
    if size and ids == asked:
        return
    lost, other = sorted(asked - ids), sorted(ids - asked)
    if not size:
        what = "its column `of` does not say of how many"
    elif other:
        what = f"{other[0][:80]!r} is not one of them"
    else:
        what = f"{len(lost)} of them are gone, such as {lost[0][:80]!r}"
    raise CascalError(
        f"{name!r} no longer holds the {counted(size or len(ids), 'query')} that were drawn: "
        f"{what}. Nothing was stored; keep every row and every id, and leave blank what nobody "
        "answered.",
        code="changed-draw",
    )


def _refuse_judges(name: str, labels: Sequence[Label]) -> None:
    """Refuse labels that a table gives in the name of a model that judges."""
    for one in labels:
        if one.judged:
            raise CascalError(
                f"{name!r} names {one.person[:80]!r} in the column `who`: a model judges by "
                "`cascal label --judge`, and no table speaks for it. Nothing was stored.",
                code="unusable-row",
            )


def _refuse_two_answers(name: str, labels: Sequence[Label]) -> None:
    seen: dict[tuple[str, str, str], Label] = {}
    for one in labels:
        first = seen.setdefault(one.key, one)
        if first.said != one.said:
            raise CascalError(
                f"{name!r} holds two answers of {one.person[:80]!r} to query "
                f"{one.query_id[:80]!r}: {first.words!r} and {one.words!r}. Nothing was stored; "
                "keep one, or name another person in the column `who`.",
                code="labelled-twice",
            )


def _label(
    name: str, number: int, row: Mapping[str, str], contest: Contest, draw: Draw, who: str
) -> Label | None:
    """The label of one row, None where nothing is filled in."""
    query_id, answer = row["query_id"], row["answer"].strip()
    verdicts: dict[str, bool] = {}
    if query_id in contest.row_of:
        for model, column in zip(two_sides(contest, draw, query_id), (1, 2), strict=True):
            verdict = _read_verdict(name, number, row.get(f"right_{column}", ""))
            if verdict is not None:
                verdicts[model] = verdict
    if not answer and not verdicts:
        return None
    mark = MARKED.get(answer.lower(), "answered")
    said = read_answer_cell(answer, contest, query_id) if mark == "answered" else None
    size = int(float(row["of"]))
    return Label(
        query_id=query_id,
        person=row.get("who", "").strip() or named(who),
        content=row["content"].strip(),
        draw_id=draw.draw_id,
        probability=size / len(draw.frame),
        purpose=draw.purpose,
        mark=mark,
        answer=said or None,
        verdicts=verdicts if mark == "answered" else {},
    )


def _read_verdict(name: str, number: int, cell: str) -> bool | None:
    text = cell.strip().lower()
    if not text:
        return None
    if text not in _VERDICTS:
        raise CascalError(
            f"Row {number} of {name!r} says {cell[:40]!r} where yes or no is needed. Nothing was "
            "stored.",
            code="unusable-row",
        )
    return _VERDICTS[text]


def read_answer_cell(text: str, contest: Contest, query_id: str) -> str:
    """What a person wrote as an answer: the letter of an option, also of one written out."""
    row = contest.row_of.get(query_id)
    options = contest.part.options[row] if row is not None else ()
    if row is None or not contest.part.votes.option_counts[row]:
        return text.strip()
    for at, option in enumerate(options):
        if text.strip() in (option.strip(), f"{option_letter(at)}: {option}".strip()):
            return option_letter(at)
    letter = _LETTER.fullmatch(text.strip())
    return letter[1].upper() if letter else text.strip()
