"""Langfuse exports of observations (JSON, JSONL, CSV) or traces with theirs -> queries, responses.

Observation: id, traceId, type, startTime, endTime, input, output, model, usageDetails{input,
             output}, totalCost, latency (seconds), level (ERROR), statusMessage; exports to blob
             storage write trace_id, start_time, provided_model_name …
Trace:       id, timestamp, observations[], scores[{name, value, observationId}]

Only generations are calls of a model; spans and events are passed over and counted. A query is what
the user said in `input`. In tables `input` and `output` are JSON. A score of a trace belongs to
the observation that it names; the first between 0 and 1 is taken.

Source of the format: api.reference.langfuse.com; the types of the package langfuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from cascal.columns import Imported
from cascal.importers.calls import Call, read_calls
from cascal.importers.checked_rows import items, part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused
from cascal.importers.messages import message_text
from cascal.importers.response import Said
from cascal.importers.scores import score_value
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted

KIND = "langfuse"
ABOUT = "Langfuse exports: observations (JSON, JSONL, CSV), or traces with their observations"

_NAMES = {
    "model": ("model", "providedModelName", "provided_model_name"),
    "usage": ("usageDetails", "usage_details", "usage"),
    "input_tokens": ("promptTokens", "prompt_tokens", "inputUsage"),
    "output_tokens": ("completionTokens", "completion_tokens", "outputUsage"),
    "cost": ("totalCost", "total_cost", "calculatedTotalCost"),
    "problem": ("statusMessage", "status_message"),
}
_GENERATION = "GENERATION"


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one export, or all of a folder."""
    return read_calls(paths, plan, KIND, _calls)


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The observations of the first file, for looking at."""
    return _lines(*foreign_files(paths, KIND)[0]).records


def _lines(file: Path, source: str) -> Lines:
    """The observations of a file, those of its traces with their scores."""
    lines = read_lines(file, source, KIND)
    rows: list[int] = []
    records: list[Record] = []
    for row, record in zip(lines.rows, lines.records, strict=True):
        inside = _with_scores(record) if "observations" in record else [record]
        rows += [row] * len(inside)
        records += inside
    return Lines(source, rows, records, lines.refused)


def _with_scores(trace: Record) -> list[Record]:
    given = _parsed(trace.get("scores"))
    scores = [part(one) for one in items(given)]
    found = [part(one) for one in items(_parsed(trace.get("observations"))) if part(one)]
    lone = sum(_is_generation(one) for one in found) == 1
    return [
        {**one, "score": _score(scores, clean(one.get("id")), lone and _is_generation(one))}
        for one in found
    ]


def _score(scores: Sequence[Record], observation: str, of_trace: bool) -> object:
    for one in scores:
        named = clean(one.get("observationId"))
        value, problem = score_value(one.get("value"))
        if value is not None and not problem and (named == observation or (not named and of_trace)):
            return value
    return None


def _is_generation(record: Record) -> bool:
    return clean(record.get("type")).upper() == _GENERATION


def _calls(draft: Draft, file: Path, source: str) -> Iterator[Call]:
    lines = _lines(file, source)
    kept = [place for place, one in enumerate(lines.records) if _is_generation(one)]
    if not kept:
        raise ImportRefused(
            f"{source!r} holds no observation of the type GENERATION, so no model's response. "
            "Export the observations rather than the traces.",
            code="no-records",
        )
    if len(kept) < len(lines.records):
        others = len(lines.records) - len(kept)
        draft.notes.append(
            f"{source}: "
            f"{counted(others, 'span or event is no call', 'spans and events are no calls')} of a "
            "model."
        )
    calls = Lines(
        source,
        [lines.rows[place] for place in kept],
        [_named(lines.records[place]) for place in kept],
        lines.refused,
    )
    for row, record in rows_with(draft, calls, ("model", "input")):
        yield Call(
            row=row,
            text=_asked(record["input"]),
            model=clean(record["model"]),
            said=_said(record),
            call_id=clean(record.get("id")),
            fields=_parsed(record.get("metadata")),
        )


def _named(record: Record) -> Record:
    """The record with one name for what exports call differently, and JSON in its texts read."""
    names = {
        ours: next((record[one] for one in theirs if record.get(one) not in (None, "")), None)
        for ours, theirs in _NAMES.items()
    }
    parsed = {name: _parsed(record.get(name)) for name in ("input", "output")}
    return {**record, **names, **parsed, "usage": part(_parsed(names["usage"]))}


def _parsed(value: object) -> object:
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _asked(value: object) -> str:
    """The text of an input: messages, an object that holds them, or a text."""
    if isinstance(value, dict):
        inner = next((value[one] for one in ("messages", "prompt", "input") if one in value), None)
        return message_text(value) if inner is None else message_text(inner)
    return message_text(value)


def _replied(value: object) -> str:
    """The text of an output: a message, a completion of messages, or a text."""
    if isinstance(value, list) and value:
        return _replied(value[-1])
    if not isinstance(value, dict):
        return raw_text(value)
    choice = part(next(iter(items(value.get("choices"))), None))
    message = part(choice.get("message")) or value
    found = next(
        (message[one] for one in ("content", "completion", "text") if one in message), None
    )
    return raw_text(value) if found is None else message_text(found)


def _said(record: Record) -> Said:
    failed = clean(record.get("level")).upper() == "ERROR"
    usage = part(record["usage"])
    return Said(
        raw_text(record["problem"]) if failed else _replied(record.get("output")),
        status="error" if failed else None,
        marks_errors=True,
        values={
            "input_tokens": usage.get("input", record["input_tokens"]),
            "output_tokens": usage.get("output", record["output_tokens"]),
            "cost": record["cost"],
            "latency": record.get("latency"),
            "score": record.get("score"),
        },
    )
