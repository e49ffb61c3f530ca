"""Upstream MMLU-Pro evaluation results: one zip (or JSON) a model -> queries and responses.

A question exists in up to three versions with other options. The version of most files with at
least two options is kept; letters of another version are carried over by the option's text, and
count as unreadable where the kept version has no such option.

The files hold a reading of their own (`pred`, null = none), which takes the last lone capital. It
is compared with ours and said. Where the caller chose the reading "source", it is the answer, and
whether it is that file's own gold answer is the score: files disagree on options and gold answers.

Source of the format: github.com/TIGER-AI-Lab/MMLU-Pro, folder eval_results.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cascal.answers import Reading
from cascal.columns import Imported
from cascal.datatypes import option_letter
from cascal.importers.api_errors import is_api_error
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, gold_answer, option_texts, raw_text
from cascal.importers.limits import (
    ImportRefused,
    check_file,
    is_zip,
    read_bytes,
    read_records,
)
from cascal.importers.own_readings import OwnReadings
from cascal.importers.rows import QueryRow, ResponseRow
from cascal.importers.unzip import json_members
from cascal.number_format import agreeing, counted

KIND = "mmlu_pro"
ABOUT = "Upstream MMLU-Pro eval_results: one zip a model, or a folder of them"

REQUIRED = ("question_id", "question", "options", "category")
TEXT_FIELDS = ("generated_text", "model_outputs", "output", "response")
_MODEL_NAME = re.compile(r"model_outputs_(.+?)(?:_\d+[-_]?shots?)?(?:\.json)?(?:\.zip)?\Z")


@dataclass
class _Version:
    """One wording of a question: its options, and how many files use it with which gold answer."""

    first: QueryRow
    n_files: int = 0
    golds: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Output:
    """One record of a results file."""

    row: int
    query_id: str
    options: tuple[str, ...]
    text: str
    predicted: str | None  # "" where the file has read none, None where it has no such field
    right: float | None  # whether that is the gold answer of the same file


Versions = dict[str, dict[tuple[str, ...], _Version]]


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read the results files, those of a folder in the order of their names."""
    files = [file for path in paths for file in result_files(path)]
    draft, versions = Draft(reading=plan.reading), Versions()
    outputs: list[tuple[str, str, list[_Output]]] = []
    for number, file in enumerate(files):
        plan.progress(0.5 * number / len(files), f"Reading {file.name}")
        model, records = _records(file)
        if model in {name for name, _, _ in outputs}:
            raise ImportRefused(
                f"Two files hold results of {model!r}. Keep one of them.", code="duplicate-file"
            )
        outputs.append((model, file.name, _outputs(file.name, records, versions, draft)))
    kept = {query_id: _kept_version(choices) for query_id, choices in versions.items()}
    for query in kept.values():
        draft.add_query(query)
    own = OwnReadings()
    for number, (model, source, of_model) in enumerate(outputs):
        plan.progress(0.5 + 0.5 * number / len(outputs), f"Reading the answers of {model}")
        _add_responses(draft, model, source, of_model, own)
    draft.notes += own.notes("pred", chosen=plan.reading == "source")
    _note_versions(draft, versions)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def result_files(path: Path) -> list[Path]:
    """The results files of a path: itself, or every zip and JSON directly in the folder."""
    if not path.is_dir():
        return [path]
    files = sorted(
        (one for one in path.iterdir() if one.suffix.lower() in (".zip", ".json")),
        key=lambda one: one.name,
    )
    if not files:
        raise ImportRefused(
            f"The folder {path.name!r} holds no .zip or .json results files.", code="missing-part"
        )
    return files


