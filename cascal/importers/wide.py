"""Tables with one column a model, as sheets have them: found by what the cells say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cascal.importers.draft import Draft, QueryRow
from cascal.importers.fields import clean, is_blank, raw_text
from cascal.importers.tabular import Sheet

MIN_READ = 0.8
"""Share of a column's cells that name an option from which it is taken for a model's answers."""
MIN_RIGHT = 0.1
"""The same for free answers: share of the cells that are the gold answer."""
FEWEST_MODELS = 2


def model_columns(draft: Draft, sheet: Sheet, ids: str, free: Sequence[str]) -> list[str]:
    """The free columns that hold the answers of one model each; [] unless there are several.

    ids : the column of the query ids, whose queries the draft knows by now
    """
    queries = [draft.queries.get(clean(one)) for one in sheet.columns[ids]]
    found = [name for name in free if _answers(draft, queries, sheet.columns[name])]
    if len(found) < FEWEST_MODELS:
        return []
    golds = {clean(one.gold).casefold() for one in queries if one is not None and not one.options}
    return [name for name in free if name in found or _among(golds, sheet.columns[name])]


def _answers(draft: Draft, queries: Sequence[QueryRow | None], cells: Sequence[Any]) -> bool:
    filled = [
        (query, raw_text(cell).strip())
        for query, cell in zip(queries, cells, strict=True)
        if query is not None and not is_blank(cell)
    ]
    if not filled:
        return False
    chosen = [(query, cell) for query, cell in filled if query.options]
    named = [draft.read(cell, len(query.options)).answer for query, cell in chosen]
    if chosen:
        return sum(one is not None for one in named) >= MIN_READ * len(chosen)
    right = [cell.casefold() == clean(query.gold).casefold() for query, cell in filled]
    return sum(right) >= MIN_RIGHT * len(right)


def _among(golds: set[str], cells: Sequence[Any]) -> bool:
    """Whether the cells are answers to some of the queries: a model may be right in none."""
    filled = [raw_text(cell).strip().casefold() for cell in cells if not is_blank(cell)]
    return bool(golds) and sum(one in golds for one in filled) >= MIN_READ * max(len(filled), 1)


def one_row_a_response(sheet: Sheet, ids: str, models: Sequence[str]) -> Sheet:
    """The same answers under query_id, model and response; a blank cell was not asked."""
    columns: Mapping[str, list[Any]] = sheet.columns
    cells = [
        (row, query_id, model, cell)
        for model in models
        for row, query_id, cell in zip(sheet.rows, columns[ids], columns[model], strict=True)
        if not is_blank(cell)
    ]
    rows, query_ids, names, texts = map(list, zip(*cells, strict=True))
    return Sheet(sheet.source, rows, {"query_id": query_ids, "model": names, "response": texts}, [])
