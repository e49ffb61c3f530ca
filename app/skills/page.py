"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from app import filters, frame, selection_links, session
from app.skills import confidences, map_panel, naming, panels, portraits
from cascal.dataset.snapshot import Snapshot

TITLE = "Who is good at what?"
LAYOUT = Path(__file__).with_name("layout.css")


def _headline() -> None:
    now = session.snapshot()
    n = len(now.router.clusters)
    by_task = now.router.settings.by_task
    what = f"{n} tasks, one cluster each" if by_task else f"{n} skill clusters"
    st.title(frame.escape(f"{what}: {_who_gets(now)}"), anchor=False)


def _who_gets(now: Snapshot) -> str:
    """Shares of the queries, as the table beside the map: the first two, the others together."""
    order = np.argsort(-now.share, kind="stable")[: now.n_models_in_use].tolist()
    names, shares = now.router.models, now.share
    if len(order) == 1:
        return f"{names[order[0]]} gets all queries"
    said = [
        f"{names[order[0]]} gets {shares[order[0]]:.0%}",
        f"{names[order[1]]} {shares[order[1]]:.0%}",
    ]
    if rest := order[2:]:
        others = names[rest[0]] if len(rest) == 1 else f"{len(rest)} others"
        said.append(f"{others} {shares[rest].sum():.0%}")
    return ", ".join(said)


@st.fragment(key="explore")
def _explore() -> None:
    """All that follows what is chosen: a click runs this alone, not the sidebar and the page."""
    with frame.refusals():
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="map_filters"
        ):
            filters.search(key="/")
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
