"""RouterArena's cached results, prediction files and queries -> queries and responses.

Cached result (JSONL, one file a model): global_index, question, llm_selected, generated_answer,
    token_usage{input_tokens, output_tokens}, success, error, and after the evaluation
    evaluation_result{extracted_answer, ground_truth, score, metric, inference_cost}
Prediction file (JSON list, one row a routed query): global index, prompt, prediction (the chosen
    model), generated_result{generated_answer, success, token_usage, finish_reason, error}, cost,
    accuracy, for_optimality
Queries (the data set as a table): Global Index, Dataset name, Question, Options, Context, Answer;
    or router_data*.json: global index, prompt_formatted

The index is written "global_index", "global index" or "Global Index"; all three are read. A prompt
stands in for the question where no queries file comes along, and its options are the lines "A. …".
What an evaluation has not filled in is unknown, a row without a generated result gives no response.
The benchmark's authors ask that it is not trained on.

Source of the format: github.com/RouteWorks/RouterArena.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cascal.columns import Imported
from cascal.importers.checked_rows import either, part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, option_texts, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused
from cascal.importers.response import Place, Said, add_said, known_gold, lettered_options
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted

KIND = "routerarena"
ABOUT = "RouterArena cached_results/MODEL.jsonl, prediction files, queries tables"

INDEX = ("global_index", "global index", "Global Index")
_TASK = re.compile(r"(.+?)_\d+\Z")


class _Row(NamedTuple):
    """One record and the query it is about."""

    source: str
    row: int
    query_id: str
    record: Record

    @property
    def is_query(self) -> bool:
        """Whether the record describes a query only."""
        return "Question" in self.record or "prompt_formatted" in self.record


class _Seen(NamedTuple):
    """A response that was read before: the file and its text."""

    source: str
    text: str


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one file, several, or a folder of cached results, predictions and queries."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    rows: list[_Row] = []
    for number, (file, source) in enumerate(files):
        plan.progress(0.7 * number / len(files), f"Reading {source}")
        rows += list(_rows(draft, read_lines(file, source, KIND)))
    golds, unanswered = _golds(rows), 0
    for one in sorted(rows, key=lambda one: not one.is_query):
        _add_query(draft, one, golds.get(one.query_id))
    seen: dict[tuple[str, str], list[_Seen]] = {}
    for number, one in enumerate(one for one in rows if not one.is_query):
        if number % 20_000 == 0:
            plan.progress(0.7 + 0.3 * number / len(rows), f"{counted(number, 'record')} read")
        unanswered += not _add_response(draft, one, seen)
    if unanswered:
        draft.notes.append(
            f"{counted(unanswered, 'prediction has', 'predictions have')} no generated result: "
            "no response."
        )
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The records of the first file, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return read_lines(file, source, KIND).records


def _rows(draft: Draft, lines: Lines) -> Iterator[_Row]:
    forms = {form for one in lines.records if (form := _form(one))}
    if len(forms) > 1:
        raise ImportRefused(
            f"{lines.source!r} mixes {' and '.join(sorted(forms))} of RouterArena. Put each into a "
            "file of its own.",
            code="mixed-formats",
        )
    for row, record in rows_with(draft, lines, ()):
        query_id = clean(either(record, INDEX, lines.source, row))
        if query_id and _form(record):
            yield _Row(lines.source, row, query_id, record)
        else:
            missing = "llm_selected" if query_id else INDEX[0]
            draft.refuse(lines.source, row, missing, "the field is missing")


def _form(record: Record) -> str:
    if "llm_selected" in record:
        return "cached results"
    if "prediction" in record:
        return "predictions"
    return "queries" if "Question" in record or "prompt_formatted" in record else ""


def _golds(rows: Sequence[_Row]) -> dict[str, object]:
    """The right answer of each query: from the queries, else from an evaluation."""
    golds: dict[str, object] = {}
    for one in sorted(rows, key=lambda one: not one.is_query):
        evaluated = part(one.record.get("evaluation_result"))
        gold = one.record.get("Answer", evaluated.get("ground_truth"))
        if isinstance(gold, str | int | float) and clean(gold):
            golds.setdefault(one.query_id, gold)
    return golds


def _add_query(draft: Draft, one: _Row, gold: object) -> None:
    """Enter a query; its own table comes first, prompts only add what no table has."""
    known = draft.queries.get(one.query_id)
    if known is not None and not one.is_query:
        return
    record = one.record
    names = ("prompt_formatted", "question", "prompt")
    text = raw_text(next((record[name] for name in names if record.get(name)), ""))
    options: tuple[str, ...] | None = lettered_options(text, gold)
    if "Question" in record:
        context = raw_text(record.get("Context")).strip()
        question = raw_text(record["Question"])
        text = f"{context}\n\n{question}" if context not in ("", "None") else question
        options = option_texts(record.get("Options"))
    if options is None:
        draft.lost_queries.setdefault(one.query_id, "options are no list")
        draft.refuse(one.source, one.row, "Options", "neither a list nor JSON")
        return
    match = _TASK.match(one.query_id)
    task = clean(record.get("Dataset name")) or (match[1] if match else one.query_id)
    right = known_gold(draft, one.source, one.row, gold, options)
    draft.add_query(
        QueryRow(
            source=one.source,
            row=one.row,
            query_id=one.query_id,
            task=task,
            text=text,
            options=options,
            gold=right,
        ),
        reworded=True,
    )


def _add_response(draft: Draft, one: _Row, seen: dict[tuple[str, str], list[_Seen]]) -> bool:
    """Enter what a record says its model answered; False where it says nothing."""
    record = one.record
    cached = "llm_selected" in record
    result = record if cached else part(record.get("generated_result"))
    if not result:
        return False
    model = clean(record["llm_selected" if cached else "prediction"])
    said = _said(record, result)
    sample = _sample(seen.setdefault((one.query_id, model), []), one.source, said.text or "")
    if sample is not None:
        query = draft.queries.get(one.query_id)
        place = Place(one.source, one.row, one.query_id, model, sample)
        add_said(draft, place, said, query.options if query is not None else ())
    return True


def _sample(seen: list[_Seen], source: str, text: str) -> int | None:
    """The number of a model's response to a query: each file with another text gives one more.

    None where another file has the same text, as prediction files repeat the cached results.
    """
    for number, known in enumerate(seen):
        if known.source == source:
            return number
        if known.text == text:
            return None
    seen.append(_Seen(source, text))
    return len(seen) - 1


def _said(record: Record, result: Record) -> Said:
    """A call failed where it says so; the score is the evaluation's, where there was one."""
    evaluated = part(record.get("evaluation_result"))
    usage, answer = part(result.get("token_usage")), result.get("generated_answer")
    failed = result.get("success") is False or bool(result.get("error"))
    cut = result.get("finish_reason") == "length"
    message = raw_text(result.get("error"))
    return Said(
        message if failed and not answer else raw_text(answer),
        given=evaluated.get("extracted_answer"),
        status="error" if failed else "truncated" if cut else None,
        values={
            "input_tokens": usage.get("input_tokens"),
            "output_tokens": usage.get("output_tokens"),
            "cost": evaluated.get("inference_cost", record.get("cost")),
            "score": evaluated.get("score", record.get("accuracy")),
        },
    )
