"""Skill map: who is good at what, and what moves when the thresholds move?"""

from __future__ import annotations

import streamlit as st

from app import frame, map_panel, panels, session

TITLE = "Who is good at what?"


def _headline() -> None:
    now = session.snapshot()
    router = now.router
    leads = router.rankings.order[:, 0]
    best = max(set(leads.tolist()), key=lambda m: ((leads == m).sum(), router.models[m]))
    n_best = int((leads == best).sum())
    st.title(
        frame.escape(
            f"{len(router.clusters)} skill clusters; {router.models[best]} leads in {n_best}, "
            f"other models in {len(router.clusters) - n_best}"
        ),
        anchor=False,
    )


if session.current_info() is None:
    st.title(TITLE, anchor=False)
    frame.empty("There are no data yet.", "data", "Import responses")
else:
    frame.notice(session.study())
    _headline()
    panels.change_strip()
    left, right = st.columns([0.66, 0.34], gap="medium")
    with left:
        map_panel.skill_map()
    with right:
        panels.beside_the_map()
    panels.cluster_table()
    map_panel.table_twin()
