"""What the reader chose on the page Skill map: a query, a region or a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import session
from app.map_component.component import clear_selection
from app.map_component.spec import MapSelection, points_in_polygon
from cascal.dataset.part import Part
from cascal.datatypes import IntArray, Split

KEY = "skill_map"
POINTS: dict[Split, str] = {"train": "Training queries", "test": "Test queries"}
"""The choice of the queries on the map, by split."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What the map shows now: which split, the rows that have a place, the selection."""

    split: Split
    part: Part
    rows: IntArray


def shown() -> Shown:
    """The queries on the map."""
    data = session.dataset()
    split: Split = "train"
    if st.session_state.get("points") == POINTS["test"] and data.test is not None:
        split = "test"
    part = data.part(split)
    return Shown(split, part, np.flatnonzero(np.isfinite(part.xy).all(axis=1)))


def selected_rows() -> IntArray | None:
    """Rows of the shown part inside the reader's lasso or box; None without a selection."""
    polygon = st.session_state.get("polygon")
    if not polygon:
        return None
    now = shown()
    xy = now.part.xy[now.rows]
    return now.rows[points_in_polygon(polygon, xy[:, 0], xy[:, 1])]


def clear_region() -> None:
    """Forget the lasso or box."""
    st.session_state["polygon"] = None
    clear_selection(KEY)


def pick_cluster(cluster: int | None) -> None:
    """Make a cluster the inspected one; the card of a query closes."""
    st.session_state["cluster"] = cluster
    pick_query(None)


def picked_cluster() -> int | None:
    """The cluster of the chosen query, else the inspected one, if it still exists."""
    place = picked_query()
    if place is not None:
        split, row = place
        return int(session.snapshot().clusters(split)[row])
    cluster = st.session_state.get("cluster")
    n_clusters = len(session.snapshot().router.clusters)
    return cluster if cluster is not None and cluster < n_clusters else None


def pick_query(query_id: str | None) -> None:
    """Open the card of a query and show it on the map, or close the card."""
    st.session_state["query_id"] = query_id
    clear_selection(KEY)  # the mark in the browser follows
    place = picked_query()
    if place is not None:
        st.session_state["cluster"] = None
        st.session_state["points"] = POINTS[place[0]]


def picked_query() -> tuple[Split, int] | None:
    """Split and row of the chosen query; None without one, or if the data set does not have it."""
    query_id = st.session_state.get("query_id")
    return None if query_id is None else session.dataset().find(query_id)


def marked() -> MapSelection:
    """What the map marks as chosen."""
    place, now, inside = picked_query(), shown(), selected_rows()
    return MapSelection(
        clicked=place[1] if place is not None and place[0] == now.split else None,
        polygon=None if inside is None else st.session_state["polygon"],
        count=None if inside is None else len(inside),
    )


def on_select(selection: MapSelection) -> None:
    """Take what the reader did on the map: a new region, a click, or the end of both."""
    polygon, row, now = selection.polygon, selection.clicked, shown()
    fresh = polygon is not None and polygon != st.session_state.get("polygon")
    st.session_state["polygon"] = polygon
    if fresh or (row is None and st.session_state.get("query_id") is not None):
        pick_cluster(None)
    elif row is not None and 0 <= row < len(now.part):
        st.session_state["query_id"] = now.part.votes.query_ids[row]
        st.session_state["cluster"] = None
