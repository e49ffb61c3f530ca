"""The table of all clusters on the page Skill map: picking a row inspects it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import columns, frame, heeded, selection
from cascal import charts
from cascal.number_format import apart
from cascal.settings import TASKS_MEASURED

DECIMALS = 3
"""Of scores, here and beside the map."""


def _table() -> pd.DataFrame:
    """All clusters with the number of chosen queries; those without are left out.

    All of them stay where clusters are chosen, so that another one can be picked.
    """
    table = charts.clusters_frame(heeded.snapshot())
    rows, chosen = selection.selected_rows(), selection.current()
    if rows is None:
        return table
    member = heeded.snapshot().clusters(selection.shown().split)[rows]
    table["chosen"] = np.bincount(member, minlength=len(table))
    if chosen.clusters:
        return table
    return table[table["chosen"] > 0].sort_values("chosen", ascending=False, kind="stable")


def cluster_table() -> None:
    """All clusters; picking a row inspects it."""
    table = _table()
    st.subheader("All clusters" if len(table) else "No cluster holds any of them", anchor=False)
    st.caption(
        "Pick a row for its ranking and its most typical queries, beside the map. "
        f"{TASKS_MEASURED} In the sidebar *Clusters follow* sets which."
    )
    clusters = table["cluster"].tolist()
    marked = [clusters.index(one) for one in selection.present_clusters() if one in clusters]
    key = f"clusters_{_table_version((tuple(clusters), tuple(marked)))}"

    def picked() -> None:
        rows = frame.picked_rows(key)
        if rows == marked:
            return  # a table that the browser draws anew tells what it was given
        st.session_state["clusters_shown"] = (tuple(clusters), tuple(rows))
        selection.pick_clusters(*(clusters[row] for row in rows))

    pairs = zip(table["score"], table["score"] - table["lead"], strict=True)
    leads = [apart(*pair, DECIMALS) for pair in pairs]  # as the scores beside it are written
    with st.container(key="cluster_table"):
        st.dataframe(
            table.assign(lead=leads),
            key=key,
            on_select=picked,
            selection_mode="single-row",
            selection_default={"selection": {"rows": marked}},
            hide_index=True,
            height=360,
            alt="Skill clusters with size, best models and lead",
            column_order=(
                *("cluster", "name", "typical", "chosen", "queries", "top", "score", "lead"),
                "aside",
            ),
            column_config=_columns(table),
        )


def _table_version(state: tuple[tuple[int, ...], tuple[int, ...]]) -> int:
    """Another one where the browser's table marks something else than what is chosen."""
    if st.session_state.get("clusters_shown", state) != state:
        st.session_state["clusters_version"] = st.session_state.get("clusters_version", 0) + 1
    st.session_state["clusters_shown"] = state
    version: int = st.session_state.get("clusters_version", 0)
    return version


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    number, text = columns.number, st.column_config.TextColumn
    most = int(table["queries"].max()) if len(table) else 1
    return {
        "cluster": number("No.", width=45),
        "name": text("Name", width=175),
        "typical": text(
            "Most typical query", width=145, help="The training query nearest to the centre."
        ),
        "chosen": number(
            "Chosen", width=65, format="localized", help="Of the chosen queries on the map."
        ),
        "queries": st.column_config.ProgressColumn(
            "Training queries", format="localized", min_value=0, max_value=most, width=115
        ),
        "top": text(
            "Best three, best first",
            width=190,
            help="What the router picks at the cluster's centre.",
        ),
        "aside": text(
            "By consensus alone",
            width=120,
            help="Where the mean consensus score names another first model, and why the router "
            "does not pick it.",
        ),
        "score": number("Score", width=60, format=f"%.{DECIMALS}f"),
        "lead": number("Lead", width=55, format=f"%.{DECIMALS}f", help="Over the second model."),
    }
