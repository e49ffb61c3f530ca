"""Diagnose: what is wrong with this router, and what would help?"""

from __future__ import annotations

import streamlit as st

from app import diagnose_panels, frame, session

if session.current_info() is None:
    st.title("What is wrong with a router?", anchor=False)
    frame.empty("There are no data yet, so there is no router.", "data", "Import responses")
else:
    frame.notice(session.dataset())
    headline = st.container()
    found = diagnose_panels.findings()
    with headline:
        diagnose_panels.title(found)
    if found is not None:
        diagnose_panels.issues(found)
        diagnose_panels.others(found)
