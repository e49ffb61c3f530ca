"""Why a row cannot be stored: what it lacks, and texts that no file could hold."""

from __future__ import annotations

from cascal.importers.fields import gold_answer
from cascal.importers.limits import MAX_FIELD_BYTES, MAX_OPTIONS
from cascal.importers.rows import QueryRow
from cascal.number_format import counted


def text_problem(column: str, text: str) -> tuple[str, str] | None:
    """Why a text cannot be stored, as (column, reason); None if it can."""
    try:
        n_bytes = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        return column, "holds half a character (a lone surrogate), which is not valid text"
    if n_bytes > MAX_FIELD_BYTES:
        return column, f"{n_bytes:,} bytes, more than the {MAX_FIELD_BYTES:,} of one field"
    return None


def query_problem(query: QueryRow) -> tuple[str, str] | None:
    """Why a query cannot be stored, as (column, reason); None if it can."""
    if not query.query_id:
        return "query_id", "no query id"
    if not query.text.strip():
        return "text", "no text"
    if not query.task:
        return "task", "no task"
    n_options = len(query.options)
    if n_options == 1:
        return "options", "1 option; a choice needs at least 2, and none means a free answer"
    if n_options > MAX_OPTIONS:
        given = counted(n_options, "option")
        return "options", f"{given}; at most {MAX_OPTIONS} (A to Z) can be read"
    if query.split not in ("train", "test"):
        return "split", f"split {query.split[:40]!r} is neither 'train' nor 'test'"
    for column, text in (
        ("query_id", query.query_id),
        ("task", query.task),
        ("text", query.text),
        ("options", "".join(query.options)),
        ("skill", query.skill or ""),
    ):
        if (problem := text_problem(column, text)) is not None:
            return problem
    gold, reason = gold_answer(query.gold, query.options)
    return ("gold", reason) if reason else text_problem("gold", gold or "")
