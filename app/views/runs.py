"""Runs: what was tried, what changed, and what to take along?"""

from __future__ import annotations

import streamlit as st

from app import frame, runs_panels, session

TITLE = "What was tried, and what changed?"

st.title(TITLE, anchor=False)
if session.current_info() is None:
    frame.empty("There are no data yet, so there is no run.", "data", "Import responses")
else:
    frame.notice(session.dataset())
    runs_panels.save()
    found = runs_panels.saved()
    runs_panels.compare(found)
    runs_panels.take_along()
