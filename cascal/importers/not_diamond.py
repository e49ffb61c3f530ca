"""Not Diamond's training table (CSV) -> queries and responses.

One row a prompt, and for every model the columns `{provider}/{model}/score` and, optionally,
`{provider}/{model}/response`. The prompt column is called as its writer likes: a usual name is
looked for, else the one column that belongs to no model is taken. There is no gold answer; the
scores are the source's verdicts. A model without a response column can be evaluated, not vote.
Options are read from the prompt where it lists them as lines "A. …".

Source of the format: docs.notdiamond.ai, training a custom router.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cascal.columns import Imported
from cascal.importers.checked_rows import read_lines, rows_with
from cascal.importers.columns import suggest
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, is_blank, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused
from cascal.importers.response import Place, Said, add_said, lettered_options
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted, listed

KIND = "not_diamond"
ABOUT = "Not Diamond training table (CSV): PROVIDER/MODEL/score and PROVIDER/MODEL/response"

_SCORE, _RESPONSE = "/score", "/response"


class _Columns(NamedTuple):
    """Which column is what: the prompt, an id or a task (or ""), and the models in order."""

    prompt: str
    query_id: str
    task: str
    models: tuple[str, ...]


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one table, or all tables of this kind in a folder."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    for number, (file, source) in enumerate(files):
        plan.progress(number / len(files), f"Reading {source}")
        lines = read_lines(file, source, KIND)
        columns = _columns(lines)
        prefix = f"{Path(source).stem}/" if len(files) > 1 else ""
        for row, record in rows_with(draft, lines, (columns.prompt,)):
            _add(draft, source, row, record, columns, prefix)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The rows of the first table, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return read_lines(file, source, KIND).records


def _columns(lines: Lines) -> _Columns:
    names = list(dict.fromkeys(name for one in lines.records for name in one))
    ends = {
        end: [one.removesuffix(end) for one in names if one.endswith(end)]
        for end in (_SCORE, _RESPONSE)
    }
    models = tuple(dict.fromkeys([*ends[_SCORE], *ends[_RESPONSE]]))
    own = [one for one in names if not one.endswith((_SCORE, _RESPONSE))]
    known = suggest(own, "queries")
    prompt = known.get("text") or (own[0] if len(own) == 1 else "")
    if not prompt or not ends[_SCORE]:
        raise ImportRefused(
            f"{lines.source!r} needs one column of prompts and PROVIDER/MODEL/score columns; it "
            f"has {listed(names)}. Name the column of prompts 'prompt'.",
            code="missing-column",
        )
    return _Columns(prompt, known.get("query_id", ""), known.get("task", ""), models)


def _add(
    draft: Draft, source: str, row: int, record: Record, columns: _Columns, prefix: str
) -> None:
    """Enter one prompt and what every model said to it; an empty pair of cells is missing."""
    text = raw_text(record[columns.prompt])
    query_id = f"{prefix}{clean(record.get(columns.query_id)) or row}"
    task = clean(record.get(columns.task)) or "all"
    options = lettered_options(text)
    draft.add_query(
        QueryRow(
            source=source,
            row=row,
            query_id=query_id,
            task=task,
            text=text,
            options=options,
            gold=None,
        )
    )
    for model in columns.models:
        score, response = record.get(model + _SCORE), record.get(model + _RESPONSE)
        if is_blank(score) and (response is None or not raw_text(response).strip()):
            continue
        said = None if response is None else raw_text(response)
        place = Place(source, row, query_id, model)
        add_said(draft, place, Said(said, values={"score": score}), options)
