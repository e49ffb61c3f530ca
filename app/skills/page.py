"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import filters, frame, heeded, selection, selection_links, session, turns
from app.arrive import arrive
from app.no_data import no_data
from app.pages import EXPLORE
from app.skills import cluster_table, confidences, map_panel, naming, panels, portraits
from cascal import charts

TITLE = "Who is good at what?"
LAYOUT = Path(__file__).with_name("layout.css")


def _headline() -> None:
    """What the colours show, of the queries that are chosen."""
    heeded.notice(heeded.SHOWN)
    drawn, state = selection.shown(), st.session_state
    by, chosen = state.get("colour", "model"), selection.selected_rows()
    said = charts.map_title(
        heeded.snapshot(),
        drawn.split,
        by if by in map_panel.colours() else "model",
        drawn.rows if chosen is None else chosen,
        state.get("skill_of"),
        state.get("kept_of"),
        chosen=chosen is not None,
    )
    st.title(frame.headline(said), anchor=False)


@st.fragment(key=EXPLORE)
def _explore() -> None:
    """All that follows what is chosen: a click runs this alone, not the sidebar and the page."""
    with turns.turn(), session.one_look(), frame.refusals():
        heeded.prepare()
        _headline()
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="map_filters"
        ):
            filters.search()
            filters.choices()
            filters.flags()
            by = map_panel.controls(session.dataset())
        with st.container(horizontal=True, gap="small", key="map_row"):
            map_side = st.container(key="map_side")
            with st.container(width=panels.WIDTH, key="beside"):
                panels.change_strip()
                with st.container(key=panels.INSPECTOR, height=panels.HEIGHT, border=False):
                    panels.beside_the_map()
            with map_side:  # after the card, which a click waits for
                map_panel.skill_map(by)
        panels.samples()
        cluster_table.cluster_table()
        map_panel.table_twin()
        selection_links.show()
        portraits.portraits()
        naming.naming()
        confidences.confidences()
        arrive(panels.INSPECTOR, st.session_state.get(panels.OPENED, 0))


if session.current_info() is None:
    no_data(
        TITLE,
        "who is good at what: every query a point, in the colour of the model that is asked first",
    )
else:
    st.html(LAYOUT)
    frame.notice(session.dataset())
    session.snapshot()  # where it is refused, the sentence stands in place of the page
    for fault in selection_links.open_clusters():
        st.warning(frame.escape(fault))
    _explore()
