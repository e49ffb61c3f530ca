"""The tab Head to head of the page Evaluate."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import frame, session
from cascal import charts
from cascal.charts import PRESENT
from cascal.compare.comparison import Comparison
from cascal.number_format import percent, signed
from cascal.verdicts.verdict import decide_between, span

A_ONLY, B_ONLY = "A right, B wrong", "B right, A wrong"
N_SHOWN = 100


def differences(comparison: Comparison) -> None:
    """Two routers: who is right where the other is wrong, with the texts."""
    answer = st.container()
    first, second = _two_routers(comparison)
    gain, test, wins, losses = comparison.compare(first, second)
    known = _titles(comparison)
    titles = known[first], known[second]
    answer.subheader(frame.headline(decide_between(gain, titles)), anchor=False)
    same = float((comparison[first].first == comparison[second].first).mean())
    with st.grid(4, min_column_width=170):
        frame.metric("A minus B", f"{signed(100 * gain.value)} pts", span(gain))
        frame.metric(A_ONLY, f"{test.only_first:,}")
        frame.metric(B_ONLY, f"{test.only_second:,}", f"McNemar p: {charts.p_text(test.p_value)}")
        frame.metric("Same first model", f"{percent(same)}")
    shown = st.segmented_control(
        "Show",
        [A_ONLY, B_ONLY],
        default=A_ONLY,
        required=True,
        key="difference",
        label_visibility="collapsed",
    )
    rows = wins if shown == A_ONLY else losses
    test_queries = session.dataset().test
    if test_queries is None or not len(rows):
        st.info("There is no such query.")
        return
    chosen = comparison[first].first, comparison[second].first
    _queries(charts.differences_frame(test_queries, rows, *chosen, N_SHOWN), len(rows))


def _titles(comparison: Comparison) -> dict[str, str]:
    """The routers that choose models, by key; the constant is called as everywhere else."""
    titles = {
        key: comparison[key].title for key in comparison.keys if key not in ("random", "plurality")
    }
    return titles | {comparison.constant: f"always asking {comparison.constant_model.name}"}


def _two_routers(comparison: Comparison) -> tuple[str, str]:
    titles = _titles(comparison)
    left, right = st.columns(2)
    with left:
        first = _router("A", "router_a", titles, PRESENT)
    with right:
        second = _router("B", "router_b", titles, comparison.constant)
    return first, second


def _router(label: str, name: str, titles: dict[str, str], default: str) -> str:
    """A box of routers whose choice stays when the settings change what a title stands for.

    The browser holds the title that was picked, and "CASCAL released" may be the present router
    first and another one after: so the box is a new one whenever titles change.
    """
    kept = st.session_state.get(name, default)
    keys = list(titles)
    chosen: str = st.selectbox(
        label,
        keys,
        index=keys.index(kept if kept in titles else default),
        format_func=titles.__getitem__,
        key=f"{name} of {' · '.join(titles.values())}",
    )
    st.session_state[name] = chosen
    return chosen


def _queries(table: pd.DataFrame, n_rows: int) -> None:
    st.dataframe(
        table,
        hide_index=True,
        height=320,
        key="differences",
        on_select="rerun",
        selection_mode="single-row",
        column_order=("task", "query", "gold", "first", "second"),
        alt="Queries that one router gets right and the other wrong",
        column_config={
            "task": st.column_config.TextColumn("Task", width="small"),
            "query": st.column_config.TextColumn("Query", width=380),
            "gold": st.column_config.TextColumn("Gold", width=120),
            "first": st.column_config.TextColumn("A chose", width=170),
            "second": st.column_config.TextColumn("B chose", width=170),
        },
    )
    more = f"The first {N_SHOWN} of {n_rows:,}. " if n_rows > N_SHOWN else ""
    st.caption(f"{more}Pick a row to read the whole query.")
    picked = [row for row in frame.picked_rows("differences") if row < len(table)]
    if picked:
        _one_query(table.iloc[picked[0]])


def _one_query(row: pd.Series) -> None:
    with st.container(border=True):
        st.text(row["query"])
        for label, name in (("Gold", "gold"), ("A chose", "first"), ("B chose", "second")):
            st.text(f"{label}: {row[name]}")
