"""OpenAI batch files (JSONL) -> queries and responses.

Output line: id, custom_id, response{status_code, request_id, body}, error
    body of a chat completion: model, choices[0].message.content, choices[0].finish_reason,
        choices[0].logprobs.content[].logprob, usage{prompt_tokens, completion_tokens}
    body of a text completion: choices[0].text; of a response: output[].content[].text,
        usage{input_tokens, output_tokens}
Error file: the same lines, with status_code other than 200 or with error{code, message}
Input line: custom_id, method, url, body{model, messages | prompt | input}

`custom_id` names the query, or "MODEL::QUERY". The model is the one of the answering body; a failed
request is filed under the name that the answered requests of the same requested model have. Where
input files of several models hold its custom_id, it is of the model that answered in its file. The
texts of the queries come from the batch's input file or from a table queries.*; both are looked
for beside the output file. mean_logprob is the mean over the answer's tokens.

Source of the format: platform.openai.com, Batch API.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cascal.columns import Imported
from cascal.datatypes import Status
from cascal.endpoint.completion import calls_tool
from cascal.importers.checked_rows import items, part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Record
from cascal.importers.limits import ImportRefused
from cascal.importers.long import add_queries
from cascal.importers.messages import mean_of_logprobs, message_text
from cascal.importers.response import Place, Said, add_said, lettered_options
from cascal.importers.rows import QueryRow
from cascal.importers.shared_requests import UNKNOWN_MODEL, model_of_each
from cascal.importers.sniff import files_beside, foreign_files, keys_of_file, kind_of_file
from cascal.importers.tabular import SUFFIXES, open_table
from cascal.number_format import counted

KIND = "openai_batch"
ABOUT = "OpenAI batch output and error files (JSONL), with the input file or queries.* beside them"

_STATUS_OF_END: dict[str, Status] = {
    "length": "truncated",
    "max_output_tokens": "truncated",
    "content_filter": "refused",
}


class _Line(NamedTuple):
    """One line of an output or error file; `shared`: several models were sent its custom_id."""

    source: str
    row: int
    record: Record
    query_id: str
    requested: str
    shared: bool

    @property
    def answering(self) -> str:
        """The model that answered; "" where none did."""
        return clean(_body(self.record).get("model"))


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read output and error files, with the texts of their queries from the files beside them."""
    draft = Draft(reading=plan.reading)
    files = foreign_files(paths, KIND)
    inputs = [(file, source) for file, source in files if "body" in keys_of_file(file)]
    outputs = [one for one in files if one not in inputs]
    requested = _read_texts(draft, paths, inputs, plan)
    lines: list[_Line] = []
    for number, (file, source) in enumerate(outputs):
        plan.progress(0.5 * number / len(outputs), f"Reading {source}")
        lines += list(_lines(draft, file, source, requested))
    names = _names(lines)
    alone = model_of_each((line.source, line.answering) for line in lines)
    for number, line in enumerate(lines):
        if number % 20_000 == 0:
            plan.progress(0.5 + 0.5 * number / len(lines), f"{counted(number, 'line')} read")
        otherwise = names.get(line.requested, line.requested)
        model = line.answering or (alone.get(line.source, "") if line.shared else otherwise)
        if line.shared and not model:
            draft.report(line.source, line.row, "custom_id", UNKNOWN_MODEL)
            continue
        query = draft.queries.get(line.query_id)
        place = Place(line.source, line.row, line.query_id, model)
        add_said(draft, place, _said(line.record), query.options if query is not None else ())
        _name_tool(draft, line)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The lines of the first file, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return read_lines(file, source, KIND).records


def split_id(custom_id: object) -> tuple[str, str]:
    """`MODEL::QUERY` -> (QUERY, MODEL); another id names the query alone."""
    model, sign, query_id = clean(custom_id).partition("::")
    return (query_id, model) if sign else (model, "")


def _read_texts(
    draft: Draft, paths: Sequence[Path], inputs: list[tuple[Path, str]], plan: Plan
) -> Mapping[str, set[str]]:
    """Enter the queries; returns the models that each custom_id was sent to."""
    table = _table_beside(paths)
    if table is not None:
        draft.notes.append(f"The queries are those of {table.name!r}.")
        sheet = open_table(table)
        draft.count_rows(sheet.source, sheet.n_rows)
        for row, reason in sheet.refused:
            draft.refuse(sheet.source, row, "", reason)
        add_queries(draft, sheet, "queries", plan)
    inputs = inputs or files_beside(paths, KIND, "body")
    if table is None and not inputs:
        raise ImportRefused(
            f"{paths[0].name!r} holds answers, but no questions. Put the batch's input file or a "
            "table queries.csv (.jsonl, .parquet) with query_id and text into the same folder.",
            code="missing-part",
        )
    requested: dict[str, set[str]] = defaultdict(set)
    for file, source in inputs:
        for row, record in rows_with(draft, read_lines(file, source, KIND), ("custom_id", "body")):
            body = part(record["body"])
            requested[clean(record["custom_id"])] |= {clean(body.get("model"))} - {""}
            if table is None:
                _add_query(draft, source, row, record, body)
    if table is None:
        names = ", ".join(repr(source) for _, source in inputs)
        draft.notes.append(f"The texts of the queries come from {names}; gold answers are unknown.")
    return requested


