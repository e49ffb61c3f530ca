"""Logs of single calls -> queries and responses: a query is what was asked, word for word.

Such logs name no queries, so a query's id is made of its task and text. A model that was asked the
same twice gives a second sample.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cascal.columns import Imported
from cascal.importers.draft import Draft, Plan
from cascal.importers.kept import keep_offered
from cascal.importers.response import Place, Said, add_said, known_gold, lettered_options
from cascal.importers.rows import QueryRow
from cascal.importers.sniff import foreign_files
from cascal.number_format import counted


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a log: what was asked, of which model, and what it said.

    query_id : "" where the log names none
    call_id  : of the call itself, "" where it has none; a call that is logged twice counts once
    gold     : the right answer, where the log knows one
    fields   : what the log says of the query besides
    """

    row: int
    text: str
    model: str
    said: Said
    task: str = "all"
    query_id: str = ""
    gold: object = None
    call_id: str = ""
    fields: object = None


def read_calls(
    paths: Sequence[Path],
    plan: Plan,
    kind: str,
    calls_of: Callable[[Draft, Path, str], Iterator[Call]],
) -> Imported:
    """Read every file of a kind by `calls_of(draft, file, source)`."""
    draft = Draft(reading=plan.reading, gold_from=plan.gold_from)
    files = foreign_files(paths, kind)
    asked: Counter[tuple[str, str]] = Counter()
    seen: set[str] = set()
    for number, (file, source) in enumerate(files):
        plan.progress(number / len(files), f"Reading {source}")
        for call in calls_of(draft, file, source):
            if call.call_id and call.call_id in seen:
                draft.report(source, call.row, "", "identical to an earlier row; kept once")
            else:
                _add(draft, source, call, asked)
            seen.add(call.call_id)
    keep_offered(draft, plan.keep)
    imported = draft.finish(plan, paths[0].name)
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def _add(draft: Draft, source: str, call: Call, asked: Counter[tuple[str, str]]) -> None:
    query_id = call.query_id or text_id(call.task, call.text)
    options = lettered_options(call.text, call.gold)
    query = QueryRow(
        source=source,
        row=call.row,
        query_id=query_id,
        task=call.task,
        text=call.text,
        options=options,
        gold=known_gold(draft, source, call.row, call.gold, options, draft.gold_from),
    )
    draft.add_query(query, repeats=True)
    draft.offer(query_id, call.fields)
    sample = asked[query_id, call.model]
    asked[query_id, call.model] += 1
    add_said(draft, Place(source, call.row, query_id, call.model, sample), call.said, options)


def text_id(task: str, text: str) -> str:
    """The id of a query that only its text names."""
    return hashlib.sha256(f"{task}\n{text}".encode(errors="replace")).hexdigest()[:16]
