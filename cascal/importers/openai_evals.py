"""OpenAI evals records (`oaieval --record_path r.jsonl`) -> queries and responses.

First line: spec{completion_fns[], eval_name, base_eval}; last one: final_report, run_id.
Event:      run_id, event_id, sample_id, type, data
            sampling data{prompt, sampled}, match data{correct, expected, picked, sampled},
            metrics data{accuracy | correct | score}, error data{message}

One file is the run of one model. A query is a sample. Of several samplings the first is the
model's, since later ones may be a grader's. `correct` of a match, else a number of its metrics, is
the score.

Source of the format: github.com/openai/evals, record.py; checked against files of its recorder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cascal.columns import Imported
from cascal.importers.calls import Call, read_calls
from cascal.importers.checked_rows import items, part, read_lines
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused
from cascal.importers.messages import message_text
from cascal.importers.response import Said
from cascal.importers.sniff import foreign_files

KIND = "openai_evals"
ABOUT = "OpenAI evals records (oaieval --record_path)"

_SCORES = ("accuracy", "correct", "score")


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one record file, or all of a folder."""
    return read_calls(paths, plan, KIND, _calls)


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The events of the first file, for looking at."""
    return read_lines(*foreign_files(paths, KIND)[0], KIND).records


def _calls(draft: Draft, file: Path, source: str) -> Iterator[Call]:
    lines = read_lines(file, source, KIND)
    spec = next((part(one["spec"]) for one in lines.records if "spec" in one), {})
    model = clean(next(iter(items(spec.get("completion_fns"))), None))
    if not model:
        raise ImportRefused(
            f"{source!r} does not say which model it is of (spec.completion_fns in its first "
            "line). Record the run again with `oaieval`.",
            code="missing-value",
        )
    samples = _samples(draft, lines)
    draft.count_rows(source, len(samples))
    for sample_id, (row, data) in samples.items():
        text = message_text(data.get("prompt"))
        if not text:
            draft.refuse(source, row, "prompt", "no event of the sample holds what was asked")
            continue
        yield Call(
            row=row,
            text=text,
            model=model,
            said=_said(data),
            task=clean(spec.get("eval_name")) or "all",
            query_id=sample_id,
            gold=_gold(draft, source, row, data),
        )


def _samples(draft: Draft, lines: Lines) -> dict[str, tuple[int, Record]]:
    """What the events say of each sample, the first word of each field; and its first row."""
    for row, reason in lines.refused:
        draft.refuse(lines.source, row, "", reason)
    samples: dict[str, tuple[int, Record]] = {}
    for row, event in zip(lines.rows, lines.records, strict=True):
        sample_id = clean(event.get("sample_id"))
        if not sample_id:
            continue
        _, known = samples.setdefault(sample_id, (row, {}))
        data = part(event.get("data"))
        named = {"error": data.get("message") or "error"} if event.get("type") == "error" else data
        for name, value in named.items():
            known.setdefault(name, value)
    return samples


def _gold(draft: Draft, source: str, row: int, data: Record) -> object:
    """The expected answer; of several that are all right the first."""
    expected = data.get("expected")
    if isinstance(expected, list) and len(expected) > 1:
        draft.report(source, row, "expected", "several answers are right; the first was kept")
    return next(iter(expected), None) if isinstance(expected, list) else expected


def _said(data: Record) -> Said:
    sampled = data.get("sampled")
    text = next(iter(sampled), None) if isinstance(sampled, list) else sampled
    failed = text is None and "error" in data
    return Said(
        raw_text(data["error"] if failed else text),
        status="error" if failed else None,
        marks_errors=failed,
        values={"score": next((data[name] for name in _SCORES if name in data), None)},
    )
