"""The file layout of the released CASCAL code -> queries and responses.

    Data/{BENCHMARK}/{train,test}.json
    Model_Responses/{BENCHMARK}-{SPLIT}/{model}.json

Records: question_id, category, question, options, answer; responses add {model}_response,
avg_logprob and selected_choice ("N/A" = unreadable). Answers are read again from the text, because
the released code replaces unreadable ones at random. Its scores are not taken over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cascal.answers import Reading
from cascal.columns import Imported
from cascal.importers.api_errors import is_api_error
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, gold_answer, is_blank, logprob, option_texts, raw_text
from cascal.importers.limits import ImportRefused, only, read_bytes, read_records
from cascal.importers.rows import QueryRow, ResponseRow
from cascal.number_format import counted

KIND = "cascal_release"
ABOUT = "Released CASCAL layout: Data/ and Model_Responses/"

SPLITS = ("train", "test")


@dataclass
class _Part:
    """One benchmark and split: the file of its queries and those of its models."""

    benchmark: str
    split: str
    query_file: Path | None
    model_files: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As the folder of its responses is called."""
        return f"{self.benchmark}-{self.split}"


def is_release(path: Path) -> bool:
    """Whether a folder has the released layout."""
    return path.is_dir() and ((path / "Data").is_dir() or (path / "Model_Responses").is_dir())


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read all benchmarks, splits and models of a folder in the released layout."""
    path = only(paths, KIND)
    draft = Draft(reading=plan.reading)
    parts = _parts(path)
    records = {part.name: _query_records(part) for part in parts}
    counts = Counter(
        clean(one.get("question_id")) for of_part in records.values() for one in of_part
    )
    clash = any(n_queries > 1 for n_queries in counts.values())
    if clash and len(parts) > 1:
        draft.notes.append(
            "Question ids repeat across files, so query ids are written BENCHMARK-SPLIT/id."
        )
    prefix = {part.name: f"{part.name}/" if clash and len(parts) > 1 else "" for part in parts}
    for part in parts:
        _add_queries(draft, part, records[part.name], prefix[part.name])
    n_files = sum(len(part.model_files) for part in parts)
    n_read = 0
    for part in parts:
        for file in part.model_files:
            plan.progress(n_read / n_files, f"Reading {part.name}/{file.name}")
            _add_responses(draft, part, file, prefix[part.name])
            n_read += 1
    _note_tensors(draft, path)
    imported = draft.finish(plan, path.name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The records of the first file of responses (or of queries), for looking at."""
    part = _parts(only(paths, KIND))[0]
    file = part.model_files[0] if part.model_files else part.query_file
    return [] if file is None else read_records(read_bytes(file), file.name)


def _parts(path: Path) -> list[_Part]:
    """Benchmarks and splits by name; the training split first."""
    parts: dict[tuple[str, str], _Part] = {}
    for split in SPLITS:
        for file in sorted((path / "Data").glob(f"*/{split}.json")):
            parts[file.parent.name, split] = _Part(file.parent.name, split, file)
        for folder in sorted((path / "Model_Responses").glob(f"*-{split}")):
            benchmark = folder.name.removesuffix(f"-{split}")
            part = parts.setdefault((benchmark, split), _Part(benchmark, split, None))
            part.model_files = sorted(folder.glob("*.json"), key=lambda one: one.name)
    found = [part for _, part in sorted(parts.items(), key=lambda one: one[0][0])]
    found = [part for part in found if part.query_file or part.model_files]
    if not found:
        raise ImportRefused(
            f"The folder {path.name!r} holds neither Data/BENCHMARK/train.json (or test.json) nor "
            "Model_Responses/BENCHMARK-train/MODEL.json. Point to the folder that holds both.",
            code="missing-part",
        )
    return found


def _query_records(part: _Part) -> list[dict[str, Any]]:
    """The queries of a part; without a file of their own, those of its first model."""
    file = part.query_file or part.model_files[0]
    return read_records(read_bytes(file), _source(part, file))


def _source(part: _Part, file: Path) -> str:
    return f"{part.name}/{file.name}"


def _add_queries(draft: Draft, part: _Part, records: list[dict[str, Any]], prefix: str) -> None:
    source = _source(part, part.query_file or part.model_files[0])
    if part.query_file is not None:
        draft.count_rows(source, len(records))
    for needed in ("question_id", "question"):
        if records and not any(needed in one for one in records):
            raise ImportRefused(
                f"{source!r} has no {needed!r} in any record; the released layout has question_id, "
                "category, question, options and answer.",
                code="missing-column",
            )
    for row, record in enumerate(records, 1):
        question_id, options = clean(record.get("question_id")), option_texts(record.get("options"))
        query_id = f"{prefix}{question_id}" if question_id else ""
        if options is None:
            draft.lost_queries.setdefault(query_id, "options are no list")
            draft.refuse(source, row, "options", "neither a list nor JSON")
            continue
        task = clean(record.get("category")) or part.benchmark
        text, gold = raw_text(record.get("question")), record.get("answer")
        draft.add_query(
            QueryRow(
                source=source,
                row=row,
                query_id=query_id,
                task=task,
                text=text,
                options=options,
                gold=gold,
                split=part.split,
            )
        )


def _add_responses(draft: Draft, part: _Part, file: Path, prefix: str) -> None:
    source, model = _source(part, file), file.stem
    records = read_records(read_bytes(file), source)
    draft.count_rows(source, len(records))
    n_changed = 0
    for row, record in enumerate(records, 1):
        query_id = prefix + clean(record.get("question_id"))
        query = draft.queries.get(query_id)
        text = _text(record, model)
        reading, changed = _reading(draft, text, record.get("selected_choice"), query)
        n_changed += changed
        mean_logprob, problem = logprob(record.get("avg_logprob"))
        if problem:
            draft.report(source, row, "avg_logprob", problem)
        draft.add_response(
            ResponseRow(
                source=source,
                row=row,
                query_id=query_id,
                model=model,
                sample=0,
                text=text,
                answer=reading.answer,
                rule=reading.rule,
                mean_logprob=mean_logprob,
                input_tokens=None,
                output_tokens=None,
                cost=None,
                latency=None,
                status=reading.status,
            )
        )
    if n_changed:
        draft.notes.append(
            f"{source}: {n_changed:,} of {counted(len(records), 'answer')} read from the text "
            "differ from selected_choice; the text was followed."
        )


def _text(record: dict[str, Any], model: str) -> str:
    """The text under {model}_response, or under whatever name the file had before."""
    if f"{model}_response" in record:
        return raw_text(record[f"{model}_response"])
    return raw_text(next((record[key] for key in record if key.endswith("response")), ""))


def _reading(
    draft: Draft, text: str, selected: object, query: QueryRow | None
) -> tuple[Reading, bool]:
    """The answer, and whether text and selected_choice disagree."""
    if is_api_error(text):
        return Reading(None, None, "error"), False
    options = query.options if query is not None else ()
    given = None if is_blank(selected) else gold_answer(selected, options)[0]
    if not text.strip():
        return Reading(given, "given" if given else None, "ok" if given else "unreadable"), False
    reading = draft.read(text, options)
    return reading, query is not None and reading.answer != given


def _note_tensors(draft: Draft, path: Path) -> None:
    tensors = sorted(one.name for one in (path / "artifacts").glob("*.pt"))
    if tensors:
        draft.notes.append(
            f"artifacts/ holds {len(tensors)} .pt files, not read: they are pickles and "
            "can run code. Embed again, or convert them with torch.load(…, weights_only=True)."
        )
