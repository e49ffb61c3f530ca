"""The tab Agreement of the page Data: where models agree, and the queries with every answer."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from app import card, columns, filters, frame, heeded, selection, selection_links, session, stored
from app.arrive import arrive
from app.data_sets.agreement import ARRIVED, agreement
from app.terms.glossary import meaning
from cascal import charts
from cascal.dataset.query_card import contested_rows
from cascal.datatypes import IntArray, Split

N_LEAST, N_PAGE = 100, 5000
"""So many queries with the least agreement are shown, or so many of all at a time."""
ROW_HEIGHT = 80
"""Pixels: four lines of a query."""
LETTER, WIDEST = 6.6, 160
"""Pixels of a letter, about, and of the widest column of a short word."""
MOST_SEEN = 8
"""With more models the columns do not fit: the query then stays while the others are moved."""
KEY, LIST = "queries_and_answers", "queries_list"
OWN = {"gold": "Gold", "generated": "Generated", "mixed": "Own answer", "none": "Own answer"}
OWN_HELP = {
    "gold": "The answer that is known to be right.",
    "generated": "The answer that the generator wrote with the query: what it believes. It may be "
    "wrong and never serves as truth.",
}


@st.fragment(key="queries")
def queries() -> None:
    """Agreement by task; below it the queries, and the card of the one that was picked."""
    with frame.refusals():
        agreement()
        with st.container(key=LIST):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                filters.search()
                filters.choices()
                filters.points()
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                rows = _rows()
                filters.chosen_line()
            if selection.picked_query() is None:
                _table(rows)
            else:
                left, right = st.columns([0.62, 0.38], gap="medium")
                with left:
                    _table(rows)
                with right:
                    card.card()
        arrive(LIST, st.session_state.get(ARRIVED, 0))
        selection_links.show()


def _rows() -> IntArray:
    """The chosen queries: those on which the models agree least, or a page of all of them."""
    rows, part = selection.selected_rows(), selection.shown().part
    if rows is None:
        rows = selection.all_rows()
    n_least = min(N_LEAST, len(rows))
    names = {"least": f"{n_least:,} with the least agreement", "all": f"All {len(rows):,}"}
    if n_least == len(rows):
        return contested_rows(part, rows)
    which = st.segmented_control(
        "Which of them",
        list(names),
        default="least",
        required=True,
        key="which_queries",
        persist_state="session",
        format_func=lambda one: names[one],
        label_visibility="collapsed",
    )
    if which == "least":
        return contested_rows(part, rows)[:n_least]
    n_pages = -(-len(rows) // N_PAGE)
    page = 1 if n_pages == 1 else st.pagination(n_pages, key=f"query_pages_{n_pages}")
    return rows[(page - 1) * N_PAGE : page * N_PAGE]


def _table(rows: IntArray) -> None:
    split = selection.shown().split
    if not len(rows):
        st.info(frame.escape(f"{filters.sentence()}."))
        return
    table = _answers(split, rows)

    def pick() -> None:
        for at in frame.picked_rows(KEY):
            selection.pick_query(str(table["query"].iloc[at]))

    frame.sideways(KEY, "every answer")
    st.dataframe(
        table,
        key=KEY,
        on_select=pick,
        selection_mode="single-row",
        hide_index=True,
        height=592,
        row_height=ROW_HEIGHT,
        alt="Queries with the answer of every model; pick one to open it",
        column_order=[name for name in table.columns if name != "query"],
        column_config=_columns(table),
    )
    marks = " ✓ right, ✗ wrong by the gold answer" if selection.shown().part.has_gold else ""
    none = ", – no answer that can be read." if marks else " –: no answer that can be read."
    st.caption(f"Pick a row to open it.{marks}{none}")


def _answers(split: Split, rows: IntArray) -> pd.DataFrame:
    part = session.dataset().part(split)
    free = not part.votes.option_counts[rows].all()
    written = stored.written_answers(split) if free else {}
    return charts.compact_answers_frame(heeded.snapshot(), split, rows, written)


def _columns(table: pd.DataFrame) -> dict[str, ColumnConfig | str | None]:
    """Letters need little room, so that the answers of eight models are seen at once."""
    text = st.column_config.TextColumn
    part = selection.shown().part
    own, least = OWN[part.label_origin], 42 if part.votes.option_counts.all() else 110
    names = [name for name in table.columns if name.startswith("model:")]
    models = [name.removeprefix("model:") for name in names]
    heads, tasks = charts.short_heads(models), set(part.votes.tasks)
    return {
        "text": text("Query", width=212, pinned=len(models) > MOST_SEEN),
        "task": text("Task", width=_width(max(tasks, key=len))),
        "agreement": columns.number(
            "Agree", format="%.0f %%", width=54, help="Share of the models in the largest group."
        ),
        "own": text(own, width=max(52, _width(own) + 8), help=_own_help(part.label_origin)),
        "first": text(
            "Goes to", width=120 if part.has_gold else 104, help="The first model of the route."
        ),
        **{
            name: text(head, width=max(least, _width(head)), help=model)
            for name, head, model in zip(names, heads, models, strict=True)
        },
    }


def _width(word: str) -> int:
    """Pixels of a column that shows a word."""
    return min(WIDEST, round(LETTER * len(word)) + 14)


def _own_help(origin: str) -> str:
    return OWN_HELP.get(origin, meaning("gold, generated"))
