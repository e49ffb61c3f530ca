"""A handful of queries at hand on the empty page Route: where each goes, and how narrowly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import frame, heeded, session
from cascal import charts
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.dataset.part import Part
from cascal.dataset.query_filters import pool_agreement
from cascal.dataset.snapshot import Snapshot
from cascal.datatypes import IntArray

N_EXAMPLES = 8
KEY = "route_examples"
LISTED_LENGTH = 104
"""Characters of a query in the list, which has room for some lines."""
COLUMNS: dict[str, Any] = {
    "first": st.column_config.TextColumn("Goes to", width=110),
    "query": st.column_config.TextColumn("Query", width=440),
    "sure": st.column_config.TextColumn("How sure", width=85),
    "second": st.column_config.TextColumn("Runner-up", width=105),
    "lead": st.column_config.NumberColumn(
        "Lead", format="%.3f", width=60, help="Of the first model's score over the second's."
    ),
    "noise": st.column_config.NumberColumn(
        "Noise", format="±%.3f", width=70, help="Half the 95 % interval of the lead."
    ),
}


def stored_name(data: Dataset) -> str:
    """Which queries are at hand to be tried."""
    return "test" if data.test is not None else "training"


def at_hand(data: Dataset) -> Part:
    """Those queries: the test queries where there are any."""
    return data.train if data.test is None else data.test


@remembered
def example_rows(part: Part) -> IntArray:
    """(≤ 8,) of the tasks with the most queries the shortest one on which models disagree each."""
    tasks, counts = np.unique(np.array(part.votes.tasks), return_counts=True)
    lengths = np.array([len(text) for text in part.texts])
    harmony = pool_agreement(part)
    rows = []
    for task in tasks[np.argsort(-counts, kind="stable")][:N_EXAMPLES]:
        inside = np.flatnonzero(np.array(part.votes.tasks) == task)
        contested = inside[harmony[inside] < 1.0]
        among = contested if len(contested) else inside
        rows.append(int(among[lengths[among].argmin()]))
    return np.array(rows, dtype=np.int64)


@remembered
def _frame(now: Snapshot) -> pd.DataFrame:
    part = at_hand(now.dataset)
    return charts.routed_frame(now.router, part, example_rows(part))


def examples() -> None:
    """What the page does, shown by queries at hand: a click on one routes it."""
    data, table = session.dataset(), _frame(heeded.snapshot())
    st.subheader(f"Where {stored_name(data)} queries go now", anchor=False)
    with st.container(key="examples_wide"):
        st.dataframe(
            table,
            hide_index=True,
            key=KEY,
            on_select=_taken,
            selection_mode="single-cell",
            column_order=list(COLUMNS),
            column_config=COLUMNS,
            alt="Some queries with the model that each goes to, the runner-up and the lead",
            height="content",
        )
    with st.container(key="examples_narrow", gap=None):
        _listed(table)
    st.caption(
        "Click one to see the skill clusters behind its route and what would change it. Close "
        "call: the lead is within the noise of the two scores."
    )


def _listed(table: pd.DataFrame) -> None:
    """The same on a page too narrow for a table: each query below its model."""
    part = at_hand(session.dataset())
    shown = zip(table["first"], table["sure"], strict=True)
    for row, (first, sure) in zip(example_rows(part), shown, strict=True):
        query = charts.shorten(" ".join(part.texts[row].split()), LISTED_LENGTH)
        st.button(
            f"**{frame.escape(first)}** · {sure.lower()}  \n{frame.escape(query)}",
            key=f"example:{row}",
            on_click=take,
            args=(part.texts[row],),
            type="tertiary",
            width="stretch",
        )


def _taken() -> None:
    """Route the query in whose row a cell was clicked."""
    cells, part = st.session_state[KEY]["selection"]["cells"], at_hand(session.dataset())
    rows = example_rows(part)
    if cells and cells[0][0] < len(rows):
        take(part.texts[rows[cells[0][0]]])


def take(text: str) -> None:
    """Route this text from the next run on. For callbacks."""
    st.session_state["query_text"] = text
