"""Our long format: one row a response, as Parquet, CSV, JSONL or JSON.

Either one file with queries and responses joined (or queries only), or a file of queries and one
of responses. Columns are found by name or by a mapping {our name: their name}; see `columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cascal.answers import Reading
from cascal.columns import Imported
from cascal.datatypes import Status
from cascal.importers.answer_column import GivenOf, given_answers
from cascal.importers.api_errors import is_api_error
from cascal.importers.columns import (
    OF_ROLE,
    Role,
    check_names,
    require,
    resolve,
    role_of,
    suggest,
    unused_columns,
)
from cascal.importers.draft import Draft, Plan
from cascal.importers.fields import (
    clean,
    gold_answer,
    is_blank,
    raw_text,
)
from cascal.importers.gold_by_cells import gold_by_cells, is_no_model, note_gold
from cascal.importers.gold_column import gold_column, models_answers
from cascal.importers.kept import ALL, Offer, keep_columns
from cascal.importers.limits import ImportRefused
from cascal.importers.messages import message_text, replied_text
from cascal.importers.options_column import options_column
from cascal.importers.parts import files_aside, files_of, origin_of, read_table
from cascal.importers.point_zero import with_whole_ids
from cascal.importers.response import Place, Said, measures, read_said
from cascal.importers.rows import QueryRow, ResponseRow
from cascal.importers.sample_numbers import count_from_zero, sample_number
from cascal.importers.scores import Scale, scale_of
from cascal.importers.statuses import StatusWords
from cascal.importers.stream import Stream
from cascal.importers.wide import (
    FEWEST_MODELS,
    model_columns,
    one_row_a_response,
    responses_by_model,
)
from cascal.number_format import counted, listed

KIND = "long"
ABOUT = "Table, one row a response (Parquet, CSV, JSONL), or queries.* and responses.*"

_SPLITS = {"": "train", "train": "train", "test": "test"}
_PROGRESS_ROWS = 20_000
_OF_QUERY = ("gold", "query_id", "task", "text", "answer_origin", "skill", "split")
_SEVERAL_TEXTS = "several texts in one row; write one a row, numbered in a column sample"
_NO_OPTION = "names none of the options; counts as unreadable"


def read(paths: Sequence[Path], plan: Plan) -> Imported:
    """Read whole tables, a table of queries, or one of queries and others of responses."""
    check_names(plan.mapping)
    plan = replace(plan, origin=origin_of(paths[0], plan.origin))
    aside = files_aside(paths)
    paths = files_of(paths)
    plan.progress(0.0, f"Reading {paths[0].name}")
    sheets = [read_table(path) for path in paths]
    roles = _roles(sheets, plan)
    draft = _begun(sheets, aside, plan)
    sheets = with_whole_ids(draft, sheets, roles, plan.mapping)
    if column := models_answers(sheets, roles, plan.mapping):
        plan = replace(plan, mapping={**plan.mapping, "answer": column})
        draft.notes.append(
            f"The column {column} differs between the responses to a query: it is taken for what "
            "the models answered. Name the gold answers with --map gold=THEIRS."
        )
    if column := gold_by_cells(sheets, roles, plan.mapping):
        plan = replace(plan, mapping={**plan.mapping, "gold": column})
        draft.notes.append(note_gold(column))
    for sheet, role in zip(sheets, roles, strict=True):
        if role != "responses":
            add_queries(draft, sheet, role, plan)
    scale = scale_of(sheets, roles, plan.mapping)
    if scale.note:
        draft.notes.append(scale.note)
    count_from_zero(draft, sheets, roles, plan.mapping)
    tables = [
        (sheet, resolve(sheet.names, role, plan.mapping, sheet.source))
        for sheet, role in zip(sheets, roles, strict=True)
        if role != "queries"
    ]
    for sheet, mapping in tables:
        _require(sheet, mapping)
    given_of = given_answers(draft, tables, plan.gold_from)
    for sheet, mapping in tables:
        _add_responses(draft, sheet, mapping, plan, given_of, scale)
    if roles == ["queries"]:
        _add_wide(draft, sheets[0], plan)
    else:
        for sheet, role in zip(sheets, roles, strict=True):
            _note_unused(draft, sheet, role, plan)
    keep_columns(draft, _offers(sheets, roles, plan), plan.keep)
    imported = draft.finish(plan, " + ".join(path.name for path in paths))
    plan.progress(1.0, f"{counted(imported.responses.num_rows, 'response')} read")
    return imported


def _begun(sheets: Sequence[Stream], aside: list[str], plan: Plan) -> Draft:
    """A draft that knows how many rows there are and which could not be read at all."""
    draft = Draft(reading=plan.reading)
    if aside:
        draft.notes.append(f"Not read, beside the parts of one table: {listed(aside)}.")
    for sheet in sheets:
        draft.count_rows(sheet.source, sheet.n_rows)
        for row, reason in sheet.refused:
            draft.refuse(sheet.source, row, "", reason)
        if sheet.unread:
            draft.notes.append(sheet.unread)
    return draft


def _roles(sheets: list[Stream], plan: Plan) -> list[Role]:
    """What each table holds: all of it, one or several; or queries and then responses.

    Of several whole tables one that names no model holds what the model of its name said.
    """
    found = [{**suggest(one.names, "joined"), **_mapped(one.names, plan.mapping)} for one in sheets]
    if len(sheets) == 1:
        return [role_of(sheets[0].names, plan.mapping)]
    if all("text" in one and ("model" in one or "response" in one) for one in found):
        for at, (sheet, columns) in enumerate(zip(sheets, found, strict=True)):
            if "model" not in columns:
                sheets[at] = sheet.with_constant("model", Path(sheet.source).stem)
        return ["joined"] * len(sheets)
    responses: list[Role] = ["responses"] * (len(sheets) - 1)
    return ["queries", *responses]


def _mapped(columns: Iterable[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """What of a mapping is meant for a table that has these columns."""
    names = set(columns)
    return {ours: theirs for ours, theirs in mapping.items() if theirs in names}


def _offers(sheets: Sequence[Stream], roles: Sequence[Role], plan: Plan) -> list[Offer]:
    """What can be kept of the tables."""
    return [
        Offer(
            sheet,
            resolve(sheet.names, of_sheet, plan.mapping, sheet.source)["query_id"],
            _unused(sheet, of_sheet, plan),
        )
        for sheet, of_sheet in zip(sheets, roles, strict=True)
    ]


def _unused(sheet: Stream, role: Role, plan: Plan) -> list[str]:
    """The columns of the files that nothing of ours is taken from."""
    unused = unused_columns(sheet.names, role, plan.mapping, sheet.source)
    return [name for name in unused if name not in sheet.by_folders]


def _note_unused(draft: Draft, sheet: Stream, role: Role, plan: Plan) -> None:
    unused = _unused(sheet, role, plan)
    unused = [] if ALL in plan.keep else [name for name in unused if name not in plan.keep]
    if unused:
        draft.notes.append(
            f"{sheet.source!r}: not used: {listed(unused)}. If one of them is meant, name it with "
            "--map OURS=THEIRS; --keep NAME keeps it for colours, filters and slices."
        )


def _add_wide(draft: Draft, sheet: Stream, plan: Plan) -> None:
    """Enter the answers of a table of queries that has a column a model, if it has."""
    mapping = resolve(sheet.names, "queries", plan.mapping, sheet.source)
    ids, has_gold = mapping["query_id"], "gold" in mapping
    unused = _unused(sheet, "queries", plan)
    if (found := responses_by_model(sheet, ids, unused)) is not None:
        name, answers = found
        draft.notes.append(
            f"{sheet.source!r} has no column model: {name!r} holds responses by model, and was "
            "read so."
        )
        _add_answers(draft, answers, plan)
        _note_unused(draft, sheet, "queries", replace(plan, keep=(*plan.keep, name)))
        return
    free = [name for name in unused if not is_no_model(name, has_gold=has_gold)]
    models = model_columns(draft, sheet, ids, free)
    if not models:
        _note_unused(draft, sheet, "queries", plan)
        if len(_unused(sheet, "queries", plan)) >= FEWEST_MODELS:
            draft.notes.insert(
                0,
                f"No response was read: {sheet.source!r} has no column model, and no columns that "
                "are plainly the answers of a model each. If some are, write one row a response, "
                "with the columns query_id, model and response.",
            )
        return
    others = [name for name in _unused(sheet, "queries", plan) if name not in (*models, *plan.keep)]
    left = f" Not used: {listed(others)}." if others else ""
    draft.notes.append(
        f"{sheet.source!r} has no column model: {listed(models)} hold the answers of a model each, "
        f"as far as their cells tell, and were read so.{left}"
    )
    _add_answers(draft, one_row_a_response(sheet, ids, models), plan)


def _add_answers(draft: Draft, answers: Stream, plan: Plan) -> None:
    """Enter the answers of a table of queries, put as one row a response."""
    mapping = resolve(answers.names, "responses", {}, answers.source)
    _add_responses(draft, answers, mapping, plan, given_answers(draft, [], None), Scale())


def first_records(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The rows of the last file, for looking at."""
    stream = read_table(files_of(paths)[-1])
    return [dict(zip(stream.names, cells, strict=True)) for _, cells in stream.cells(stream.names)]


