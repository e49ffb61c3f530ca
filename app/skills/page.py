"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import streamlit as st

from app import frame, selection_links, session
from app.skills import confidences, filters, map_panel, naming, panels, portraits
from cascal.explain import cluster_leaders
from cascal.route import Router

TITLE = "Who is good at what?"
LAYOUT = Path(__file__).with_name("layout.css")


def _headline() -> None:
    router = session.snapshot().router
    n = len(router.clusters)
    what = f"{n} tasks, one cluster each" if router.settings.by_task else f"{n} skill clusters"
    st.title(frame.escape(f"{what}: {_leading(router)}"), anchor=False)


def _leading(router: Router) -> str:
    """Who is first in how many clusters: the two most frequent by name, the others together."""
    leaders = Counter(one.best[0] for one in cluster_leaders(router)).most_common()
    (first, times), *others = leaders
    if not others:
        return f"{first} leads {'it' if times == 1 else 'all'}"
    (second, next_times), *rest = others
    more = len(rest)
    left = sum(count for _, count in rest)
    named = f"{first} leads {times}, {second} {next_times}"
    return named + (f", {more} other{'s' if more > 1 else ''} {left}" if more else "")


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
