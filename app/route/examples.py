"""A handful of queries at hand on the empty page Route: where each goes, and how narrowly."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import frame, heeded, held
from cascal import charts
from cascal.computing.remembered import remembered
from cascal.dataset.dataset import Dataset
from cascal.dataset.part import Part
from cascal.dataset.snapshot import Snapshot
from cascal.dataset.telling_queries import telling_queries
from cascal.routing.leads import GRADES_SAID, UNKNOWN_SAID

WIDTH = 340
"""Pixels that an example takes at least: several stand side by side where there is room."""


def stored_name(data: Dataset) -> str:
    """Which queries are at hand to be tried."""
    return "test" if data.test is not None else "training"


def at_hand(data: Dataset) -> Part:
    """Those queries: the test queries where there are any."""
    return data.train if data.test is None else data.test


@remembered
def _frame(now: Snapshot) -> pd.DataFrame:
    return charts.routed_frame(now.router, at_hand(now.dataset), telling_queries(now))


def examples() -> None:
    """What the page does, shown by queries at hand: a click on one routes it."""
    now = heeded.snapshot()
    part, table = at_hand(now.dataset), _frame(now)
    st.subheader(
        f"Where {stored_name(now.dataset)} queries go now",
        anchor=False,
        help="Chosen by a rule to show different kinds of routes. Click one to see what decided "
        f"and what would change it. {GRADES_SAID if table['noise'].any() else UNKNOWN_SAID}",
    )
    with st.container(key="examples"), st.grid("auto", min_column_width=WIDTH, gap="xsmall"):
        for one, row in zip(telling_queries(now), table.itertuples(), strict=True):
            st.button(
                _said(row),
                key=f"example:{one.row}",
                on_click=take,
                args=(part.texts[one.row],),
                width="stretch",
            )


def _said(row: Any) -> str:  # noqa: ANN401 - a row of the frame
    """Where a query goes and what that shows, the query, and how far its model is ahead."""
    lines = [f"**To {frame.escape(row.first)}** · {frame.escape(row.shows)}"]
    lines.append(frame.escape(row.query))
    if row.second is not None:
        lead = f"{row.sure}: {row.lead} ± {row.noise}" if row.noise else row.lead
        lines.append(f":small[{frame.escape(f'{lead} ahead of {row.second}')}]")
    return "  \n".join(lines)


def take(text: str) -> None:
    """Route this text from the next run on. For callbacks."""
    held.put(query_text=text)
