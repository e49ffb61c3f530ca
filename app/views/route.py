"""Route: where would this query go, and why?"""

from __future__ import annotations

import streamlit as st

from app import frame, live_panel, route_panels, session

if session.current_info() is None:
    st.title("Where would a query go?", anchor=False)
    frame.empty("There are no data yet, so there is no router.", "data", "Import responses")
else:
    frame.notice(session.dataset())
    headline = st.container()
    one, batch = st.tabs(["One query", "A file of queries"], on_change="rerun", key="route_tab")
    if one.open:
        with one:
            decision = route_panels.ask()
            with headline:
                route_panels.title(decision)
            if decision is None:
                route_panels.hint()
            else:
                route_panels.answer(decision)
                live_panel.live(decision)
    if batch.open:
        headline.title("Route a file of queries", anchor=False)
        with batch:
            route_panels.batch()
