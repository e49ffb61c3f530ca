"""Runs: what changed against the pinned state or a saved run, and what to take along?"""

from __future__ import annotations

import streamlit as st

from app import frame, heeded, session
from app.runs import changes, saved, take_along

TITLE = "What changed?"

if session.current_info() is None:
    st.title(TITLE, anchor=False)
    frame.empty("There are no data yet, so there is no run.", "data_sets", "Import responses")
else:
    runs = session.workspace().runs()
    changes.changes(runs)
    changes.label_where_they_differ(runs)
    heeded.choice()
    saved.table(runs)
    take_along.take_along()