def add_queries(draft: Draft, stream: Stream, role: Role, plan: Plan) -> None:
    """Enter the queries of a table."""
    _refuse_wide(stream)
    mapping = resolve(stream.names, role, plan.mapping, stream.source)
    require(mapping, ("query_id", "text"), stream.names, stream.source)
    options = options_column(draft, stream, mapping)
    gold_of = gold_column(draft, stream, mapping, options, plan.gold_from)
    _note_guesses(draft, stream, mapping, plan)
    names = [mapping.get(one) for one in _OF_QUERY]
    for row, (*cells, gold, query_id, task, text, origin, skill, split) in stream.cells(
        [*options.names, *names]
    ):
        of_query = options.read(cells)
        if of_query is None:
            column, reason = options.problem
            draft.lose(clean(query_id), clean(task), f"{column}: {reason}")
            draft.refuse(stream.source, row, column, reason)
            continue
        wanted = clean(split).casefold()
        query = QueryRow(
            source=stream.source,
            row=row,
            query_id=clean(query_id),
            task=clean(task) if "task" in mapping else "all",
            text=message_text(text),
            options=of_query,
            gold=gold_of(gold, of_query),
            origin="generated" if clean(origin) == "generated" else "gold",
            skill=clean(skill) or None,
            split=_SPLITS.get(wanted, wanted),
        )
        draft.add_query(query, repeats=role == "joined")


