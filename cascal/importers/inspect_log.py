"""inspect_ai logs (.json, .eval) -> queries and responses.

Log:    version, status (started, success, cancelled, error), eval{task, model, created}, plan,
        samples[]; a .eval file is a zip of header.json (or, while a run goes on,
        _journal/start.json) and samples/{id}_epoch_{n}.json, packed with zstd or deflate
Sample: id, epoch, input, choices, target, output{completion, choices[0]{stop_reason,
        logprobs.content[].logprob}, usage, time}, scores{name: {value, answer}}, model_usage,
        error, limit, attachments

Epoch n is sample n - 1. A value "C" is 1, "P" 0.5, "I" and "N" 0; numbers from 0 to 1 are taken as
they are. Of several scorers the first is taken. A sample with an error is an error and never a
vote, and an unfinished log is imported with a note. Where a solver shuffles the choices the letters
of the text are not those of `choices`: then only the scorer's own answer counts. Several letters at
once ("A, C") are no vote for one option, so they are unreadable.
Of several logs of one model on one task the newest successful one counts.

Source of the format: inspect.aisi.org.uk, log files; checked against logs that inspect_ai wrote.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cascal.columns import Imported
from cascal.datatypes import Status
from cascal.importers.checked_rows import items, part, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import amount, clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.kept import keep_offered
from cascal.importers.limits import ImportRefused, check_file, is_zip, parse_json, read_bytes
from cascal.importers.messages import mean_of_logprobs, message_text
from cascal.importers.response import Place, Said, add_said, known_gold
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.importers.unzip import members
from cascal.number_format import counted, listed

KIND = "inspect_log"
ABOUT = "inspect_ai logs (.eval or .json), one file or a folder of them"

NEWEST_VERSION = 2
MAX_LOG_MEMBERS = 100_000
"""Members of a .eval file: two for every sample."""
_VALUES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_STATUS_OF_END: dict[str, Status] = {
    "max_tokens": "truncated",
    "model_length": "truncated",
    "content_filter": "refused",
}
_UNUSED = ("messages", "events", "events_data", "store", "timelines")
"""Parts of a sample that are large and not read."""


class _Log(NamedTuple):
    """One log: whose run it is, when it was made, how it ended, and its samples."""

    source: str
    task: str
    model: str
    created: str
    status: str
    shuffled: bool
    lines: Lines


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one log, or all logs of a folder."""
    draft = Draft(reading=plan.reading, gold_from=plan.gold_from)
    files = foreign_files(paths, KIND)
    logs: list[_Log] = []
    for number, (file, source) in enumerate(files):
        plan.progress(number / len(files), f"Reading {source}")
        logs.append(_log(draft, file, source))
    kept = _newest(draft, logs)
    several = len({log.task for log in kept}) > 1
    for log in kept:
        _note_state(draft, log)
        scorer = _scorer(draft, log)
        for row, sample in rows_with(draft, log.lines, ("id", "input")):
            query_id = f"{log.task}/{clean(sample['id'])}" if several else clean(sample["id"])
            _add(draft, log, (row, query_id, scorer), sample)
    keep_offered(draft, plan.keep)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The samples of the first log, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return _log(Draft(), file, source).lines.records


def _log(draft: Draft, file: Path, source: str) -> _Log:
    header, samples = _unpacked(file, source) if is_zip(check_file(file)) else _parsed(file, source)
    run = part(header.get("eval"))
    task, model = clean(run.get("task")), clean(run.get("model"))
    if not task or not model:
        raise ImportRefused(
            f"{source!r} does not say which task and model it is of (eval.task, eval.model). "
            "Export the log again with `inspect log dump`.",
            code="missing-value",
        )
    number, _ = amount(header.get("version"))
    if number is not None and number > NEWEST_VERSION:
        draft.notes.append(f"{source} has log version {number:g}; {NEWEST_VERSION} is known.")
    if not samples:
        raise ImportRefused(
            f"{source!r} holds no samples. Run the evaluation with --log-samples.",
            code="no-records",
        )
    lines = Lines(source, list(range(1, len(samples) + 1)), samples, [])
    status = clean(header.get("status")) or "started"
    shuffled = _is_shuffled(header)
    return _Log(
        source=source,
        task=task,
        model=model,
        created=clean(run.get("created")),
        status=status,
        shuffled=shuffled,
        lines=lines,
    )


def _parsed(file: Path, source: str) -> tuple[Record, list[Record]]:
    document = part(parse_json(read_bytes(file), source))
    return document, [_trimmed(one) for one in items(document.get("samples")) if part(one)]


def _unpacked(file: Path, source: str) -> tuple[Record, list[Record]]:
    """Header and samples of a .eval file; header.json replaces the one written at the start."""
    header: Record = {}
    samples: list[Record] = []
    expected = "An .eval log holds header.json and samples/….json."
    for name, content in members(file, _wanted, expected, MAX_LOG_MEMBERS):
        document = part(parse_json(content, f"{source}: {name[:80]}"))
        if name.startswith("samples/"):
            samples.append(_trimmed(document))
        elif name == "header.json" or not header:
            header = document
    return header, samples


