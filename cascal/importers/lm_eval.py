"""lm-evaluation-harness sample logs -> queries and responses.

    {output_path}/{model}/samples_{task}_{date}.jsonl, beside results_{date}.json (model_name)

Line: doc_id, doc, target, arguments{gen_args_N: {arg_0: prompt, arg_1: continuation or settings}},
resps, filtered_resps, filter, metrics[], doc_hash, and one number a metric (acc, exact_match, …).

Multiple choice: every resp is [log_prob, is_greedy] of one choice, as texts or numbers. The answer
is the choice of the highest log-probability, and

    mean_logprob = log softmax(log_probs)[answer]   (at most 0)

is a real confidence: how much of the choices' probability the answer has. It is on another scale
than the mean over a generated answer's tokens, but each model is standardised by itself.
A single [log_prob, is_greedy] is a likelihood, not a choice: it has a score and no answer.
Generation: the text of resps, read by `answers`; where that reads nothing, what the kept filter
extracted. Repeats are further samples. A line is written for each filter, of which one is kept for
a task: that which extracts most answers, rather than "none", then by name.

A query is named by doc_hash (by task and doc_id in logs of before 0.4.2), so models join although
their prompts differ. A document that a task holds twice gives a second sample.

Source of the format: github.com/EleutherAI/lm-evaluation-harness; checked against its own logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cascal.columns import Imported
from cascal.importers.checked_rows import part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import amount, clean, gold_answer, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.kept import keep_offered
from cascal.importers.limits import ImportRefused, parse_json, read_bytes
from cascal.importers.lm_eval_docs import Choice, as_choice, doc_options, doc_text, repeats_of
from cascal.importers.response import Place, Said, add_said, known_gold
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted, listed

KIND = "lm_eval"
ABOUT = "lm-evaluation-harness samples_*.jsonl (--log_samples), one file or the results folder"

INVALID = "[invalid]"
"""What a filter of the harness writes where it extracts nothing."""
_NAME = re.compile(r"samples_(.+)_(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?)\Z")
_METRICS = ("acc", "exact_match", "acc_norm")


class _Log(NamedTuple):
    """The samples of one model on one task."""

    source: str
    task: str
    date: str
    model: str
    lines: Lines


class _Names(NamedTuple):
    """How queries are named, and which filter of each task is kept."""

    by_hash: bool
    several_tasks: bool
    filters: dict[str, str]


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one samples file, or all of a results folder with a folder for each model."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    logs: list[_Log] = []
    for number, (file, source) in enumerate(files):
        plan.progress(0.7 * number / len(files), f"Reading {source}")
        logs.append(_log(draft, file, source))
    logs = _newest(draft, logs)
    by_hash = [_has_hashes(log) for log in logs]
    names = _Names(
        all(by_hash), len({log.task for log in logs}) > 1, _filters(draft, logs, plan.log_filter)
    )
    for number, log in enumerate(logs):
        plan.progress(0.7 + 0.3 * number / len(logs), f"Reading the answers of {log.model}")
        _add_log(draft, log, names)
    keep_offered(draft, plan.keep)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The lines of the first file, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return read_lines(file, source, KIND).records


def _log(draft: Draft, file: Path, source: str) -> _Log:
    match = _NAME.match(file.stem)
    task, date = (match[1], match[2]) if match else (file.stem, "")
    lines = read_lines(file, source, KIND)
    return _Log(source, task, date, _model_name(draft, file, date), lines)


def _model_name(draft: Draft, file: Path, date: str) -> str:
    """The model_name of the results file of the same run, else the name of the folder."""
    for results in sorted(file.parent.glob("results_*.json")):
        if date and results.stem != f"results_{date}":
            continue
        with suppress(ImportRefused):
            document = part(parse_json(read_bytes(results), results.name))
            if found := clean(document.get("model_name")):
                return found
    name = file.parent.resolve().name
    note = f"No results_*.json names the model of {file.name}; its folder does: {name}."
    draft.notes.append(note)
    return name


def _newest(draft: Draft, logs: Iterable[_Log]) -> list[_Log]:
    """One log of each model and task, the newest, in the order they were found."""
    kept: dict[tuple[str, str], _Log] = {}
    for log in logs:
        known = kept.get((log.model, log.task))
        if known is None or log.date > known.date:
            kept[log.model, log.task] = log
        older = known if known is not None and log.date > known.date else log
        if known is not None:
            draft.notes.append(f"{older.source} was left out: {log.model} has a newer one.")
    return list(kept.values())


def _has_hashes(log: _Log) -> bool:
    """Whether the lines name their documents by hash; a file that does both is refused."""
    with_hash = [bool(one.get("doc_hash")) for one in log.lines.records]
    if any(with_hash) and not all(with_hash):
        row = log.lines.rows[with_hash.index(False)]
        raise ImportRefused(
            f"{log.source!r} mixes logs of two versions: row {row} has no doc_hash, others have. "
            "Put each run into a file of its own.",
            code="mixed-formats",
        )
    return all(with_hash)


def _filters(draft: Draft, logs: Sequence[_Log], wanted: str) -> dict[str, str]:
    """The filter that is kept for each task: that which is wanted, else reads most answers, then
    that scores most.
    """
    worth: dict[str, dict[str, tuple[int, float]]] = {}
    for log in logs:
        of_task, metric = worth.setdefault(log.task, {}), _metric(log.lines.records)
        for one in log.lines.records:
            name = clean(one.get("filter")) or "none"
            n_read, score = of_task.get(name, (0, 0.0))
            of_task[name] = n_read + (_extracted(one) != INVALID), score + _number(one.get(metric))
    kept: dict[str, str] = {}
    for task, found in worth.items():
        ranked = sorted(
            found, key=lambda name: (-found[name][0], -found[name][1], name == "none", name)
        )
        if wanted:
            ranked = _first_wanted(task, ranked, wanted)
        kept[task] = ranked[0]
        if len(ranked) > 1:
            dropped = listed(sorted(ranked[1:]))
            draft.notes.append(
                f"{task}: filter {ranked[0]!r} was kept, not {dropped}. "
                "--filter NAME keeps another."
            )
    return kept


def _first_wanted(task: str, names: Sequence[str], wanted: str) -> list[str]:
    """The filters of a task, the wanted one first."""
    if wanted not in names:
        raise ImportRefused(
            f"Filter {wanted[:80]!r} is to be kept, but {task!r} has only "
            f"{listed(sorted(names))}. Correct the name.",
            code="unknown-choice",
        )
    return [wanted, *(one for one in names if one != wanted)]


def _number(value: object) -> float:
    """A score as far as it is one."""
    number, _ = amount(value)
    return number or 0.0


def _extracted(record: Record) -> object:
    """What the filter of a line took out of the response."""
    found = record.get("filtered_resps")
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found


def _add_log(draft: Draft, log: _Log, names: _Names) -> None:
    kept = names.filters[log.task]
    metric = _metric(log.lines.records)
    seen: dict[str, list[str]] = {}
    for row, record in rows_with(draft, log.lines, ("doc_id", "doc", "resps")):
        if (clean(record.get("filter")) or "none") != kept:
            continue
        doc_id = clean(record["doc_id"])
        name = clean(record["doc_hash"])[:16] if names.by_hash else doc_id
        prefix = f"{log.task}/" if names.several_tasks or not names.by_hash else ""
        doc_ids = seen.setdefault(name, [])
        if doc_id not in doc_ids:
            doc_ids.append(doc_id)
        place = Place(log.source, row, prefix + name, log.model, doc_ids.index(doc_id))
        _add(draft, log.task, place, record, record.get(metric))


def _metric(records: Sequence[Record]) -> str:
    """The metric taken as the score: acc, exact_match, acc_norm, else the first that is listed."""
    listed = records[0].get("metrics")
    names = [clean(one) for one in listed] if isinstance(listed, list) else []
    known = [one for one in _METRICS if one in records[0]]
    return next(iter([*known, *names]), "")


def _add(draft: Draft, task: str, place: Place, record: Record, score: object) -> None:
    where = (place.source, place.row)
    choice = as_choice(record)
    options = doc_options(record, choice)
    if options is None:
        draft.lost_queries.setdefault(place.query_id, "its choices have no texts")
        draft.refuse(*where, "doc", "its choices have no texts")
        return
    gold = _gold(draft, where, record.get("target"), options, is_choice=choice is not None)
    text = doc_text(record)
    query = QueryRow(
        source=place.source,
        row=place.row,
        query_id=place.query_id,
        task=task,
        text=text,
        options=options,
        gold=gold,
    )
    draft.add_query(query, repeats=True, reworded=True)
    draft.offer(place.query_id, _besides(record, query))
    said = [_chosen(choice)] if choice is not None else list(_generated(draft, record, options))
    for number, one in enumerate(said):
        sample = place.sample * len(said) + number
        values = {**one.values, "score": score}
        answer = Said(one.text, one.given, one.status, values=values)
        add_said(draft, place._replace(sample=sample), answer, options)


def _besides(record: Record, query: QueryRow) -> Record:
    """The fields of the document that are not the query itself."""
    said = {query.text, *query.options, raw_text(record.get("target"))}
    doc = part(record.get("doc"))
    return {name: value for name, value in doc.items() if raw_text(value) not in said}


def _gold(
    draft: Draft, where: tuple[str, int], target: object, options: Sequence[str], *, is_choice: bool
) -> str | None:
    """The target; digits of a multiple-choice task are an index, as the harness reads them."""
    text = clean(target)
    if is_choice and text.startswith("["):
        draft.report(*where, "target", "several options are right; stored as unknown")
        return None
    if is_choice and text.isascii() and text.isdigit():
        return known_gold(draft, *where, int(text[:6]), options)
    return known_gold(draft, *where, text, options)


def _chosen(choice: Choice) -> Said:
    """The likeliest choice and its share of the choices' probability; no text was generated."""
    return Said(None, choice.answer, values={"mean_logprob": choice.mean_logprob})


def _generated(draft: Draft, record: Record, options: Sequence[str]) -> Iterator[Said]:
    """Every repeat of a generated text; likelihoods have no text, only a score.

    What the filter extracted counts for the first repeat, where the text itself reads as nothing
    or as the same letter.
    """
    extracted = _extracted(record)
    given = extracted if isinstance(extracted, str) and extracted != INVALID else None
    for text in repeats_of(record):
        read = None if text is None else draft.read(text, options).answer
        same = bool(options) and read == gold_answer(given, options)[0]
        yield Said(text, given if read is None or same else None)
        given = None
