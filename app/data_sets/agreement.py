"""How far the models agree in every task, as a table that leads to the queries behind a cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from app import columns, frame, selection, theme
from cascal import charts
from cascal.computing.remembered import remembered
from cascal.dataset.part import Part
from cascal.number_format import percent

KEY = "task_agreement"
ROW_HEIGHT = 27
"""Pixels of a row: ten of them, and the queries below begin on the first screen."""
LETTER, SIDES, LEAST = 6.9, 20, 64
"""Pixels of a letter of a heading, of what is beside it, and of the narrowest column."""
ARRIVED = f"{KEY}_arrived"
"""How often a cell chose queries: their list is then brought into view."""
_MARKED, _TURN, _TAKEN = (f"{KEY}_marked", f"{KEY}_turn", f"{KEY}_taken")


@remembered
def agreement_table(part: Part) -> pd.DataFrame:
    """The table of the shown queries."""
    return charts.task_agreement_frame(part)


def agreement() -> None:
    """The table; a cell chooses the queries of its task where its model is apart, or unreadable."""
    table = agreement_table(selection.shown().part)
    key = f"{KEY}_{_turn()}"

    frame.sideways(KEY, "every model")
    st.dataframe(
        _shaded(table),
        key=key,
        on_select="rerun",
        selection_mode="single-cell",
        hide_index=True,
        height="content",
        row_height=ROW_HEIGHT,
        placeholder="",
        alt="Agreement and readable answers of every model and task, in percent",
        column_config=_columns(table),
    )
    _take(table, key)
    st.caption(
        "How often each model gives the answer that most give; orange: below "
        f"{percent(charts.orange_below(theme.SHARES[theme.mode()][1]) / 100)}, the stronger the "
        "less often; above it blue, the stronger the more often. Click a cell for the queries "
        "where that model gives another, or none that can be read."
    )


def _take(table: pd.DataFrame, key: str) -> None:
    """Choose what a cell stands for, once."""
    cells = frame.picked_cells(key)
    if cells and st.session_state.get(_TAKEN) != (key, cells):
        _choose(table, *cells[0])
    st.session_state[_TAKEN] = key, cells


def _choose(table: pd.DataFrame, row: int, column: str) -> None:
    """Choose the queries of a cell, and keep what else is chosen."""
    task, now = str(table["task"].iloc[row]), selection.current()
    model = column.removeprefix(charts.MODEL_COLUMN)
    of_model = (model,) if column != model else ()
    if task == charts.READABLE:
        chosen = replace(now, tasks=(), unread=of_model, apart=())
    else:
        tasks = () if task == charts.ALL_TASKS else (task,)
        chosen = replace(now, tasks=tasks, unread=(), apart=of_model)
    selection.choose(replace(chosen, query_id=None))
    st.session_state[_MARKED] = _of_cell(chosen)
    st.session_state[ARRIVED] = st.session_state.get(ARRIVED, 0) + 1


def _of_cell(chosen: selection.Selection) -> tuple[tuple[str, ...], ...]:
    """What a cell stands for."""
    return chosen.tasks, chosen.unread, chosen.apart


def _turn() -> int:
    """Another number as soon as something else is chosen than the marked cell says."""
    state, now = st.session_state, selection.current()
    if state.get(_MARKED, ((), (), ())) != _of_cell(now):
        state[_TURN] = state.get(_TURN, 0) + 1
        state[_MARKED] = _of_cell(now)
    turn: int = state.get(_TURN, 0)
    return turn


def _shaded(table: pd.DataFrame) -> Any:  # noqa: ANN401 – pandas exports no type of it
    """The table with a colour behind every share of agreement."""
    shares = [name for name in table if name in ("agreement", *_model_columns(table))]
    below, above = theme.SHARES[theme.mode()]
    rows = table.index[table["task"] != charts.READABLE]
    return table.style.map(
        lambda value: charts.cell_style(value, below, above), subset=(rows, shares)
    )


def _model_columns(table: pd.DataFrame) -> list[str]:
    names = map(str, table)
    return [name for name in names if name.startswith(charts.MODEL_COLUMN)]


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    number = columns.number
    names = [one.removeprefix(charts.MODEL_COLUMN) for one in _model_columns(table)]
    models = {
        f"{charts.MODEL_COLUMN}{name}": number(
            head, format="%.0f %%", help=name, width=max(LEAST, round(LETTER * len(head)) + SIDES)
        )
        for name, head in zip(names, charts.short_heads(names), strict=True)
    }
    return {
        "task": st.column_config.TextColumn("Task", width=132, pinned=True),
        "agreement": number("All", format="%.0f %%", width=56, help="All models together."),
        **models,
        "readable": number("Readable", format="%.0f %%", width=82),
        "queries": number("Queries", format="localized", width=76),
    }
