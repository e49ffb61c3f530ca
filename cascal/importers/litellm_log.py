"""LiteLLM logs (StandardLoggingPayload, one a line) -> queries and responses.

Line: id, call_type, status (success or failure), model, model_group, custom_llm_provider, messages,
      response (a chat completion, or the text alone), error_str, prompt_tokens, completion_tokens,
      response_cost, response_time (seconds)

A query is the user's messages. The model is called PROVIDER/MODEL, as LiteLLM calls it. There are
no right answers and no scores. Calls whose messages were redacted or left out are refused.

Source of the format: docs.litellm.ai, Standard Logging Payload; the types of the package litellm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cascal.columns import Imported
from cascal.datatypes import Status
from cascal.importers.calls import Call, read_calls
from cascal.importers.checked_rows import items, part, read_lines, rows_with
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import clean, raw_text
from cascal.importers.jsonlines import Record
from cascal.importers.messages import mean_of_logprobs, message_text
from cascal.importers.response import Said
from cascal.importers.sniff import foreign_files

KIND = "litellm_log"
ABOUT = "LiteLLM logs (StandardLoggingPayload as JSONL)"

REDACTED = "redacted-by-litellm"
_STATUS_OF_END: Mapping[str, Status] = {"length": "truncated", "content_filter": "refused"}
_CHATS = ("", "completion", "acompletion", "text_completion", "atext_completion")


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one log, or all of a folder."""
    return read_calls(paths, plan, KIND, _calls)


def first_records(paths: Sequence[Path]) -> list[Record]:
    """The lines of the first file, for looking at."""
    file, source = foreign_files(paths, KIND)[0]
    return read_lines(file, source, KIND).records


def _calls(draft: Draft, file: Path, source: str) -> Iterator[Call]:
    lines = read_lines(file, source, KIND)
    for row, record in rows_with(draft, lines, ("model", "messages")):
        text = message_text(record["messages"])
        if clean(record.get("call_type")) not in _CHATS:
            draft.refuse(source, row, "call_type", "no chat and no text completion")
        elif REDACTED in text:
            draft.refuse(source, row, "messages", "redacted by LiteLLM")
        else:
            yield Call(
                row=row,
                text=text,
                model=_model(record),
                said=_said(record),
                call_id=clean(record.get("id")),
            )


def _model(record: Record) -> str:
    model, provider = clean(record["model"]), clean(record.get("custom_llm_provider"))
    return f"{provider}/{model}" if provider and not model.startswith(f"{provider}/") else model


def _said(record: Record) -> Said:
    failed = record.get("status") == "failure"
    response = record.get("response")
    choice = part(next(iter(items(part(response).get("choices"))), None))
    message = part(choice.get("message"))
    text = message_text(message.get("content")) if message else raw_text(choice.get("text"))
    if not isinstance(response, dict):
        text = raw_text(response)
    return Said(
        raw_text(record.get("error_str")) if failed else text,
        status="error" if failed else _STATUS_OF_END.get(clean(choice.get("finish_reason"))),
        marks_errors=True,
        values={
            "mean_logprob": mean_of_logprobs(choice),
            "input_tokens": record.get("prompt_tokens"),
            "output_tokens": record.get("completion_tokens"),
            "cost": record.get("response_cost"),
            "latency": record.get("response_time"),
        },
    )
