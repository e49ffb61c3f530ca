"""All thresholds in one table: what to do with each, and what that would bring and cost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import frame, session, shipping, tried
from app.controls import BY_TASK
from app.sweep import moves
from app.tried import CHOSEN, Tried
from cascal import charts
from cascal.compare.sweep import NAMES
from cascal.compare.sweep_summary import BASIS, RULES

COLUMNS: dict[str, Any] = {
    "threshold": st.column_config.TextColumn("Threshold", width=110),
    "action": st.column_config.TextColumn("What to do", width=130),
    "weighed": st.column_config.TextColumn(
        "Best other value", width=130, help="What the numbers beside it are of."
    ),
    "brings": st.column_config.TextColumn(
        "Right answers, points",
        width=170,
        help="Over the value in use, with a 95 % interval for all values of the threshold at once.",
    ),
    "costs": st.column_config.TextColumn("$ per 1,000", width=120),
    "why": st.column_config.TextColumn("Why", width=300),
}


def summary(found: Tried) -> None:
    """The answer as the title, the moves it advises as buttons, and one row a threshold."""
    st.title(frame.headline(found.summary.title), anchor=False)
    if session.current_settings().by_task:
        st.caption(BY_TASK)
    moves.used(found.curves)
    _buttons(found)
    if found.answers:
        if {"cost_weight"} < set(found.answers):
            st.caption(RULES)
        _table(found)
    tried.wait(found)


def _buttons(found: Tried) -> None:
    """One click a move; where another preset is recommended, the way there."""
    with st.container(horizontal=True, gap="small"):
        for one in found.summary.moves:
            if one.point is not None:
                st.button(
                    f"Use {NAMES[one.name].lower()} {one.value}",
                    key=f"move_{one.name}",
                    type="primary",
                    on_click=moves.use,
                    args=(found.curves[one.name], one.point.value(one.name)),
                    help="Moves the control in the sidebar; Undo brings the present value back.",
                )
    if any(one.point is None and one.weighed for one in found.answers.values()):
        shipping.link("use_recommended_of_sweep")


def _table(found: Tried) -> None:
    with st.container(key="sweep_lines"):  # where the columns have no room
        for one in found.answers.values():
            st.markdown(f"**{NAMES[one.name]}.** {frame.headline(charts.sweep_line(one))}")
        st.caption(BASIS)
    with st.container(key="sweep_table"):
        _columns(found)


def _columns(found: Tried) -> None:
    key = f"sweep_summary_{found.chosen}"  # a new one has nothing selected
    st.dataframe(
        charts.sweep_frame(list(found.answers.values())),
        hide_index=True,
        key=key,
        on_select=lambda: _picked(key, found),
        selection_mode="single-cell",
        column_config=COLUMNS,
        placeholder="–",
        alt="Every threshold with what to do, what that would bring and cost, and why",
        height="content",
    )
    st.caption(f"Click a row for its curve. {BASIS}")


def _picked(key: str, found: Tried) -> None:
    """Show the curve of the threshold in whose row a cell was clicked."""
    cells, named = frame.picked_cells(key), list(found.answers)
    if cells and cells[0][0] < len(named):
        st.session_state[CHOSEN] = named[cells[0][0]]
