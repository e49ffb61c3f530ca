"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import frame, selection_links, session
from app.skills import confidences, filters, map_panel, naming, panels, portraits

TITLE = "Who is good at what?"
LAYOUT = Path(__file__).with_name("layout.css")


def _headline() -> None:
    now = session.snapshot()
    n_used, router = now.n_models_in_use, now.router
    who = "one model gets all" if n_used == 1 else f"{n_used} of {len(router.models)} models get"
    which = "queries" if now.test_routes is None else "test queries"  # the map may show others
    n = len(router.clusters)
    what = f"{n} tasks, one cluster each" if router.settings.by_task else f"{n} skill clusters"
    st.title(f"{what}, {who} {which}", anchor=False)


@st.fragment(key="explore")
def _explore() -> None:
    """All that follows what is chosen: a click runs this alone, not the sidebar and the page."""
    with frame.refusals():
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="map_filters"
        ):
            filters.search()
            filters.choices()
            by = map_panel.controls(session.dataset())
        filters.chosen_line()
        with st.container(horizontal=True, gap="small", key="map_row"):
            map_side = st.container(key="map_side")
            with st.container(width=panels.WIDTH, key="beside"):
                panels.change_strip()
                with st.container(key="inspector", height=panels.HEIGHT, border=False):
                    panels.beside_the_map()
            with map_side:  # after the card, which a click waits for
                map_panel.skill_map(by)
        panels.samples()
        panels.cluster_table()
        map_panel.table_twin()
        selection_links.show()


if session.current_info() is None:
    st.title(TITLE, anchor=False)
    frame.empty("There are no data yet.", "data_sets", "Import responses")
else:
    st.html(LAYOUT)
    frame.notice(session.dataset())
    _headline()
    for fault in selection_links.open_clusters():
        st.warning(frame.escape(fault))
    _explore()
    portraits.portraits()
    naming.naming()
    confidences.confidences()
