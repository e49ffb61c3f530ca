"""LLMRouterBench results -> queries and responses.

    results/bench/{dataset}/{split}/{model}/{dataset}-{split}-{model}-{timestamp}.json

A results file holds performance, time_taken, prompt_tokens, completion_tokens, cost, counts,
model_name, dataset_name, split, demo (newer files) and records[]: index, origin_query, prompt,
prediction, ground_truth, score, prompt_tokens, completion_tokens, cost, raw_output. The flat form
has one row a record, with dataset_id, split, model_name and record_index beside those fields.

Of several runs of one model on one dataset the newest counts; demo runs are left out where there is
another. `prediction` is what the benchmark's own rules read from `raw_output`. A failed call has no
score, no ground truth and "Processing failed: …" for an output: it is an error, and its missing
ground truth contradicts nobody. Options are read from the prompt where it lists them as lines.
The benchmark's own split is part of the query id; it is not taken for a test split of a router.

Source of the format: github.com/ynulihao/LLMRouterBench, data_collector/storage.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cascal.columns import Imported
from cascal.importers.checked_rows import items, read_lines, refuse_mixture, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused, parse_json, read_bytes
from cascal.importers.response import Place, Said, add_said, known_gold, lettered_options
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files, keys_of_file
from cascal.number_format import counted

KIND = "llmrouterbench"
ABOUT = "LLMRouterBench results (bench/DATASET/SPLIT/MODEL/*.json, or flat records)"

_STAMP = re.compile(r"[-_]?(\d{8}_\d{6})\Z")
_FAILURES = ("Processing failed:", "Unexpected error:")


class _Run(NamedTuple):
    """One results file: whose run it is, when it was, and its records."""

    source: str
    dataset: str
    split: str
    model: str
    stamp: str
    is_demo: bool
    lines: Lines


class _Row(NamedTuple):
    """One record and what names it."""

    source: str
    row: int
    task: str
    query_id: str
    model: str
    record: Record


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one results file, a flat file of records, or a tree of results."""
    draft, runs, rows = Draft(reading=plan.reading), [], []
    files = foreign_files(paths, KIND)
    for number, (file, source) in enumerate(files):
        plan.progress(0.7 * number / len(files), f"Reading {source}")
        document = _document(file, source)
        if document is None:
            rows += list(_flat_rows(draft, read_lines(file, source, KIND)))
        else:
            runs.append(_run(file, source, document))
    for run in _newest(draft, runs):
        rows += list(_run_rows(draft, run))
    golds = _golds(rows)
    for number, row in enumerate(rows):
        if number % 20_000 == 0:
            plan.progress(0.7 + 0.3 * number / len(rows), f"{counted(number, 'record')} read")
        _add(draft, row, golds.get(row.query_id))
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The records of the first file, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    document = _document(file, source)
    if document is None:
        return read_lines(file, source, KIND).records
    return _run(file, source, document).lines.records


def _document(file: Path, source: str) -> Record | None:
    """The one object of a results file; None for the flat form."""
    if "counts" not in keys_of_file(file):
        return None
    document = parse_json(read_bytes(file), source)
    if not isinstance(document, dict) or not isinstance(document.get("records"), list):
        raise ImportRefused(
            f"{source!r} holds no list 'records'; a results file of LLMRouterBench has "
            "performance, counts and records. Export it again.",
            code="missing-value",
        )
    return document


