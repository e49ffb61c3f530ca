"""Anthropic message batches (JSONL) -> queries and responses.

Result line:  custom_id, result{type: succeeded, errored, canceled or expired, message, error}
    message:  model, content[{type: text, text}], stop_reason, usage{input_tokens, output_tokens}
Request line: custom_id, params{model, messages, system}; or a JSON object {requests: [...]}

`custom_id` names the query, or "MODEL::QUERY"; the model is that of the message, else the requested
one, or, where requests of several models have that custom_id, the one that answered in the same
file. The requests must lie beside the results, since only they hold the questions. There are no
log-probabilities, no right answers and no scores.

Source of the format: docs.anthropic.com, Message Batches; the types of the package anthropic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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
from cascal.importers.shared_requests import UNKNOWN_MODEL, UNKNOWN_QUERY, model_of_each
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
    asked: dict[str, set[_Request]] = defaultdict(set)
    for file, source in requests or files_beside(paths, KIND, "params"):
        for custom_id, request in _ask(draft, file, source):
            asked[custom_id].add(request)
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


class _Request(NamedTuple):
    """What a custom_id asks whom."""

    query_id: str
    model: str


def _ask(draft: Draft, file: Path, source: str) -> Iterator[tuple[str, _Request]]:
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
        yield clean(record["custom_id"]), _Request(query_id, clean(params.get("model")) or model)


def _add_results(draft: Draft, file: Path, source: str, asked: Mapping[str, set[_Request]]) -> None:
    rows = list(rows_with(draft, read_lines(file, source, KIND), ("custom_id", "result")))
    alone = model_of_each((source, _answering(record)) for _, record in rows).get(source, "")
    for row, record in rows:
        requests = asked.get(clean(record["custom_id"]), {_Request("", "")})
        model = _answering(record) or (alone if len(requests) > 1 else next(iter(requests)).model)
        query_ids = {one.query_id for one in _of_model(requests, model)}
        if len(requests) > 1 and (not model or len(query_ids) > 1):
            draft.report(source, row, "custom_id", UNKNOWN_QUERY if model else UNKNOWN_MODEL)
            continue
        query_id = next(iter(query_ids))
        result = part(record["result"])
        message = part(result.get("message"))
        query = draft.queries.get(query_id)
        place = Place(source, row, query_id, model)
        add_said(draft, place, _said(result, message), query.options if query is not None else ())


def _answering(record: Record) -> str:
    """The model that answered; "" where none did."""
    return clean(part(part(record["result"]).get("message")).get("model"))


def _of_model(requests: set[_Request], model: str) -> set[_Request]:
    """The requests that were sent to a model; all where none names it.

    A request to claude-x may be answered by claude-x-20250101.
    """
    exact = {one for one in requests if one.model == model}
    return exact or {one for one in requests if model.startswith(one.model)} or requests


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