def _table_beside(paths: Sequence[Path]) -> Path | None:
    """The table that was given with the batch files, else queries.* beside them."""
    for one in paths:
        if len(paths) > 1 and not one.is_dir() and kind_of_file(one) != KIND:
            return one
    folders = [one if one.is_dir() else one.parent for one in paths]
    beside = [file for folder in dict.fromkeys(folders) for file in sorted(folder.iterdir())]
    return next(
        (one for one in beside if one.stem == "queries" and one.suffix.lower() in SUFFIXES), None
    )


def _add_query(draft: Draft, source: str, row: int, record: Record, body: Record) -> None:
    query_id, _ = split_id(record["custom_id"])
    messages = body.get("messages", body.get("input", body.get("prompt")))
    text = message_text(messages)
    options = lettered_options(text)
    query = QueryRow(
        source=source,
        row=row,
        query_id=query_id,
        task="all",
        text=text,
        options=options,
        gold=None,
    )
    draft.add_query(query, repeats=True)


def _lines(
    draft: Draft, file: Path, source: str, requested: Mapping[str, set[str]]
) -> Iterator[_Line]:
    for row, record in rows_with(draft, read_lines(file, source, KIND), ("custom_id",)):
        query_id, model = split_id(record["custom_id"])
        sent_to = requested.get(clean(record["custom_id"]), set())
        shared = len(sent_to) > 1 and not model
        model = next(iter(sent_to)) if len(sent_to) == 1 else model
        yield _Line(source, row, record, query_id, model, shared)


def _names(lines: Sequence[_Line]) -> dict[str, str]:
    """The name under which each requested model answered; "" is the only model of a batch."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        if line.answering and not line.shared:
            counts[line.requested][line.answering] += 1
    return {
        requested: min(of_model, key=lambda one: (-of_model[one], one))
        for requested, of_model in counts.items()
        if requested or len(of_model) == 1
    }


def _body(record: Record) -> Record:
    return part(part(record.get("response")).get("body"))


def _said(record: Record) -> Said:
    """A line is an error where the service says so, whatever text it holds."""
    response, body = part(record.get("response")), _body(record)
    error = record.get("error") or body.get("error")
    code = response.get("status_code")
    if error or not body or (code is not None and code != 200):
        message = raw_text(part(error).get("message") or error) or f"status {code}"
        return Said(message, status="error", marks_errors=True)
    choice = part(next(iter(items(body.get("choices"))), None))
    ended = clean(choice.get("finish_reason")) or clean(
        part(body.get("incomplete_details")).get("reason")
    )
    usage = part(body.get("usage"))
    declined = bool(part(choice.get("message")).get("refusal"))
    return Said(
        _answer_text(body, choice),
        status="refused" if declined else _STATUS_OF_END.get(ended),
        marks_errors=True,
        thought=_thought(usage),
        values={
            "mean_logprob": mean_of_logprobs(choice),
            "input_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
            "output_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
        },
    )


def _name_tool(draft: Draft, line: _Line) -> None:
    """Report a call of a tool in place of a text."""
    choice = part(next(iter(items(_body(line.record).get("choices"))), None))
    message = part(choice.get("message"))
    if calls_tool(message) and not message.get("content"):
        draft.report(line.source, line.row, "response", "calls a tool and says nothing; no answer")


def _thought(usage: Record) -> object:
    """The tokens of thinking, as chats and as responses count them."""
    details = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    return part(details).get("reasoning_tokens")


def _answer_text(body: Record, choice: Record) -> str:
    """What the model wrote: of a chat, of a text completion, or of a response's messages."""
    message = part(choice.get("message"))
    if message:
        return message_text(message.get("content")) or raw_text(message.get("refusal"))
    if "text" in choice:
        return raw_text(choice["text"])
    parts = [part(one) for one in items(body.get("output"))]
    return "\n".join(message_text(one["content"]) for one in parts if "content" in one)