def _run(file: Path, source: str, document: Record) -> _Run:
    """Names from the file, else from its folders where they follow the layout, else its stem."""
    stem, parents = file.stem, [one.name for one in file.parents][:3]
    stamp = _STAMP.search(stem)
    model, split, dataset = parents if len(parents) == 3 else ("", "", "")
    if stem != "result" and not stem.startswith(f"{dataset}-{split}-{model}"):
        model, split, dataset = _STAMP.sub("", stem), "", "bench"
    records = document["records"]
    good = [(row, one) for row, one in enumerate(records, 1) if isinstance(one, dict)]
    bad = [(row, "not an object") for row, one in enumerate(records, 1) if type(one) is not dict]
    lines = Lines(source, [row for row, _ in good], [one for _, one in good], bad)
    refuse_mixture(source, lines.rows, lines.records, KIND)
    return _Run(
        source=source,
        dataset=clean(document.get("dataset_name")) or dataset,
        split=clean(document.get("split")) or split,
        model=clean(document.get("model_name")) or model,
        stamp=stamp[1] if stamp is not None else "",
        is_demo=document.get("demo") is True,
        lines=lines,
    )


def _newest(draft: Draft, runs: Sequence[_Run]) -> list[_Run]:
    """One run of each model on each dataset and split, in the order they were found."""
    kept: dict[tuple[str, str, str], _Run] = {}
    for run in runs:
        key = run.dataset, run.split, run.model
        known = kept.get(key)
        if known is None or (not run.is_demo, run.stamp) > (not known.is_demo, known.stamp):
            kept[key] = run
    newest = {run.source for run in kept.values()}
    left_out = [run.source for run in runs if run.source not in newest]
    if left_out:
        draft.notes.append(
            f"{counted(len(left_out), 'older or demo run was', 'older or demo runs were')} left "
            f"out: {', '.join(left_out[:20])}."
        )
    return list(kept.values())


def _run_rows(draft: Draft, run: _Run) -> Iterator[_Row]:
    for row, record in rows_with(draft, run.lines, ("index",)):
        yield _row((run.source, row), (run.dataset, run.split, run.model), record, "index")


def _flat_rows(draft: Draft, lines: Lines) -> Iterator[_Row]:
    needed = ("dataset_id", "model_name", "record_index")
    for row, record in rows_with(draft, lines, needed):
        names = (record["dataset_id"], record.get("split"), record["model_name"])
        dataset, split, model = map(clean, names)
        yield _row((lines.source, row), (dataset, split, model), record, "record_index")


def _row(where: tuple[str, int], run: tuple[str, str, str], record: Record, index: str) -> _Row:
    dataset, split, model = run
    parts = [one for one in (dataset, split, clean(record[index])) if one]
    return _Row(*where, dataset, "/".join(parts), model, record)


def _golds(rows: Sequence[_Row]) -> dict[str, object]:
    """The first ground truth that is given for each query; failed calls give none."""
    golds: dict[str, object] = {}
    for one in rows:
        gold = one.record.get("ground_truth")
        if raw_text(gold).strip():
            golds.setdefault(one.query_id, gold)
    return golds


def _add(draft: Draft, one: _Row, gold: object) -> None:
    record = one.record
    prompt, question = raw_text(record.get("prompt")), raw_text(record.get("origin_query"))
    options = lettered_options(prompt, gold) or lettered_options(question, gold)
    known = draft.queries.get(one.query_id)
    if known is not None and not options:
        options = known.options
    text = question if question.strip() else prompt
    right = known_gold(draft, one.source, one.row, gold, options)
    query = QueryRow(
        source=one.source,
        row=one.row,
        query_id=one.query_id,
        task=one.task,
        text=text,
        options=options,
        gold=right,
    )
    draft.add_query(query, repeats=True, reworded=True)
    add_said(draft, Place(*one[:2], one.query_id, one.model), _said(record), options)


def _said(record: Record) -> Said:
    output = record.get("raw_output")
    texts = items(output)
    text = raw_text(texts[0] if len(texts) == 1 else output)
    failed = record.get("score") is None and text.startswith(_FAILURES)
    return Said(
        None if output is None else text,
        given=record.get("prediction"),
        status="error" if failed else None,
        values={
            "input_tokens": record.get("prompt_tokens"),
            "output_tokens": record.get("completion_tokens"),
            "cost": record.get("cost"),
            "score": record.get("score"),
        },
    )