def _note_guesses(draft: Draft, stream: Stream, mapping: Mapping[str, str], plan: Plan) -> None:
    if mapping.get("gold", "").casefold() == "answer" and "gold" not in plan.mapping:
        draft.notes.append(
            f"{stream.source!r}: the column answer is taken for the gold answers. If it holds what "
            "the models answered, say so with answer=answer in the mapping."
        )
    if "task" not in mapping:
        draft.notes.append(f"{stream.source!r} names no task; all queries belong to 'all'.")


def _refuse_wide(sheet: Stream) -> None:
    """RouterBench's wide tables have a column a model, so they would lose all responses."""
    if any("|model_response" in name for name in sheet.names):
        raise ImportRefused(
            f"{sheet.source!r} is RouterBench's wide table, one column a model. Convert "
            "routerbench_raw.pkl instead: it has one row a response and is read as it is.",
            code="unknown-format",
        )


def _require(sheet: Stream, mapping: Mapping[str, str]) -> None:
    require(mapping, ("query_id", "model"), sheet.names, sheet.source)
    if "response" not in mapping and "score" not in mapping:
        require(mapping, ("answer",), sheet.names, sheet.source)


def _add_responses(
    draft: Draft,
    sheet: Stream,
    mapping: Mapping[str, str],
    plan: Plan,
    given_of: GivenOf,
    scale: Scale,
) -> None:
    names = [mapping.get(one) for one in OF_ROLE["responses"]]
    words = sheet.cells([mapping["status"]]) if "status" in mapping else ()
    statuses = StatusWords(cell for _, (cell,) in words)
    for position, (row, cells) in enumerate(sheet.cells(names)):
        if position % _PROGRESS_ROWS == 0:
            plan.progress(
                position / sheet.n_good, f"{counted(position, 'row')} of {sheet.source} read"
            )
        query_id, model, sample, *said = cells
        if isinstance(said[0], list) and len(said[0]) > 1 and all(map(_is_text, said[0])):
            draft.refuse(sheet.source, row, "response", _SEVERAL_TEXTS)
            continue
        model, number = clean(model), sample_number(sample)
        if number is None:
            draft.refuse(sheet.source, row, "sample", "not a whole number of at least 0")
            continue
        number -= draft.first_samples.get(model, 0)
        place = Place(sheet.source, row, clean(query_id), model, number)
        said[-1], no_verdict = scale.score(said[-1])
        if no_verdict:
            draft.report(sheet.source, row, "score", no_verdict)
        said[-2] = statuses.read(said[-2])
        draft.add_response(_response(draft, place, said, given_of, "response" in mapping))
    if unknown := statuses.note(sheet.source):
        draft.notes.append(unknown)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _response(
    draft: Draft, place: Place, said: Sequence[Any], given_of: GivenOf, has_text: bool
) -> ResponseRow:
    """One row under our names, its answer read and its numbers checked."""
    text, given, rule, *values, status, score = said
    text = replied_text(text)
    columns = ("mean_logprob", "input_tokens", "output_tokens", "cost", "latency")
    measured = dict(zip(columns, values, strict=True)) | {"score": score}
    numbers = measures(draft, place.source, place.row, measured)
    query = draft.queries.get(place.query_id)
    options = query.options if query is not None else ()
    reading = _reading(
        draft,
        Said(raw_text(text) if has_text else None, given_of(place.source, given, options)),
        status,
        query,
        scored=numbers["score"] is not None,
    )
    if reading.status == "error":
        numbers["score"] = None
    if rule is not None and reading.rule == "given":
        reading = Reading(reading.answer, clean(rule) or None, reading.status)
    if given is not None and reading.answer is None and not is_blank(given):
        draft.report(place.source, place.row, "answer", _NO_OPTION)
    return ResponseRow(
        *place,
        text=raw_text(text),
        answer=reading.answer,
        rule=reading.rule,
        status=reading.status,
        **numbers,
    )


def _reading(
    draft: Draft, said: Said, status: Status | None, query: QueryRow | None, *, scored: bool
) -> Reading:
    """The answer as the file gives it, else read from the text; an error's text is no answer."""
    if status not in (None, "ok", "truncated"):
        return Reading(None, None, status)
    options = () if query is None else query.options
    right = (*options, "" if query is None else clean(query.gold))
    if not status and clean(said.text) not in right and is_api_error(said.text or ""):
        return Reading(None, None, "error")
    if is_blank(said.given):
        said = replace(said, marks_errors=True)
        reading = read_said(draft, said, options, scored=scored)
    else:
        answer, _ = gold_answer(said.given, options)
        reading = Reading(answer, "given", "ok" if answer else "unreadable")
    if status == "truncated":
        return Reading(reading.answer, reading.rule, "truncated")
    return reading
