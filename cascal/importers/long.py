"""Our long format: one row a response, as Parquet, CSV, JSONL or JSON.

Either one file with queries and responses joined (or queries only), or a file of queries and one
of responses. Columns are found by name or by a mapping {our name: their name}; see `columns`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascal.answers import Reading, read_answer
from cascal.datatypes import STATUSES
from cascal.importers.columns import (
    OF_ROLE,
    Role,
    check_names,
    require,
    resolve,
    role_of,
    spread_options,
)
from cascal.importers.door import ImportRefused
from cascal.importers.draft import Draft, Plan, QueryRow, ResponseRow
from cascal.importers.fields import (
    amount,
    clean,
    gold_answer,
    is_blank,
    logprob,
    option_texts,
    raw_text,
)
from cascal.importers.tabular import SUFFIXES, Sheet, read_sheet
from cascal.tables import Imported

_SPLITS = {"": "train", "train": "train", "test": "test"}
_PROGRESS_ROWS = 20_000


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read one joined file, a file of queries, or a file of queries and one of responses."""
    check_names(plan.mapping)
    plan.progress(0.0, f"Reading {paths[0].name}")
    sheets = [read_sheet(path) for path in paths]
    role = role_of(sheets[0].columns, plan.mapping) if len(sheets) == 1 else "queries"
    draft = Draft()
    for sheet in sheets:
        draft.count_rows(sheet.source, sheet.n_rows)
        for row, reason in sheet.refused:
            draft.refuse(sheet.source, row, "", reason)
    _add_queries(draft, sheets[0], role, plan)
    if role == "joined":
        _add_responses(draft, sheets[0], "joined", plan)
    elif len(sheets) == 2:
        _add_responses(draft, sheets[1], "responses", plan)
    imported = draft.finish(plan, " + ".join(path.name for path in paths))
    plan.progress(1.0, f"{imported.responses.num_rows:,} responses read")
    return imported


def files_of(path: Path) -> list[Path]:
    """The table files of a path: itself, or queries.* and responses.* of a folder."""
    if not path.is_dir():
        return [path]
    files: list[Path] = []
    for stem in ("queries", "responses"):
        found = sorted(one for one in path.iterdir() if one.stem == stem and one.suffix in SUFFIXES)
        if len(found) > 1:
            raise ImportRefused(
                f"The folder {path.name!r} holds {found[0].name!r} and {found[1].name!r}. Keep one."
            )
        files += found
    if not files or files[0].stem != "queries":
        raise ImportRefused(
            f"The folder {path.name!r} holds no queries file. It needs queries.parquet (or .csv, "
            ".jsonl) and, unless the queries come alone, responses.parquet."
        )
    return files


def _add_queries(draft: Draft, sheet: Sheet, role: Role, plan: Plan) -> None:
    mapping = resolve(sheet.columns, role, plan.mapping, sheet.source)
    require(mapping, ("query_id", "text"), sheet.columns, sheet.source)
    spread = [] if "options" in mapping else spread_options(sheet.columns)
    options = _options(sheet, mapping, spread)
    golds = _golds(draft, sheet, mapping, options)
    if "task" not in mapping:
        draft.notes.append(f"{sheet.source!r} names no task; all queries belong to 'all'.")
    for position, cells in enumerate(_rows(sheet, mapping, OF_ROLE["queries"])):
        query_id, task, text, _, _, origin, skill, split = cells
        of_query = options[position]
        if of_query is None:
            draft.lost_queries.setdefault(clean(query_id), "options are no list")
            draft.refuse(sheet.source, sheet.rows[position], "options", "neither a list nor JSON")
            continue
        wanted = clean(split).casefold()
        query = QueryRow(
            sheet.source, sheet.rows[position], clean(query_id),
            clean(task) if "task" in mapping else "all", raw_text(text), of_query, golds[position],
            "generated" if clean(origin) == "generated" else "gold", clean(skill) or None,
            _SPLITS.get(wanted, wanted),
        )  # fmt: skip
        draft.add_query(query, repeats=role == "joined")


def _rows(sheet: Sheet, mapping: Mapping[str, str], ours: Sequence[str]) -> Iterator[Any]:
    """The cells of each row under our names, None where there is no such column."""
    nothing: list[Any] = [None] * len(sheet.rows)
    columns = [sheet.columns[mapping[one]] if one in mapping else nothing for one in ours]
    return zip(*columns, strict=True)


