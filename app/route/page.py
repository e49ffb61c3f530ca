"""Route: where would this query go, and why?"""

from __future__ import annotations

import streamlit as st

from app import encoding, frame, heeded, session
from app.no_data import no_data
from app.route import batch, examples, live, panels, question

if session.current_info() is None:
    no_data(
        "Where would a query go?",
        "which models a query goes to, how narrow that is, and what would change it",
    )
else:
    frame.notice(session.dataset())
    heeded.notice(heeded.SHOWN)
    encoding.warm_up(session.dataset().encoder)
    headline = st.container()
    one, several = st.tabs(["One query", "A file of queries"], on_change="rerun", key="route_tab")
    if one.open:
        with one:
            decision = question.ask()
            with headline:
                panels.title(decision)
            if decision is None:
                examples.examples()
            else:
                panels.answer(decision)
                live.live(decision)
    if several.open:
        headline.title("Route a file of queries", anchor=False)
        with several:
            batch.batch()
