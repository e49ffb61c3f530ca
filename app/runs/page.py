"""Runs: what was tried, what changed, and what to take along?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.runs import panels

TITLE = "What was tried, and what changed?"

st.title(TITLE, anchor=False)
if session.current_info() is None:
    frame.empty("There are no data yet, so there is no run.", "data_sets", "Import responses")
else:
    frame.notice(session.dataset())
    panels.save()
    found = panels.saved()
    panels.compare(found)
    panels.take_along()