def first_records(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The records of the first results file, for looking at."""
    return _records(result_files(paths[0])[0])[1]


def _records(file: Path) -> tuple[str, list[dict[str, Any]]]:
    """Model name and records of one file; several JSON members are read one after the other."""
    if not is_zip(check_file(file)):
        return model_name(file.name), read_records(read_bytes(file), file.name)
    records: list[dict[str, Any]] = []
    names: list[str] = []
    for name, content in json_members(file):
        names.append(name.rpartition("/")[2])
        records += read_records(content, f"{file.name}: {names[-1]}")
    label = next((one for one in (file.name, *names) if _MODEL_NAME.match(one)), file.name)
    return model_name(label), records


def model_name(file_name: str) -> str:
    """`model_outputs_gemma-7b_5shots.zip` -> `gemma-7b`; other names lose their suffix only."""
    match = _MODEL_NAME.match(file_name)
    return match[1] if match else re.sub(r"\.(?:zip|json)\Z", "", file_name)


def _outputs(
    source: str, records: Sequence[dict[str, Any]], versions: Versions, draft: Draft
) -> list[_Output]:
    """Check the records of one file and enter their wordings into `versions`."""
    draft.count_rows(source, len(records))
    missing = [name for name in REQUIRED if records and not any(name in one for one in records)]
    if missing or not records:
        raise ImportRefused(
            f"{source!r} holds {counted(len(records), 'record')} without "
            f"{', '.join(missing) or 'content'}; MMLU-Pro results have {', '.join(REQUIRED)} and "
            "generated_text or pred.",
            code="missing-column",
        )
    outputs: list[_Output] = []
    for row, record in enumerate(records, 1):
        options = option_texts(record.get("options"))
        query_id = clean(record.get("question_id"))
        if not query_id or options is None:
            column = "options" if query_id else "question_id"
            draft.refuse(source, row, column, f"no readable {column}")
            continue
        query = _query_row(source, row, record, query_id, options)
        version = versions.setdefault(query_id, {}).setdefault(options, _Version(query))
        version.n_files += 1
        version.golds[raw_text(record.get("answer"))] += 1
        outputs.append(_Output(row, query_id, options, *_said(record)))
    return outputs


def _query_row(
    source: str, row: int, record: dict[str, Any], query_id: str, options: tuple[str, ...]
) -> QueryRow:
    text, task = raw_text(record.get("question")), clean(record.get("category"))
    gold = record.get("answer", record.get("answer_index"))
    return QueryRow(
        source=source,
        row=row,
        query_id=query_id,
        task=task,
        text=text,
        options=options,
        gold=gold,
    )


def _said(record: dict[str, Any]) -> tuple[str, str | None, float | None]:
    """Generated text, upstream's own reading of it, and whether that is right; see `_Output`."""
    text = next((record[name] for name in TEXT_FIELDS if record.get(name) is not None), "")
    if isinstance(text, list) and len(text) == 1:
        text = text[0]
    if "pred" not in record:
        return raw_text(text), None, None
    predicted = clean(record["pred"])
    return raw_text(text), predicted, float(predicted == clean(record.get("answer")))


def _kept_version(choices: dict[tuple[str, ...], _Version]) -> QueryRow:
    """The wording of most files that offers a choice; ties go to the first seen."""
    version = max(choices.values(), key=lambda one: (len(one.first.options) >= 2, one.n_files))
    gold = version.golds.most_common(1)[0][0]
    return version.first._replace(gold=gold if gold else version.first.gold)


def _add_responses(
    draft: Draft, model: str, source: str, outputs: Sequence[_Output], own: OwnReadings
) -> None:
    moved = lost = 0
    for output in outputs:
        reading = _reading(draft, model, output, own)
        query = draft.queries.get(output.query_id)
        if query is not None and query.options != output.options and reading.answer is not None:
            answer = _carried_over(reading.answer, output.options, query.options)
            moved, lost = moved + (answer is not None), lost + (answer is None)
            reading = Reading(answer, reading.rule, "ok" if answer else "unreadable")
        draft.add_response(
            ResponseRow(
                source=source,
                row=output.row,
                query_id=output.query_id,
                model=model,
                sample=0,
                text=output.text,
                answer=reading.answer,
                rule=reading.rule,
                mean_logprob=None,
                input_tokens=None,
                output_tokens=None,
                cost=None,
                latency=None,
                status=reading.status,
                score=output.right if draft.reading == "source" else None,
            )
        )
    if moved or lost:
        draft.notes.append(
            f"{model} answered another version of {counted(moved + lost, 'query')}: "
            f"{counted(moved, 'answer was', 'answers were')} carried over by the option's text, "
            f"{counted(lost, 'has', 'have')} no such option and {agreeing(lost, 'is', 'are')} "
            "unreadable."
        )


def _reading(draft: Draft, model: str, output: _Output, own: OwnReadings) -> Reading:
    if is_api_error(output.text):
        return Reading(None, None, "error")
    if output.predicted is None:
        return draft.read(output.text, output.options)
    theirs, _ = gold_answer(output.predicted, output.options)
    given = Reading(theirs, "given" if output.predicted else None, "ok" if theirs else "unreadable")
    if not output.text.strip():
        return given
    read = draft.read(output.text, output.options)
    own.compare(f"{output.query_id!r} of {model}", read.answer, theirs)
    return given if draft.reading == "source" else read


def _carried_over(letter: str, theirs: Sequence[str], ours: Sequence[str]) -> str | None:
    text = theirs[ord(letter) - ord("A")].strip()
    same = [index for index, option in enumerate(ours) if option.strip() == text]
    return option_letter(same[0]) if len(same) == 1 else None


def _note_versions(draft: Draft, versions: Versions) -> None:
    several = [query_id for query_id, choices in versions.items() if len(choices) > 1]
    disputed = [
        query_id
        for query_id, choices in versions.items()
        if any(len(one.golds) > 1 for one in choices.values())
    ]
    if several:
        draft.notes.append(
            f"{counted(len(several), 'query exists', 'queries exist')} in versions with other "
            "options; the version of most files was kept."
        )
    if disputed:
        draft.notes.append(
            f"The files disagree on the gold answer of {counted(len(disputed), 'query')}; the "
            "answer of most files was kept."
        )


def looks_like(records: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> bool:
    """Whether records are MMLU-Pro results."""
    first = next(iter(records), {})
    said = any(name in first for name in (*TEXT_FIELDS, "pred"))
    return said and all(name in first for name in REQUIRED)