def _wanted(member: zipfile.ZipInfo) -> bool:
    name = member.filename
    if name in ("header.json", "_journal/start.json"):
        return True
    return name.startswith("samples/") and name.endswith(".json")


def _trimmed(sample: Record) -> Record:
    return {name: value for name, value in sample.items() if name not in _UNUSED}


def _is_shuffled(header: Record) -> bool:
    """Whether a solver of the plan shows the choices in another order than the log keeps."""
    steps = [part(one) for one in items(part(header.get("plan")).get("steps"))]
    return any(part(one.get("params")).get("shuffle") not in (None, False) for one in steps)


def _newest(draft: Draft, logs: Iterable[_Log]) -> list[_Log]:
    """One log of each model on each task, in the order they were found."""
    kept: dict[tuple[str, str], _Log] = {}
    for log in logs:
        known = kept.get((log.task, log.model))
        rank = (log.status == "success", log.created)
        if known is not None:
            older = known if rank > (known.status == "success", known.created) else log
            draft.notes.append(f"{older.source} was left out: {log.model} has a later log.")
        if known is None or older is known:
            kept[log.task, log.model] = log
    return list(kept.values())


def _note_state(draft: Draft, log: _Log) -> None:
    if log.status != "success":
        draft.notes.append(
            f"{log.source}: the run did not finish (status {log.status[:20]!r}); its "
            f"{counted(len(log.lines.records), 'sample was', 'samples were')} imported."
        )
    if log.shuffled:
        draft.notes.append(
            f"{log.source}: the choices were shuffled, so only the scorer's answers count."
        )


def _scorer(draft: Draft, log: _Log) -> str:
    """The scorer whose verdicts are taken: the first one that is met."""
    names = list(
        dict.fromkeys(name for one in log.lines.records for name in part(one.get("scores")))
    )
    if len(names) > 1:
        draft.notes.append(
            f"{log.source}: scores are those of {names[0]!r}; not read: {listed(names[1:])}."
        )
    return names[0] if names else ""


def _add(draft: Draft, log: _Log, where: tuple[int, str, str], sample: Record) -> None:
    row, query_id, scorer = where
    options = tuple(raw_text(one) for one in items(sample.get("choices")))
    gold = _target(draft, (log.source, row), sample.get("target"), options)
    text = _resolved(sample, message_text(sample["input"]))
    query = QueryRow(
        source=log.source,
        row=row,
        query_id=query_id,
        task=log.task,
        text=text,
        options=options,
        gold=gold,
    )
    draft.add_query(query, repeats=True)
    draft.offer(query_id, sample.get("metadata"))
    epoch, odd = amount(sample.get("epoch", 1))
    if odd or not epoch or epoch % 1:
        draft.refuse(log.source, row, "epoch", "not a whole number of at least 1")
        return
    place = Place(log.source, row, query_id, log.model, int(epoch) - 1)
    said = _said(sample, part(part(sample.get("scores")).get(scorer)), log, bool(options))
    add_said(draft, place, said, options)


def _target(
    draft: Draft, where: tuple[str, int], target: object, options: Sequence[str]
) -> str | None:
    """The right answer; of several right free answers the first, of several options their set."""
    several = [one for one in items(target) if clean(one)]
    if len(several) > 1 and options:
        return known_gold(draft, *where, several, options)
    if len(several) > 1:
        draft.report(*where, "target", "several answers are right; the first was kept")
    value = several[0] if several else None if isinstance(target, list) else target
    return known_gold(draft, *where, value, options, draft.gold_from)


def _resolved(sample: Record, text: str) -> str:
    """A text that the log keeps as an attachment, and any other text as it is."""
    key = text.removeprefix("attachment://")
    found = part(sample.get("attachments")).get(key) if key != text else None
    return text if found is None else raw_text(found)


def _said(sample: Record, score: Record, log: _Log, has_options: bool) -> Said:
    output = part(sample.get("output"))
    choice = part(next(iter(items(output.get("choices"))), None))
    usage = part(sample.get("model_usage")).get(log.model) or output.get("usage")
    error = sample.get("error")
    text = _resolved(sample, raw_text(output.get("completion")))
    if not text:
        text = message_text(part(choice.get("message")).get("content"))
    ended: Status | None = _STATUS_OF_END.get(clean(choice.get("stop_reason")))
    return Said(
        raw_text(part(error).get("message") or error) if error and not text else text,
        given=score.get("answer"),
        reads_text=not has_options or not (log.shuffled or "," in clean(score.get("answer"))),
        thought=part(usage).get("reasoning_tokens"),
        status="error" if error else ended or ("truncated" if sample.get("limit") else None),
        values={
            "mean_logprob": mean_of_logprobs(choice),
            "input_tokens": part(usage).get("input_tokens"),
            "output_tokens": part(usage).get("output_tokens"),
            "cost": part(usage).get("total_cost"),
            "latency": output.get("time", sample.get("total_time")),
            "score": _verdict(score.get("value")),
        },
    )


def _verdict(value: object) -> object:
    """A letter of inspect_ai as a number; several values at once are no verdict."""
    if isinstance(value, dict | list):
        return None
    return _VALUES.get(value, value) if isinstance(value, str) else value
