"""Diagnose: what is wrong with this router, and what would help?"""

from __future__ import annotations

import streamlit as st

from app import frame, session
from app.diagnose import panels

if session.current_info() is None:
    st.title("What is wrong with a router?", anchor=False)
    frame.empty("There are no data yet, so there is no router.", "data_sets", "Import responses")
else:
    frame.notice(session.dataset())
    headline = st.container()
    found = panels.findings()
    with headline:
        panels.title(found)
    if found is not None:
        panels.issues(found)
        panels.others(found)
