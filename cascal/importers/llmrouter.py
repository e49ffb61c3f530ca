"""LLMRouter's query and routing files (JSONL) -> queries and responses.

Query row:   task_name, query, ground_truth, metric, choices, task_id
Routing row: the same and model_name, response, input_tokens, output_tokens, response_time,
             performance, embedding_id, token_num, user_id, fig_id, api_key_used

`choices` is a list, or a JSON string {"text": [...], "labels": [...]}. Older rows call the answer
`gt` and the counts `prompt_tokens` and `completion_tokens`. `api_key_used` is dropped before
anything else sees the row. A failed call leaves its message in `response`, which LLMRouter then
scores as an answer; here it is an error. Rows that other tools write in this layout (`query,
model_name, response, performance`, perhaps `category`) are read too.

The files name no query, so its id is made of its content. For code (`metric` code_eval) `choices`
and `ground_truth` are test programs: such a query has no options and no gold answer, only scores.

Source of the format: github.com/ulab-uiuc/LLMRouter, folder llmrouter/data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cascal.columns import Imported
from cascal.importers.checked_rows import either, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, option_texts, raw_text
from cascal.importers.jsonlines import Record
from cascal.importers.response import Place, Said, add_said, known_gold
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted

KIND = "llmrouter"
ABOUT = "LLMRouter query and routing data (JSONL)"

SECRET = "api_key_used"  # noqa: S105 - the name of a field
MIN_KEY_CHARS = 6
"""A shorter key is a label; to blot it out would blot out words of the texts."""
_CODE = "code_eval"
_OWN_FAILURE = "ERROR:"


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One row without its key, and what names its query."""

    source: str
    row: int
    record: Record
    task: str
    gold: object
    query_id: str
    split: str


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one file, or all LLMRouter files of a folder; queries may come without responses."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    rows: list[_Row] = []
    for number, (file, source) in enumerate(files):
        plan.progress(0.5 * number / len(files), f"Reading {source}")
        rows += _rows(draft, file, source)
    test = {one.query_id for one in rows if one.split == "test"}
    both = {one.query_id for one in rows if one.split == "train"} & test
    if both:
        draft.notes.append(
            f"{counted(len(both), 'query is', 'queries are')} in train and test files: "
            "such a query counts as test."
        )
    for number, one in enumerate(rows):
        if number % 20_000 == 0:
            plan.progress(0.5 + 0.5 * number / len(rows), f"{counted(number, 'row')} read")
        _add(draft, one, "test" if one.query_id in test else "train")
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The rows of the first file, for looking at; without the key."""
    file, source = foreign_files(paths, KIND)[0]
    return [_without_key(one) for one in read_lines(file, source, KIND).records]


def _rows(draft: Draft, file: Path, source: str) -> list[_Row]:
    rows: list[_Row] = []
    split = "test" if "test" in file.stem.casefold() else "train"
    for row, with_key in rows_with(draft, read_lines(file, source, KIND), ("query",)):
        record = _without_key(with_key)
        task = clean(record.get("task_name")) or clean(record.get("category")) or "all"
        gold = either(record, ("ground_truth", "gt"), source, row)
        names = [task, record["query"], gold, record.get("metric"), record.get("choices")]
        content = json.dumps(names, default=str).encode()
        query_id = f"{task}/{hashlib.sha256(content).hexdigest()[:16]}"
        rows.append(
            _Row(
                source=source,
                row=row,
                record=record,
                task=task,
                gold=gold,
                query_id=query_id,
                split=split,
            )
        )
    return rows


def _without_key(record: Record) -> Record:
    """The row without the API key it may hold, also where an error message repeats it."""
    rest = {name: value for name, value in record.items() if name != SECRET}
    key = clean(record.get(SECRET))
    if len(key) < MIN_KEY_CHARS:
        return rest
    return {
        name: value.replace(key, "[key]") if isinstance(value, str) else value
        for name, value in rest.items()
    }


def _add(draft: Draft, one: _Row, split: str) -> None:
    record, place = one.record, (one.source, one.row)
    is_code = record.get("metric") == _CODE
    options = () if is_code else option_texts(record.get("choices"))
    if options is None:
        draft.lost_queries.setdefault(one.query_id, "choices are no list")
        draft.refuse(*place, "choices", "neither a list nor JSON")
        return
    gold = None if is_code else known_gold(draft, *place, one.gold, options)
    text = raw_text(record["query"])
    query = QueryRow(
        source=one.source,
        row=one.row,
        query_id=one.query_id,
        task=one.task,
        text=text,
        options=options,
        gold=gold,
        split=split,
    )
    draft.add_query(query, repeats="model_name" in record)
    if "model_name" in record:
        key = Place(*place, one.query_id, clean(record["model_name"]))
        add_said(draft, key, _said(one), options)


def _said(one: _Row) -> Said:
    record, source, row = one.record, one.source, one.row
    response = record.get("response")
    text = None if response is None else raw_text(response)
    failed = record.get("formatted_query") == "ERROR" or (text or "").startswith(_OWN_FAILURE)
    names = ("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")
    return Said(
        text,
        status="error" if failed else None,
        values={
            "input_tokens": either(record, names[0], source, row),
            "output_tokens": either(record, names[1], source, row),
            "latency": record.get("response_time"),
            "cost": record.get("cost"),
            "score": record.get("performance"),
        },
    )