def _options(
    sheet: Sheet, mapping: Mapping[str, str], spread: Sequence[str]
) -> list[tuple[str, ...] | None]:
    if spread:
        columns = [sheet.columns[name] for name in spread]
        return [_joined_options(cells) for cells in zip(*columns, strict=True)]
    if "options" not in mapping:
        return [()] * len(sheet.rows)
    return [option_texts(value) for value in sheet.columns[mapping["options"]]]


def _joined_options(cells: Sequence[Any]) -> tuple[str, ...] | None:
    """Options of several columns; the last ones may be empty, a gap in between is odd."""
    texts = [raw_text(cell) for cell in cells]
    while texts and not texts[-1].strip():
        texts.pop()
    return tuple(texts) if all(text.strip() for text in texts) else None


def _golds(
    draft: Draft,
    sheet: Sheet,
    mapping: Mapping[str, str],
    options: Sequence[tuple[str, ...] | None],
) -> list[Any]:
    """Gold answers; digits that all point into the options, and are not all options themselves,
    are indices from 0.
    """
    if "gold" not in mapping:
        return [None] * len(sheet.rows)
    golds = sheet.columns[mapping["gold"]]
    pairs = [(clean(gold), of_query or ()) for gold, of_query in zip(golds, options, strict=True)]
    filled = [(gold, of_query) for gold, of_query in pairs if gold]
    indices = all(
        gold.isascii() and gold.isdigit() and int(gold[:6]) < len(of_query)
        for gold, of_query in filled
    )
    if not filled or not indices or all(gold in of_query for gold, of_query in filled):
        return golds
    draft.notes.append(f"{sheet.source!r}: gold answers are indices, counted from 0.")
    return [int(gold) if gold else None for gold, _ in pairs]


def _add_responses(draft: Draft, sheet: Sheet, role: Role, plan: Plan) -> None:
    mapping = resolve(sheet.columns, role, plan.mapping, sheet.source)
    require(mapping, ("query_id", "model"), sheet.columns, sheet.source)
    if "response" not in mapping:
        require(mapping, ("answer",), sheet.columns, sheet.source)
    for position, cells in enumerate(_rows(sheet, mapping, OF_ROLE["responses"])):
        if position % _PROGRESS_ROWS == 0:
            plan.progress(position / len(sheet.rows), f"{position:,} rows of {sheet.source} read")
        query_id, model, sample, *said = cells
        row = sheet.rows[position]
        number, odd = amount(sample)
        if odd or (number or 0) % 1:
            draft.refuse(sheet.source, row, "sample", "not a whole number of at least 0")
            continue
        key = (sheet.source, row, clean(query_id), clean(model), int(number or 0))
        draft.add_response(_response(draft, key, said))


def _response(
    draft: Draft, key: tuple[str, int, str, str, int], said: Sequence[Any]
) -> ResponseRow:
    """One row under our names, its answer read and its numbers checked."""
    text, given, rule, mean_logprob, n_in, n_out, cost, latency, status = said
    source, row, query_id, _, _ = key
    query = draft.queries.get(query_id)
    reading = _reading(raw_text(text), given, clean(status).casefold(), query)
    if rule is not None and reading.rule == "given":
        reading = Reading(reading.answer, clean(rule) or None, reading.status)
    numbers: list[float | None] = []
    for column, value in (
        ("mean_logprob", mean_logprob), ("input_tokens", n_in), ("output_tokens", n_out),
        ("cost", cost), ("latency", latency),
    ):  # fmt: skip
        number, problem = (logprob if column == "mean_logprob" else amount)(value)
        numbers.append(number)
        if problem:
            draft.report(source, row, column, problem)
    tokens = [None if number is None else int(number) for number in numbers[1:3]]
    if given is not None and reading.answer is None and not is_blank(given):
        draft.report(source, row, "answer", "names none of the options; counts as unreadable")
    return ResponseRow(
        *key, raw_text(text), reading.answer, reading.rule, numbers[0], tokens[0], tokens[1],
        numbers[3], numbers[4], reading.status,
    )  # fmt: skip


def _reading(text: str, given: object, status: str, query: QueryRow | None) -> Reading:
    """The answer as the file gives it, else read from the text."""
    options = query.options if query is not None else ()
    if status in STATUSES and status not in ("ok", "truncated"):
        return Reading(None, None, status)
    if is_blank(given):
        reading = read_answer(text, len(options))
    else:
        answer, _ = gold_answer(given, options)
        reading = Reading(answer, "given", "ok" if answer else "unreadable")
    if status == "truncated":
        return Reading(reading.answer, reading.rule, "truncated")
    return reading
