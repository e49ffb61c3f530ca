"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

import streamlit as st

from app import frame, links, selection, session
from app.skills import confidences, map_panel, panels, portraits

TITLE = "Who is good at what?"


def _headline() -> None:
    now = session.snapshot()
    n_used, router = now.n_models_in_use, now.router
    who = "one model gets all" if n_used == 1 else f"{n_used} of {len(router.models)} models get"
    which = "queries" if now.test_routes is None else "test queries"  # the map may show others
    n = len(router.clusters)
    what = f"{n} tasks, one cluster each" if router.settings.by_task else f"{n} skill clusters"
    st.title(f"{what}, {who} {which}", anchor=False)


if session.current_info() is None:
    st.title(TITLE, anchor=False)
    frame.empty("There are no data yet.", "data_sets", "Import responses")
else:
    frame.notice(session.dataset())
    _headline()
    links.show_query(st.session_state["query_id"] if selection.picked_query() else None)
    panels.change_strip()
    with st.container(horizontal=True, gap="medium"):
        with st.container(key="map_side"):
            map_panel.skill_map()
        with st.container(width=280):
            panels.beside_the_map()
    portraits.portraits()
    panels.samples()
    panels.cluster_table()
    confidences.confidences()
    map_panel.table_twin()
