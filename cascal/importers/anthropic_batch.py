"""Anthropic message batches (JSONL) -> queries and responses.

Result line:  custom_id, result{type: succeeded, errored, canceled or expired, message, error}
    message:  model, content[{type: text, text}], stop_reason, usage{input_tokens, output_tokens}
Request line: custom_id, params{model, messages, system}; or a JSON object {requests: [...]}

`custom_id` names the query, or "MODEL::QUERY"; the model is that of the message, else the requested
one. The requests must lie beside the results, since only they hold the questions. There are no
log-probabilities, no right answers and no scores.

Source of the format: docs.anthropic.com, Message Batches; the types of the package anthropic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cascal.columns import Imported
from cascal.datatypes import Status
from cascal.importers.calls import text_id
from cascal.importers.checked_rows import items, part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Record
from cascal.importers.limits import ImportRefused
from cascal.importers.messages import message_text
from cascal.importers.openai_batch import split_id
from cascal.importers.response import Place, Said, add_said, lettered_options
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import files_beside, foreign_files, keys_of_file
from cascal.number_format import counted

KIND = "anthropic_batch"
ABOUT = "Anthropic message batch results (JSONL), with the file of requests beside them"

_STATUS_OF_END: Mapping[str, Status] = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
}


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read results, with the texts of their queries from the requests beside them."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    requests = [(file, source) for file, source in files if "params" in keys_of_file(file)]
    results = [one for one in files if one not in requests]
    asked: dict[str, tuple[str, str]] = {}
    for file, source in requests or files_beside(paths, KIND, "params"):
        asked.update(_ask(draft, file, source))
    if not asked:
        raise ImportRefused(
            f"{paths[0].name!r} holds answers, but no questions. Put the file of requests "
            "(custom_id and params, one a line) into the same folder.",
            code="missing-part",
        )
    for number, (file, source) in enumerate(results):
        plan.progress(number / len(results), f"Reading {source}")
        _add_results(draft, file, source, asked)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The lines of the first file, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return read_lines(file, source, KIND).records


def _ask(draft: Draft, file: Path, source: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Enter the queries of requests; yields the query and the model of each custom_id.

    Ids that are the request's own ("request-7" of each model) join by the text of the query.
    """
    for row, record in rows_with(draft, read_lines(file, source, KIND), ("custom_id", "params")):
        params = part(record["params"])
        text = message_text(params.get("messages"))
        named, model = split_id(record["custom_id"])
        query_id = named if model else text_id("all", text)
        query = QueryRow(
            source=source,
            row=row,
            query_id=query_id,
            task="all",
            text=text,
            options=lettered_options(text),
            gold=None,
        )
        draft.add_query(query, repeats=True)
        yield clean(record["custom_id"]), (query_id, clean(params.get("model")) or model)


def _add_results(
    draft: Draft, file: Path, source: str, asked: Mapping[str, tuple[str, str]]
) -> None:
    for row, record in rows_with(draft, read_lines(file, source, KIND), ("custom_id", "result")):
        query_id, requested = asked.get(clean(record["custom_id"]), ("", ""))
        result = part(record["result"])
        message = part(result.get("message"))
        query = draft.queries.get(query_id)
        place = Place(source, row, query_id, clean(message.get("model")) or requested)
        add_said(draft, place, _said(result, message), query.options if query is not None else ())


def _said(result: Record, message: Record) -> Said:
    """A request that did not succeed is an error, whatever its type."""
    if result.get("type") != "succeeded":
        outer = part(result.get("error"))
        reason = part(outer.get("error")).get("message") or outer.get("message")
        text = raw_text(reason) or f"the request was {clean(result.get('type'))[:20] or 'lost'}"
        return Said(text, status="error", marks_errors=True)
    blocks = [part(one) for one in items(message.get("content"))]
    usage = part(message.get("usage"))
    return Said(
        "".join(raw_text(one.get("text")) for one in blocks if one.get("type") == "text"),
        status=_STATUS_OF_END.get(clean(message.get("stop_reason"))),
        marks_errors=True,
        values={
            "input_tokens": usage.get("input_tokens"),
            "output_tokens": usage.get("output_tokens"),
        },
    )
