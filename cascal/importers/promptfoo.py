"""promptfoo results (`promptfoo eval -o out.json` or out.jsonl) -> queries and responses.

File:   evalId, results{version, timestamp, prompts, results[], stats}, config; or one result a line
Result: provider{id, label} (or its id alone), prompt{raw, label}, vars, testCase{assert[]},
        response{output, tokenUsage{prompt, completion}, logProbs[]}, success, score, error,
        failureReason (0 none, 1 an assertion, 2 an error), latencyMs, cost

A query is a prompt with its variables filled in. Whether all assertions passed (`success`) is the
score, as promptfoo counts its pass rate; the right answer is known where an assertion says that the
output equals it. A failed call has no score; in promptfoo's rate and in ours it is not right.

Source of the format: promptfoo.dev, output formats; checked against files of promptfoo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cascal.columns import Imported
from cascal.importers.calls import Call, read_calls
from cascal.importers.checked_rows import items, part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import amount, clean, raw_text
from cascal.importers.jsonlines import Lines, Record
from cascal.importers.limits import ImportRefused, parse_json, read_bytes
from cascal.importers.messages import mean_of_logprobs, message_text
from cascal.importers.response import Said
from cascal.importers.sniff import foreign_files, keys_of_file
from cascal.number_format import agreeing, counted

KIND = "promptfoo"
ABOUT = "promptfoo results (eval -o results.json or .jsonl)"

_ERROR = 2
"""The failureReason of a call that failed; an assertion that failed has another."""


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one file of results, or all of a folder."""
    return read_calls(paths, plan, KIND, _calls)


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The results of the first file, for looking at."""
    return _lines(*foreign_files(paths, KIND)[0]).records


def _lines(file: Path, source: str) -> Lines:
    if "results" not in keys_of_file(file):
        return read_lines(file, source, KIND)
    document = part(parse_json(read_bytes(file), source))
    results = items(part(document.get("results")).get("results"))
    records = [one for one in results if isinstance(one, dict)]
    if not records or len(records) < len(results):
        raise ImportRefused(
            f"{source!r} holds no list of results (results.results). Write it again with "
            "`promptfoo eval -o results.json`.",
            code="not-records",
        )
    return Lines(source, list(range(1, len(records) + 1)), records, [])


def _calls(draft: Draft, file: Path, source: str) -> Iterator[Call]:
    lines = _lines(file, source)
    _note_failed(draft, source, lines.records)
    for row, record in rows_with(draft, lines, ("provider", "prompt")):
        prompt = record["prompt"]
        yield Call(
            row=row,
            text=message_text(part(prompt).get("raw", prompt)),
            model=_model(record["provider"]),
            said=_said(record),
            gold=_gold(record),
            call_id=clean(record.get("id")),
            fields=record.get("vars"),
        )


def _note_failed(draft: Draft, source: str, records: Sequence[Record]) -> None:
    """Say what promptfoo itself counts, where calls failed and so there are fewer scores."""
    n_failed = sum(map(_failed, records))
    if n_failed:
        n_right = sum(one.get("success") is True for one in records)
        draft.notes.append(
            f"{source!r}: promptfoo counts {n_right:,} of {counted(len(records), 'result')} right. "
            f"{counted(n_failed, 'call')} failed: {agreeing(n_failed, 'it has', 'they have')} no "
            f"answer and no score, and {agreeing(n_failed, 'counts', 'count')} as not right there "
            "and here."
        )


def _failed(record: Record) -> bool:
    """Whether the call itself failed, and not only an assertion about what it gave."""
    error = part(record.get("response")).get("error")
    return record.get("failureReason") == _ERROR or error is not None


def _model(provider: object) -> str:
    if not isinstance(provider, dict):
        return clean(provider)
    return clean(provider.get("label")) or clean(provider.get("id"))


def _gold(record: Record) -> object:
    """The value that the output must equal, where an assertion says so."""
    asserted = map(part, items(part(record.get("testCase")).get("assert")))
    return next((one.get("value") for one in asserted if one.get("type") == "equals"), None)


def _said(record: Record) -> Said:
    response = part(record.get("response"))
    output, usage = response.get("output"), part(response.get("tokenUsage"))
    failed = _failed(record)
    milliseconds, _ = amount(record.get("latencyMs"))
    logprobs = {"logprobs": {"token_logprobs": response.get("logProbs")}}
    return Said(
        raw_text(output if output is not None else record.get("error") if failed else None),
        status="error" if failed else None,
        marks_errors=True,
        values={
            "mean_logprob": mean_of_logprobs(logprobs),
            "input_tokens": usage.get("prompt"),
            "output_tokens": usage.get("completion"),
            "cost": record.get("cost"),
            "latency": None if milliseconds is None else milliseconds / 1000,
            "score": record.get("success"),
        },
    )
